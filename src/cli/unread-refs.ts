/** Branches and tags of a remote that a command could do without, and could not read. */

import type { UnreadRef } from '../repo/fetch.ts'
import type { Output } from './output.ts'

export function warnOfUnread(output: Output, unread: readonly UnreadRef[]): void {
  for (const { ref, error } of unread)
    output.warn(`${ref} cannot be read there, and stays as it is here: ${error.message}`)
}
