import { UsageError } from '../../base/errors.ts'
import { move } from '../../repo/mv.ts'
import { typedPath, workspacePath } from '../../repo/paths.ts'
import { command } from '../command.ts'
import { formatCount } from '../text.ts'
import { floeCommand, pathWords } from '../undo.ts'
import { pathGroups, undoOfPaths, undoRemoved } from '../undo-paths.ts'
import { inWorkspace } from '../workspace.ts'

export const mv = command<{ force?: boolean; dryRun?: boolean }>({
  define: (command) =>
    command
      .argument('<path...>', 'tracked files or folders, then the new name or the folder to move into')
      .option('-f, --force', 'replace a file that is there')
      .option('-n, --dry-run', 'only say what would be moved'),
  run: (context, paths, options) =>
    inWorkspace(context, async (workspace) => {
      const chosen = paths.map((path) => workspacePath(workspace, context.cwd, path))
      const destination = chosen.pop()!
      if (chosen.length === 0) throw new UsageError('ARGUMENT_MISSING', 'mv needs a source and a destination')
      const { replaced, ...result } = await move(workspace, { sources: chosen, destination, ...options })
      const groups = pathGroups()
      for (const each of replaced) undoRemoved(groups, each)
      const again = undoOfPaths(context, workspace, groups, undefined)
      const back = takeBack(chosen, result.moved).map((names) => {
        const shown = names.map((path) => typedPath(workspace, context.cwd, path))
        return floeCommand('mv', ...pathWords(shown))
      })
      return {
        data: result,
        lines: [`${options.dryRun ? 'Would move' : 'Moved'} ${formatCount(result.moved.length, 'file')}`],
        ...(options.dryRun ? {} : { undo: [...back, ...again.undo], notUndone: again.notUndone }),
      }
    }),
})

/** Each source, after the name it has now. */
function takeBack(sources: readonly string[], moved: readonly { from: string; to: string }[]) {
  return sources.flatMap((source) => {
    const first = moved.find(({ from }) => from === source || from.startsWith(`${source}/`))
    if (!first) return []
    const now = first.to.slice(0, first.to.length - (first.from.length - source.length))
    return [[now, source]]
  })
}
