import { requestFaucet } from '../../repo/faucet.ts'
import { defaultNetwork } from '../../repo/network-use.ts'
import { exchangeForWal } from '../../repo/wallet.ts'
import { command } from '../command.ts'
import { addNetworkFlags, type NetworkFlags, withNetwork } from '../network.ts'
import { formatToken } from '../text.ts'

export const faucet = command<NetworkFlags & { network?: string; address?: string; exchange?: string }>({
  define: (command) =>
    addNetworkFlags(command)
      .option('--network <name>', 'network that has a faucet (default: where new repositories go)')
      .option('--address <address>', 'who receives (default: your key)')
      .option('--exchange <amount>', 'exchange this much SUI of your key for WAL instead, where a network does that'),
  async run(context, _args, options) {
    const network = options.network ?? defaultNetwork(context.homeDir)
    const { exchange } = options
    if (exchange !== undefined) {
      const exchanged = await withNetwork(context, network, options, (remoteOptions) =>
        exchangeForWal({ ...remoteOptions, network, amount: exchange }),
      )
      const { address, paidMist, walFrost } = exchanged
      return {
        data: exchanged,
        lines: [`${address} exchanged ${formatToken(paidMist, 'SUI')} for ${formatToken(walFrost, 'WAL')}`],
      }
    }
    const result = await withNetwork(context, network, options, (remoteOptions) =>
      requestFaucet({ ...remoteOptions, network, address: options.address }),
    )
    return {
      data: result,
      lines: [
        `${result.address} received ${formatToken(result.suiMist, 'SUI')} and ${formatToken(result.walFrost, 'WAL')}`,
      ],
    }
  },
})
