import { pull as pullRef } from '../../repo/pull.ts'
import { authorFrom } from '../author.ts'
import { command } from '../command.ts'
import { warnOfExpiry } from '../expiry-warnings.ts'
import { addNetworkFlags, type NetworkFlags, networkOfRemote, withNetwork } from '../network.ts'
import { withProgress } from '../progress.ts'
import { formatCount } from '../text.ts'
import { inWorkspace } from '../workspace.ts'
import { rebaseResult } from './rebase.ts'

export const pull = command<NetworkFlags & { rebase?: boolean }>({
  define: (command) =>
    addNetworkFlags(command)
      .argument('[remote]', 'remote to pull from', 'origin')
      .argument('[ref]', 'branch (default: the current one)')
      .option('--rebase', 'make your commits again on what the remote has, instead of merging'),
  run: (context, [remote = 'origin', ref], options) =>
    inWorkspace(context, async (workspace) => {
      const network = await networkOfRemote(workspace, remote)
      // Only a merge commit needs one, but whether there will be one is not known yet.
      const author = await authorFrom(context, workspace, undefined)
      const result = await withProgress(context, 'pull', (onProgress) =>
        withNetwork(
          context,
          network,
          options,
          (remoteOptions) => pullRef(workspace.root, { ...remoteOptions, remote, ref, author, rebase: options.rebase }),
          onProgress,
        ),
      )
      warnOfExpiry(context.output, result.expiring)
      if (result.$kind === 'up-to-date') return { data: result, lines: ['Already up to date'] }
      if (result.$kind === 'conflicts' || result.$kind === 'rebased') return rebaseResult(result)
      return {
        data: result,
        lines: [
          `${result.$kind === 'merged' ? 'Merged' : 'Fast-forwarded'} ${result.from?.slice(0, 12) ?? '(empty)'} → ${result.to.slice(0, 12)} (${formatCount(result.files, 'file')} changed)`,
        ],
        hints: result.from ? [`undo with \`floe reset --hard ${result.from.slice(0, 12)}\``] : [],
      }
    }),
})
