import { get as getPaths } from '../../repo/get.ts'
import { workspacePath } from '../../repo/paths.ts'
import { command } from '../command.ts'
import { addNetworkFlags, type NetworkFlags, networkOfRemote, withNetwork } from '../network.ts'
import { withProgress } from '../progress.ts'
import { formatBytes, formatCount } from '../text.ts'
import { floeCommand } from '../undo.ts'
import { inWorkspace } from '../workspace.ts'

export const get = command<NetworkFlags & { remote?: string }>({
  define: (command) =>
    addNetworkFlags(command)
      .argument('<path...>', 'files or folders to bring to this disk, and to keep from now on; . for everything')
      .option('--remote <name>', 'where contents come from that are not here'),
  run: (context, paths, options) =>
    inWorkspace(context, async (workspace) => {
      const { remote } = options
      const network = await networkOfRemote(workspace, remote)
      const chosen = paths.map((path) => workspacePath(workspace, context.cwd, path))
      const result = await withProgress(context, 'get', (onProgress) =>
        withNetwork(
          context,
          network,
          options,
          (remoteOptions) => getPaths(workspace.root, { ...remoteOptions, paths: chosen, remote }),
          onProgress,
        ),
      )
      const all = result.rules === null ? ['The workspace has everything now'] : []
      const size = `${formatCount(result.files, 'file')}, ${formatBytes(result.bytes)}`
      return {
        data: result,
        lines: [`Brought ${size}; ${formatBytes(result.downloadedBytes)} downloaded`, ...all],
        undo: [floeCommand('drop', ...paths)],
      }
    }),
})
