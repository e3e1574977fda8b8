/** What was said about a version after it was pushed, in a line. */

import type { RememberedMark } from '../repo/marks-memory.ts'
import type { Output } from './output.ts'

type Mark = Pick<RememberedMark, 'commit' | 'status' | 'reason' | 'successor'>

export function markLine({ status, reason, successor }: Mark): string {
  return `Status: ${status}, ${reason}${successor ? `; use ${successor.slice(0, 12)} instead` : ''}`
}

export function warnOfMarks(output: Output, marks: readonly Mark[]): void {
  for (const { commit, status, reason, successor } of marks)
    output.warn(
      `${commit.slice(0, 12)} is marked ${status}: ${reason}${successor ? `; use ${successor.slice(0, 12)} instead` : ''}`,
    )
}
