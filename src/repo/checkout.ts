/** The last step of a clone: a branch, HEAD and the files at once. */

import { readCommit } from '../history/commits.ts'
import type { ObjectId } from '../objects/id.ts'
import type { ReadObject } from '../objects/reader.ts'
import type { Workspace } from '../store/workspace.ts'
import type { CheckoutResult } from '../worktree/checkout.ts'
import { type PlannedMove, planMoveToTree } from './move-files.ts'
import type { OnProgress } from './progress.ts'
import { readVersions } from './versions.ts'

export interface CheckoutCommitOptions {
  /** Created or moved; null leaves HEAD detached at the commit. */
  branch: string | null
  commit: ObjectId
  force?: boolean | undefined
  signal?: AbortSignal | undefined
  onProgress?: OnProgress | undefined
}

/** Files first, then the refs; repeating it continues where it was cut off.
 *  @throws {WouldOverwriteError} WORKTREE_WOULD_OVERWRITE (exit 1), with nothing changed */
export async function checkoutCommit(workspace: Workspace, options: CheckoutCommitOptions): Promise<CheckoutResult> {
  return workspace.withLock('checkout', async () => {
    await using planned = await planCheckoutCommit(workspace, options)
    return await planned.carryOut()
  })
}

/** The same up to the first change. Under the lock, which is to be held until it is carried out.
 *  @param options.readTree - reads nodes of its tree that need not be here yet (default: they are) */
export async function planCheckoutCommit(
  workspace: Workspace,
  options: CheckoutCommitOptions & { readTree?: ReadObject | undefined },
): Promise<PlannedMove<CheckoutResult>> {
  const { readTree } = options
  const here = await readVersions(workspace)
  const read: ReadObject = (kind, id, how) =>
    readTree && kind === 'tree' && id !== here.headTree ? readTree(kind, id, how) : here.read(kind, id, how)
  const versions = { ...here, read }
  const { tree } = await readCommit(read, options.commit)
  const planned = await planMoveToTree(workspace, versions, tree, options)
  return {
    async carryOut() {
      const { overlay, ...result } = await planned.carryOut()
      const reason = `checkout: ${options.commit}`
      if (options.branch !== null) {
        await workspace.refs.update({ name: `heads/${options.branch}`, next: options.commit, reason })
        await workspace.refs.setHead({ $kind: 'branch', branch: options.branch }, reason)
      } else await workspace.refs.setHead({ $kind: 'detached', commit: options.commit }, reason)
      if (versions.staging.count > 0) await workspace.writeStaging(overlay)
      return result
    },
    [Symbol.asyncDispose]: () => planned[Symbol.asyncDispose](),
  }
}
