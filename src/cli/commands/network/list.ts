import { localNetworkProfile } from '../../../repo/local-profile.ts'
import { listNetworks } from '../../../repo/network-profiles.ts'
import { command } from '../../command.ts'
import { formatCount, formatTable } from '../../text.ts'

export const networkList = command({
  define: () => {},
  async run(context) {
    const { statusLocalNetwork } = await import('../../../localnet/daemon.ts')
    const running = await statusLocalNetwork({ dataDir: context.homeDir })
    const networks = await listNetworks(context.homeDir, running ? [localNetworkProfile(running)] : [])
    return {
      data: { networks },
      lines: formatTable(
        networks.map((network) => [
          network.name,
          network.rpcUrl,
          `${formatCount(network.floePackageIds.length, 'floe package')} trusted`,
        ]),
      ),
      hints: running ? [] : ['`floe localnet up` starts the local network'],
    }
  },
})
