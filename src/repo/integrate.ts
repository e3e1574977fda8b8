/** Bringing the difference between two versions into the current one: what merge, cherry-pick,
 *  revert and rebase share.
 *
 *  All that merges by itself becomes a commit at once. With conflicts nothing is committed: the record of the operation is
 *  written first, then files and staging are brought to what merged, so that a run that was cut off is continued from the
 *  record, or undone with it. */

import { CHUNK_PROFILE } from '../chunking/profile.ts'
import { type MergedTrees, mergeTrees, type TreeConflict } from '../history/merge-trees.ts'
import { type CommitAuthor, encodeCommit } from '../objects/commit.ts'
import type { ObjectId } from '../objects/id.ts'
import { comparePaths } from '../objects/path.ts'
import type { ReadObject, WriteObject } from '../objects/reader.ts'
import { diffTrees, type TreeChange, updateTree, walkTree } from '../objects/tree.ts'
import type { WriteSession } from '../store/local-store.ts'
import type { Workspace } from '../store/workspace.ts'
import type { CheckoutItem } from '../worktree/checkout.ts'
import { compareWithTree } from '../worktree/compare.ts'
import { WouldOverwriteError } from '../worktree/errors.ts'
import { compareLocal } from '../worktree/local-file.ts'
import { moveHead } from './commit.ts'
import { WorkspaceDirtyError } from './errors.ts'
import { createContentMerger } from './merge-contents.ts'
import { NothingToApplyError, type OperationKind } from './merge-errors.ts'
import { type MergeRules, mergeRules, type RowsOption } from './merge-rules.ts'
import { type MoveOptions, moveToTree, type PlannedMove, planFiles, refuseImpossible } from './move-files.ts'
import {
  type ConflictRecord,
  conflictRecords,
  endOperation,
  type Operation,
  type OperationConflict,
  type PickState,
  refuseOperation,
  writeOperation,
} from './operation.ts'
import { isSelected } from './paths.ts'
import { localFiles, readVersions, type Versions } from './versions.ts'

export interface IntegrateRequest {
  kind: OperationKind
  /** The version whose changes count from `base`. */
  theirs: ObjectId
  theirsTree: ObjectId
  base: ObjectId | null
  label: string
  /** Of the commit to be made. */
  parents: ObjectId[]
  message: string
  author: CommitAuthor
  /** Of several that are picked: the others. */
  picks?: PickState | undefined
}

export interface IntegrateOptions extends MoveOptions {
  /** Conflicts at or below these paths (`''` for all) are settled with that side at once. */
  ours?: readonly string[] | undefined
  theirs?: readonly string[] | undefined
  /** Columns that tell rows of tables apart, to merge by rows; false: by lines even where `.floeattributes` says rows. */
  rows?: RowsOption
  /** Throw MERGE_CONFLICT-like at conflicts, with nothing changed, instead of leaving them to be resolved. */
  onConflicts?: ((conflicts: readonly TreeConflict[]) => Error) | undefined
}

export type Integrated =
  | { $kind: 'merged'; from: ObjectId; to: ObjectId; files: number }
  | { $kind: 'conflicts'; from: ObjectId; theirs: ObjectId; conflicts: ConflictRecord[]; files: number }

/** Under the lock. HEAD has a commit.
 *  @throws {OperationError} OPERATION_IN_PROGRESS (exit 1)
 *  @throws {WorkspaceDirtyError} WORKSPACE_DIRTY (exit 1) if changes are staged
 *  @throws {WouldOverwriteError} WORKTREE_WOULD_OVERWRITE (exit 1), with nothing changed
 *  @throws {NothingToApplyError} PICK_NOTHING (exit 1) */
export async function integrate(
  workspace: Workspace,
  versions: Versions,
  request: IntegrateRequest,
  options: IntegrateOptions,
): Promise<Integrated> {
  const head = versions.head!
  refuseOperation(workspace)
  await endOperation(workspace) // one that is no longer in force
  await refuseStaged(versions)
  const session = await workspace.store.begin()
  try {
    const merged = await mergeSides(session, versions.headTree, request, mergeRules(workspace, options.rows), options)
    if (merged.conflicts.length > 0) {
      if (options.onConflicts) throw options.onConflicts(merged.conflicts)
      return await begin(workspace, session, versions, request, merged, options)
    }
    const { tree } = merged
    if (tree === versions.headTree && request.kind !== 'merge')
      throw new NothingToApplyError(request.kind, request.label)
    const made = await putCommit(workspace, session.put, { ...request, tree })
    await session.seal()
    // Files first, then the branch: what was cut off is finished by repeating it.
    const { overlay, written, deleted } = await moveToTree(workspace, versions, tree, options)
    await moveHead(workspace, head, made, reasonFor(request))
    if (versions.staging.count > 0) await workspace.writeStaging(overlay)
    return { $kind: 'merged', from: head, to: made, files: written + deleted }
  } finally {
    session.abort()
  }
}

