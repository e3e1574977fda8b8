/** `rebase`: the commits of a branch, done again on another version.
 *
 *  All that can be done without a person happens in the store first, and the branch moves once, at the very end. At a
 *  conflict HEAD is detached at what has been done so far, as git has it, and the record of the operation says how to go
 *  on; the branch stays where it was, so that giving up costs nothing. */

import { UsageError } from '../base/errors.ts'
import { readCommit } from '../history/commits.ts'
import { UnbornError } from '../history/errors.ts'
import { commitsInRange, oldestFirst } from '../history/range.ts'
import { resolveRevision } from '../history/revision.ts'
import type { ObjectId } from '../objects/id.ts'
import { diffTrees, type TreeChange } from '../objects/tree.ts'
import type { Workspace } from '../store/workspace.ts'
import type { CheckoutItem } from '../worktree/checkout.ts'
import { applyOperation, refuseChanged, refuseStaged } from './integrate.ts'
import { type MoveOptions, moveFiles } from './move-files.ts'
import {
  type ConflictRecord,
  conflictRecords,
  endOperation,
  type Operation,
  type RebaseState,
  refuseOperation,
  writeOperation,
} from './operation.ts'
import { type Replay, replay, type Stop } from './replay.ts'
import { upstreamName } from './upstream.ts'
import { readVersions, revisionSource, type Versions } from './versions.ts'

export interface RebaseOptions {
  /** The version whose history has what shall not be done again (default: what the current branch follows). */
  upstream?: string | undefined
  /** Where the commits go (default: upstream). */
  onto?: string | undefined
  /** What to call it (default: as it was given). */
  label?: string | undefined
  /** Conflicts at or below these paths (`''` for all) are settled with that side: ours is what is rebased on, theirs the
   *  commit that is done again. */
  ours?: readonly string[] | undefined
  theirs?: readonly string[] | undefined
  signal?: AbortSignal | undefined
  onProgress?: MoveOptions['onProgress']
}

export type RebaseResult =
  | {
      $kind: 'up-to-date' | 'fast-forward' | 'rebased'
      branch: string | null
      from: ObjectId
      to: ObjectId
      /** Commits done again, or kept as they were. */
      picked: number
      /** Commits whose changes were there already. */
      skipped: ObjectId[]
      /** Files written or deleted. */
      files: number
    }
  | {
      $kind: 'conflicts'
      branch: string | null
      from: ObjectId
      /** Where HEAD is meanwhile, on no branch. */
      to: ObjectId
      /** The commit that conflicts, how many are done, and how many come after it. */
      stopped: ObjectId
      done: number
      left: number
      conflicts: ConflictRecord[]
      files: number
    }

/** Merges are left out and their sides' commits done again one by one, as git does it. What was cut off before HEAD moved
 *  has changed nothing but files, and is finished by repeating it.
 *  @throws {OperationError} OPERATION_IN_PROGRESS (exit 1)
 *  @throws {WorkspaceDirtyError} WORKSPACE_DIRTY (exit 1) if changes are staged
 *  @throws {WouldOverwriteError} WORKTREE_WOULD_OVERWRITE (exit 1), with nothing changed
 *  @throws {UsageError} REBASE_UPSTREAM (exit 2) if none is named and the branch follows none */
export async function rebase(workspace: Workspace, options: RebaseOptions = {}): Promise<RebaseResult> {
  return workspace.withLock('rebase', async () => {
    refuseOperation(workspace)
    await endOperation(workspace) // one that is no longer in force
    const head = workspace.refs.readHead()
    const branch = head.$kind === 'branch' ? head.branch : null
    const upstreamName = options.upstream ?? followed(workspace, branch)
    const source = await revisionSource(workspace)
    const upstream = await resolveRevision(source, upstreamName)
    const onto = options.onto === undefined ? upstream : await resolveRevision(source, options.onto)
    const versions = await readVersions(workspace)
    const { head: original } = versions
    if (!original) throw new UnbornError('HEAD', head)
    await refuseStaged(versions)
    const range = { include: [original], exclude: [upstream] }
    const commits = oldestFirst(await commitsInRange(versions.read, range, options))
    const todo = commits.filter(({ commit }) => commit.parents.length < 2).map(({ id }) => id)
    const label = options.label ?? options.onto ?? upstreamName
    const state = { branch, original, onto: label, previous: original, from: versions.headTree, done: 0, result: null }
    const session = await workspace.store.begin()
    try {
      const done = await replay(workspace, session, onto, todo, options)
      await session.seal()
      return await settle(workspace, versions, state, done, null, options)
    } finally {
      session.abort()
    }
  })
}

/** From what has been done again, and sealed, to the files and refs.
 *  @param state - as of where HEAD and the files are now
 *  @param begun - the record of a rebase that had stopped before */
