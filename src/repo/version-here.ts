/** Whether a version can be looked at without the network. */

import { readCommit } from '../history/commits.ts'
import { resolveRevision } from '../history/revision.ts'
import { ObjectMissingError } from '../objects/errors.ts'
import type { ObjectId } from '../objects/id.ts'
import { diffTrees } from '../objects/tree.ts'
import type { Workspace } from '../store/workspace.ts'
import { revisionSource } from './versions.ts'

/** True if HEAD can move to the version and be looked at: the nodes of its tree are on this disk, as far as it shares
 *  none with HEAD. Contents may be elsewhere.
 *  @throws {RevisionUnknownError} REVISION_UNKNOWN (exit 2)
 *  @throws {HistoryCutError} HISTORY_CUT (exit 2) */
export async function isVersionHere(
  workspace: Workspace,
  revision: string,
  options: { signal?: AbortSignal | undefined } = {},
): Promise<boolean> {
  const { readLocal } = workspace.store
  const source = await revisionSource(workspace, readLocal)
  const commit = await resolveRevision(source, revision)
  const { tree } = await readCommit(source.read, commit, options)
  try {
    await readLocal('tree', tree, options)
    for await (const _ of diffTrees(readLocal, (await headTreeHere(workspace)) ?? null, tree, options));
    return true
  } catch (error) {
    if (error instanceof ObjectMissingError) return false
    throw error
  }
}

/** The tree of HEAD, by what is on this disk; undefined before the first commit. */
export async function headTreeHere({ refs, store }: Workspace): Promise<ObjectId | undefined> {
  const head = refs.headCommit()
  return head === null ? undefined : (await readCommit(store.readLocal, head)).tree
}
