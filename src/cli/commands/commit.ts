import { UsageError } from '../../base/errors.ts'
import { readCommit } from '../../history/commits.ts'
import { amendCommit, commit as commitStaged } from '../../repo/commit.ts'
import { commitStatement } from '../../repo/commit-statement.ts'
import { authorFrom } from '../author.ts'
import { command } from '../command.ts'
import { runHook } from '../hooks.ts'
import { IN_PLACE_HELP, inPlaceHints, inPlaceLines } from '../in-place-text.ts'
import { withProgress } from '../progress.ts'
import { formatCount } from '../text.ts'
import { floeCommand, placeOf } from '../undo.ts'
import { inWorkspace } from '../workspace.ts'

export const commit = command<{
  message?: string
  all?: boolean
  add?: boolean
  author?: string
  allowEmpty?: boolean
  amend?: boolean
  inPlace?: boolean
  provenance: boolean
  verify: boolean
}>({
  define: (command) =>
    command
      .option('-m, --message <text>', 'what this version is; asked for on a terminal')
      .option('-a, --all', 'commit all changes of tracked files, staged or not')
      .option('-A, --add', 'commit everything there is, new files too')
      .option('--amend', 'put it in the place of the last version; message and author stay unless given')
      .option('--author <who>', 'author as "Name <email>"')
      .option('--allow-empty', 'record a version even if no file changed')
      .option('--no-verify', 'do not ask .floe/hooks/pre-commit')
      .option('--no-provenance', 'do not record the revision of the code around the workspace')
      .option('--in-place', 'with -a or -A: do not copy large files: they hold the contents of the version themselves')
      .addHelpText('after', IN_PLACE_HELP),
  async run(context, _paths, options) {
    const stages = options.all || options.add
    if (options.inPlace && !stages)
      throw new UsageError('IN_PLACE_STAGED', '--in-place goes with -a or -A: what is staged has been read already', {
        hints: ['`floe add --in-place PATH` stages a file in place, `floe commit -a --in-place` all changed ones'],
      })
    return inWorkspace(context, async (workspace) => {
      const { amend } = options
      const message =
        options.message ??
        (amend
          ? undefined
          : await context.ask('What is this version? ', 'a commit needs a message: floe commit -m "…"'))
      const author =
        amend && options.author === undefined ? undefined : await authorFrom(context, workspace, options.author)
      const replaced = amend ? workspace.refs.headCommit() : null
      if (options.verify) await runHook(context, workspace, 'pre-commit')
      const hadStaged = stages && workspace.readStaging().count > 0
      const attachments = options.provenance ? await commitStatement(workspace.root) : undefined
      const request = {
        author,
        all: options.all,
        add: options.add,
        inPlace: options.inPlace,
        attachments,
        signal: context.signal,
      }
      const result = await withProgress(context, 'commit', (onProgress) =>
        message === undefined || amend
          ? amendCommit(workspace, { ...request, message, onProgress })
          : commitStaged(workspace, { ...request, message, allowEmpty: options.allowEmpty, onProgress }),
      )
      const isPushed = replaced !== null && workspace.refs.list('remotes/').some(({ id }) => id === replaced)
      for (const warning of result.warnings) context.output.warn(warning.message)
      const { added, modified, deleted } = result.changes
      return {
        data: result,
        lines: [
          `[${result.branch ?? 'detached HEAD'} ${result.commit.slice(0, 12)}] ${(message ?? (await readCommit(workspace.store.read, result.commit)).message).split('\n')[0]}`,
          `  ${formatCount(added, 'file')} added, ${modified} changed, ${deleted} deleted`,
          ...inPlaceLines(result.inPlace),
        ],
        hints: [
          ...inPlaceHints(result.inPlace),
          ...(isPushed ? ['the one it replaces has been pushed: only `floe push --force` sends this one'] : []),
        ],
        undo: [floeCommand('reset', stages ? '--mixed' : '--soft', ...placeOf(replaced ?? result.parents[0] ?? null))],
        notUndone: hadStaged ? ['what had been staged before is not staged again by that'] : [],
      }
    })
  },
})
