import { defaultNetwork } from '../../repo/network-use.ts'
import { showWallet, type WalletRow } from '../../repo/wallet.ts'
import { command } from '../command.ts'
import { addNetworkFlags, type NetworkFlags, withNetwork } from '../network.ts'
import { formatBytes, formatTable, formatToken } from '../text.ts'

interface Options extends NetworkFlags {
  network?: string[]
  all?: boolean
}

export const wallet = command<Options>({
  define: (command) =>
    addNetworkFlags(command)
      .option('--network <name...>', 'networks to look at (default: where new repositories go)')
      .option('--all', 'all known networks')
      .addHelpText(
        'after',
        '\nShows addresses and balances, in coins and in the address balance; never a secret. Exit status 14 if a network cannot be asked.',
      ),
  async run(context, _args, options) {
    const names = options.all ? undefined : (options.network ?? [defaultNetwork(context.homeDir)])
    const wantsLocal = names === undefined || names.includes('local')
    const wallets = await withNetwork(context, wantsLocal ? 'local' : undefined, options, (remoteOptions) =>
      showWallet({ ...remoteOptions, ...(names ? { names } : {}) }),
    )
    const amount = (units: string | null, inAddress: string | null, symbol: 'SUI' | 'WAL') => {
      if (units === null) return '-'
      const part = inAddress === null || inAddress === '0' ? '' : ` (${formatToken(inAddress, symbol)} in no coin)`
      return formatToken(units, symbol) + part
    }
    return {
      data: { wallets },
      lines: [
        ...formatTable(
          wallets.map((row) => [
            row.network,
            row.address ?? '-',
            amount(row.suiMist, row.addressSuiMist, 'SUI'),
            amount(row.walFrost, row.addressWalFrost, 'WAL'),
            row.error?.message ?? '',
          ]),
        ).map((line) => line.trimEnd()),
        ...wallets.flatMap(storageLines),
      ],
      hints: wallets.flatMap(({ network, advice }) => advice.map((text) => `${network}: ${text}`)),
      exitCode: wallets.every(({ error }) => error === null) ? 0 : wallets.some(({ suiMist }) => suiMist) ? 3 : 14,
    }
  },
})

/** By the epoch in which it ends. */
function storageLines({ network, storage }: WalletRow): string[] {
  const byEnd = new Map<number, number>()
  for (const { bytes, endEpoch } of storage ?? []) byEnd.set(endEpoch, (byEnd.get(endEpoch) ?? 0) + bytes)
  return [...byEnd].map(
    ([endEpoch, bytes]) =>
      `${network}  ${formatBytes(bytes)} of storage until epoch ${endEpoch}, paid for and free: the next push uses it`,
  )
}
