import { revokeAccess } from '../../../repo/access.ts'
import { command } from '../../command.ts'
import { addNetworkFlags, type NetworkFlags, networkOfRemote, withNetwork } from '../../network.ts'
import { floeCommand } from '../../undo.ts'
import { inWorkspace } from '../../workspace.ts'

export const accessRevoke = command<NetworkFlags & { role: string }>({
  define: (command) =>
    addNetworkFlags(command)
      .argument('<address>', 'Sui address')
      .option('--role <role>', 'writer, attester or revoker', 'writer'),
  run: (context, [address], options) =>
    inWorkspace(context, async (workspace) => {
      const network = await networkOfRemote(workspace)
      const result = await withNetwork(context, network, options, (remoteOptions) =>
        revokeAccess(workspace.root, { ...remoteOptions, address: address!, role: options.role }),
      )
      return {
        data: { ...result },
        lines: [`${address} is no longer ${options.role}`],
        undo: [floeCommand('access', 'grant', address!, '--role', options.role)],
      }
    }),
})
