/** The rest of a merge, cherry-pick or revert that met conflicts: resolving them, finishing it, or giving it up. Of a
 *  rebase the conflicts are resolved here as well; `rebase-resume.ts` has the rest. */

import { readCommit } from '../history/commits.ts'
import type { ObjectId } from '../objects/id.ts'
import { diffTrees, findEntry, type TreeEntry, updateTree } from '../objects/tree.ts'
import type { Workspace } from '../store/workspace.ts'
import type { CheckoutItem, CheckoutResult } from '../worktree/checkout.ts'
import { lostBy } from './before.ts'
import { moveHead } from './commit.ts'
import { PathsUnknownError } from './errors.ts'
import { applyOperation, putCommit, reasonFor, takeSide } from './integrate.ts'
import { MarkersLeftError, type OperationKind, UnresolvedError } from './merge-errors.ts'
import { type MoveOptions, moveFiles } from './move-files.ts'
import { hasMarkers, unresolved } from './open-conflicts.ts'
import {
  type ConflictRecord,
  conflictRecords,
  demandOperation,
  endOperation,
  isBrought,
  type Operation,
  type OperationConflict,
  type Resolution,
  writeOperation,
} from './operation.ts'
import { overlay } from './overlay.ts'
import { isSelected } from './paths.ts'
import { type PickedSeveral, pickOn } from './pick-several.ts'
import type { OnProgress } from './progress.ts'
import type { Direction } from './replay.ts'
import { stage } from './stage.ts'
import { readVersions, type Versions } from './versions.ts'

export interface ResolveOptions {
  kind: OperationKind
  /** Workspace paths in conflict, or folders of such; `''` for all. */
  paths: readonly string[]
  /** Ours, theirs, or the file as it is on disk. */
  with: Resolution
  signal?: AbortSignal | undefined
}

/** Files first, then staging, then the record; repeating it continues it. A path may be resolved again differently.
 *  @throws {OperationError} OPERATION_NONE (exit 1)
 *  @throws {PathsUnknownError} PATH_UNKNOWN (exit 2) for a path without a conflict
 *  @throws {MarkersLeftError} MERGE_MARKERS_LEFT (exit 1) */
export async function resolveConflicts(
  workspace: Workspace,
  options: ResolveOptions,
): Promise<{ conflicts: ConflictRecord[] }> {
  return workspace.withLock(options.kind, async () => {
    const operation = await openOperation(workspace, options.kind, options)
    const chosen = operation.conflicts.filter(({ path }) => options.paths.length > 0 && isSelected(path, options.paths))
    const unknown = options.paths.filter((path) => !chosen.some((conflict) => isSelected(conflict.path, [path])))
    if (unknown.length > 0) throw new PathsUnknownError(unknown, 'what is in conflict')
    if (options.with === 'file') await takeFiles(workspace, chosen, options.signal)
    else await takeSides(workspace, operation, chosen, options.with, options.signal)
    for (const conflict of chosen) conflict.resolved = options.with
    await writeOperation(workspace, operation)
    return { conflicts: conflictRecords(operation) }
  })
}

async function takeFiles(
  workspace: Workspace,
  conflicts: readonly OperationConflict[],
  signal: AbortSignal | undefined,
): Promise<void> {
  for (const conflict of conflicts) if (hasMarkers(workspace, conflict)) throw new MarkersLeftError(conflict.path)
  await stage(workspace, { paths: conflicts.map(({ path }) => path), scope: 'all', includeIgnored: true, signal })
}

async function takeSides(
  workspace: Workspace,
  operation: Operation,
  conflicts: readonly OperationConflict[],
  side: 'ours' | 'theirs',
  signal: AbortSignal | undefined,
): Promise<void> {
  const versions = await readVersions(workspace)
  const source = side === 'ours' ? versions.headTree : operation.theirsTree
  const changes = new Map<string, TreeEntry | null>()
  const items = new Map<string, CheckoutItem>()
  for (const conflict of conflicts) {
    for (const { path, entry } of await takeSide(versions.read, conflict.path, versions.stagedTree, source)) {
      changes.set(path, entry)
      items.set(path, entry ? { path, after: entry } : { path })
    }
    if (!items.has(conflict.path)) items.set(conflict.path, { path: conflict.path })
  }
  await moveFiles(workspace, versions.read, [...items.values()], undefined, { force: true, signal })
  await workspace.writeStaging(await overlay(versions, changes))
}

export interface ContinueResult {
  $kind: 'committed' | 'nothing'
  from: ObjectId
  to: ObjectId
}

/** Makes the commit once every conflict is resolved, or staged by hand, and goes on with those that are to be picked after
 *  it. A pick of which nothing is left makes none.
 *  @throws {OperationError} OPERATION_NONE (exit 1)
 *  @throws {UnresolvedError} MERGE_UNRESOLVED (exit 1) */
