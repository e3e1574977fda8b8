/** Packs whose removal is proposed, waits or was carried out, for people. */

import type { RemovablePack } from '../repo/gc-remote.ts'
import { formatBytes, formatCount } from './text.ts'

/** Packs listed one by one; of more only the sum is printed. */
const MAX_LISTED = 20

export function removalLines(what: string, packs: readonly RemovablePack[]): string[] {
  if (packs.length === 0) return []
  const sum = (of: (pack: RemovablePack) => number) => packs.reduce((total, pack) => total + of(pack), 0)
  const dates = packs.map(({ removableAt }) => removableAt).sort()
  const when = what.endsWith('deleted')
    ? ''
    : `, from ${day(dates[0]!)}${dates[0] === dates.at(-1) ? '' : ` to ${day(dates.at(-1)!)}`} on`
  return [
    `${what}: ${packs.length} of ${formatBytes(sum(({ bytes }) => bytes))}, ${formatBytes(sum(({ storedBytes }) => storedBytes))} on the network${when}`,
    ...packs
      .slice(0, MAX_LISTED)
      .map(
        (pack) =>
          `  pack ${pack.number}  ${pack.kind}  ${formatBytes(pack.bytes)}  ${pack.blobId}` +
          (what.endsWith('deleted') ? '' : `  from ${day(pack.removableAt)}`) +
          (pack.takedown ? `  taken down: ${pack.takedown.reason}` : ''),
      ),
    ...(packs.length > MAX_LISTED ? [`  and ${packs.length - MAX_LISTED} more (all with --json)`] : []),
  ]
}

/** Of what only versions need that nobody can look into. */
export function unreadHint(parts: number): string {
  return `${formatCount(parts, 'part')} of older versions can be read nowhere, as packs have expired: what they may need stays; \`floe revive\` in a workspace that has them brings them back`
}

const day = (iso: string): string => `${iso.slice(0, 16).replace('T', ' ')} UTC`