export async function putCommit(
  workspace: Workspace,
  put: WriteObject,
  { tree, parents, author, message }: Pick<IntegrateRequest, 'parents' | 'author' | 'message'> & { tree: ObjectId },
): Promise<ObjectId> {
  const timeMs = workspace.clock.now()
  return put(
    'commit',
    encodeCommit({ tree, parents, author, timeMs, message, profile: CHUNK_PROFILE, attachments: new Map() }),
  )
}

/** One line for the reflog. */
export function reasonFor({ kind, label, message }: Pick<IntegrateRequest, 'kind' | 'label' | 'message'>): string {
  return kind === 'merge' ? `merge ${label}` : `${kind}: ${message.trim().split('\n')[0]}`
}

/** @throws {WorkspaceDirtyError} WORKSPACE_DIRTY (exit 1) */
export async function refuseStaged(versions: Versions): Promise<void> {
  const staged: string[] = []
  for await (const { path } of diffTrees(versions.read, versions.headTree, versions.stagedTree)) staged.push(path)
  if (staged.length > 0) throw new WorkspaceDirtyError(staged)
}

export type MergedSides = Omit<MergedTrees, 'conflicts'> & { tree: ObjectId; conflicts: OperationConflict[] }

/** Their changes since the base on our tree: a tree in the session, with conflicts as they are on our side. */
export async function mergeSides(
  session: WriteSession,
  ourTree: ObjectId,
  { base, theirsTree, label }: Pick<IntegrateRequest, 'base' | 'theirsTree' | 'label'>,
  rules: MergeRules,
  options: IntegrateOptions,
): Promise<MergedSides> {
  await using contents = createContentMerger(session, { ours: 'HEAD', theirs: label }, rules)
  // The merged texts are in the session; the trees may come from anywhere.
  const sides = { base, ours: ourTree, theirs: theirsTree }
  const found = await mergeTrees(session.read, sides, contents.merge, options)
  const changes = new Map(found.changes.map((change) => [change.path, change]))
  const conflicts: OperationConflict[] = []
  for (const conflict of found.conflicts) {
    if (options.ours && isSelected(conflict.path, options.ours)) continue
    if (options.theirs && isSelected(conflict.path, options.theirs)) {
      for (const change of await takeSide(session.read, conflict.path, ourTree, theirsTree))
        changes.set(change.path, change)
      continue
    }
    const { kind, ours, theirs } = conflict
    const isBoth = kind === 'both-changed' && ours !== null && theirs !== null
    // What ours deleted is shown as theirs has it: without a file there would be nothing to look at, or to add.
    const alone = kind === 'changed-deleted' && !ours ? theirs : undefined
    const shown = isBoth ? await contents.mark(conflict.base, ours, theirs) : alone
    conflicts.push({ ...conflict, shown: shown ?? null, resolved: null })
  }
  const sorted = [...changes.values()].sort((a, b) => comparePaths(a.path, b.path))
  const tree = await updateTree(session.read, session.put, ourTree, sorted, options)
  return { changes: sorted, conflicts, tree }
}

/** What makes all at or below a path in one tree as it is in another. */
export async function takeSide(read: ReadObject, path: string, from: ObjectId, to: ObjectId): Promise<TreeChange[]> {
  const changes = new Map<string, TreeChange>()
  for await (const entry of walkTree(read, from, { prefix: path }))
    changes.set(entry.path, { path: entry.path, entry: null })
  for await (const entry of walkTree(read, to, { prefix: path })) changes.set(entry.path, { path: entry.path, entry })
  return [...changes.values()]
}

