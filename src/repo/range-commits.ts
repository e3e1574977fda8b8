/** The commits that revisions name as they are typed: all that leads to `A` and `B`, without what leads to `^C`; `A..B`, and
 *  the two sides of `A...B`. */

import type { QueuedCommit } from '../history/commit-queue.ts'
import { mergeBases } from '../history/merge-base.ts'
import { type CommitRange, commitsInRange } from '../history/range.ts'
import { parseRange, resolveRevision } from '../history/revision.ts'
import type { ObjectId } from '../objects/id.ts'
import type { Workspace } from '../store/workspace.ts'
import { revisionSource } from './versions.ts'

/** What is excluded is excluded for all of them, as in git. */
export async function rangeOf(
  workspace: Workspace,
  revisions: readonly string[],
  options: { signal?: AbortSignal | undefined } = {},
): Promise<CommitRange> {
  const source = await revisionSource(workspace)
  const include: ObjectId[] = []
  const exclude: ObjectId[] = []
  for (const revision of revisions) {
    const range = parseRange(revision)
    if (!range) {
      const isExcluded = revision.startsWith('^')
      const id = await resolveRevision(source, isExcluded ? revision.slice(1) : revision)
      if (isExcluded) exclude.push(id)
      else include.push(id)
      continue
    }
    const from = await resolveRevision(source, range.from)
    const to = await resolveRevision(source, range.to)
    include.push(to)
    if (!range.symmetric) exclude.push(from)
    else {
      include.push(from)
      exclude.push(...(await mergeBases(workspace.store.read, from, to, options)))
    }
  }
  return { include, exclude }
}

/** Newest first by their claimed time, each once. */
export async function commitsOfRange(
  workspace: Workspace,
  revision: string,
  options: Parameters<typeof commitsInRange>[2],
): Promise<QueuedCommit[]> {
  const range = await rangeOf(workspace, [revision], { signal: options?.signal })
  return commitsInRange(workspace.store.read, range, options)
}
