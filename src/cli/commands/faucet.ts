import { requestFaucet } from '../../repo/faucet.ts'
import { command } from '../command.ts'
import { addNetworkFlags, type NetworkFlags, withNetwork } from '../network.ts'
import { formatToken } from '../text.ts'

export const faucet = command<NetworkFlags & { network: string; address?: string }>({
  define: (command) =>
    addNetworkFlags(command)
      .option('--network <name>', 'network that has a faucet', 'local')
      .option('--address <address>', 'who receives (default: your key)'),
  async run(context, _args, options) {
    const result = await withNetwork(context, options.network, options, (remoteOptions) =>
      requestFaucet({ ...remoteOptions, network: options.network, address: options.address }),
    )
    return {
      data: result,
      lines: [
        `${result.address} received ${formatToken(result.suiMist, 'SUI')} and ${formatToken(result.walFrost, 'WAL')}`,
      ],
    }
  },
})
