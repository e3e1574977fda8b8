/** `status --short`, as git writes it: a letter for what is staged, one for what has changed since, and the path. */

import { comparePaths } from '../objects/path.ts'
import type { Change } from '../repo/change.ts'
import type { ConflictRecord } from '../repo/operation.ts'
import type { Status } from '../repo/status.ts'
import { changeLetter } from './change-line.ts'

/** @param shown - how a path is written */
export function shortLines(
  { operation, staged, unstaged, untracked }: Status,
  shown: (path: string) => string,
): string[] {
  const open = operation?.conflicts.filter(({ resolved }) => resolved === null) ?? []
  const letters = new Map<string, [string, string]>(open.map((conflict) => [conflict.path, lettersOf(conflict)]))
  const isOpen = new Set(letters.keys())
  const note = (changes: readonly Change[], column: 0 | 1) => {
    for (const change of changes) {
      if (isOpen.has(change.path)) continue
      const both = letters.get(change.path) ?? [' ', ' ']
      both[column] = changeLetter(change)
      letters.set(change.path, both)
    }
  }
  note(staged, 0)
  note(unstaged, 1)
  const tracked = [...letters].sort(([a], [b]) => comparePaths(a, b))
  return [
    ...tracked.map(([path, both]) => `${both.join('')} ${shown(path)}`),
    ...untracked.filter((path) => !isOpen.has(path)).map((path) => `?? ${shown(path)}`),
  ]
}

/** Two letters for what each side did. */
function lettersOf({ kind, deletedBy }: ConflictRecord): [string, string] {
  if (kind === 'file-folder' || deletedBy === null) return ['U', 'U']
  return deletedBy === 'ours' ? ['D', 'U'] : ['U', 'D']
}
