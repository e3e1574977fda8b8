import { localNetworkProfile } from '../../../repo/local-profile.ts'
import { listNetworks } from '../../../repo/network-profiles.ts'
import { defaultNetwork } from '../../../repo/network-use.ts'
import { command } from '../../command.ts'
import { formatCount, formatTable } from '../../text.ts'

export const networkList = command({
  define: () => {},
  async run(context) {
    const { statusLocalNetwork } = await import('../../../localnet/daemon.ts')
    const running = await statusLocalNetwork({ dataDir: context.homeDir })
    const networks = await listNetworks(context.homeDir, running ? [localNetworkProfile(running)] : [])
    const chosen = defaultNetwork(context.homeDir)
    return {
      data: { networks, default: chosen },
      lines: formatTable([
        ...(running ? [] : [[chosen === 'local' ? 'local *' : 'local', 'on this machine', 'not running']]),
        ...networks.map((network) => [
          network.name === chosen ? `${network.name} *` : network.name,
          network.rpcUrl,
          `${formatCount(network.floePackageIds.length, 'floe package')} trusted`,
        ]),
      ]),
      hints: ['* is where new repositories go; `floe network use` changes it'],
    }
  },
})
