import { listAccess } from '../../../repo/access.ts'
import { command } from '../../command.ts'
import { addNetworkFlags, type NetworkFlags, networkOfRemote, withNetwork } from '../../network.ts'
import { formatTable } from '../../text.ts'
import { inWorkspace } from '../../workspace.ts'

export const accessList = command<NetworkFlags>({
  define: (command) => addNetworkFlags(command),
  run: (context, _args, options) =>
    inWorkspace(context, async (workspace) => {
      const network = await networkOfRemote(workspace)
      const result = await withNetwork(context, network, options, (remoteOptions) =>
        listAccess(workspace.root, remoteOptions),
      )
      return {
        data: result,
        lines: formatTable(result.entries.map((entry) => [entry.address, entry.roles.join(', ')])),
      }
    }),
})
