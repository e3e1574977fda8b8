/** Moving the files on disk to another version: what `switch`, `restore`, `pull` and `clone` share. Under the lock. */

import type { ObjectId } from '../objects/id.ts'
import type { ReadObject } from '../objects/reader.ts'
import { diffTrees, findEntry, sameEntry, type TreeChange, walkTree } from '../objects/tree.ts'
import type { StagedChange } from '../store/staging.ts'
import type { Workspace } from '../store/workspace.ts'
import { BESIDE_NETWORK_MS, createBreather } from '../worktree/breather.ts'
import { type CheckoutItem, type CheckoutResult, planCheckout } from '../worktree/checkout.ts'
import { type PlanOptions, passableObstacle } from '../worktree/checkout-plan.ts'
import { compareWithTree } from '../worktree/compare.ts'
import { WouldOverwriteError } from '../worktree/errors.ts'
import { assertNoCollisions, probeFolding } from '../worktree/folding.ts'
import { PathGuard } from '../worktree/guard.ts'
import type { LocalFiles } from '../worktree/local-file.ts'
import { broughtPaths } from './operation.ts'
import type { OnProgress } from './progress.ts'
import { localFiles, saveStats, type Versions } from './versions.ts'

export interface MoveOptions {
  force?: boolean | undefined
  sparesEdits?: PlanOptions['sparesEdits']
  /** Told, with `force`, of local changes that are overwritten. */
  onOverwrite?: PlanOptions['onOverwrite']
  signal?: AbortSignal | undefined
  onProgress?: OnProgress | undefined
}

/** What will be moved, found out; nothing is changed. To be disposed of. */
export interface PlannedMove<T> extends AsyncDisposable {
  /** Once. */
  carryOut(): Promise<T>
}

/** What was done, and the overlay to be written once HEAD has moved. */
export type MovedToTree = CheckoutResult & { overlay: StagedChange[] }

/** Brings the files from what is checked out to another tree, keeping staged changes that do not stand in the way.
 *  @throws {WouldOverwriteError} WORKTREE_WOULD_OVERWRITE (exit 1), before anything was changed */
export async function moveToTree(
  workspace: Workspace,
  versions: Versions,
  target: ObjectId,
  options: MoveOptions,
): Promise<MovedToTree> {
  await using planned = await planMoveToTree(workspace, versions, target, options)
  return await planned.carryOut()
}

/** The same up to the first change. Nothing but trees is read of the versions. */
export async function planMoveToTree(
  workspace: Workspace,
  versions: Versions,
  target: ObjectId,
  options: MoveOptions,
): Promise<PlannedMove<MovedToTree>> {
  const { read } = versions
  const items = new Map<string, CheckoutItem>()
  const from = options.force ? versions.stagedTree : versions.headTree
  const breathe = createBreather(options.signal, BESIDE_NETWORK_MS)
  for await (const { path, before, after } of diffTrees(read, from, target, options)) {
    items.set(path, { path, before, after })
    const breath = breathe()
    if (breath) await breath
  }
  const overlay = options.force ? [] : await keptOverlay(versions, items, target)
  if (options.force) {
    await addLocalChanges(workspace, read, target, items, options)
    for (const path of broughtPaths(workspace))
      if (!items.has(path) && !(await findEntry(read, target, path))) items.set(path, { path })
  }
  const files = await planFiles(workspace, read, [...items.values()], target, options)
  return {
    carryOut: async () => ({ ...(await files.carryOut()), overlay }),
    [Symbol.asyncDispose]: () => files[Symbol.asyncDispose](),
  }
}

/** Staged changes that survive: those whose path is the same in both versions. A file that was only taken out of what is tracked
 *  is the user's own where the target does not have it either: it leaves the items.
 *  @throws {WouldOverwriteError} for a staged change that the target would replace */
async function keptOverlay(
  { read, staging }: Versions,
  items: Map<string, CheckoutItem>,
  target: ObjectId,
): Promise<StagedChange[]> {
  const kept: StagedChange[] = []
  const lost: string[] = []
  for (const change of staging.changes()) {
    const after = await findEntry(read, target, change.path)
    const isThere = change.entry ? after !== undefined && sameEntry(change.entry, after) : after === undefined
    if (isThere && !after) items.delete(change.path)
    if (isThere) continue
    if (items.has(change.path)) lost.push(change.path)
    else kept.push(change)
  }
  if (lost.length > 0) throw new WouldOverwriteError(lost)
  return kept
}

