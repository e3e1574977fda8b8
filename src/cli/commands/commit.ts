import { UsageError } from '../../base/errors.ts'
import { readCommit } from '../../history/commits.ts'
import { hasStaged } from '../../repo/before.ts'
import { amendCommit, commit as commitStaged } from '../../repo/commit.ts'
import { commitStatement } from '../../repo/commit-statement.ts'
import { workspacePath } from '../../repo/paths.ts'
import type { Staging } from '../../store/staging.ts'
import { authorFrom } from '../author.ts'
import { command } from '../command.ts'
import { runHook } from '../hooks.ts'
import { IN_PLACE_HELP, inPlaceHints, inPlaceLines } from '../in-place-text.ts'
import { withProgress } from '../progress.ts'
import { formatCount } from '../text.ts'
import { floeCommand, pathWords, placeOf } from '../undo.ts'
import type { PathUndo } from '../undo-paths.ts'
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
      .argument('[path...]', 'commit only these, as they are now, and leave what else is staged for later')
      .option('-m, --message <text>', 'what this version is; asked for on a terminal')
      .option('-a, --all', 'commit all changes of tracked files, staged or not')
      .option('-A, --add', 'commit everything there is, new files too')
      .option('--amend', 'put it in the place of the last version; message and author stay unless given')
      .option('--author <who>', 'author as "Name <email>"')
      .option('--allow-empty', 'record a version even if no file changed')
      .option('--no-verify', 'do not ask .floe/hooks/pre-commit')
      .option('--no-provenance', 'do not record the revision of the code around the workspace')
      .option(
        '--in-place',
        'with -a, -A or paths: do not copy large files: they hold the contents of the version themselves',
      )
      .addHelpText('after', IN_PLACE_HELP),
  async run(context, paths, options) {
    const stages = options.all || options.add
    if (stages && paths.length > 0)
      throw new UsageError('COMMIT_PATHS_ALL', `paths are instead of ${options.all ? '-a' : '-A'}`, {
        data: { paths },
        hints: ['`floe commit PATH` commits what is tracked at a path; `floe add PATH` stages what is new there'],
      })
    if (options.inPlace && !stages && paths.length === 0)
      throw new UsageError(
        'IN_PLACE_STAGED',
        '--in-place goes with -a, -A or paths: what is staged has been read already',
        {
          hints: ['`floe add --in-place PATH` stages a file in place, `floe commit -a --in-place` all changed ones'],
        },
      )
    return inWorkspace(context, async (workspace) => {
      const { amend } = options
      const chosen = paths.map((path) => workspacePath(workspace, context.cwd, path))
      const message =
        options.message ??
        (amend
          ? undefined
          : await context.ask('What is this version? ', 'a commit needs a message: floe commit -m "…"'))
      const author =
        amend && options.author === undefined ? undefined : await authorFrom(context, workspace, options.author)
      const replaced = amend ? workspace.refs.headCommit() : null
      if (options.verify) await runHook(context, workspace, 'pre-commit')
      const staged = workspace.readStaging()
      const attachments = options.provenance ? await commitStatement(workspace.root) : undefined
      const request = {
        author,
        all: options.all,
        add: options.add,
        paths: chosen,
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
        ...wayBack(placeOf(replaced ?? result.parents[0] ?? null), { stages, chosen, typed: paths, staged }),
      }
    })
  },
})

interface Before {
  stages: boolean | undefined
  chosen: readonly string[]
  /** The same as the user wrote them. */
  typed: readonly string[]
  /** Before the commit. */
  staged: Staging
}

function wayBack(place: readonly string[], { stages, chosen, typed, staged }: Before): PathUndo {
  const hadStaged = staged.count > 0
  const reset = (mode: string) => floeCommand('reset', mode, ...place)
  if (chosen.length === 0)
    return {
      undo: [reset(stages ? '--mixed' : '--soft')],
      notUndone: stages && hadStaged ? ['what had been staged before is not staged again by that'] : [],
    }
  if (!hadStaged) return { undo: [reset('--mixed')], notUndone: [] }
  if (hasStaged(staged, chosen))
    return {
      undo: [reset('--soft')],
      notUndone: ['these paths are then staged as they were committed, whatever had been staged of them before'],
    }
  return { undo: [reset('--soft'), floeCommand('restore', '--staged', ...pathWords(typed))], notUndone: [] }
}
