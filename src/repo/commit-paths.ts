/** `commit PATH`: these paths go into the version as they are on disk, and what else is staged stays so. As git has it, only
 *  what is tracked can be named, and a file that staging alone has deleted is one of them. */

import type { ObjectId } from '../objects/id.ts'
import { createMemoryObjects, type ReadObject } from '../objects/reader.ts'
import { isInTree, updateTree } from '../objects/tree.ts'
import type { StagedChange } from '../store/staging.ts'
import type { Workspace } from '../store/workspace.ts'
import { PathGuard } from '../worktree/guard.ts'
import { PathsUnknownError, PathsUntrackedError } from './errors.ts'
import { pathSelector } from './paths.ts'
import type { Versions } from './versions.ts'

export interface ChosenPaths {
  /** Of what is staged and what was collected, what goes into the version. */
  takes(change: StagedChange): boolean
  /** Of what is staged, what stays so over the tree that was made.
   *  @throws {PathConflictError} PATH_CONFLICT (exit 2) if it cannot */
  rest(read: ReadObject, tree: ObjectId): Promise<StagedRest>
}

export interface StagedRest {
  /** Less than was staged before. */
  isLess: boolean
  /** In path order; of a million paths an array would take half of all the memory there shall be. */
  changes(): Iterable<StagedChange>
}

export function choosePaths(workspace: Workspace, { staging }: Versions, paths: readonly string[]): ChosenPaths {
  const isSelected = pathSelector(paths)
  const folders = foldersNow(workspace, staging, paths)
  return {
    takes: ({ path, entry }) => isSelected(path) || (entry === null && folders.has(path)),
    async rest(read, tree) {
      const gone = new Set<string>()
      for (const [above, paths] of folders) {
        const isThere = await Promise.all(paths.map((path) => isInTree(read, tree, path)))
        if (staging.get(above) === null || isThere.includes(true)) gone.add(above)
      }
      const stays = (path: string) => !isSelected(path) && !gone.has(path)
      function* changes() {
        for (const change of staging.changes()) if (stays(change.path)) yield change
      }
      let count = 0
      for (const path of staging.paths()) if (stays(path)) count++
      if (count > 0) await updateTree(read, createMemoryObjects().write, tree, changes())
      return { isLess: count < staging.count, changes }
    },
  }
}

/** What is staged as a file, or as the deletion of one, and is a folder on disk that paths are in: it gives way to these. */
function foldersNow(
  workspace: Workspace,
  staging: Versions['staging'],
  paths: readonly string[],
): Map<string, string[]> {
  const guard = new PathGuard(workspace.fs, workspace.root)
  const found = new Map<string, string[]>()
  if (staging.count === 0) return found
  for (const path of paths)
    for (let slash = path.indexOf('/'); slash > 0; slash = path.indexOf('/', slash + 1)) {
      const above = path.slice(0, slash)
      if (staging.get(above) === undefined || guard.stat(above)?.kind !== 'directory') continue
      found.set(above, [...(found.get(above) ?? []), path])
    }
  return found
}

/** @throws {PathsUnknownError} PATH_UNKNOWN (exit 2)
 *  @throws {PathsUntrackedError} PATH_UNTRACKED (exit 2) */
export async function refuseUntracked(
  workspace: Workspace,
  { read, headTree, stagedTree }: Versions,
  paths: readonly string[],
): Promise<void> {
  const guard = new PathGuard(workspace.fs, workspace.root)
  const unknown: string[] = []
  const untracked: string[] = []
  for (const path of paths) {
    if (path === '' || (await isInTree(read, stagedTree, path)) || (await isInTree(read, headTree, path))) continue
    ;(guard.stat(path) ? untracked : unknown).push(path)
  }
  if (unknown.length > 0) throw new PathsUnknownError(unknown, 'what is tracked')
  if (untracked.length > 0) throw new PathsUntrackedError(untracked)
}
