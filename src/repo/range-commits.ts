/** The commits of a range as it is typed: `A..B`, and the two sides of `A...B`. */

import type { QueuedCommit } from '../history/commit-queue.ts'
import { mergeBases } from '../history/merge-base.ts'
import { commitsInRange } from '../history/range.ts'
import { type RevisionRange, resolveRevision } from '../history/revision.ts'
import type { Workspace } from '../store/workspace.ts'
import { revisionSource } from './versions.ts'

/** Newest first by their claimed time, each once. */
export async function commitsOfRange(
  workspace: Workspace,
  range: RevisionRange,
  options: Parameters<typeof commitsInRange>[2],
): Promise<QueuedCommit[]> {
  const { read } = workspace.store
  const source = await revisionSource(workspace)
  const from = await resolveRevision(source, range.from)
  const to = await resolveRevision(source, range.to)
  if (!range.symmetric) return commitsInRange(read, { include: [to], exclude: [from] }, options)
  const exclude = await mergeBases(read, from, to, { signal: options?.signal })
  return commitsInRange(read, { include: [from, to], exclude }, options)
}
