import { workspacePath } from '../../repo/paths.ts'
import { restore as restorePaths } from '../../repo/restore.ts'
import { command } from '../command.ts'
import { inLazyWorkspace } from '../lazy-workspace.ts'
import { formatCount } from '../text.ts'
import { floeCommand, LOST_HINT } from '../undo.ts'

export const restore = command<{ source?: string; staged?: boolean; worktree?: boolean }>({
  define: (command) =>
    command
      .argument('<path...>', 'files or folders')
      .option('-s, --source <revision>', 'take the content from this revision')
      .option('-S, --staged', 'unstage instead of changing files')
      .option('-W, --worktree', 'change files (the default without --staged)'),
  async run(context, paths, options) {
    return inLazyWorkspace(context, async (workspace) => {
      const chosen = paths.map((path) => workspacePath(workspace, context.cwd, path))
      const result = await restorePaths(workspace, { paths: chosen, ...options, signal: context.signal })
      const lines = []
      if (result.unstaged.length > 0) lines.push(`Unstaged ${formatCount(result.unstaged.length, 'path')}`)
      if (result.restored.length > 0) lines.push(`Restored ${formatCount(result.restored.length, 'file')}`)
      return {
        data: result,
        lines: lines.length > 0 ? lines : ['Nothing to restore'],
        hints: result.restored.length > 0 ? [LOST_HINT] : [],
        undo: result.unstaged.length > 0 && result.restored.length === 0 ? [floeCommand('add', ...paths)] : [],
      }
    })
  },
})
