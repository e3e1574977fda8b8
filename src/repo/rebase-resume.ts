/** The rest of a rebase that met a conflict: going on, leaving the commit out, or giving it all up. */

import { readCommit } from '../history/commits.ts'
import { updateTree } from '../objects/tree.ts'
import type { Workspace } from '../store/workspace.ts'
import { putCommit } from './integrate.ts'
import { UnresolvedError } from './merge-errors.ts'
import type { MoveOptions } from './move-files.ts'
import { unresolved } from './open-conflicts.ts'
import { demandOperation, endOperation, type Operation, type RebaseState, writeOperation } from './operation.ts'
import { finish, type RebaseResult, settle } from './rebase.ts'
import { replay } from './replay.ts'
import { type AbortResult, bringBack, openOperation } from './resolve.ts'
import { readVersions } from './versions.ts'

export interface ResumeOptions extends Omit<MoveOptions, 'force'> {
  /** Of the commit that had stopped (default: the one it has). */
  message?: string | undefined
}

/** Records the commit whose conflicts have been resolved and goes on with those after it. A commit of which nothing is
 *  left makes none.
 *  @throws {OperationError} OPERATION_NONE (exit 1)
 *  @throws {UnresolvedError} MERGE_UNRESOLVED (exit 1)
 *  @throws {WouldOverwriteError} WORKTREE_WOULD_OVERWRITE (exit 1), and it can be continued again */
export async function continueRebase(workspace: Workspace, options: ResumeOptions = {}): Promise<RebaseResult> {
  return workspace.withLock('rebase', async () => {
    const operation = await openOperation(workspace, 'rebase', options)
    if (operation.rebase!.result) return finished(workspace, operation.rebase!, options)
    const open = await unresolved(await readVersions(workspace), operation)
    if (open.length > 0) throw new UnresolvedError('rebase', open)
    return goOn(workspace, operation, options)
  })
}

/** Leaves the commit out that conflicts, and goes on with those after it. Throws as `continueRebase` does. */
export async function skipRebase(
  workspace: Workspace,
  options: ResumeOptions = {},
): Promise<RebaseResult & Pick<AbortResult, 'lost'>> {
  return workspace.withLock('rebase', async () => {
    const operation = await openOperation(workspace, 'rebase', options)
    if (operation.rebase!.result) return { ...(await finished(workspace, operation.rebase!, options)), lost: [] }
    const versions = await readVersions(workspace)
    operation.rebase!.from = versions.headTree
    const { lost } = await bringBack(workspace, operation, versions, versions.headTree, options)
    await workspace.writeStaging([])
    Object.assign(operation, { conflicts: [], tree: versions.headTree })
    await writeOperation(workspace, operation)
    return { ...(await goOn(workspace, operation, options)), lost }
  })
}

/** Brings files, branch and HEAD back to what they were before the rebase began.
 *  @throws {OperationError} OPERATION_NONE (exit 1) */
export async function abortRebase(
  workspace: Workspace,
  options: ResumeOptions = {},
): Promise<AbortResult & { branch: string | null }> {
  return workspace.withLock('rebase', async () => {
    // As it is: whatever keeps it from being brought to where conflicts are settled must not keep it from being given up.
    const operation = demandOperation(workspace, 'rebase')
    const { branch, original, result } = operation.rebase!
    const { refs, store } = workspace
    // Cut off here, it is to be given up again, and not to be continued by mistake.
    for (const conflict of operation.conflicts) conflict.resolved = null
    await writeOperation(workspace, operation)
    const { tree } = await readCommit(store.read, original)
    if (result) operation.tree = (await readCommit(store.read, result)).tree
    const brought = await bringBack(workspace, operation, await readVersions(workspace), tree, options)
    await workspace.writeStaging([])
    const reason = 'rebase: given up'
    // Cut off at its very end, it had moved the branch already.
    if (branch !== null && result && refs.read(`heads/${branch}`) === result)
      await refs.update({ name: `heads/${branch}`, expected: result, next: original, reason })
    await refs.setHead(branch === null ? { $kind: 'detached', commit: original } : { $kind: 'branch', branch }, reason)
    await endOperation(workspace)
    const { written, deleted, lost } = brought
    return { head: original, branch, files: written + deleted, lost }
  })
}

async function goOn(workspace: Workspace, operation: Operation, options: ResumeOptions): Promise<RebaseResult> {
  const state = operation.rebase!
  const versions = await readVersions(workspace)
  const { headTree, staging } = versions
  const { head, author } = operation
  const message = options.message ?? operation.message
  const session = await workspace.store.begin()
  try {
    const tree = await updateTree(session.read, session.put, headTree, staging.changes(), options)
    const made = tree !== headTree
    const tip = made ? await putCommit(workspace, session.put, { tree, parents: [head], author, message }) : head
    const done = await replay(workspace, session, tip, state.todo, options)
    await session.seal()
    const next = { ...state, previous: head, from: tree, done: state.done + (made ? 1 : 0) }
    return await settle(workspace, versions, next, done, operation, options)
  } finally {
    session.abort()
  }
}

async function finished(workspace: Workspace, state: RebaseState, options: MoveOptions): Promise<RebaseResult> {
  const { branch, original, result, done } = state
  const files = await finish(workspace, state, result!, options)
  return { $kind: 'rebased', branch, from: original, to: result!, picked: done, skipped: [], files }
}
