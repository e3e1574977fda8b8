import { revert as revertCommit } from '../../repo/pick.ts'
import { positiveInteger } from '../arguments.ts'
import { authorFrom } from '../author.ts'
import { command } from '../command.ts'
import {
  addOperationFlags,
  chosenSides,
  integratedResult,
  type OperationFlags,
  runOnOperation,
} from '../operation-flags.ts'
import { withProgress } from '../progress.ts'
import { inWorkspace } from '../workspace.ts'

export const revert = command<OperationFlags & { mainline?: string }>({
  define: (command) =>
    addOperationFlags(command, 'revert')
      .argument('[revision]', 'the version whose changes are meant')
      .option('--mainline <number>', 'of a merge: the parent its changes count from'),
  run: (context, [revision], options) =>
    inWorkspace(context, async (workspace) => {
      const handled = await runOnOperation(context, workspace, 'revert', revision, options)
      if (handled) return handled
      const mainline = options.mainline === undefined ? undefined : positiveInteger(options.mainline, '--mainline')
      const author = await authorFrom(context, workspace, undefined)
      const result = await withProgress(context, 'revert', (onProgress) =>
        revertCommit(workspace, {
          revision: revision!,
          mainline,
          author,
          message: options.message,
          ...chosenSides(context, workspace, options),
          signal: context.signal,
          onProgress,
        }),
      )
      return integratedResult('revert', result, `Reverted ${revision} as`)
    }),
})
