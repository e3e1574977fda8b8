import { type FundRuleRecord, showFund } from '../../../repo/fund.ts'
import { command } from '../../command.ts'
import { addNetworkFlags, type NetworkFlags, withNetwork } from '../../network.ts'
import { networkOfPlace } from '../../place.ts'
import { formatCount, formatTable, formatToken } from '../../text.ts'

export const fundShow = command<NetworkFlags>({
  define: (command) =>
    addNetworkFlags(command).argument('[remote]', 'remote, or NETWORK:OBJECT_ID without a workspace'),
  async run(context, [remote], options) {
    const fund = await withNetwork(context, await networkOfPlace(context, remote), options, (remoteOptions) =>
      showFund(context.cwd, { ...remoteOptions, remote }),
    )
    return {
      data: fund,
      lines: [
        `${fund.network}:${fund.repository}`,
        `the fund holds ${formatToken(fund.balanceFrost, 'WAL')}; storage costs ${formatToken(fund.priceFrost, 'WAL')} per MiB and epoch now`,
        ...(fund.rule ? ruleLines(fund.rule) : ['no rule is set: it pays for nothing']),
        ...(fund.rule ? [`spent in epoch ${fund.knownEpoch}: ${formatToken(fund.spentFrost, 'WAL')}`] : []),
      ],
      hints: fund.rule
        ? ['`floe renew --from-fund` renews what is due; anyone may run it']
        : ['An administrator sets a rule with `floe fund rule --below EPOCHS --to EPOCHS`'],
    }
  },
})

export function ruleLines(rule: FundRuleRecord): string[] {
  const limit = (frost: string | null) => (frost === null ? 'no limit' : formatToken(frost, 'WAL'))
  return formatTable([
    [
      'renews',
      `packs with fewer than ${formatCount(rule.renewBelow, 'epoch')} left, up to ${formatCount(rule.renewTo, 'epoch')}`,
    ],
    ['pays at most', `${formatToken(rule.maxPriceFrost, 'WAL')} per MiB and epoch`],
    ['per pack', limit(rule.maxPerPackFrost)],
    ['per epoch', limit(rule.maxPerEpochFrost)],
  ])
}
