/** What merge, cherry-pick, revert and rebase have in common on the command line: sides, --continue, --abort, and how conflicts
 *  are shown. */

import type { Command } from 'commander'
import { UsageError } from '../base/errors.ts'
import { hasChanges } from '../repo/before.ts'
import type { Integrated } from '../repo/integrate.ts'
import type { OperationKind } from '../repo/merge-errors.ts'
import type { ConflictRecord } from '../repo/operation.ts'
import { workspacePath } from '../repo/paths.ts'
import type { PickedSeveral } from '../repo/pick-several.ts'
import { abortOperation, continueOperation, resolveConflicts } from '../repo/resolve.ts'
import type { Workspace } from '../store/workspace.ts'
import type { Result } from './command.ts'
import { conflictHints, conflictLines } from './conflict-lines.ts'
import type { Context } from './context.ts'
import { withProgress } from './progress.ts'
import { formatCount } from './text.ts'
import { floeCommand, placeOf, shortId } from './undo.ts'
import { lostLines } from './undo-paths.ts'

export interface OperationFlags {
  /** True: all conflicts. */
  ours?: string[] | true
  theirs?: string[] | true
  file?: string[]
  continue?: boolean
  abort?: boolean
  message?: string
}

export function addOperationFlags(command: Command, kind: OperationKind): Command {
  return command
    .option('-m, --message <text>', 'message of the commit')
    .option('--ours [path...]', 'settle these conflicts (or all) with the version here')
    .option('--theirs [path...]', 'settle these conflicts (or all) with the other version')
    .option('--file <path...>', 'settle these conflicts with the files as they are now')
    .option('--continue', 'record the result once every conflict is settled')
    .option('--abort', `undo the ${kind} and bring the files back`)
}

/** Runs what concerns an operation that is in progress; undefined if a new one is meant. */
export async function runOnOperation(
  context: Context,
  workspace: Workspace,
  kind: OperationKind,
  revision: string | undefined,
  options: OperationFlags,
): Promise<Result | undefined> {
  const { signal } = context
  oneMode([revision, options.continue, options.abort], options)
  if (options.abort) {
    const result = await withProgress(context, kind, (onProgress) =>
      abortOperation(workspace, { kind, signal, onProgress }),
    )
    return {
      data: { $kind: 'aborted', ...result },
      lines: [`Undone: HEAD is ${result.head.slice(0, 12)}, ${formatCount(result.files, 'file')} brought back`],
      notUndone: lostLines(result.lost),
    }
  }
  if (options.continue) {
    const result = await continueOperation(workspace, { kind, message: options.message, signal })
    if (result.$kind === 'nothing')
      return { data: result, lines: ['Nothing is left of it, so no version was recorded'] }
    if (result.$kind === 'picked' || result.$kind === 'stopped') return severalResult(workspace, result)
    return { data: result, lines: [`Recorded ${result.to.slice(0, 12)}`], ...(await undoReset(workspace, result)) }
  }
  if (revision !== undefined) return undefined
  let settled: { conflicts: ConflictRecord[] } | undefined
  for (const side of ['ours', 'theirs', 'file'] as const) {
    const paths = pathsOf(context, workspace, options[side])
    if (paths) settled = await resolveConflicts(workspace, { kind, paths, with: side, signal })
  }
  if (!settled)
    throw new UsageError('ARGUMENT_MISSING', `${kind} needs a revision`, { hints: [`see \`floe ${kind} --help\``] })
  const open = settled.conflicts.filter(({ resolved }) => resolved === null)
  return {
    data: settled,
    lines: open.length > 0 ? conflictLines(open) : ['All conflicts are settled'],
    hints: open.length > 0 ? conflictHints(kind) : [`\`floe ${kind} --continue\` records the result`],
  }
}

/** @throws {UsageError} OPERATION_MODES (exit 2) */
export function oneMode(modes: readonly (string | boolean | undefined)[], { file }: OperationFlags): void {
  const given = modes.filter((mode) => mode !== undefined && mode !== false).length
  if (given > 1 || (file && given > 0))
    throw new UsageError('OPERATION_MODES', 'give a revision, --continue, --abort or --file, not several of them')
}

/** The sides to be taken wherever the new operation meets a conflict. */
export function chosenSides(context: Context, workspace: Workspace, options: OperationFlags) {
  return { ours: pathsOf(context, workspace, options.ours), theirs: pathsOf(context, workspace, options.theirs) }
}

function pathsOf(context: Context, workspace: Workspace, given: string[] | true | undefined): string[] | undefined {
  if (given === undefined) return undefined
  return given === true ? [''] : given.map((path) => workspacePath(workspace, context.cwd, path))
}

/** A finished or stopped operation as a result; conflicts give exit status 1. */
export async function integratedResult(
  workspace: Workspace,
  kind: OperationKind,
  result: Integrated,
  done: string,
): Promise<Result> {
  if (result.$kind === 'conflicts')
    return {
      data: result,
      lines: ['Conflicts; all else is merged and staged', ...conflictLines(result.conflicts)],
      hints: conflictHints(kind),
      exitCode: 1,
    }
  return {
    data: result,
    lines: [`${done} ${result.to.slice(0, 12)} (${formatCount(result.files, 'file')} changed)`],
    ...(await undoReset(workspace, result)),
  }
}

/** Several versions that were picked, or the one among them that conflicts. */
export async function severalResult(workspace: Workspace, result: PickedSeveral): Promise<Result> {
  const { kind } = result
  if (result.$kind === 'stopped') {
    const { stopped, done, left, conflicts } = result
    return {
      data: result,
      lines: [`Stopped at ${shortId(stopped)} (${done} done, ${left} after it)`, ...conflictLines(conflicts)],
      hints: conflictHints(kind),
      exitCode: 1,
    }
  }
  const { picked, skipped, to, files } = result
  const isPick = kind === 'cherry-pick'
  const already = skipped.length > 0 ? `, ${skipped.length} were ${isPick ? 'there' : 'taken back'} already` : ''
  return {
    data: result,
    lines: [
      `${isPick ? 'Picked' : 'Reverted'} ${formatCount(picked, 'version')}${already}: HEAD is ${shortId(to)} (${formatCount(files, 'file')} changed)`,
    ],
    ...(await undoReset(workspace, result)),
  }
}

/** From so many files on, looking at each would take longer than most of what is to be taken back. */
const MANY_FILES = 200_000

/** True where that would take longer to find out. */
export async function mayHaveChanges(workspace: Workspace): Promise<boolean> {
  return workspace.readStatCache().records.count > MANY_FILES || hasChanges(workspace)
}

/** What is not committed was left alone, and has to survive the way back as well. */
export async function undoReset(
  workspace: Workspace,
  { from }: { from: string | null },
  hadFiles = false,
): Promise<Pick<Result, 'undo' | 'notUndone'>> {
  // Files that were there before the first version would be deleted along with those that came.
  const reset = floeCommand('reset', from === null && hadFiles ? '--mixed' : '--hard', ...placeOf(from))
  if (from === null) return { undo: [reset] }
  if (workspace.readStatCache().records.count > MANY_FILES)
    return { undo: [reset], notUndone: ['what is not committed goes by that: `floe stash push` before it keeps it'] }
  const isDirty = await hasChanges(workspace)
  return { undo: isDirty ? [floeCommand('stash', 'push'), reset, floeCommand('stash', 'pop')] : [reset] }
}
