/** The last step of a clone: a branch, HEAD and the files at once. */

import { readCommit } from '../history/commits.ts'
import type { ObjectId } from '../objects/id.ts'
import type { Workspace } from '../store/workspace.ts'
import type { CheckoutResult } from '../worktree/checkout.ts'
import { moveToTree } from './move-files.ts'
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
    const versions = await readVersions(workspace)
    const { tree } = await readCommit(versions.read, options.commit)
    const { overlay, ...result } = await moveToTree(workspace, versions, tree, options)
    const reason = `checkout: ${options.commit}`
    if (options.branch !== null) {
      await workspace.refs.update({ name: `heads/${options.branch}`, next: options.commit, reason })
      await workspace.refs.setHead({ $kind: 'branch', branch: options.branch }, reason)
    } else await workspace.refs.setHead({ $kind: 'detached', commit: options.commit }, reason)
    if (versions.staging.count > 0) await workspace.writeStaging(overlay)
    return result
  })
}
