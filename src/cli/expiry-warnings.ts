/** That data is about to be lost, and what to type against it. */

import type { ExpiryWarning } from '../repo/expiry-memory.ts'
import type { Output } from './output.ts'
import { formatCount } from './text.ts'

/** @param warnings - `null`: it could not be told */
export function warnOfExpiry(output: Output, warnings: readonly ExpiryWarning[] | null): void {
  if (warnings === null)
    output.warn('all is here, but it could not be told until when the network keeps it: `floe expiry` asks again')
  for (const { remote, ref, endEpoch, endDate, epochsLeft } of warnings ?? [])
    output.warn(
      epochsLeft === 0
        ? `something that ${ref} of ${remote} needs expired in epoch ${endEpoch}, ${endDate}: bring it back with \`floe revive ${remote}\` from a workspace that has it`
        : `something that ${ref} of ${remote} needs expires in epoch ${endEpoch}, ${endDate} (${formatCount(epochsLeft, 'epoch')} left): extend it with \`floe renew ${remote}\``,
    )
}
