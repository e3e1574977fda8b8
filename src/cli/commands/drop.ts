import { drop as dropPaths } from '../../repo/drop.ts'
import { workspacePath } from '../../repo/paths.ts'
import { command } from '../command.ts'
import { addNetworkFlags, type NetworkFlags, networkOfRemote, withNetwork } from '../network.ts'
import { withProgress } from '../progress.ts'
import { formatBytes, formatCount } from '../text.ts'
import { floeCommand } from '../undo.ts'
import { inWorkspace } from '../workspace.ts'

export const drop = command<NetworkFlags & { remote?: string }>({
  define: (command) =>
    addNetworkFlags(command)
      .argument('<path...>', 'files or folders to take from this disk; the versions keep them')
      .option('--remote <name>', 'where they have to be certified'),
  run: (context, paths, options) =>
    inWorkspace(context, async (workspace) => {
      const { remote } = options
      const network = await networkOfRemote(workspace, remote)
      const chosen = paths.map((path) => workspacePath(workspace, context.cwd, path))
      const result = await withProgress(context, 'drop', (onProgress) =>
        withNetwork(
          context,
          network,
          options,
          (remoteOptions) => dropPaths(workspace.root, { ...remoteOptions, paths: chosen, remote }),
          onProgress,
        ),
      )
      return {
        data: result,
        lines: [
          result.files === 0
            ? 'Nothing to drop: none of it is on this disk'
            : `Dropped ${formatCount(result.files, 'file')}, ${formatBytes(result.bytes)}`,
        ],
        undo: result.files === 0 ? [] : [floeCommand('get', ...paths)],
      }
    }),
})