export async function continueOperation(
  workspace: Workspace,
  options: { kind: OperationKind; message?: string | undefined; signal?: AbortSignal | undefined },
): Promise<ContinueResult | PickedSeveral> {
  return workspace.withLock(options.kind, async () => {
    const operation = await openOperation(workspace, options.kind, options)
    const versions = await readVersions(workspace)
    const open = await unresolved(versions, operation)
    if (open.length > 0) throw new UnresolvedError(options.kind, open)
    const { head: from, parents, author, picks } = operation
    const message = options.message ?? operation.message
    const session = await workspace.store.begin()
    try {
      const { headTree, staging } = versions
      const tree = await updateTree(session.read, session.put, headTree, staging.changes(), options)
      const isNothing = tree === headTree && options.kind !== 'merge'
      const to = isNothing ? from : await putCommit(workspace, session.put, { tree, parents, author, message })
      const settle = async () => {
        if (!isNothing) await moveHead(workspace, from, to, reasonFor(operation))
        await workspace.writeStaging([])
        await endOperation(workspace)
      }
      if (picks) {
        const state = { ...picks, done: picks.done + (isNothing ? 0 : 1) }
        const direction: Direction = options.kind === 'revert' ? { $kind: 'back', author } : { $kind: 'again' }
        return await pickOn(workspace, session, { tip: to, tree }, state, direction, { signal: options.signal }, settle)
      }
      if (!isNothing) await session.seal()
      await settle()
      return { $kind: isNothing ? 'nothing' : 'committed', from, to }
    } finally {
      session.abort()
    }
  })
}

export interface AbortResult {
  head: ObjectId
  /** Files written or deleted. */
  files: number
  /** Paths whose contents were thrown away, and are neither in a version concerned nor came with the operation. */
  lost: string[]
}

/** Brings back what the operation changed. What else was staged meanwhile is no longer staged, but stays on disk.
 *  @throws {OperationError} OPERATION_NONE (exit 1) */
export async function abortOperation(
  workspace: Workspace,
  options: { kind: OperationKind; signal?: AbortSignal | undefined; onProgress?: OnProgress | undefined },
): Promise<AbortResult> {
  return workspace.withLock(options.kind, async () => {
    const operation = demandOperation(workspace, options.kind)
    const versions = await readVersions(workspace)
    const { head, picks } = operation
    const goal = picks ? (await readCommit(versions.read, picks.original)).tree : versions.headTree
    const { written, deleted, lost } = await bringBack(workspace, operation, versions, goal, options)
    await workspace.writeStaging([])
    if (picks && picks.original !== head) await moveHead(workspace, head, picks.original, `${options.kind}: given up`)
    await endOperation(workspace)
    return { head: picks?.original ?? head, files: written + deleted, lost }
  })
}

/** Brings the files that the operation changed to what they are in a tree, whatever has become of them. Staging is to be emptied
 *  after it. */
export async function bringBack(
  workspace: Workspace,
  { conflicts, tree, rebase }: Operation,
  versions: Versions,
  goal: ObjectId,
  options: MoveOptions,
): Promise<CheckoutResult & Pick<AbortResult, 'lost'>> {
  const { read, stagedTree } = versions
  const gone = lostBy(workspace, versions, goal)
  const items = new Map<string, CheckoutItem>()
  const places = conflicts.map(({ path }) => path)
  for (const changed of rebase ? [tree, rebase.from] : [tree])
    for await (const { path, before } of diffTrees(read, goal, changed, options))
      items.set(path, before ? { path, after: before } : { path })
  for await (const { path, before } of diffTrees(read, goal, stagedTree, options))
    if (places.length > 0 && isSelected(path, places)) items.set(path, before ? { path, after: before } : { path })
  for (const conflict of conflicts) {
    const { path } = conflict
    const before = await findEntry(read, goal, path)
    if (before) items.set(path, { path, after: before })
    else if (isBrought(conflict)) items.set(path, { path })
  }
  const { onOverwrite } = gone
  const result = await moveFiles(workspace, read, [...items.values()], undefined, {
    ...options,
    force: true,
    onOverwrite,
  })
  return { ...result, lost: await gone.paths() }
}

/** The operation, brought to where conflicts can be resolved if it had been cut off before. */
export async function openOperation(
  workspace: Workspace,
  kind: OperationKind,
  options: { signal?: AbortSignal | undefined },
): Promise<Operation> {
  const operation = demandOperation(workspace, kind)
  if (!operation.applied) await applyOperation(workspace, operation, { signal: options.signal })
  return operation
}
