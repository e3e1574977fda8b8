/** The best common ancestors of two commits, as git finds them: paint both histories downwards, newest first, until all
 *  that is left to visit is below a commit painted by both. */

import { throwIfAborted } from '../base/abort.ts'
import type { ObjectId } from '../objects/id.ts'
import type { ReadObject } from '../objects/reader.ts'
import { CommitQueue } from './commit-queue.ts'
import { isAncestor, readCommit } from './commits.ts'

const OURS = 1
const THEIRS = 2
const BELOW = 4

/** A common ancestor that no other common ancestor descends from, or null if the histories have nothing in common.
 *  Of several (criss-cross merges) the newest. */
export async function mergeBase(
  read: ReadObject,
  ours: ObjectId,
  theirs: ObjectId,
  options: { signal?: AbortSignal | undefined } = {},
): Promise<ObjectId | null> {
  return (await mergeBases(read, ours, theirs, options))[0] ?? null
}

/** All common ancestors that no other common ancestor descends from, newest first. */
export async function mergeBases(
  read: ReadObject,
  ours: ObjectId,
  theirs: ObjectId,
  options: { signal?: AbortSignal | undefined } = {},
): Promise<ObjectId[]> {
  const candidates = await paint(read, ours, theirs, options)
  // Claimed times may lie, so a candidate can still be an ancestor of another.
  const best: ObjectId[] = []
  for (const candidate of candidates) {
    let covered = false
    for (const other of candidates)
      if (!covered && other !== candidate) covered = await isAncestor(read, candidate, other, options)
    if (!covered) best.push(candidate)
  }
  return best
}

async function paint(
  read: ReadObject,
  ours: ObjectId,
  theirs: ObjectId,
  options: { signal?: AbortSignal | undefined },
): Promise<ObjectId[]> {
  const colours = new Map<ObjectId, number>()
  const queue = new CommitQueue()
  const found: ObjectId[] = []
  /** Commits in the queue that are not yet known to lie below a common one. */
  let open = 0
  const queued = new Set<ObjectId>()
  const add = async (id: ObjectId, colour: number) => {
    const before = colours.get(id) ?? 0
    const after = before | colour
    if (after === before) return
    colours.set(id, after)
    if (queued.has(id)) {
      if (!(before & BELOW) && after & BELOW) open--
      return
    }
    queued.add(id)
    if (!(after & BELOW)) open++
    queue.push({ id, commit: await readCommit(read, id, options) })
  }
  await add(ours, OURS)
  await add(theirs, THEIRS)
  while (open > 0) {
    throwIfAborted(options.signal)
    const next = queue.pop()
    if (!next) break
    queued.delete(next.id)
    let colour = colours.get(next.id)!
    if (!(colour & BELOW)) open--
    if ((colour & (OURS | THEIRS)) === (OURS | THEIRS) && !(colour & BELOW)) {
      found.push(next.id)
      colour |= BELOW
    }
    for (const parent of next.commit.parents) await add(parent, colour)
  }
  return found.filter((id) => !(colours.get(id)! & BELOW))
}
