import { diffOf } from '../../repo/diff.ts'
import { workspacePath } from '../../repo/paths.ts'
import { command } from '../command.ts'
import { formatCount } from '../text.ts'
import { inWorkspace } from '../workspace.ts'
import { changeLine } from './status.ts'

export const diff = command<{ staged?: boolean; nameStatus?: boolean; path?: string[] }>({
  define: (command) =>
    command
      .argument('[from]', 'revision; with none, staging is compared with the workspace')
      .argument('[to]', 'second revision; FROM..TO works too')
      .option('--staged', 'compare HEAD with what is staged')
      .option('--name-status', 'one line per path (this is the default)')
      .option('--path <path...>', 'look at these paths only'),
  async run(context, revisions, options) {
    return inWorkspace(context, async (workspace) => {
      const [from, to] = revisions.length === 1 && revisions[0]!.includes('..') ? revisions[0]!.split('..') : revisions
      const paths = options.path?.map((path) => workspacePath(workspace, context.cwd, path))
      const changes = await diffOf(workspace, {
        from: from || undefined,
        to: to || undefined,
        staged: options.staged,
        paths,
      })
      return {
        data: { changes },
        lines: changes.map(changeLine),
        hints: changes.length > 0 ? [`${formatCount(changes.length, 'path')} differ`] : [],
      }
    })
  },
})
