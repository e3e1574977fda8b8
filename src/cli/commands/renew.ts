import { UsageError } from '../../base/errors.ts'
import { type RenewCost, renew as renewPacks } from '../../repo/renew.ts'
import { command } from '../command.ts'
import { addNetworkFlags, type NetworkFlags, withNetwork } from '../network.ts'
import { networkOfPlace } from '../place.ts'
import { formatBytes, formatCount, formatToken } from '../text.ts'

interface Options extends NetworkFlags {
  epochs?: string
  until?: string
  dryRun?: boolean
  maxWal?: string
  yes?: boolean
}

export const renew = command<Options>({
  define: (command) =>
    addNetworkFlags(command)
      .argument('[remote]', 'remote, or NETWORK:OBJECT_ID without a workspace', 'origin')
      .option('--epochs <count>', 'store everything for this many epochs from now')
      .option('--until <date>', 'store everything up to this day, for example 2027-01-31')
      .option('-n, --dry-run', 'only print what it would cost')
      .option('--max-wal <amount>', 'refuse to spend more WAL than this; the transactions enforce it')
      .option('-y, --yes', 'do not ask'),
  async run(context, [remote = 'origin'], options) {
    const epochs = options.epochs === undefined ? undefined : Number(options.epochs)
    if (epochs !== undefined && (!Number.isSafeInteger(epochs) || epochs < 1))
      throw new UsageError('NUMBER_MALFORMED', `--epochs expected a positive number, got "${options.epochs}"`)
    const result = await withNetwork(context, await networkOfPlace(context, remote), options, (remoteOptions) =>
      renewPacks(context.cwd, {
        ...remoteOptions,
        remote,
        epochs,
        until: options.until,
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
            : `everything that is stored is kept until epoch ${cost.endEpoch} or longer`,
      ],
      hints:
        cost.expired.length === 0
          ? []
          : [`${formatCount(cost.expired.length, 'pack')} expired already and cannot be renewed`],
    }
  },
})

function costLine(cost: RenewCost): string {
  return `cost: ${formatToken(cost.walFrost, 'WAL')} for ${formatCount(cost.packs, 'pack')} (${formatBytes(Number(cost.encodedBytes))} encoded) until epoch ${cost.endEpoch}, ${cost.endDate}, in ${formatCount(cost.transactions, 'transaction')}`
}
