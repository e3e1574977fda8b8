import { popStash } from '../../../repo/stash.ts'
import { command, type Result } from '../../command.ts'
import type { Context } from '../../context.ts'
import { inLazyWorkspace } from '../../lazy-workspace.ts'
import { withProgress } from '../../progress.ts'
import { formatCount } from '../../text.ts'
import { floeCommand, shortId } from '../../undo.ts'

export const stashPop = command<{ keep?: boolean }>({
  define: (command) =>
    command.argument('[stash]', 'stash@{N} or N (default the newest)').option('--keep', 'keep the stash as well'),
  run: (context, [stash], options) => bringBack(context, stash, options.keep ?? false),
})

export const stashApply = command({
  define: (command) => command.argument('[stash]', 'stash@{N} or N (default the newest)'),
  run: (context, [stash]) => bringBack(context, stash, true),
})

function bringBack(context: Context, stash: string | undefined, keep: boolean): Promise<Result> {
  return inLazyWorkspace(context, async (workspace) => {
    const result = await withProgress(context, 'stash', (onProgress) =>
      popStash(workspace, { stash, keep, signal: context.signal, onProgress }),
    )
    const { dropped, untracked, hadChanges, message, commit } = result
    const again = [
      floeCommand('stash', 'push', ...(untracked > 0 ? ['--include-untracked'] : []), '--message', message),
      ...(dropped ? [] : [floeCommand('stash', 'drop')]),
    ]
    return {
      data: result,
      lines: [`Brought back ${formatCount(result.files, 'changed file')} from ${result.selector}`],
      undo: hadChanges ? [] : again,
      notUndone: hadChanges
        ? [
            'no command takes it back: what had changed here before is changed together with it now',
            `${dropped ? 'until `floe gc` its' : 'its'} files are at \`${floeCommand('restore', '--source', shortId(commit), '.')}\` as well`,
          ]
        : dropped && result.selector !== 'stash@{0}'
          ? ['it becomes stash@{0} by that, the newest']
          : [],
    }
  })
}
