/** `cherry-pick A..B` and `revert A..B`: the commits of a range done again, the oldest first, or taken back, the newest first.
 *
 *  As `rebase` has it, all that can be done without a person is done in the store first, and the branch moves once: to the
 *  last of them, or to the one before a conflict, whose record says which come after it and where the branch was. What was
 *  cut off in between is finished by repeating it: what is there already is left out. */

import { UsageError } from '../base/errors.ts'
import type { QueuedCommit } from '../history/commit-queue.ts'
import { UnbornError } from '../history/errors.ts'
import { oldestFirst } from '../history/range.ts'
import { parseRange } from '../history/revision.ts'
import type { CommitAuthor } from '../objects/commit.ts'
import type { ObjectId } from '../objects/id.ts'
import { diffTrees, type TreeChange } from '../objects/tree.ts'
import type { WriteSession } from '../store/local-store.ts'
import type { Workspace } from '../store/workspace.ts'
import { configuredAuthor, moveHead } from './commit.ts'
import { type IntegrateOptions, integrate, refuseChanged, refuseStaged } from './integrate.ts'
import { MainlineError, NothingToApplyError } from './merge-errors.ts'
import { moveToTree } from './move-files.ts'
import { type ConflictRecord, endOperation, type PickState, refuseOperation } from './operation.ts'
import { commitsOfRange } from './range-commits.ts'
import { type Direction, replay, type Stop } from './replay.ts'
import { readVersions } from './versions.ts'

export interface PickSeveralOptions extends Pick<IntegrateOptions, 'ours' | 'theirs' | 'signal' | 'onProgress'> {
  /** `A..B` or `A...B`. */
  revision: string
}

export interface RevertSeveralOptions extends PickSeveralOptions {
  /** Of the new commits (default: `user.*` of the configuration). */
  author?: CommitAuthor | undefined
}

export type SeveralKind = 'cherry-pick' | 'revert'

export type PickedSeveral =
  | {
      $kind: 'picked'
      kind: SeveralKind
      /** Where the branch was before the first of them, and where it is. */
      from: ObjectId
      to: ObjectId
      picked: number
      /** Commits that made no difference. */
      skipped: ObjectId[]
      files: number
    }
  | {
      $kind: 'stopped'
      kind: SeveralKind
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
  return several(workspace, 'cherry-pick', { $kind: 'again' }, options)
}

/** Takes them back, the newest first, each by a commit of its own. Throws as `pickSeveral` does. */
export async function revertSeveral(workspace: Workspace, options: RevertSeveralOptions): Promise<PickedSeveral> {
  const author = options.author ?? configuredAuthor(workspace)
  return several(workspace, 'revert', { $kind: 'back', author }, options)
}

async function several(
  workspace: Workspace,
  kind: SeveralKind,
  direction: Direction,
  options: PickSeveralOptions,
): Promise<PickedSeveral> {
  return workspace.withLock(kind, async () => {
    refuseOperation(workspace)
    await endOperation(workspace) // one that is no longer in force
    const { revision } = options
    const commits = await commitsToPick(workspace, kind, options)
    const versions = await readVersions(workspace)
    const { head: original, headTree: tree } = versions
    if (!original) throw new UnbornError('HEAD', workspace.refs.readHead())
    await refuseStaged(versions)
    const session = await workspace.store.begin()
    try {
      const state = { original, todo: commits.map(({ id }) => id), done: 0 }
      const result = await pickOn(workspace, session, { tip: original, tree }, state, direction, options)
      if (result.$kind === 'picked' && result.picked === 0) throw new NothingToApplyError(kind, revision)
      return result
    } finally {
      session.abort()
    }
  })
}

/** In the order in which they are done. */
export async function commitsToPick(
  workspace: Workspace,
  kind: SeveralKind,
  options: Pick<PickSeveralOptions, 'revision' | 'signal'>,
): Promise<QueuedCommit[]> {
  const { revision } = options
  if (parseRange(revision)?.$kind === 'parents')
    throw new UsageError('RANGE_REFUSED', `${revision} is all that led to ${revision.slice(0, -2)}`, {
      data: { revision },
      hints: [`\`${revision.slice(0, -1)}1\` is its first parent`],
    })
  const commits = oldestFirst(await commitsOfRange(workspace, revision, options))
  if (commits.length === 0)
    throw new UsageError('RANGE_EMPTY', `there is no version in ${revision}`, { data: { revision } })
  const merge = commits.find(({ commit }) => commit.parents.length > 1)
  if (merge) throw new MainlineError(merge.id.slice(0, 12), merge.commit.parents.length)
  return kind === 'revert' ? commits.reverse() : commits
}

/** Under the lock. Goes on from a version that is in the session, and that the files are as.
 *  @param settle - makes it the one that HEAD is at, once nothing is in the way of what follows
 *  @throws {WouldOverwriteError} WORKTREE_WOULD_OVERWRITE (exit 1), with nothing changed */
export async function pickOn(
  workspace: Workspace,
  session: WriteSession,
  { tip, tree }: { tip: ObjectId; tree: ObjectId },
  state: PickState,
  direction: Direction,
  options: Omit<PickSeveralOptions, 'revision'>,
  settle: () => Promise<void> = async () => {},
): Promise<PickedSeveral> {
  const replayed = await replay(workspace, session, tip, state.todo, options, direction)
  const kind = direction.$kind === 'back' ? 'revert' : 'cherry-pick'
  const { stopped, picked, skipped } = replayed
  const { tree: goal, conflicts } = stopped?.merged ?? { tree: replayed.tree, conflicts: [] }
  const changes: TreeChange[] = []
  for await (const { path, after } of diffTrees(session.read, tree, goal)) changes.push({ path, entry: after ?? null })
  await refuseChanged(workspace, session.read, tree, { changes, conflicts, tree: goal })
  await session.seal()
  await settle()
  let files = 0
  if (replayed.tip !== tip) {
    // Files first, then the branch: what was cut off is finished by repeating it.
    const moved = await moveToTree(workspace, await readVersions(workspace), replayed.tree, options)
    await moveHead(workspace, tip, replayed.tip, `${kind}: ${picked} versions`)
    files = moved.written + moved.deleted
  }
  const done = state.done + picked
  const { original: from } = state
  if (!stopped) return { $kind: 'picked', kind, from, to: replayed.tip, picked: done, skipped, files }
  const next = { original: from, todo: stopped.todo, done }
  const result = await stopAt(workspace, kind, replayed.tip, stopped, next, options)
  const { conflicts: open } = result
  return {
    $kind: 'stopped',
    kind,
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
  kind: SeveralKind,
  tip: ObjectId,
  { id, base, theirsTree, label, message, author }: Stop,
  picks: PickState,
  options: Omit<PickSeveralOptions, 'revision'>,
) {
  const versions = await readVersions(workspace)
  const request = { kind, theirs: id, theirsTree, base, label, parents: [tip], message, author, picks }
  const result = await integrate(workspace, versions, request, options)
  if (result.$kind === 'conflicts') return result
  throw new TypeError('the same merge had conflicts before')
}