export async function settle(
  workspace: Workspace,
  versions: Versions,
  state: Omit<RebaseState, 'todo'>,
  done: Replay,
  begun: Operation | null,
  options: MoveOptions,
): Promise<RebaseResult> {
  const { branch, original } = state
  if (done.stopped) return stop(workspace, versions, state, done, done.stopped, options)
  const { tip: result, picked, skipped } = done
  const $kind = result === original ? 'up-to-date' : state.done + picked === 0 ? 'fast-forward' : 'rebased'
  const outcome = { $kind, branch, from: original, to: result, picked: state.done + picked, skipped } as const
  if ($kind === 'up-to-date' && !begun) return { ...outcome, files: 0 }
  const changes = await changesBetween(versions, state.from, done.tree)
  await refuseChanged(workspace, versions.read, state.from, { changes, conflicts: [], tree: done.tree })
  // From here on nothing is left to be decided, and all that is left may be done again, whatever a power cut has torn.
  const operation = begun ?? (await finishing(versions, original))
  operation.rebase = { ...state, todo: [], result }
  await writeOperation(workspace, operation)
  return { ...outcome, files: await finish(workspace, operation.rebase, result, options) }
}

/** The record of a rebase that met no conflict, while its files are written. */
async function finishing({ read, headTree: tree }: Versions, head: ObjectId): Promise<Operation> {
  const { message, author } = await readCommit(read, head)
  const common = { kind: 'rebase', label: 'rebase', applied: true, conflicts: [] } as const
  return { ...common, conflicts: [], head, theirs: head, theirsTree: tree, tree, parents: [head], message, author }
}

async function changesBetween({ read }: Versions, from: ObjectId, to: ObjectId): Promise<TreeChange[]> {
  const changes: TreeChange[] = []
  for await (const { path, after } of diffTrees(read, from, to)) changes.push({ path, entry: after ?? null })
  return changes
}

/** Brings the files to the result, moves the branch, and puts HEAD back on it. Every step may be repeated.
 *  @returns files written or deleted */
export async function finish(
  workspace: Workspace,
  state: RebaseState,
  next: ObjectId,
  options: MoveOptions,
): Promise<number> {
  const { refs } = workspace
  const { branch, original: expected } = state
  const { read } = await readVersions(workspace)
  const { tree } = await readCommit(read, next)
  const items: CheckoutItem[] = []
  for await (const { path, before, after } of diffTrees(read, state.from, tree, options))
    items.push({ path, before, after })
  const { written, deleted } = await moveFiles(workspace, read, items, tree, {
    ...options,
    force: true,
    sparesEdits: true,
  })
  const reason = reasonFor(state)
  if (branch !== null && refs.read(`heads/${branch}`) !== next)
    await refs.update({ name: `heads/${branch}`, expected, next, reason })
  await workspace.writeStaging([])
  await refs.setHead(branch === null ? { $kind: 'detached', commit: next } : { $kind: 'branch', branch }, reason)
  await endOperation(workspace)
  return written + deleted
}

function reasonFor({ onto }: Pick<RebaseState, 'onto'>): string {
  return `rebase: onto ${onto}`
}

async function stop(
  workspace: Workspace,
  versions: Versions,
  state: Omit<RebaseState, 'todo'>,
  done: Replay,
  stopped: Stop,
  options: MoveOptions,
): Promise<RebaseResult> {
  const { merged, id, label, todo, theirsTree, author, message } = stopped
  const changes = await changesBetween(versions, state.from, merged.tree)
  await refuseChanged(workspace, versions.read, state.from, { ...merged, changes })
  const operation: Operation = {
    kind: 'rebase',
    head: done.tip,
    theirs: id,
    theirsTree,
    label,
    tree: merged.tree,
    parents: [done.tip],
    message,
    author,
    applied: false,
    conflicts: merged.conflicts,
    rebase: { ...state, done: state.done + done.picked, todo, result: null },
  }
  await writeOperation(workspace, operation)
  const files = await applyOperation(workspace, operation, options)
  return {
    $kind: 'conflicts',
    branch: state.branch,
    from: state.original,
    to: done.tip,
    stopped: id,
    done: operation.rebase!.done,
    left: todo.length,
    conflicts: conflictRecords(operation),
    files,
  }
}

function followed(workspace: Workspace, branch: string | null): string {
  const upstream = branch === null ? undefined : upstreamName(workspace, branch)
  if (upstream !== undefined) return upstream
  throw new UsageError('REBASE_UPSTREAM', `${branch ?? 'HEAD'} follows nothing, so what to rebase on must be named`, {
    hints: ['name it: `floe rebase main`, or set it with `floe branch -u origin/main`'],
  })
}
