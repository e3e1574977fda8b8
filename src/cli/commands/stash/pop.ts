import { popStash } from '../../../repo/stash.ts'
import { command } from '../../command.ts'
import { inLazyWorkspace } from '../../lazy-workspace.ts'
import { withProgress } from '../../progress.ts'
import { formatCount } from '../../text.ts'
import { floeCommand } from '../../undo.ts'

export const stashPop = command<{ keep?: boolean }>({
  define: (command) =>
    command.argument('[stash]', 'stash@{N} or N (default the newest)').option('--keep', 'keep the stash as well'),
  run: (context, [stash], options) =>
    inLazyWorkspace(context, async (workspace) => {
      const result = await withProgress(context, 'stash', (onProgress) =>
        popStash(workspace, { stash, keep: options.keep, signal: context.signal, onProgress }),
      )
      return {
        data: result,
        lines: [`Brought back ${formatCount(result.files, 'changed file')} from ${result.selector}`],
        undo: result.dropped ? [floeCommand('stash', 'push')] : [],
      }
    }),
})
