import { readOperation } from '../../repo/operation.ts'
import { type RebaseResult, rebase as rebaseBranch } from '../../repo/rebase.ts'
import { abortRebase, continueRebase, skipRebase } from '../../repo/rebase-resume.ts'
import { upstreamName } from '../../repo/upstream.ts'
import type { Workspace } from '../../store/workspace.ts'
import { bringFirst } from '../bringing.ts'
import type { Result } from '../command.ts'
import { command } from '../command.ts'
import { conflictLines } from '../conflict-lines.ts'
import { inLazyWorkspace } from '../lazy-workspace.ts'
import {
  addOperationFlags,
  chosenSides,
  type OperationFlags,
  oneMode,
  runOnOperation,
  undoReset,
} from '../operation-flags.ts'
import { withProgress } from '../progress.ts'
import { formatCount } from '../text.ts'
import { lostLines } from '../undo-paths.ts'

export const rebase = command<OperationFlags & { onto?: string; skip?: boolean }>({
  define: (command) =>
    addOperationFlags(command, 'rebase')
      .argument('[upstream]', 'version to go on from (default: what the current branch follows)')
      .option('--onto <revision>', 'put the commits that UPSTREAM lacks on this version instead')
      .option('--skip', 'leave the commit out that conflicts')
      .addHelpText(
        'after',
        '\nThe commits of the current branch that UPSTREAM lacks are made again on top of it; merges are left out.\n' +
          'In a conflict "ours" is what is rebased on, "theirs" the commit that is made again.\n' +
          'The branch moves at the very end: until then --abort costs nothing.',
      ),
  run: (context, [upstream], options) =>
    inLazyWorkspace(context, async (workspace) => {
      const { signal } = context
      const { message } = options
      oneMode([upstream ?? options.onto, options.continue, options.abort, options.skip], options)
      const run = (job: Parameters<typeof withProgress<RebaseResult>>[2]) => withProgress(context, 'rebase', job)
      if (options.abort) {
        const result = await withProgress(context, 'rebase', (onProgress) =>
          abortRebase(workspace, { signal, onProgress }),
        )
        const place = result.branch ?? 'HEAD'
        return {
          data: { $kind: 'aborted', ...result },
          lines: [`Undone: ${place} is ${result.head.slice(0, 12)}, ${formatCount(result.files, 'file')} brought back`],
          notUndone: lostLines(result.lost),
        }
      }
      if (options.continue)
        return rebaseResult(
          workspace,
          await run((onProgress) => continueRebase(workspace, { message, signal, onProgress })),
        )
      if (options.skip) {
        let lost: string[] = []
        const skipped = await run(async (onProgress) => {
          const result = await skipRebase(workspace, { signal, onProgress })
          lost = result.lost
          return result
        })
        const result = await rebaseResult(workspace, skipped)
        return { ...result, notUndone: [...(result.notUndone ?? []), ...lostLines(lost)] }
      }
      const isBegun = upstream === undefined && readOperation(workspace)?.kind === 'rebase'
      if (isBegun && (options.ours || options.theirs || options.file))
        return (await runOnOperation(context, workspace, 'rebase', undefined, options))!
      const { onto } = options
      const sides = chosenSides(context, workspace, options)
      const head = workspace.refs.readHead()
      const followed = head.$kind === 'branch' ? upstreamName(workspace, head.branch) : undefined
      const base = onto ?? upstream ?? followed
      if (base !== undefined) await bringFirst(context, workspace, base)
      return rebaseResult(
        workspace,
        await run((onProgress) => rebaseBranch(workspace, { upstream, onto, ...sides, signal, onProgress })),
      )
    }),
})

/** A finished or stopped rebase as a result; conflicts give exit status 1. */
export async function rebaseResult(workspace: Workspace, result: RebaseResult): Promise<Result> {
  if (result.$kind === 'conflicts') {
    const { stopped, done, left, conflicts } = result
    return {
      data: result,
      lines: [`Stopped at ${stopped.slice(0, 12)} (${done} done, ${left} after it)`, ...conflictLines(conflicts)],
      hints: [
        'choose with `floe rebase --ours PATH` or `--theirs PATH`, or edit the file and `floe rebase --file PATH`',
        'then `floe rebase --continue`; `--skip` leaves this commit out; `floe rebase --abort` undoes all',
      ],
      exitCode: 1,
    }
  }
  const { $kind, branch, to, picked, skipped, files } = result
  const already = skipped.length > 0 ? `, ${skipped.length} were there already` : ''
  if ($kind === 'up-to-date') return { data: result, lines: ['Already up to date'] }
  const place = `${branch ?? 'HEAD'} is at ${to.slice(0, 12)}`
  return {
    data: result,
    lines: [`Rebased ${formatCount(picked, 'commit')}${already}: ${place} (${formatCount(files, 'file')} changed)`],
    ...(await undoReset(workspace, result)),
  }
}
