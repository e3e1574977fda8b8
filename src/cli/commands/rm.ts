import { workspacePath } from '../../repo/paths.ts'
import { remove } from '../../repo/rm.ts'
import { command } from '../command.ts'
import { formatCount } from '../text.ts'
import { floeCommand, LOST_HINT } from '../undo.ts'
import { inWorkspace } from '../workspace.ts'

export const rm = command<{ cached?: boolean; force?: boolean; recursive?: boolean; dryRun?: boolean }>({
  define: (command) =>
    command
      .argument('<path...>', 'tracked files or folders')
      .option('--cached', 'stop tracking but keep the files')
      .option('-r, --recursive', 'allow folders')
      .option('-f, --force', 'delete files that have local changes')
      .option('-n, --dry-run', 'only say what would be deleted'),
  async run(context, paths, options) {
    return inWorkspace(context, async (workspace) => {
      const chosen = paths.map((path) => workspacePath(workspace, context.cwd, path))
      const result = await remove(workspace, { paths: chosen, ...options })
      return {
        data: result,
        lines: [
          `${options.dryRun ? 'Would delete' : options.cached ? 'Stopped tracking' : 'Deleted'} ${formatCount(result.removed.length, 'file')}`,
        ],
        hints: options.force && !options.dryRun && !options.cached ? [LOST_HINT] : [],
        undo: options.dryRun
          ? []
          : [
              options.cached
                ? floeCommand('add', ...paths)
                : floeCommand('restore', '--staged', '--worktree', ...paths),
            ],
      }
    })
  },
})
