/** `rm`: stops tracking files, and deletes them. */

import { comparePaths } from '../objects/path.ts'
import { findEntry, sameEntry, type TreeEntry } from '../objects/tree.ts'
import type { Workspace } from '../store/workspace.ts'
import { compareWithTree } from '../worktree/compare.ts'
import { lostBy, type PathBefore, pathsBefore } from './before.ts'
import { PathsUnknownError, RecursiveNeededError, RemoveRefusedError } from './errors.ts'
import { moveFiles } from './move-files.ts'
import { openConflicts } from './open-conflicts.ts'
import type { OperationConflict } from './operation.ts'
import { overlay } from './overlay.ts'
import { isSelected } from './paths.ts'
import { type SettledConflicts, settleByStaging } from './settle.ts'
import { localFiles, readVersions, type Versions } from './versions.ts'

export interface RemoveOptions {
  /** Workspace paths. */
  paths: readonly string[]
  /** Keep the files. */
  cached?: boolean | undefined
  /** Delete files that have changes that are in no commit; with `cached`, drop staged contents that the file does not have. */
  force?: boolean | undefined
  /** Allow folders. */
  recursive?: boolean | undefined
  dryRun?: boolean | undefined
  signal?: AbortSignal | undefined
}

export interface RemoveResult {
  removed: string[]
  /** Of all of them that were tracked; of none with `dryRun`. */
  before: PathBefore[]
  /** Conflicts that this has settled. */
  settled: SettledConflicts | null
  /** Of the others, paths of which no version has what the file had. */
  lost: string[]
}

/** @throws {PathsUnknownError} PATH_UNKNOWN (exit 2) for what is not tracked
 *  @throws {RecursiveNeededError} REMOVE_RECURSIVE (exit 2)
 *  @throws {RemoveRefusedError} REMOVE_REFUSED (exit 1) */
export async function remove(workspace: Workspace, options: RemoveOptions): Promise<RemoveResult> {
  return workspace.withLock('rm', async () => {
    const versions = await readVersions(workspace)
    const conflicts = openConflicts(workspace).filter(({ path }) => isSelected(path, options.paths))
    const entries = await selected(workspace, versions, conflicts, options)
    const tracked = entries.map(({ path }) => path)
    // What a merge has brought is not tracked yet.
    const isTracked = new Set(tracked)
    const brought = conflicts.map(({ path }) => path).filter((path) => !isTracked.has(path))
    const removed = [...tracked, ...brought].sort(comparePaths)
    if (options.dryRun) return { removed, before: [], settled: null, lost: [] }
    const before = await pathsBefore(workspace, versions, tracked)
    const gone = lostBy(workspace, versions, versions.headTree)
    if (!options.cached) {
      const { signal } = options
      const items = entries.map((entry) => ({ path: entry.path, before: entry }))
      await moveFiles(workspace, versions.read, items, undefined, { signal, force: true })
      const others = brought.map((path) => ({ path }))
      const { onOverwrite } = gone
      await moveFiles(workspace, versions.read, others, undefined, { signal, force: true, onOverwrite })
    }
    await workspace.writeStaging(await overlay(versions, new Map(tracked.map((path) => [path, null]))))
    const settled = await settleByStaging(workspace, ({ path }) => isSelected(path, options.paths))
    return { removed, before, settled, lost: gone.overwritten() }
  })
}

async function selected(
  workspace: Workspace,
  versions: Versions,
  conflicts: readonly OperationConflict[],
  options: RemoveOptions,
): Promise<TreeEntry[]> {
  const entries: TreeEntry[] = []
  const isConflict = new Set(conflicts.map(({ path }) => path))
  const changed: string[] = []
  const { paths, cached, force } = options
  // What is absent can be deleted from the version without having it.
  const walk = { ...options, onAbsent: (entry: TreeEntry) => void entries.push(entry) }
  for await (const state of compareWithTree(localFiles(workspace), versions.read, versions.stagedTree, walk)) {
    if (state.$kind === 'untracked' || !state.entry) continue
    entries.push(state.entry)
    // Of a conflict, that is the decision.
    if (force || isConflict.has(state.path)) continue
    const isEdited = state.$kind === 'problem' || (state.$kind === 'tracked' && state.difference !== 'same')
    const isInFile = state.$kind === 'tracked' && (state.difference === 'same' || state.difference === 'mode')
    const isLost = !(cached && isInFile) && (await isStagedOnly(versions, state.entry))
    if (isLost || (isEdited && !cached)) changed.push(state.path)
  }
  const exact = new Set([...entries.map(({ path }) => path), ...isConflict])
  const unknown = paths.filter((path) => ![...exact].some((each) => isSelected(each, [path])))
  if (unknown.length > 0) throw new PathsUnknownError(unknown, 'what is tracked')
  const folder = paths.find((path) => !exact.has(path))
  if (folder !== undefined && !options.recursive) throw new RecursiveNeededError(folder === '' ? '.' : folder)
  if (changed.length > 0) throw new RemoveRefusedError(changed, cached)
  return entries
}

/** True if the staged contents are in no commit. */
async function isStagedOnly({ read, headTree, staging }: Versions, entry: TreeEntry): Promise<boolean> {
  if (!staging.get(entry.path)) return false
  const before = await findEntry(read, headTree, entry.path)
  return !before || !sameEntry(before, entry)
}
