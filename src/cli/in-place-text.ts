/** What commands say of files committed in place. */

import type { HeldChange } from '../repo/held-check.ts'
import { formatCount } from './text.ts'

export const IN_PLACE_HELP = `
--in-place leaves files of 16 MiB and more where they are: the version's contents are read from the file itself, which saves
the copy. Floe moves such a file aside rather than overwrite it, and status, push and fsck say if somebody else changed it.
Where the file system can share bytes (btrfs, xfs, APFS), Floe keeps a copy that takes no room, and changes do not matter.
With \`floe config set store.inPlace 1GiB\` that is done for every file from this size on.`

export const IN_PLACE_CHANGED: Readonly<Record<HeldChange['state'], string>> = {
  changed: 'was committed in place and changed since: that version cannot be restored from here unless pushed',
  gone: 'was committed in place and is gone: that version cannot be restored from here unless pushed',
  overwritten: 'was committed in place and overwritten: an earlier version cannot be restored from here unless pushed',
}

interface InPlace {
  path: string
  isCopied: boolean
}

export function inPlaceLines(held: readonly InPlace[]): string[] {
  if (held.length === 0) return []
  const shared = held.filter(({ isCopied }) => isCopied).length
  const how = shared === held.length ? ', of which Floe keeps copies that share their bytes' : ''
  return [`  ${formatCount(held.length, 'file')} in place, not copied${how}`]
}

/** The one thing to know about a file that is the only copy. */
export function inPlaceHints(held: readonly InPlace[]): string[] {
  return held.some(({ isCopied }) => !isCopied)
    ? ['a file in place is the only copy of its version until it is pushed: change it only after that']
    : []
}
