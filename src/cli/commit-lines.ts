/** A version as `log` and `show` print it. */

import type { CommitRecord } from '../repo/log.ts'
import { formatTime } from './text.ts'

/** @param more - lines below the date */
export function commitLines(commit: CommitRecord, more: readonly string[] = []): string[] {
  const refs = commit.refs.length > 0 ? ` (${commit.refs.join(', ')})` : ''
  return [
    `commit ${commit.commit}${refs}`,
    ...(commit.parents.length > 1 ? [`Merge:  ${commit.parents.map((id) => id.slice(0, 12)).join(' ')}`] : []),
    `Author: ${commit.author.name}${commit.author.email ? ` <${commit.author.email}>` : ''}`,
    `Date:   ${formatTime(commit.timeMs)}`,
    ...more,
    '',
    ...commit.message.split('\n').map((line) => `    ${line}`),
    '',
  ]
}
