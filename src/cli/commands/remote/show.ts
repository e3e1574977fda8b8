import { type RemoteDetails, showRemote } from '../../../repo/remote.ts'
import { command } from '../../command.ts'
import { addNetworkFlags, type NetworkFlags, networkOfRemote, withNetwork } from '../../network.ts'
import { formatCount } from '../../text.ts'
import { inWorkspace } from '../../workspace.ts'

export const remoteShow = command<NetworkFlags>({
  define: (command) => addNetworkFlags(command).argument('[name]', 'remote'),
  run: (context, [name], options) =>
    inWorkspace(context, async (workspace) => {
      const network = await networkOfRemote(workspace, name)
      const remote = await withNetwork(context, network, options, (remoteOptions) =>
        showRemote(workspace.root, name, remoteOptions),
      )
      return {
        data: remote,
        lines: [
          `${remote.name}  ${remote.network}:${remote.repository}`,
          ...remote.refs.map((ref) => `  ${ref.name}  ${ref.commit.slice(0, 12)}`),
          `  ${packsText(remote)}`,
        ],
      }
    }),
})

function packsText({ packs, stored }: RemoteDetails): string {
  if (!stored) return formatCount(packs, 'pack')
  const { live, proposed } = stored
  return formatCount(live + proposed, 'pack') + (proposed > 0 ? `, ${proposed} of them proposed for removal` : '')
}
