/** Reading and walking commits. */

import { throwIfAborted } from '../base/abort.ts'
import { type Commit, parseCommit } from '../objects/commit.ts'
import { ObjectMissingError } from '../objects/errors.ts'
import type { ObjectId } from '../objects/id.ts'
import type { ReadObject } from '../objects/reader.ts'
import { CommitQueue, type QueuedCommit } from './commit-queue.ts'

/** @throws {ObjectMissingError} OBJECT_MISSING
 *  @throws {ObjectMalformedError} COMMIT_MALFORMED */
export async function readCommit(
  read: ReadObject,
  id: ObjectId,
  options: { signal?: AbortSignal | undefined } = {},
): Promise<Commit> {
  return parseCommit(await read('commit', id, options))
}

export interface WalkCommitsOptions {
  /** Called for a commit that is not here, instead of failing: history is lazy, and absent is not deleted. */
  onAbsent?: (id: ObjectId) => void
  /** Commits not to be entered. */
  skip?: (id: ObjectId) => boolean
  signal?: AbortSignal | undefined
}

/** Undefined for a commit that is not here, if the caller wants to be told of that. */
export async function readHere(
  read: ReadObject,
  id: ObjectId,
  options: Pick<WalkCommitsOptions, 'signal' | 'onAbsent'>,
): Promise<Commit | undefined> {
  try {
    return await readCommit(read, id, options)
  } catch (error) {
    if (!(error instanceof ObjectMissingError) || !options.onAbsent) throw error
    options.onAbsent(id)
    return undefined
  }
}

/** Commits reachable from the given ones, newest first by their claimed time, never a parent before the child that led
 *  to it. Each once. */
export async function* walkCommits(
  read: ReadObject,
  from: readonly ObjectId[],
  options: WalkCommitsOptions = {},
): AsyncGenerator<QueuedCommit> {
  const queue = new CommitQueue()
  const seen = new Set<ObjectId>()
  const add = async (id: ObjectId) => {
    if (seen.has(id) || options.skip?.(id)) return
    seen.add(id)
    const commit = await readHere(read, id, options)
    if (commit) queue.push({ id, commit })
  }
  for (const id of from) await add(id)
  for (let next = queue.pop(); next; next = queue.pop()) {
    throwIfAborted(options.signal)
    yield next
    for (const parent of next.commit.parents) await add(parent)
  }
}

/** True if `ancestor` is `descendant` or reachable from it. */
export async function isAncestor(
  read: ReadObject,
  ancestor: ObjectId,
  descendant: ObjectId,
  options: Pick<WalkCommitsOptions, 'signal' | 'onAbsent'> = {},
): Promise<boolean> {
  for await (const { id } of walkCommits(read, [descendant], options)) if (id === ancestor) return true
  return false
}

/** Those of the wanted commits that are among the others or reachable from them: one walk, however many there are. */
export async function reachedFrom(
  read: ReadObject,
  from: readonly ObjectId[],
  wanted: Iterable<ObjectId>,
  options: Pick<WalkCommitsOptions, 'signal' | 'onAbsent'> = {},
): Promise<Set<ObjectId>> {
  const missing = new Set(wanted)
  const reached = new Set<ObjectId>()
  if (missing.size === 0) return reached
  for await (const { id } of walkCommits(read, from, options)) {
    if (!missing.delete(id)) continue
    reached.add(id)
    if (missing.size === 0) break
  }
  return reached
}