/** Adds files that differ on disk although the versions agree on them. */
async function addLocalChanges(
  workspace: Workspace,
  read: ReadObject,
  target: ObjectId,
  items: Map<string, CheckoutItem>,
  options: MoveOptions,
): Promise<void> {
  for await (const state of compareWithTree(localFiles(workspace), read, target, options)) {
    if (state.$kind === 'untracked' || items.has(state.path)) continue
    const isSame = state.$kind === 'tracked' && state.difference === 'same'
    if (state.$kind !== 'problem' && !isSame) items.set(state.path, { path: state.path, after: state.entry })
  }
}

/** Carries out a list of changes to files, as far as the workspace has their paths on disk.
 *  @param target - the whole version, to be checked for names that collide here; none if only some files are restored */
export async function moveFiles(
  workspace: Workspace,
  read: ReadObject,
  changes: readonly CheckoutItem[],
  target: ObjectId | undefined,
  options: MoveOptions,
): Promise<CheckoutResult> {
  await using planned = await planFiles(workspace, read, changes, target, options)
  return await planned.carryOut()
}

/** The same up to the first change. */
export async function planFiles(
  workspace: Workspace,
  read: ReadObject,
  changes: readonly CheckoutItem[],
  target: ObjectId | undefined,
  options: MoveOptions,
): Promise<PlannedMove<CheckoutResult>> {
  const { fs, root, tmpDir } = workspace
  const files = localFiles(workspace)
  const items = withoutAbsent(workspace, files, changes)
  if (target !== undefined && items.some(({ after }) => after)) await refuseCollisions(workspace, read, target)
  const totals = { files: items.length, bytes: items.reduce((sum, { after }) => sum + (after?.bytes ?? 0), 0) }
  const done = { files: 0, bytes: 0 }
  const onFile = (path: string, bytes: number) => {
    done.files++
    done.bytes += bytes
    options.onProgress?.({
      $kind: 'checking-out',
      doneFiles: done.files,
      totalFiles: totals.files,
      doneBytes: done.bytes,
      totalBytes: totals.bytes,
      path,
    })
  }
  const force = options.force ?? false
  const { keeper, placesOf, held } = workspace.store
  const { signal, onOverwrite, sparesEdits } = options
  const how = { files, force, onOverwrite, sparesEdits, signal, onFile }
  const planned = await planCheckout({ fs, root, tmpDir, read, placesOf, keeper, ...how }, items)
  return {
    async carryOut() {
      // Before the first change: what nobody can tell from a file to be kept must not be touched.
      await held.assertWhole()
      const result = await planned.carryOut()
      await saveStats(workspace, files)
      return result
    },
    [Symbol.asyncDispose]: () => planned[Symbol.asyncDispose](),
  }
}

/** Refuses what `moveFiles` would have to refuse whatever the files are that it replaces: for those who write down first what
 *  they are about to do, and then could neither go on nor back.
 *  @throws {WouldOverwriteError} WORKTREE_WOULD_OVERWRITE (exit 1) for a file where a folder shall be
 *  @throws {ThroughSymlinkError} WORKTREE_THROUGH_SYMLINK (exit 13)
 *  @throws {NameCollisionError} WORKTREE_NAME_COLLISION (exit 13) */
export async function refuseImpossible(
  workspace: Workspace,
  read: ReadObject,
  { changes, tree }: { changes: readonly TreeChange[]; tree: ObjectId },
): Promise<void> {
  const guard = new PathGuard(workspace.fs, workspace.root)
  const items = changes.map(({ path, entry }) => ({ path, after: entry ?? undefined }))
  const present = withoutAbsent(workspace, localFiles(workspace), items)
  const leaving = new Set(present.filter(({ after }) => !after).map(({ path }) => path))
  for (const { path, after } of present) if (after) passableObstacle(guard, leaving, path)
  if (present.some(({ after }) => after)) await refuseCollisions(workspace, read, tree)
}

/** What the workspace need not have on disk stays away; what is there nevertheless goes along with the rest. */
function withoutAbsent(
  { fs, root }: Workspace,
  { wants }: LocalFiles,
  changes: readonly CheckoutItem[],
): readonly CheckoutItem[] {
  if (!wants) return changes
  const guard = new PathGuard(fs, root)
  return changes.filter(({ path, always }) => always || wants(path) || guard.stat(path) !== undefined)
}

async function refuseCollisions(workspace: Workspace, read: ReadObject, target: ObjectId): Promise<void> {
  const folding = probeFolding(workspace.fs, workspace.tmpDir)
  if (!folding.byCase && !folding.byComposition) return
  async function* paths() {
    for await (const { path } of walkTree(read, target)) yield path
  }
  await assertNoCollisions(paths(), folding)
}
