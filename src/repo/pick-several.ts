/** `cherry-pick A..B`: the commits of a range, one after another.
 *
 *  As `rebase` has it, all that can be done without a person is done in the store first, and the branch moves once: to the
 *  last of them, or to the one before a conflict, whose record says which come after it and where the branch was. What was
 *  cut off in between is finished by repeating it: what is there already is left out. */

import { UsageError } from '../base/errors.ts'
import { readCommit } from '../history/commits.ts'
import { UnbornError } from '../history/errors.ts'
import { oldestFirst } from '../history/range.ts'
import { parseRange } from '../history/revision.ts'
import type { ObjectId } from '../objects/id.ts'
import { diffTrees, type TreeChange } from '../objects/tree.ts'
import type { WriteSession } from '../store/local-store.ts'
import type { Workspace } from '../store/workspace.ts'
import { moveHead } from './commit.ts'
import { type IntegrateOptions, integrate, refuseChanged, refuseStaged } from './integrate.ts'
import { MainlineError, NothingToApplyError } from './merge-errors.ts'
import { moveToTree } from './move-files.ts'
import { type ConflictRecord, endOperation, type PickState, refuseOperation } from './operation.ts'
import { commitsOfRange } from './range-commits.ts'
import { replay, type Stop } from './rebase-replay.ts'
import { readVersions } from './versions.ts'

export interface PickSeveralOptions extends Pick<IntegrateOptions, 'ours' | 'theirs' | 'signal' | 'onProgress'> {
  /** `A..B` or `A...B`. */
  revision: string
}

export type PickedSeveral =
  | {
      $kind: 'picked'
      /** Where the branch was before the first of them, and where it is. */
      from: ObjectId
      to: ObjectId
      picked: number
      /** Commits whose changes were there already. */
      skipped: ObjectId[]
      files: number
    }
  | {
      $kind: 'stopped'
      from: ObjectId
      to: ObjectId
      /** The commit that conflicts, how many are done, and how many come after it. */
      stopped: ObjectId
      done: number
      left: number
      conflicts: ConflictRecord[]
      files: number
    }

/** The oldest first. Merges are refused: which of their sides is meant has to be said for each.
 *  @throws {UsageError} RANGE_EMPTY (exit 2)
 *  @throws {MainlineError} PICK_MAINLINE (exit 2)
 *  @throws {NothingToApplyError} PICK_NOTHING (exit 1) if all of it is there already, and what `integrate` throws */
export async function pickSeveral(workspace: Workspace, options: PickSeveralOptions): Promise<PickedSeveral> {
  return workspace.withLock('cherry-pick', async () => {
    refuseOperation(workspace)
    await endOperation(workspace) // one that is no longer in force
    const { revision } = options
    const commits = oldestFirst(await commitsOfRange(workspace, parseRange(revision)!, options))
    if (commits.length === 0)
      throw new UsageError('RANGE_EMPTY', `there is no version in ${revision}`, { data: { revision } })
    const merge = commits.find(({ commit }) => commit.parents.length > 1)
    if (merge) throw new MainlineError(merge.id.slice(0, 12), merge.commit.parents.length)
    const versions = await readVersions(workspace)
    const { head: original, headTree: tree } = versions
    if (!original) throw new UnbornError('HEAD', workspace.refs.readHead())
    await refuseStaged(versions)
    const session = await workspace.store.begin()
    try {
      const state = { original, todo: commits.map(({ id }) => id), done: 0 }
      const result = await pickOn(workspace, session, { tip: original, tree }, state, options)
      if (result.$kind === 'picked' && result.picked === 0) throw new NothingToApplyError('cherry-pick', revision)
      return result
    } finally {
      session.abort()
    }
  })
}

/** Under the lock. Goes on from a version that is in the session, and that the files are as.
 *  @param settle - makes it the one that HEAD is at, once nothing is in the way of what follows
 *  @throws {WouldOverwriteError} WORKTREE_WOULD_OVERWRITE (exit 1), with nothing changed */
export async function pickOn(
  workspace: Workspace,
  session: WriteSession,
  { tip, tree }: { tip: ObjectId; tree: ObjectId },
  state: PickState,
  options: Omit<PickSeveralOptions, 'revision'>,
  settle: () => Promise<void> = async () => {},
): Promise<PickedSeveral> {
  const replayed = await replay(workspace, session, tip, state.todo, options)
  const { stopped, picked, skipped } = replayed
  const { tree: goal, conflicts } = stopped?.merged ?? { tree: replayed.tree, conflicts: [] }
  const changes: TreeChange[] = []
  for await (const { path, after } of diffTrees(session.read, tree, goal)) changes.push({ path, entry: after ?? null })
  await refuseChanged(workspace, session.read, tree, { changes, conflicts })
  await session.seal()
  await settle()
  let files = 0
  if (replayed.tip !== tip) {
    // Files first, then the branch: what was cut off is finished by repeating it.
    const moved = await moveToTree(workspace, await readVersions(workspace), replayed.tree, options)
    await moveHead(workspace, tip, replayed.tip, `cherry-pick: ${picked} versions`)
    files = moved.written + moved.deleted
  }
  const done = state.done + picked
  const { original: from } = state
  if (!stopped) return { $kind: 'picked', from, to: replayed.tip, picked: done, skipped, files }
  const next = { original: from, todo: stopped.todo, done }
  const result = await stopAt(workspace, replayed.tip, stopped, next, options)
  const { conflicts: open } = result
  return {
    $kind: 'stopped',
    from,
    to: replayed.tip,
    stopped: stopped.id,
    done,
    left: stopped.todo.length,
    conflicts: open,
    files: files + result.files,
  }
}

async function stopAt(
  workspace: Workspace,
  tip: ObjectId,
  { id, commit, label }: Stop,
  picks: PickState,
  options: Omit<PickSeveralOptions, 'revision'>,
) {
  const [parent] = commit.parents
  const versions = await readVersions(workspace)
  const base = parent ? (await readCommit(versions.read, parent)).tree : null
  const { tree: theirsTree, message, author } = commit
  const request = { kind: 'cherry-pick', theirs: id, theirsTree, base, label, parents: [tip], message, author } as const
  const result = await integrate(workspace, versions, { ...request, parents: [tip], picks }, options)
  if (result.$kind === 'conflicts') return result
  throw new TypeError('the same merge had conflicts before')
}
