import { workspacePath } from '../../repo/paths.ts'
import { restore as restorePaths } from '../../repo/restore.ts'
import { command } from '../command.ts'
import { inLazyWorkspace } from '../lazy-workspace.ts'
import { formatCount } from '../text.ts'
import { pathGroups, undoBoth, undoFile, undoOfPaths, undoStaged } from '../undo-paths.ts'

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
      const { before, hasOthers, ...data } = result
      const lines = []
      if (result.unstaged.length > 0) lines.push(`Unstaged ${formatCount(result.unstaged.length, 'path')}`)
      if (result.restored.length > 0) lines.push(`Restored ${formatCount(result.restored.length, 'file')}`)
      const restored = new Set(result.restored)
      const unstaged = new Set(result.unstaged)
      const groups = pathGroups()
      for (const each of before) {
        if (restored.has(each.path) && unstaged.has(each.path)) undoBoth(groups, each)
        else if (restored.has(each.path)) undoFile(groups, each)
        else undoStaged(groups, each)
      }
      return {
        data,
        lines: lines.length > 0 ? lines : ['Nothing to restore'],
        ...undoOfPaths(context, workspace, groups, hasOthers ? undefined : paths),
      }
    })
  },
})
