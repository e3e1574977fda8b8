/** A change as one line. */

import type { Change } from '../repo/change.ts'
import type { RenamedChange } from '../repo/renames.ts'

const LETTERS = { added: 'A', modified: 'M', deleted: 'D', 'type-changed': 'T', 'mode-changed': 'M' } as const

/** `M  path`, much as `git diff --name-status` writes it. */
export function changeLine(change: Change | RenamedChange): string {
  if ('from' in change) return `${change.status === 'renamed' ? 'R' : 'C'}  ${change.from} → ${change.path}`
  return `${changeLetter(change)}  ${change.path}`
}

export function changeLetter({ status }: Change): string {
  return LETTERS[status]
}
