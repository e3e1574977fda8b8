/** `cherry-pick` and `revert`: one command line, two directions. */

import { UsageError } from '../base/errors.ts'
import { parseRange } from '../history/revision.ts'
import { cherryPick, revert } from '../repo/pick.ts'
import { pickSeveral, revertSeveral } from '../repo/pick-several.ts'
import { pickStaged } from '../repo/pick-staged.ts'
import type { Workspace } from '../store/workspace.ts'
import { positiveInteger } from './arguments.ts'
import { authorFrom } from './author.ts'
import { type CommandSpec, command, type Result } from './command.ts'
import type { Context } from './context.ts'
import { inLazyWorkspace } from './lazy-workspace.ts'
import {
  addOperationFlags,
  chosenSides,
  integratedResult,
  mayHaveChanges,
  type OperationFlags,
  runOnOperation,
  severalResult,
} from './operation-flags.ts'
import { withProgress } from './progress.ts'
import { formatCount } from './text.ts'
import { floeCommand } from './undo.ts'
import { type PathUndo, pathGroups, undoBoth, undoOfPaths } from './undo-paths.ts'

export function pickCommand(kind: 'cherry-pick' | 'revert'): CommandSpec {
  return command<OperationFlags & { mainline?: string; commit: boolean }>({
    define: (command) =>
      addOperationFlags(command, kind)
        .argument('[revision]', 'the version whose changes are meant, or a range A..B')
        .option('--mainline <number>', 'of a merge: the parent its changes count from')
        .option(
          '-n, --no-commit',
          'change the files and stage that, also over what is staged, and make no version of it',
        ),
    run: (context, [revision], options) =>
      inLazyWorkspace(context, async (workspace) => {
        if (!options.commit && revision === undefined)
          throw new UsageError('OPERATION_MODES', '--no-commit goes with a version or a range')
        const handled = await runOnOperation(context, workspace, kind, revision, options)
        if (handled) return handled
        if (parseRange(revision!)) refuseForRange(revision!, options)
        if (!options.commit) return staged(context, workspace, kind, revision!, options)
        if (parseRange(revision!)) {
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
          mainline: mainlineOf(options),
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

function mainlineOf({ mainline }: { mainline?: string }): number | undefined {
  return mainline === undefined ? undefined : positiveInteger(mainline, '--mainline')
}

/** @throws {UsageError} PICK_MESSAGE (exit 2) */
async function staged(
  context: Context,
  workspace: Workspace,
  kind: 'cherry-pick' | 'revert',
  revision: string,
  options: OperationFlags & { mainline?: string },
): Promise<Result> {
  if (options.message !== undefined)
    throw new UsageError('PICK_MESSAGE', '--no-commit makes no version that could have a message')
  const { signal } = context
  const request = { kind, revision, mainline: mainlineOf(options), ...chosenSides(context, workspace, options), signal }
  const wasClean = !(await mayHaveChanges(workspace))
  const { before, isReversible, ...data } = await withProgress(context, kind, (onProgress) =>
    pickStaged(workspace, { ...request, onProgress }),
  )
  const verb = kind === 'revert' ? 'Took back' : 'Did again'
  return {
    data,
    lines: [`${verb} what ${revision} changed: ${formatCount(data.files, 'file')} changed and staged, no version made`],
    hints: ['`floe commit -m "…"` records what is staged'],
    ...(wasClean ? { undo: [floeCommand('reset', '--hard')] } : wayBack()),
  }

  /** What was staged of the same paths, nothing else has. */
  function wayBack(): PathUndo {
    const groups = pathGroups()
    for (const each of before) undoBoth(groups, each)
    const mixed = groups.lost.length
    if (mixed === 0) return undoOfPaths(context, workspace, groups, undefined)
    const mainline = options.mainline === undefined ? [] : ['--mainline', options.mainline]
    const opposite = kind === 'revert' ? 'cherry-pick' : 'revert'
    if (isReversible) return { undo: [floeCommand(opposite, '-n', ...mainline, revision)], notUndone: [] }
    return {
      undo: [],
      notUndone: [`no command takes it back: ${formatCount(mixed, 'path')} had been staged with other contents before`],
    }
  }
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
