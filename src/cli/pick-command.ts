/** `cherry-pick` and `revert`: one command line, two directions. */

import { cherryPick, revert } from '../repo/pick.ts'
import { positiveInteger } from './arguments.ts'
import { authorFrom } from './author.ts'
import { type CommandSpec, command } from './command.ts'
import { inLazyWorkspace } from './lazy-workspace.ts'
import {
  addOperationFlags,
  chosenSides,
  integratedResult,
  type OperationFlags,
  runOnOperation,
} from './operation-flags.ts'
import { withProgress } from './progress.ts'

export function pickCommand(kind: 'cherry-pick' | 'revert'): CommandSpec {
  return command<OperationFlags & { mainline?: string }>({
    define: (command) =>
      addOperationFlags(command, kind)
        .argument('[revision]', 'the version whose changes are meant')
        .option('--mainline <number>', 'of a merge: the parent its changes count from'),
    run: (context, [revision], options) =>
      inLazyWorkspace(context, async (workspace) => {
        const handled = await runOnOperation(context, workspace, kind, revision, options)
        if (handled) return handled
        const request = {
          revision: revision!,
          mainline: options.mainline === undefined ? undefined : positiveInteger(options.mainline, '--mainline'),
          message: options.message,
          ...chosenSides(context, workspace, options),
          signal: context.signal,
        }
        // What is picked stays its author's; what is taken back is taken back by somebody.
        const author = kind === 'revert' ? await authorFrom(context, workspace, undefined) : undefined
        const verb = kind === 'revert' ? revert : cherryPick
        const result = await withProgress(context, kind, (onProgress) =>
          verb(workspace, { ...request, author, onProgress }),
        )
        return integratedResult(workspace, kind, result, `${kind === 'revert' ? 'Reverted' : 'Picked'} ${revision} as`)
      }),
  })
}
