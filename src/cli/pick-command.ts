/** `cherry-pick` and `revert`: one command line, two directions. */

import { UsageError } from '../base/errors.ts'
import { parseRange } from '../history/revision.ts'
import { cherryPick, revert } from '../repo/pick.ts'
import { pickSeveral, revertSeveral } from '../repo/pick-several.ts'
import type { Workspace } from '../store/workspace.ts'
import { positiveInteger } from './arguments.ts'
import { authorFrom } from './author.ts'
import { type CommandSpec, command } from './command.ts'
import type { Context } from './context.ts'
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
        .argument('[revision]', 'the version whose changes are meant, or a range A..B')
        .option('--mainline <number>', 'of a merge: the parent its changes count from'),
    run: (context, [revision], options) =>
      inLazyWorkspace(context, async (workspace) => {
        const handled = await runOnOperation(context, workspace, kind, revision, options)
        if (handled) return handled
        if (parseRange(revision!)) {
          refuseForRange(revision!, options)
          const sides = {
            ...chosenSides(context, workspace, options),
            author: await authorOf(context, workspace, kind),
          }
          const request = { revision: revision!, ...sides, signal: context.signal }
          const several = await withProgress(context, kind, (onProgress) =>
            (kind === 'revert' ? revertSeveral : pickSeveral)(workspace, { ...request, onProgress }),
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
        const author = await authorOf(context, workspace, kind)
        const verb = kind === 'revert' ? revert : cherryPick
        const result = await withProgress(context, kind, (onProgress) =>
          verb(workspace, { ...request, author, onProgress }),
        )
        return integratedResult(workspace, kind, result, `${kind === 'revert' ? 'Reverted' : 'Picked'} ${revision} as`)
      }),
  })
}

/** What is picked stays its author's; what is taken back is taken back by somebody. */
async function authorOf(context: Context, workspace: Workspace, kind: 'cherry-pick' | 'revert') {
  return kind === 'revert' ? authorFrom(context, workspace, undefined) : undefined
}

/** @throws {UsageError} RANGE_REFUSED (exit 2) for what means one version */
function refuseForRange(revision: string, { mainline, message }: { mainline?: string; message?: string }): void {
  const one = mainline !== undefined ? '--mainline' : message !== undefined ? '--message' : ''
  if (one === '') return
  throw new UsageError('RANGE_REFUSED', `${one} takes one version, and ${revision} is a range`, {
    data: { revision },
    hints: [`\`floe log --oneline ${revision}\` lists its versions`],
  })
}
