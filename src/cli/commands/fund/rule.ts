import { UsageError } from '../../../base/errors.ts'
import { clearFundRule, setFundRule } from '../../../repo/fund.ts'
import { positiveInteger } from '../../arguments.ts'
import { command } from '../../command.ts'
import { addNetworkFlags, type NetworkFlags, withNetwork } from '../../network.ts'
import { networkOfPlace } from '../../place.ts'
import { ruleLines } from './show.ts'

interface Options extends NetworkFlags {
  below?: string
  to?: string
  maxPrice?: string
  maxPerPack?: string
  maxPerEpoch?: string
  clear?: boolean
  yes?: boolean
}

export const fundRule = command<Options>({
  define: (command) =>
    addNetworkFlags(command)
      .argument('[remote]', 'remote, or NETWORK:OBJECT_ID without a workspace')
      .option('--below <epochs>', 'renew a pack when fewer epochs remain')
      .option('--to <epochs>', 'up to so many remaining epochs')
      .option('--max-price <wal>', 'per MiB of storage and epoch (default: twice the price of now)')
      .option('--max-per-pack <wal>', 'per renewal of a pack (default: no limit)')
      .option('--max-per-epoch <wal>', 'for all packs together, per epoch (default: no limit)')
      .option('--clear', 'take the rule away: the fund pays for nothing then')
      .option('-y, --yes', 'do not ask')
      .addHelpText(
        'after',
        `
The contract enforces the rule. It lends the money together with the pack and takes back what was not spent; it cannot see
the price of storage, so set --max-price a little above it: whoever renews may keep the difference.`,
      ),
  async run(context, [remote], options) {
    const { below, to, clear } = options
    if (clear ? below !== undefined || to !== undefined : below === undefined || to === undefined)
      throw new UsageError('FUND_RULE_INCOMPLETE', 'a rule needs --below and --to, or --clear alone', {
        hints: ['For example `floe fund rule --below 4 --to 26`'],
      })
    const network = await networkOfPlace(context, remote)
    const common = { remote, yes: options.yes }
    if (clear) {
      const done = await withNetwork(context, network, options, (remoteOptions) =>
        clearFundRule(context.cwd, { ...remoteOptions, ...common }),
      )
      return { data: done, lines: ['no rule is set any more: the fund pays for nothing'] }
    }
    const done = await withNetwork(context, network, options, (remoteOptions) =>
      setFundRule(context.cwd, {
        ...remoteOptions,
        ...common,
        renewBelow: positiveInteger(below!, '--below'),
        renewTo: positiveInteger(to!, '--to'),
        maxPrice: options.maxPrice,
        maxPerPack: options.maxPerPack,
        maxPerEpoch: options.maxPerEpoch,
      }),
    )
    const hints = done.balanceFrost === '0' ? ['Fill the fund with `floe fund add AMOUNT`'] : []
    return { data: done, lines: ruleLines(done.rule), hints }
  },
})
