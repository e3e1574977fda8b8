import { showAddress } from '../../../repo/key.ts'
import { command } from '../../command.ts'
import { addNetworkFlags, type NetworkFlags, withNetwork } from '../../network.ts'

export const keyShow = command<NetworkFlags>({
  define: (command) => addNetworkFlags(command),
  async run(context, _args, options) {
    const shown = await withNetwork(context, undefined, options, (remoteOptions) => showAddress(remoteOptions))
    return { data: { ...shown }, lines: [shown.address] }
  },
})
