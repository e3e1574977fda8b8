/** How conflicts, and what settles them, are shown. */

import type { OperationKind } from '../repo/merge-errors.ts'
import type { ConflictRecord } from '../repo/operation.ts'
import type { SettledConflicts } from '../repo/settle.ts'
import type { Result } from './command.ts'
import type { Output } from './output.ts'
import { formatCount } from './text.ts'

const MAX_SETTLED_NAMED = 3

/** @param shown - how a path is written */
export function conflictLines(conflicts: readonly ConflictRecord[], shown = (path: string) => path): string[] {
  return conflicts.map((conflict) => `  C  ${shown(conflict.path)} (${wordsOf(conflict)})`)
}

function wordsOf({ kind, deletedBy }: ConflictRecord): string {
  if (kind === 'file-folder') return 'file and folder'
  if (deletedBy === null) return 'both changed'
  return deletedBy === 'ours' ? 'ours deleted it, theirs changed it' : 'theirs deleted it, ours changed it'
}

export function conflictHints(kind: OperationKind): string[] {
  return [
    `choose with \`floe ${kind} --ours PATH\` or \`--theirs PATH\`, or edit the file and \`floe ${kind} --file PATH\``,
    `then \`floe ${kind} --continue\`; \`floe ${kind} --abort\` undoes it`,
  ]
}

/** What is said where staging has settled conflicts; what is doubtful of that is said at once. */
export function settledLines(
  output: Pick<Output, 'warn'>,
  settled: SettledConflicts | null,
): Required<Pick<Result, 'lines' | 'hints'>> {
  if (!settled) return { lines: [], hints: [] }
  const { kind, paths, marked, open } = settled
  for (const path of marked) output.warn(`${path} still has conflict markers, and is staged with them`)
  const named = paths.slice(0, MAX_SETTLED_NAMED).join(', ') + (paths.length > MAX_SETTLED_NAMED ? ', …' : '')
  const left = open > 0 ? `${open} left` : 'none left'
  return {
    lines: [`Settled ${formatCount(paths.length, 'conflict')} (${named}), ${left}`],
    hints: [
      ...(open > 0 ? [] : [`\`floe ${kind} --continue\` records the result`]),
      `\`floe ${kind} --ours PATH\` or \`--theirs PATH\` settles one otherwise`,
    ],
  }
}
