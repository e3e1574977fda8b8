import { typedPath, workspacePath } from '../../repo/paths.ts'
import { restore as restorePaths } from '../../repo/restore.ts'
import type { Workspace } from '../../store/workspace.ts'
import { command, type Result } from '../command.ts'
import type { Context } from '../context.ts'
import { inLazyWorkspace } from '../lazy-workspace.ts'
import { formatCount } from '../text.ts'
import { pathGroups, undoBoth, undoFile, undoOfPaths, undoStaged } from '../undo-paths.ts'

interface Options {
  source?: string | undefined
  staged?: boolean
  worktree?: boolean
}

export const restore = command<Options>({
  define: (command) =>
    command
      .argument('<path...>', 'files or folders')
      .option('-s, --source <revision>', 'take the content from this revision')
      .option('-S, --staged', 'unstage instead of changing files')
      .option('-W, --worktree', 'change files (the default without --staged)'),
  run: (context, paths, options) =>
    inLazyWorkspace(context, (workspace) => {
      const chosen = paths.map((path) => workspacePath(workspace, context.cwd, path))
      return restored(context, workspace, chosen, paths, options)
    }),
})

/** `reset PATH`, as git has it.
 *  @param paths - of the workspace */
export function restoreStaged(
  context: Context,
  workspace: Workspace,
  paths: readonly string[],
  source: string | undefined,
): Promise<Result> {
  const typed = paths.map((path) => typedPath(workspace, context.cwd, path))
  return restored(context, workspace, paths, typed, { source, staged: true })
}

async function restored(
  context: Context,
  workspace: Workspace,
  paths: readonly string[],
  typed: readonly string[],
  options: Options,
): Promise<Result> {
  const result = await restorePaths(workspace, { paths, ...options, signal: context.signal })
  const { before, hasOthers, ...data } = result
  const lines = []
  if (result.unstaged.length > 0) lines.push(`Unstaged ${formatCount(result.unstaged.length, 'path')}`)
  if (result.restored.length > 0) lines.push(`Restored ${formatCount(result.restored.length, 'file')}`)
  const files = new Set(result.restored)
  const unstaged = new Set(result.unstaged)
  const groups = pathGroups()
  for (const each of before) {
    if (files.has(each.path) && unstaged.has(each.path)) undoBoth(groups, each)
    else if (files.has(each.path)) undoFile(groups, each, options.source === undefined)
    else undoStaged(groups, each)
  }
  return {
    data,
    lines: lines.length > 0 ? lines : ['Nothing to restore'],
    ...undoOfPaths(context, workspace, groups, hasOthers ? undefined : typed),
  }
}