async function begin(
  workspace: Workspace,
  session: WriteSession,
  versions: Versions,
  request: IntegrateRequest,
  merged: MergedSides,
  options: IntegrateOptions,
): Promise<Integrated> {
  await refuseChanged(workspace, session.read, versions.headTree, merged)
  await session.seal()
  const { base: _, ...kept } = request
  const head = versions.head!
  const operation: Operation = { ...kept, head, tree: merged.tree, applied: false, conflicts: merged.conflicts }
  await using planned = await planOperation(workspace, operation, options)
  await writeOperation(workspace, operation)
  const files = await planned.carryOut()
  return { $kind: 'conflicts', from: head, theirs: request.theirs, conflicts: conflictRecords(operation), files }
}

/** Files that merge or are in conflict must be as committed, or already as they shall be: from here on they belong to the
 *  operation, which replaces them even if a power cut has torn them.
 *  @param merged - with the tree that it makes, to be read as well
 *  @throws {WouldOverwriteError} WORKTREE_WOULD_OVERWRITE (exit 1)
 *  @throws {ThroughSymlinkError} WORKTREE_THROUGH_SYMLINK (exit 13)
 *  @throws {NameCollisionError} WORKTREE_NAME_COLLISION (exit 13) */
export async function refuseChanged(
  workspace: Workspace,
  read: ReadObject,
  tree: ObjectId,
  merged: { changes: readonly TreeChange[]; conflicts: readonly { path: string }[]; tree: ObjectId },
): Promise<void> {
  const lost: string[] = []
  const goals = new Map(merged.changes.map(({ path, entry }) => [path, entry]))
  const paths = [...goals.keys(), ...merged.conflicts.map(({ path }) => path)]
  // No paths would mean all.
  if (paths.length === 0) return
  const files = localFiles(workspace)
  const isSame = (difference: string) => difference === 'same' || difference === 'mode'
  for await (const state of compareWithTree(files, read, tree, { paths, includeIgnored: true })) {
    if (state.$kind === 'tracked' && isSame(state.difference)) continue
    const goal = goals.get(state.path)
    const isThere = goal && 'stat' in state && isSame(await compareLocal(files, goal, state.stat))
    const isGone =
      state.$kind === 'deleted' && (goal === null || !merged.conflicts.some(({ path }) => path === state.path))
    if (!isThere && !isGone) lost.push(state.path)
  }
  if (lost.length > 0) throw new WouldOverwriteError(lost)
  await refuseImpossible(workspace, read, merged)
}

/** Brings files and staging to what merged, and shows the conflicts in the files. Repeating it continues it.
 *  @returns files written or deleted
 *  @throws {WouldOverwriteError} WORKTREE_WOULD_OVERWRITE (exit 1) for what is edited meanwhile, which stays */
export async function applyOperation(
  workspace: Workspace,
  operation: Operation,
  options: MoveOptions,
): Promise<number> {
  if (operation.rebase && workspace.refs.headCommit() !== operation.head)
    await workspace.refs.setHead({ $kind: 'detached', commit: operation.head }, reasonFor(operation))
  await using planned = await planOperation(workspace, operation, options)
  return await planned.carryOut()
}

/** The same up to the first change. HEAD is where the operation has it. */
async function planOperation(
  workspace: Workspace,
  operation: Operation,
  options: MoveOptions,
): Promise<PlannedMove<number>> {
  const versions = await readVersions(workspace)
  const items = new Map<string, CheckoutItem>()
  const staged: TreeChange[] = []
  const from = operation.rebase?.from ?? versions.headTree
  for await (const { path, before, after } of diffTrees(versions.read, from, operation.tree))
    items.set(path, { path, before, after })
  for await (const { path, after } of diffTrees(versions.read, versions.headTree, operation.tree))
    staged.push({ path, entry: after ?? null })
  for (const { path, ours, shown } of operation.conflicts)
    if (shown) items.set(path, { path, before: ours ?? undefined, after: shown, always: true })
  const how = { ...options, force: true, sparesEdits: true }
  const files = await planFiles(workspace, versions.read, [...items.values()], operation.tree, how)
  return {
    async carryOut() {
      const { written, deleted } = await files.carryOut()
      await workspace.writeStaging(staged)
      operation.applied = true
      if (operation.rebase) operation.rebase.previous = operation.head
      await writeOperation(workspace, operation)
      return written + deleted
    },
    [Symbol.asyncDispose]: () => files[Symbol.asyncDispose](),
  }
}
