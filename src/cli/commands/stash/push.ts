import { pushStash } from '../../../repo/stash.ts'
import { authorFrom } from '../../author.ts'
import { command } from '../../command.ts'
import { withProgress } from '../../progress.ts'
import { formatCount } from '../../text.ts'
import { floeCommand } from '../../undo.ts'
import { inWorkspace } from '../../workspace.ts'

export const stashPush = command<{ message?: string; includeUntracked?: boolean }>({
  define: (command) =>
    command
      .option('-m, --message <text>', 'what it is')
      .option('-u, --include-untracked', 'put files aside that are not tracked, too'),
  run: (context, _args, options) =>
    inWorkspace(context, async (workspace) => {
      const author = await authorFrom(context, workspace, undefined)
      const result = await withProgress(context, 'stash', (onProgress) =>
        pushStash(workspace, { ...options, author, signal: context.signal, onProgress }),
      )
      return {
        data: result,
        lines: [`Put aside ${formatCount(result.files, 'changed file')} as ${result.selector}`],
        undo: [floeCommand('stash', 'pop')],
      }
    }),
})
