import { resolve } from 'node:path'
import { UsageError } from '../../base/errors.ts'
import { typedPath } from '../../repo/paths.ts'
import { isUnborn, reset as resetBranch } from '../../repo/reset.ts'
import { splitRevisionsAndPaths } from '../../repo/revisions-and-paths.ts'
import type { Workspace } from '../../store/workspace.ts'
import { bringFirst } from '../bringing.ts'
import { command } from '../command.ts'
import type { Context } from '../context.ts'
import { inLazyWorkspace } from '../lazy-workspace.ts'
import { withProgress } from '../progress.ts'
import { formatCount } from '../text.ts'
import { floeCommand, placeOf, shortId } from '../undo.ts'
import { endedLines, lostLines, pathGroups, undoOfPaths, undoStaged } from '../undo-paths.ts'
import { restoreStaged } from './restore.ts'

/** One word without `--` is a revision, unless it is a path and no revision. */
async function placeAndPaths(context: Context, workspace: Workspace, args: readonly string[]) {
  const { cwd, afterDashes: known } = context
  // Only in a clone's lazy workspace can a revision be one that is not here yet: that is looked for later.
  if (args.length === 0 || (args.length === 1 && known === undefined && !workspace.fs.stat(resolve(cwd, args[0]!))))
    return { revision: args[0], paths: [] }
  const { revisions, paths } = await splitRevisionsAndPaths(workspace, { verb: 'reset', cwd, args, known, most: 1 })
  return { revision: revisions[0], paths }
}

export const reset = command<{ soft?: boolean; mixed?: boolean; hard?: boolean; root?: boolean }>({
  define: (command) =>
    command
      .argument('[revision]', 'where the branch shall be (default HEAD)')
      .argument('[path...]', 'unstage these paths only, as `restore --staged` does, and leave the branch where it is')
      .option('--soft', 'keep files, and what was committed since as staged')
      .option('--mixed', 'keep files and unstage everything (the default)')
      .option('--hard', 'bring the files back too; uncommitted changes of tracked files are lost')
      .option('--root', 'back to before the first version of the branch, instead of to a revision'),
  run: (context, args, options) =>
    inLazyWorkspace(context, async (workspace) => {
      const modes = (['soft', 'mixed', 'hard'] as const).filter((mode) => options[mode])
      if (modes.length > 1) throw new UsageError('RESET_MODES', 'give one of --soft, --mixed and --hard')
      const { revision, paths } = await placeAndPaths(context, workspace, args)
      if (paths.length > 0) {
        if (modes.length > 0 || options.root)
          throw new UsageError('RESET_MODES', 'of paths nothing can be reset but what is staged', {
            hints: ['`floe restore PATH` brings the files back', '`floe restore --staged PATH` unstages them'],
          })
        return restoreStaged(context, workspace, paths, revision)
      }
      const mode = modes[0] ?? 'mixed'
      const root = options.root ?? (revision === undefined && isUnborn(workspace))
      if (root && revision !== undefined)
        throw new UsageError('RESET_ROOT', '--root is instead of a revision: before the first one there is none')
      if (!root) await bringFirst(context, workspace, revision ?? 'HEAD')
      const result = await withProgress(context, 'reset', (onProgress) =>
        resetBranch(workspace, { revision, root, mode, signal: context.signal, onProgress }),
      )
      const { unstaged, ended, ...data } = result
      const groups = pathGroups()
      for (const each of unstaged) undoStaged(groups, each)
      const all = [typedPath(workspace, context.cwd, '')]
      const staged = undoOfPaths(context, workspace, groups, all)
      const moved = result.from === result.to ? [] : [floeCommand('reset', `--${mode}`, ...placeOf(result.from))]
      return {
        data,
        lines: [
          (result.to ? `${result.branch ?? 'HEAD'} is at ${shortId(result.to)}` : `${result.branch} has no version`) +
            (mode === 'hard' ? ` (${formatCount(result.files, 'file')} changed)` : ''),
        ],
        undo: [...moved, ...staged.undo],
        notUndone: [...staged.notUndone, ...lostLines(result.lost), ...endedLines(ended)],
      }
    }),
})
