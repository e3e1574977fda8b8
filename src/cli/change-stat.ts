/** Changes with their sizes, as `diff --stat` and `show` print them. */

import type { Change } from '../repo/change.ts'
import type { RenamedChange } from '../repo/renames.ts'
import { formatBytes, formatCount, formatTable } from './text.ts'

const LETTERS = {
  added: 'A',
  modified: 'M',
  deleted: 'D',
  'type-changed': 'T',
  'mode-changed': 'M',
  renamed: 'R',
  copied: 'C',
}

export function changeStatLines(changes: readonly (Change | RenamedChange)[]): string[] {
  const rows = changes.map((change) => {
    const name = 'from' in change ? `${change.from} → ${change.path}` : change.path
    return [LETTERS[change.status], name, sizes(change)]
  })
  const before = changes.reduce(
    (sum, change) => sum + (change.status === 'copied' ? 0 : (change.before?.bytes ?? 0)),
    0,
  )
  const after = changes.reduce((sum, change) => sum + (change.after?.bytes ?? 0), 0)
  const difference = after - before
  const total = `${difference < 0 ? '-' : '+'}${formatBytes(Math.abs(difference))}`
  return [...formatTable(rows), `${formatCount(changes.length, 'file')} changed, ${total}`]
}

function sizes({ status, before, after }: Change | RenamedChange): string {
  if (status === 'mode-changed') return after?.executable ? 'now executable' : 'no longer executable'
  if (before && after && before.bytes === after.bytes) return formatBytes(after.bytes)
  return [before, after]
    .map((side) => (side ? formatBytes(side.bytes) : ''))
    .join(' → ')
    .trim()
}
