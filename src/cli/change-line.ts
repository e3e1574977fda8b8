/** A change as one line. */

import type { Change } from '../repo/change.ts'
import type { RenamedChange } from '../repo/renames.ts'

const LETTERS = { added: 'A', modified: 'M', deleted: 'D', 'type-changed': 'T', 'mode-changed': 'M' } as const

/** `M  path`, much as `git diff --name-status` writes it.
 *  @param shown - how a path is written; default: from the root of the workspace */
export function changeLine(change: Change | RenamedChange, shown = (path: string) => path): string {
  if ('from' in change)
    return `${change.status === 'renamed' ? 'R' : 'C'}  ${shown(change.from)} → ${shown(change.path)}`
  return `${changeLetter(change)}  ${shown(change.path)}`
}

export function changeLetter({ status }: Change): string {
  return LETTERS[status]
}
