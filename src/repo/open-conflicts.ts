/** How conflicts of what is in progress stand: which are left, and what their files still show. */

import { hasConflictMarkers, textOf } from '../history/merge-text.ts'
import { findEntry, sameEntry } from '../objects/tree.ts'
import { isErrno } from '../store/file-system.ts'
import type { Workspace } from '../store/workspace.ts'
import { type Operation, type OperationConflict, soundOperation } from './operation.ts'
import type { Versions } from './versions.ts'

/** Conflicts that nobody has settled, as far as the record tells. A damaged one names none. */
export function openConflicts(workspace: Workspace): OperationConflict[] {
  return soundOperation(workspace)?.conflicts.filter(({ resolved }) => resolved === null) ?? []
}

/** Conflicts that nobody has decided; who stages another version of the path has. */
export async function unresolved({ read, stagedTree }: Versions, { conflicts }: Operation): Promise<string[]> {
  const open: string[] = []
  for (const { path, ours, resolved } of conflicts) {
    if (resolved) continue
    const staged = await findEntry(read, stagedTree, path)
    const isAsBefore = ours && staged ? sameEntry(ours, staged) : !ours && !staged
    if (isAsBefore) open.push(path)
  }
  return open
}

const MAX_MARKED_BYTES = 16 * 2 ** 20

/** True if the file still has the lines that were put there. */
export function hasMarkers({ fs, root }: Workspace, { path, ours, shown }: OperationConflict): boolean {
  if (!ours || !shown) return false
  try {
    const text = textOf(fs.readFile(`${root}/${path}`, MAX_MARKED_BYTES))
    return text !== undefined && hasConflictMarkers(text)
  } catch (error) {
    // Deleted, or something else by now: then that is the resolution.
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'EISDIR', 'ELOOP', 'EFBIG')) return false
    throw error
  }
}
