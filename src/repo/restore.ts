/** `restore`: files, or staging, back to a version. */

import type { ObjectId } from '../objects/id.ts'
import { comparePaths } from '../objects/path.ts'
import { diffTrees, type TreeEntry, walkTree } from '../objects/tree.ts'
import type { StagedChange } from '../store/staging.ts'
import type { Workspace } from '../store/workspace.ts'
import type { CheckoutItem } from '../worktree/checkout.ts'
import { compareWithTree } from '../worktree/compare.ts'
import { PathGuard } from '../worktree/guard.ts'
import { type PathBefore, pathsBefore } from './before.ts'
import { PathsUnknownError } from './errors.ts'
import { moveFiles } from './move-files.ts'
import { isSelected } from './paths.ts'
import { reopen } from './settle.ts'
import { localFiles, readVersions, treeOfRevision, type Versions } from './versions.ts'

export interface RestoreOptions {
  /** Workspace paths, `''` for all. */
  paths: readonly string[]
  /** Default: HEAD for staging, staging for files. */
  source?: string | undefined
  staged?: boolean | undefined
  /** Default: true without `staged`. */
  worktree?: boolean | undefined
  signal?: AbortSignal | undefined
}

export interface RestoreResult {
  /** Files written or deleted. */
  restored: string[]
  /** Paths whose staged change was replaced. */
  unstaged: string[]
  /** Of all of them, in path order. */
  before: PathBefore[]
  /** At the paths there is more that is not as staged, and was left as it is. */
  hasOthers: boolean
}

/** @throws {PathsUnknownError} PATH_UNKNOWN (exit 2) */
export async function restore(workspace: Workspace, options: RestoreOptions): Promise<RestoreResult> {
  return workspace.withLock('restore', async () => {
    const versions = await readVersions(workspace)
    const source = options.source === undefined ? undefined : (await treeOfRevision(workspace, options.source)).tree
    const stagedSource = source ?? versions.headTree
    const fileSource = source ?? (options.staged ? versions.headTree : versions.stagedTree)
    await refuseUnknown(versions, source, options)
    const restoresFiles = options.worktree ?? !options.staged
    const items = restoresFiles ? await filesToRestore(workspace, versions, fileSource, options) : new Map()
    const staging = options.staged ? await stagingToRestore(versions, stagedSource, options) : undefined
    const restored = [...items.keys()]
    const unstaged = staging?.unstaged ?? []
    const before = await pathsBefore(workspace, versions, [...new Set([...restored, ...unstaged])].sort(comparePaths))
    const hasOthers = await hasOtherChanges(workspace, versions, items, options)
    if (restoresFiles)
      await moveFiles(workspace, versions.read, [...items.values()], undefined, { ...options, force: true })
    if (staging) await workspace.writeStaging(staging.changes)
    // What had been staged of a conflict was the decision on it.
    if (staging) await reopen(workspace, (path) => isSelected(path, options.paths))
    return { restored, unstaged, before, hasOthers }
  })
}

async function filesToRestore(
  workspace: Workspace,
  versions: Versions,
  source: ObjectId,
  options: RestoreOptions,
): Promise<Map<string, CheckoutItem>> {
  const { read } = versions
  const items = new Map<string, CheckoutItem>()
  for await (const state of compareWithTree(localFiles(workspace), read, source, options)) {
    if (state.$kind === 'untracked') continue
    if (state.$kind === 'tracked' && state.difference === 'same') continue
    // A file that cannot be read can still be replaced.
    if (state.entry) items.set(state.path, { path: state.path, after: state.entry })
  }
  // What is tracked now but not in the source goes.
  const guard = new PathGuard(workspace.fs, workspace.root)
  for await (const { path, before, after } of diffTrees(read, versions.stagedTree, source, options))
    if (before && !after && isSelected(path, options.paths) && guard.stat(path)) items.set(path, { path, before })
  return items
}

async function hasOtherChanges(
  workspace: Workspace,
  { read, stagedTree }: Versions,
  items: ReadonlyMap<string, CheckoutItem>,
  options: RestoreOptions,
): Promise<boolean> {
  // From staging, everything that differs is restored.
  if (options.source === undefined || items.size === 0) return false
  const { paths, signal } = options
  const walk = { paths, signal, changesOnly: true }
  for await (const { $kind, path } of compareWithTree(localFiles(workspace), read, stagedTree, walk))
    if ($kind !== 'untracked' && !items.has(path)) return true
  return false
}

async function stagingToRestore(
  { read, headTree, staging, stagedTree }: Versions,
  source: ObjectId,
  options: RestoreOptions,
): Promise<{ changes: StagedChange[]; unstaged: string[] }> {
  const changes: StagedChange[] = []
  for (const change of staging.changes()) if (!isSelected(change.path, options.paths)) changes.push(change)
  for await (const { path, after } of diffTrees(read, headTree, source, options))
    if (isSelected(path, options.paths)) changes.push({ path, entry: after ?? null })
  const unstaged: string[] = []
  for await (const { path } of diffTrees(read, stagedTree, source, options))
    if (isSelected(path, options.paths)) unstaged.push(path)
  return { changes, unstaged }
}

async function refuseUnknown(
  { read, headTree, stagedTree }: Versions,
  source: ObjectId | undefined,
  { paths, source: name }: RestoreOptions,
): Promise<void> {
  const unknown: string[] = []
  for (const path of paths) {
    const trees = source === undefined ? [stagedTree, headTree] : [source, stagedTree]
    let first: TreeEntry | undefined
    for (const tree of trees) first ??= (await walkTree(read, tree, path === '' ? {} : { prefix: path }).next()).value
    if (!first && path !== '') unknown.push(path)
  }
  if (unknown.length > 0) throw new PathsUnknownError(unknown, name ?? 'what is tracked')
}
