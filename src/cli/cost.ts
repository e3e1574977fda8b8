/** What a push sends and costs, as `push` and `push --dry-run` print it. */

import type { PushCost } from '../repo/push-cost.ts'
import { formatBytes, formatCount, formatTable, formatToken } from './text.ts'

export function costLines(cost: PushCost): string[] {
  return formatTable([
    ['new after dedup', `${formatBytes(cost.newBytes)} in ${formatCount(cost.newObjects, 'object')}`],
    ['packs', `${cost.packs} (${formatBytes(cost.packBytes)}), ${formatBytes(cost.encodedBytes)} encoded`],
    ...(cost.extendedPacks === 0
      ? []
      : [
          [
            'extended',
            `${formatCount(cost.extendedPacks, 'older pack')} that it needs, for ${formatToken(cost.extendFrost, 'WAL')} of the cost`,
          ],
        ]),
    ['cost here', `${formatToken(cost.walFrost, 'WAL')}, about ${formatToken(cost.suiMist, 'SUI')} gas and deposit`],
    [
      'on mainnet',
      `about ${formatToken(cost.mainnetWalFrost, 'WAL')} and ${formatToken(cost.suiMist, 'SUI')} for the same ${formatCount(cost.epochs, 'epoch')} of ${cost.mainnetEpochDays} days`,
    ],
    ['kept until', `epoch ${cost.endEpoch}, ${cost.endDate}`],
  ])
}
