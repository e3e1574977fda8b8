/** What the `package` commands say of a published package. */

import type { PackageStatus } from '../../../repo/package-upgrade.ts'
import { formatCount, formatTable } from '../../text.ts'

const DAY_MS = 86_400_000

export function packageLines(status: PackageStatus): string[] {
  const { proposal } = status
  return formatTable([
    ['package', `${status.packageId} on ${status.network}`],
    ['version', `${status.version}${status.newestId === status.packageId ? '' : `, ${status.newestId}`}`],
    ['code', status.isThisCode ? 'that of this Floe' : 'other than that of this Floe'],
    ['upgrades', `wait ${formatCount(status.delayMs / DAY_MS, 'day')} after their proposal: policy ${status.policyId}`],
    [
      'proposed',
      proposal
        ? `${proposal.isThisCode ? 'the code of this Floe' : 'other code than that of this Floe'}, ` +
          `digest ${proposal.digest}, ${proposal.ready ? 'ready since' : 'can be made from'} ${dateOf(proposal.readyMs)}`
        : 'nothing',
    ],
  ])
}

export function dateOf(ms: number): string {
  return new Date(ms).toISOString()
}
