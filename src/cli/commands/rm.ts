import { hasStaged, type PathBefore } from '../../repo/before.ts'
import { workspacePath } from '../../repo/paths.ts'
import { remove } from '../../repo/rm.ts'
import { command } from '../command.ts'
import { settledLines } from '../conflict-lines.ts'
import { formatCount } from '../text.ts'
import { hasOnlyBit, pathGroups, undoOfPaths, undoRemoved, undoStaged } from '../undo-paths.ts'
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
      // Naming a folder would bring back, too, what was staged as deleted before.
      const isPlain = !hasStaged(workspace.readStaging(), chosen)
      const { before, lost, ...result } = await remove(workspace, { paths: chosen, ...options })
      const settled = settledLines(context.output, result.settled)
      const groups = pathGroups()
      groups.lost.push(...lost)
      for (const each of before) (options.cached ? undoCached : undoRemoved)(groups, each)
      return {
        data: result,
        lines: [
          `${options.dryRun ? 'Would delete' : options.cached ? 'Stopped tracking' : 'Deleted'} ${formatCount(result.removed.length, 'file')}`,
          ...settled.lines,
        ],
        hints: settled.hints,
        ...undoOfPaths(context, workspace, groups, isPlain ? paths : undefined),
      }
    })
  },
})

type Groups = ReturnType<typeof pathGroups>

function undoCached(groups: Groups, before: PathBefore): void {
  undoStaged(groups, before)
  if (before.staged === 'nowhere' && before.inHead && !hasOnlyBit(before))
    groups.add('floe restore --staged', before.path)
}
