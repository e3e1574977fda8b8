/** What a version changed, as `log` and `show` print it below the version. */

import type { ShowResult } from '../repo/show.ts'
import { changeLine } from './change-line.ts'
import { changeStatLines } from './change-stat.ts'

export interface ChangedFlags {
  nameOnly?: boolean
  nameStatus?: boolean
  stat?: boolean
}

/** Names alone if they are asked for, else sizes if these are. */
export function changedLines(changes: ShowResult['changes'], { nameOnly, nameStatus, stat }: ChangedFlags): string[] {
  if (changes === null) return ['(the version before it is not here and cannot be reached)']
  if (nameOnly) return changes.map(({ path }) => path)
  return stat && !nameStatus ? changeStatLines(changes) : changes.map((change) => changeLine(change))
}
