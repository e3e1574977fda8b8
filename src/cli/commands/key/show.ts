import { showAddress } from '../../../repo/key.ts'
import { command } from '../../command.ts'
import { addNetworkFlags, type NetworkFlags, withNetwork } from '../../network.ts'

export const keyShow = command<NetworkFlags & { network: string }>({
  define: (command) => addNetworkFlags(command).option('--network <name>', 'network that it would sign on', 'local'),
  async run(context, _args, options) {
    const shown = await withNetwork(context, undefined, options, (remoteOptions) =>
      showAddress({ ...remoteOptions, network: options.network }),
    )
    return { data: { ...shown }, lines: [shown.address] }
  },
})
