import { pinVersion } from '../../../repo/cache.ts'
import { bringing } from '../../bringing.ts'
import { command } from '../../command.ts'
import { formatBytes, formatCount } from '../../text.ts'
import { inWorkspace } from '../../workspace.ts'

export const cachePin = command<{ label?: string }>({
  define: (command) =>
    command
      .argument('[revision]', 'version of this workspace to keep', 'HEAD')
      .option('--label <name>', 'name to unpin it by (default: the beginning of its id)'),
  run: (context, [revision], { label }) =>
    inWorkspace(context, async (workspace) => {
      const { homeDir, signal } = context
      const result = await bringing(context, workspace, revision!, () =>
        pinVersion(workspace, homeDir, { revision, label, signal }),
      )
      return {
        data: result,
        lines: [`Pinned ${result.commit.slice(0, 12)} as ${result.label}: ${formatBytes(result.bytes)} stay`],
        hints: [
          ...(result.absent > 0
            ? [`${formatCount(result.absent, 'object')} not pinned: not here, or the cache could not take them`]
            : []),
          `let it go with \`floe cache unpin ${result.label}\``,
        ],
      }
    }),
})
