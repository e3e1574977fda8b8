/** The commits that revisions name as they are typed: all that leads to `A` and `B`, without what leads to `^C`; `A..B`, and
 *  the two sides of `A...B`; `A^!` alone; all that leads to the parents of `A^@`. */

import type { QueuedCommit } from '../history/commit-queue.ts'
import { readCommit } from '../history/commits.ts'
import { RevisionMalformedError } from '../history/errors.ts'
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
  const parentsOf = async (id: ObjectId) => (await readCommit(source.read, id)).parents
  for (const revision of revisions) {
    const isExcluded = revision.startsWith('^')
    const text = isExcluded ? revision.slice(1) : revision
    const range = parseRange(text)
    if (!range || range.$kind === 'parents') {
      const id = await resolveRevision(source, range?.revision ?? text)
      ;(isExcluded ? exclude : include).push(...(range ? await parentsOf(id) : [id]))
      continue
    }
    if (isExcluded) throw new RevisionMalformedError(revision, 'a range cannot be left out')
    if (range.$kind === 'one') {
      const id = await resolveRevision(source, range.revision)
      include.push(id)
      // Where history was cut off there is nothing to be left out.
      exclude.push(...(await parentsOf(id)).filter((parent) => !source.isCutOff(parent)))
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
