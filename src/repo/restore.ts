/** `restore`: files, or staging, back to a version. */

import type { ObjectId } from '../objects/id.ts'
import { diffTrees, type TreeEntry, walkTree } from '../objects/tree.ts'
import type { StagedChange } from '../store/staging.ts'
import type { Workspace } from '../store/workspace.ts'
import type { CheckoutItem } from '../worktree/checkout.ts'
import { compareWithTree } from '../worktree/compare.ts'
import { PathsUnknownError } from './errors.ts'
import { moveFiles } from './move-files.ts'
import { isSelected } from './paths.ts'
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
    const restored = restoresFiles ? await restoreFiles(workspace, versions, fileSource, options) : []
    const unstaged = options.staged ? await restoreStaging(workspace, versions, stagedSource, options) : []
    return { restored, unstaged }
  })
}

async function restoreFiles(
  workspace: Workspace,
  versions: Versions,
  source: ObjectId,
  options: RestoreOptions,
): Promise<string[]> {
  const { read } = versions
  const items = new Map<string, CheckoutItem>()
  for await (const state of compareWithTree(localFiles(workspace), read, source, options)) {
    if (state.$kind === 'untracked') continue
    if (state.$kind === 'tracked' && state.difference === 'same') continue
    // A file that cannot be read can still be replaced.
    if (state.entry) items.set(state.path, { path: state.path, after: state.entry })
  }
  // What is tracked now but not in the source goes.
  for await (const { path, before, after } of diffTrees(read, versions.stagedTree, source, options))
    if (before && !after && isSelected(path, options.paths)) items.set(path, { path, before })
  await moveFiles(workspace, read, [...items.values()], undefined, { ...options, force: true })
  return [...items.keys()]
}

async function restoreStaging(
  workspace: Workspace,
  versions: Versions,
  source: ObjectId,
  options: RestoreOptions,
): Promise<string[]> {
  const { read, headTree, staging, stagedTree } = versions
  const changes: StagedChange[] = []
  for (const change of staging.changes()) if (!isSelected(change.path, options.paths)) changes.push(change)
  for await (const { path, after } of diffTrees(read, headTree, source, options))
    if (isSelected(path, options.paths)) changes.push({ path, entry: after ?? null })
  const unstaged: string[] = []
  for await (const { path } of diffTrees(read, stagedTree, source, options))
    if (isSelected(path, options.paths)) unstaged.push(path)
  await workspace.writeStaging(changes)
  return unstaged
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
