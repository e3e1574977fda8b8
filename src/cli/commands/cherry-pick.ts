import { cherryPick as pickCommit } from '../../repo/pick.ts'
import { positiveInteger } from '../arguments.ts'
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

export const cherryPick = command<OperationFlags & { mainline?: string }>({
  define: (command) =>
    addOperationFlags(command, 'cherry-pick')
      .argument('[revision]', 'the version whose changes are meant')
      .option('--mainline <number>', 'of a merge: the parent its changes count from'),
  run: (context, [revision], options) =>
    inWorkspace(context, async (workspace) => {
      const handled = await runOnOperation(context, workspace, 'cherry-pick', revision, options)
      if (handled) return handled
      const mainline = options.mainline === undefined ? undefined : positiveInteger(options.mainline, '--mainline')

      const result = await withProgress(context, 'cherry-pick', (onProgress) =>
        pickCommit(workspace, {
          revision: revision!,
          mainline,

          message: options.message,
          ...chosenSides(context, workspace, options),
          signal: context.signal,
          onProgress,
        }),
      )
      return integratedResult('cherry-pick', result, `Picked ${revision} as`)
    }),
})
