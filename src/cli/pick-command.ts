/** `cherry-pick` and `revert`: one command line, two directions. */

import { UsageError } from '../base/errors.ts'
import { parseRange } from '../history/revision.ts'
import { cherryPick, revert } from '../repo/pick.ts'
import { pickSeveral } from '../repo/pick-several.ts'
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
  severalResult,
} from './operation-flags.ts'
import { withProgress } from './progress.ts'

export function pickCommand(kind: 'cherry-pick' | 'revert'): CommandSpec {
  return command<OperationFlags & { mainline?: string }>({
    define: (command) =>
      addOperationFlags(command, kind)
        .argument(
          '[revision]',
          kind === 'revert'
            ? 'the version whose changes are meant'
            : 'the version whose changes are meant, or a range A..B',
        )
        .option('--mainline <number>', 'of a merge: the parent its changes count from'),
    run: (context, [revision], options) =>
      inLazyWorkspace(context, async (workspace) => {
        const handled = await runOnOperation(context, workspace, kind, revision, options)
        if (handled) return handled
        if (parseRange(revision!)) {
          refuseForRange(kind, revision!, options)
          const sides = chosenSides(context, workspace, options)
          const { signal } = context
          const several = await withProgress(context, kind, (onProgress) =>
            pickSeveral(workspace, { revision: revision!, ...sides, signal, onProgress }),
          )
          return severalResult(workspace, several)
        }
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

/** @throws {UsageError} RANGE_REFUSED (exit 2) for what means one version */
function refuseForRange(
  kind: 'cherry-pick' | 'revert',
  revision: string,
  { mainline, message }: { mainline?: string; message?: string },
): void {
  const one =
    kind === 'revert' ? kind : mainline !== undefined ? '--mainline' : message !== undefined ? '--message' : ''
  if (one === '') return
  throw new UsageError('RANGE_REFUSED', `${one} takes one version, and ${revision} is a range`, {
    data: { revision },
    hints: [
      `\`floe log --oneline ${revision}\` lists its versions${kind === 'revert' ? '; revert each, the newest first' : ''}`,
    ],
  })
}
