/** The commits that some have and others lack: `A..B`, and the two sides of `A...B`. */

import { throwIfAborted } from '../base/abort.ts'
import type { ObjectId } from '../objects/id.ts'
import type { ReadObject } from '../objects/reader.ts'
import { CommitQueue, type QueuedCommit } from './commit-queue.ts'
import { readHere, type WalkCommitsOptions } from './commits.ts'

export interface CommitRange {
  /** Their history is wanted … */
  include: ObjectId[]
  /** … without the history of these. */
  exclude: ObjectId[]
}

/** Commits visited beyond the point where only excluded ones are left. Claimed times may lie: an excluded commit may
 *  be met after its ancestors. Git allows five. */
const SLOP = 64

/** Newest first by their claimed time, each once.
 *  @throws {ObjectMissingError} OBJECT_MISSING for a commit that is not here, unless told of it with `onAbsent` */
export async function commitsInRange(
  read: ReadObject,
  range: CommitRange,
  options: WalkCommitsOptions = {},
): Promise<QueuedCommit[]> {
  const queue = new CommitQueue()
  const met = new Map<ObjectId, QueuedCommit>()
  const excluded = new Set<ObjectId>()
  const queued = new Set<ObjectId>()
  let wanted = 0
  const add = async (id: ObjectId) => {
    if (met.has(id)) return
    const commit = await readHere(read, id, options)
    if (!commit) return
    const item = { id, commit }
    met.set(id, item)
    queued.add(id)
    if (!excluded.has(id)) wanted++
    queue.push(item)
  }
  /** With all below it that has been met. */
  const exclude = (from: ObjectId) => {
    const stack = [from]
    for (let id = stack.pop(); id !== undefined; id = stack.pop()) {
      if (excluded.has(id)) continue
      excluded.add(id)
      if (queued.has(id)) wanted--
      const item = met.get(id)
      if (item) stack.push(...item.commit.parents)
    }
  }
  for (const id of range.exclude) exclude(id)
  for (const id of [...range.exclude, ...range.include]) await add(id)
  let slop = SLOP
  const found: QueuedCommit[] = []
  for (let item = queue.pop(); item; item = queue.pop()) {
    throwIfAborted(options.signal)
    queued.delete(item.id)
    if (excluded.has(item.id)) for (const parent of item.commit.parents) exclude(parent)
    else {
      wanted--
      found.push(item)
    }
    for (const parent of item.commit.parents) if (!options.skip?.(parent)) await add(parent)
    if (wanted > 0) slop = SLOP
    else if (slop-- === 0) break
  }
  return found.filter(({ id }) => !excluded.has(id))
}

/** The same commits with parents before children, and each line of history in one piece: git's topological order, turned
 *  round. */
export function oldestFirst(commits: readonly QueuedCommit[]): QueuedCommit[] {
  const byId = new Map(commits.map((item) => [item.id, item]))
  const children = new Map(commits.map(({ id }) => [id, 0]))
  for (const { commit } of commits)
    for (const parent of commit.parents) if (byId.has(parent)) children.set(parent, children.get(parent)! + 1)
  const stack = commits.filter(({ id }) => children.get(id) === 0).reverse()
  const ordered: QueuedCommit[] = []
  for (let item = stack.pop(); item; item = stack.pop()) {
    ordered.push(item)
    for (const id of item.commit.parents) {
      const parent = byId.get(id)
      if (!parent) continue
      children.set(id, children.get(id)! - 1)
      if (children.get(id) === 0) stack.push(parent)
    }
  }
  return ordered.reverse()
}
