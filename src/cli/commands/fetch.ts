import { fetchRemote } from '../../repo/fetch.ts'
import { command } from '../command.ts'
import { addNetworkFlags, type NetworkFlags, networkOfRemote, withNetwork } from '../network.ts'
import { withProgress } from '../progress.ts'
import { inWorkspace } from '../workspace.ts'

export const fetchCommand = command<NetworkFlags>({
  define: (command) => addNetworkFlags(command).argument('[remote]', 'remote to ask', 'origin'),
  run: (context, [remote = 'origin'], options) =>
    inWorkspace(context, async (workspace) => {
      const network = await networkOfRemote(workspace, remote)
      const result = await withProgress(context, 'fetch', (onProgress) =>
        withNetwork(
          context,
          network,
          options,
          (remoteOptions) => fetchRemote(workspace.root, { ...remoteOptions, remote }),
          onProgress,
        ),
      )
      const lines = result.updated.map(
        (update) =>
          `${update.forced ? '+' : ' '} ${update.ref}  ${update.old?.slice(0, 12) ?? '(new)'} → ${update.new?.slice(0, 12) ?? '(gone)'}`,
      )
      for (const tag of result.keptTags)
        context.output.warn(
          `${tag.ref} is ${tag.here.slice(0, 12)} here and ${tag.there.slice(0, 12)} on the remote; yours was kept`,
        )
      return { data: result, lines: lines.length > 0 ? lines : ['Already up to date'] }
    }),
})
