import { merge as mergeRevision } from '../../repo/merge.ts'
import { authorFrom } from '../author.ts'
import { bringFirst } from '../bringing.ts'
import { command } from '../command.ts'
import { inLazyWorkspace } from '../lazy-workspace.ts'
import {
  addOperationFlags,
  chosenSides,
  integratedResult,
  type OperationFlags,
  runOnOperation,
  undoReset,
} from '../operation-flags.ts'
import { withProgress } from '../progress.ts'
import { formatCount } from '../text.ts'

export const merge = command<OperationFlags & { ff: boolean; ffOnly?: boolean; rows?: string | false }>({
  define: (command) =>
    addOperationFlags(command, 'merge')
      .argument('[revision]', 'branch or version to bring into the current branch')
      .option('--no-ff', 'make a merge commit even where the branch could just move')
      .option('--rows <columns>', 'merge CSV, TSV and JSON Lines row by row; these columns (a,b) tell rows apart')
      .option('--no-rows', 'merge tables line by line even where .floeattributes says merge=rows')
      .option('--ff-only', 'fail where a merge commit would be needed')
      .addHelpText(
        'after',
        '\nWhat only one side changed is taken. Text that both changed is merged line by line, a table row by row if\nasked (--rows id, or `*.csv merge=rows key=id` in .floeattributes); all else is a conflict.',
      ),
  run: (context, [revision], options) =>
    inLazyWorkspace(context, async (workspace) => {
      const handled = await runOnOperation(context, workspace, 'merge', revision, options)
      if (handled) return handled
      const author = await authorFrom(context, workspace, undefined)
      await bringFirst(context, workspace, revision!)
      const result = await withProgress(context, 'merge', (onProgress) =>
        mergeRevision(workspace, {
          revision: revision!,
          author,
          message: options.message,
          noFastForward: !options.ff,
          fastForwardOnly: options.ffOnly,
          rows: typeof options.rows === 'string' ? options.rows.split(',') : options.rows,
          ...chosenSides(context, workspace, options),
          signal: context.signal,
          onProgress,
        }),
      )
      if (result.$kind === 'merged' || result.$kind === 'conflicts')
        return integratedResult(workspace, 'merge', result, `Merged ${revision} as`)
      if (result.$kind === 'up-to-date') return { data: result, lines: ['Already up to date'] }
      return {
        data: result,
        lines: [`Fast-forwarded to ${result.to.slice(0, 12)} (${formatCount(result.files, 'file')} changed)`],
        ...(await undoReset(workspace, result)),
      }
    }),
})
