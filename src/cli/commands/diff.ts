import { compare } from '../../repo/diff.ts'
import { workspacePath } from '../../repo/paths.ts'
import { copiedFrom, withRenames } from '../../repo/renames.ts'
import { splitRevisionsAndPaths } from '../../repo/revisions-and-paths.ts'
import { changeLine } from '../change-line.ts'
import { changeStatLines } from '../change-stat.ts'
import { command } from '../command.ts'
import { inLazyWorkspace } from '../lazy-workspace.ts'
import { formatCount } from '../text.ts'

export const diff = command<{
  staged?: boolean
  cached?: boolean
  exitCode?: boolean
  nameStatus?: boolean
  nameOnly?: boolean
  stat?: boolean
  renames: boolean
  findCopies?: boolean
  path?: string[]
}>({
  define: (command) =>
    command
      .argument('[from]', 'revision; with none, staging is compared with the workspace')
      .argument('[to]', 'second revision; FROM..TO works too, and FROM...TO from where they parted')
      .argument('[path...]', 'look at these paths only; after -- also what is no longer here')
      .option('--staged', 'compare HEAD with what is staged')
      .option('--cached', 'the same as --staged')
      .option('--name-status', 'one line per path (this is the default)')
      .option('--stat', 'show sizes as well')
      .option('--name-only', 'paths only')
      .option('--no-renames', 'show a renamed file as deleted and added')
      .option('--find-copies', 'look for the contents of an added file in all of the older version')
      .option('--exit-code', 'end with 1 if anything differs')
      .option('--path <path...>', 'look at these paths only'),
  async run(context, args, options) {
    return inLazyWorkspace(context, async (workspace) => {
      const { cwd, afterDashes: known } = context
      const split = await splitRevisionsAndPaths(workspace, { verb: 'diff', cwd, args, known, most: 2 })
      const [from, to] = split.revisions
      const paths = [...split.paths, ...(options.path ?? []).map((path) => workspacePath(workspace, cwd, path))]
      const compared = await compare(workspace, {
        from: from || undefined,
        to: to || undefined,
        staged: options.staged || options.cached,
        paths,
        signal: context.signal,
      })
      const { signal } = context
      const unchanged = options.findCopies ? await copiedFrom(compared, { signal }) : []
      const changes = options.renames ? withRenames(compared.changes, unchanged) : compared.changes
      return {
        data: { changes },
        lines: options.stat
          ? changeStatLines(changes)
          : changes.map((change) => (options.nameOnly ? change.path : changeLine(change))),
        exitCode: options.exitCode && changes.length > 0 ? 1 : 0,
        hints:
          changes.length > 0
            ? [`${formatCount(changes.length, 'path')} ${changes.length === 1 ? 'differs' : 'differ'}`]
            : [],
      }
    })
  },
})
