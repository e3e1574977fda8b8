import { UsageError } from '../../base/errors.ts'
import { type RenewCost, renew as renewPacks } from '../../repo/renew.ts'
import { command } from '../command.ts'
import { addNetworkFlags, type NetworkFlags, withNetwork } from '../network.ts'
import { networkOfPlace } from '../place.ts'
import { formatBytes, formatCount, formatToken } from '../text.ts'

interface Options extends NetworkFlags {
  epochs?: string
  until?: string
  fromFund?: boolean
  dryRun?: boolean
  maxWal?: string
  yes?: boolean
}

export const renew = command<Options>({
  define: (command) =>
    addNetworkFlags(command)
      .argument('[remote]', 'remote, or NETWORK:OBJECT_ID without a workspace')
      .option('--epochs <count>', 'store everything for this many epochs from now')
      .option('--until <date>', 'store everything up to this day, for example 2027-01-31')
      .option('--from-fund', "let the repository's fund pay, as far as its rule goes")
      .option('-n, --dry-run', 'only print what it would cost')
      .option('--max-wal <amount>', 'refuse to spend more WAL than this; the transactions enforce it')
      .option('-y, --yes', 'do not ask'),
  async run(context, [remote], options) {
    const epochs = options.epochs === undefined ? undefined : Number(options.epochs)
    if (epochs !== undefined && (!Number.isSafeInteger(epochs) || epochs < 1))
      throw new UsageError('NUMBER_MALFORMED', `--epochs expected a positive number, got "${options.epochs}"`)
    const result = await withNetwork(context, await networkOfPlace(context, remote), options, (remoteOptions) =>
      renewPacks(context.cwd, {
        ...remoteOptions,
        remote,
        epochs,
        until: options.until,
        fromFund: options.fromFund,
        dryRun: options.dryRun,
        maxWal: options.maxWal,
        yes: options.yes,
        onCost: (cost) => context.output.status(costLine(cost)),
      }),
    )
    const { cost } = result
    return {
      data: result,
      lines: [
        result.$kind === 'renewed'
          ? `${formatCount(cost.packs, 'pack')} renewed, kept until epoch ${cost.endEpoch}, ${cost.endDate}`
          : result.$kind === 'dry-run'
            ? `nothing was spent; ${formatCount(cost.packs, 'pack')} would be renewed for ${formatToken(cost.walFrost, 'WAL')}`
            : cost.from === 'fund'
              ? 'nothing is due by the rule of the fund that it could pay for'
              : `everything that is stored is kept until epoch ${cost.endEpoch} or longer`,
      ],
      hints: [
        ...(cost.unpaid.length === 0
          ? []
          : [
              `the fund cannot pay for ${formatCount(cost.unpaid.length, 'pack')} that ${cost.unpaid.length === 1 ? 'is' : 'are'} due: see \`floe fund show\``,
            ]),
        ...(cost.expired.length === 0
          ? []
          : [
              `${formatCount(cost.expired.length, 'pack')} expired already and cannot be renewed: \`floe revive\` brings back what a workspace has`,
            ]),
      ],
    }
  },
})

function costLine(cost: RenewCost): string {
  const proof = cost.proofFrost === '0' ? '' : `, ${formatToken(cost.proofFrost, 'WAL')} of it yours to prove the epoch`
  const payer = cost.from === 'fund' ? ` from the fund${proof}` : ''
  return `cost: ${formatToken(cost.walFrost, 'WAL')}${payer} for ${formatCount(cost.packs, 'pack')} (${formatBytes(Number(cost.encodedBytes))} encoded) until epoch ${cost.endEpoch}, ${cost.endDate}, in ${formatCount(cost.transactions, 'transaction')}`
}
