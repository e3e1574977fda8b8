/** `rm`: stops tracking files, and deletes them. */

import { findEntry, sameEntry, type TreeEntry } from '../objects/tree.ts'
import type { Workspace } from '../store/workspace.ts'
import { compareWithTree } from '../worktree/compare.ts'
import { type PathBefore, pathsBefore } from './before.ts'
import { PathsUnknownError, RecursiveNeededError, RemoveRefusedError } from './errors.ts'
import { moveFiles } from './move-files.ts'
import { overlay } from './overlay.ts'
import { isSelected } from './paths.ts'
import { localFiles, readVersions, type Versions } from './versions.ts'

export interface RemoveOptions {
  /** Workspace paths. */
  paths: readonly string[]
  /** Keep the files. */
  cached?: boolean | undefined
  /** Delete files that have changes that are in no commit. */
  force?: boolean | undefined
  /** Allow folders. */
  recursive?: boolean | undefined
  dryRun?: boolean | undefined
  signal?: AbortSignal | undefined
}

export interface RemoveResult {
  removed: string[]
  /** Of all of them; of none with `dryRun`. */
  before: PathBefore[]
}

/** @throws {PathsUnknownError} PATH_UNKNOWN (exit 2) for what is not tracked
 *  @throws {RecursiveNeededError} REMOVE_RECURSIVE (exit 2)
 *  @throws {RemoveRefusedError} REMOVE_REFUSED (exit 1) */
export async function remove(workspace: Workspace, options: RemoveOptions): Promise<RemoveResult> {
  return workspace.withLock('rm', async () => {
    const versions = await readVersions(workspace)
    const entries = await selected(workspace, versions, options)
    const removed = entries.map(({ path }) => path)
    const before = await pathsBefore(workspace, versions, options.dryRun ? [] : removed)
    if (options.dryRun) return { removed, before }
    if (!options.cached) {
      const items = entries.map((entry) => ({ path: entry.path, before: entry }))
      await moveFiles(workspace, versions.read, items, undefined, { signal: options.signal, force: true })
    }
    await workspace.writeStaging(await overlay(versions, new Map(removed.map((path) => [path, null]))))
    return { removed, before }
  })
}

async function selected(workspace: Workspace, versions: Versions, options: RemoveOptions): Promise<TreeEntry[]> {
  const entries: TreeEntry[] = []
  const changed: string[] = []
  const { paths, cached, force } = options
  // What is absent can be deleted from the version without having it.
  const walk = { ...options, onAbsent: (entry: TreeEntry) => void entries.push(entry) }
  for await (const state of compareWithTree(localFiles(workspace), versions.read, versions.stagedTree, walk)) {
    if (state.$kind === 'untracked' || !state.entry) continue
    entries.push(state.entry)
    const isLost = state.$kind !== 'deleted' && (state.$kind === 'problem' || state.difference !== 'same')
    if (!cached && !force && (isLost || (await isStagedOnly(versions, state.entry)))) changed.push(state.path)
  }
  const unknown = paths.filter((path) => !entries.some((entry) => isSelected(entry.path, [path])))
  if (unknown.length > 0) throw new PathsUnknownError(unknown, 'what is tracked')
  const exact = new Set(entries.map(({ path }) => path))
  const folder = paths.find((path) => !exact.has(path))
  if (folder !== undefined && !options.recursive) throw new RecursiveNeededError(folder === '' ? '.' : folder)
  if (changed.length > 0) throw new RemoveRefusedError(changed)
  return entries
}

/** True if the staged contents are in no commit. */
async function isStagedOnly({ read, headTree, staging }: Versions, entry: TreeEntry): Promise<boolean> {
  if (!staging.get(entry.path)) return false
  const before = await findEntry(read, headTree, entry.path)
  return !before || !sameEntry(before, entry)
}
