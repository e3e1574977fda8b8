/** Bringing objects of a remote into the local store: commits with their history, and whole trees. */

import { throwIfAborted } from '../base/abort.ts'
import { FloeError } from '../base/errors.ts'
import { createLimit } from '../base/limit.ts'
import { treeObjects } from '../history/missing-objects.ts'
import { type Commit, parseCommit } from '../objects/commit.ts'
import { ObjectMissingError } from '../objects/errors.ts'
import { type ObjectId, type ObjectKind, objectKey } from '../objects/id.ts'
import type { ReadObject } from '../objects/reader.ts'
import type { LocalStore, WriteSession } from '../store/local-store.ts'
import { RemoteIntegrityError } from './remote-errors.ts'

export interface DownloadOptions {
  signal?: AbortSignal | undefined
}

/** Chunks asked for at once. Neighbours share rows of blobs, which are fetched once. */
const CHUNK_CONCURRENCY = 24

/** Reads a commit, and its ancestors as far as they are not here, from the remote's packs and keeps them.
 *  The tip is read from the remote even if it is here: that is what proves that the remote's packs contain it.
 *  @returns commits that were new, tip first
 *  @throws {RemoteIntegrityError} REMOTE_TIP_INCOMPLETE (exit 13) naming the first object that is not there */
export async function downloadHistory(
  store: LocalStore,
  session: WriteSession,
  remote: ReadObject,
  tip: ObjectId,
  blame: Readonly<Record<string, unknown>>,
  options: DownloadOptions,
): Promise<ObjectId[]> {
  const fresh: ObjectId[] = []
  const queue: ObjectId[] = [tip]
  const seen = new Set<ObjectId>(queue)
  for (let at = 0; at < queue.length; at++) {
    const id = queue[at]!
    throwIfAborted(options.signal)
    const known = await store.has('commit', id)
    if (known && id !== tip) continue
    const bytes = await contained(remote, 'commit', id, tip, blame, options)
    const commit = parseCommit(bytes)
    await keepAttachments(store, session, remote, commit, tip, blame, options)
    await session.putHashed('commit', id, bytes)
    if (known) continue
    fresh.push(id)
    for (const parent of commit.parents)
      if (!seen.has(parent)) {
        seen.add(parent)
        queue.push(parent)
      }
  }
  return fresh
}

async function keepAttachments(
  store: LocalStore,
  session: WriteSession,
  remote: ReadObject,
  commit: Commit,
  tip: ObjectId,
  blame: Readonly<Record<string, unknown>>,
  options: DownloadOptions,
): Promise<void> {
  for (const id of commit.attachments.values()) {
    if (await store.has('attachment', id)) continue
    await session.putHashed('attachment', id, await contained(remote, 'attachment', id, tip, blame, options))
  }
}

/** An object that a tip promises. Missing or false, it makes the tip incomplete; unreachable nodes do not. */
export async function contained(
  remote: ReadObject,
  kind: ObjectKind,
  id: ObjectId,
  tip: ObjectId,
  blame: Readonly<Record<string, unknown>>,
  options: DownloadOptions,
): Promise<Uint8Array> {
  try {
    return await remote(kind, id, options)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    // Nobody lied: the pack was complete, and is no longer stored.
    const gone = error instanceof Error && error.cause instanceof FloeError ? error.cause : undefined
    if (gone?.code === 'PACK_EXPIRED' || gone?.code === 'PACK_REMOVED') throw gone
    if (!(error instanceof ObjectMissingError) && code !== 'OBJECT_CORRUPT' && code !== 'LOCATOR_CORRUPT') throw error
    throw new RemoteIntegrityError('REMOTE_TIP_INCOMPLETE', `the remote's packs lack ${kind} ${id} of commit ${tip}`, {
      data: { kind, id, commit: tip, ...blame },
      hints: [
        'Whoever pushed this has not pushed all of it: ask them to push again',
        'Earlier states stay readable: `floe clone … --at-log N`',
      ],
      cause: error,
    })
  }
}

export interface DownloadedTree {
  objects: number
  bytes: number
}

/** Brings everything a tree needs that is not here: nodes, maps, chunks.
 *  @param bases - trees that are complete here; what they share is not looked at */
export async function downloadTree(
  store: LocalStore,
  session: WriteSession,
  remote: ReadObject,
  tree: ObjectId,
  bases: readonly ObjectId[],
  tip: ObjectId,
  blame: Readonly<Record<string, unknown>>,
  options: DownloadOptions,
): Promise<DownloadedTree> {
  const totals: DownloadedTree = { objects: 0, bytes: 0 }
  const kept = new Set<string>()
  // A session writes one object after the other.
  const writing = createLimit(1)
  const fetchObject = async (kind: ObjectKind, id: ObjectId): Promise<Uint8Array> => {
    const bytes = await contained(remote, kind, id, tip, blame, options)
    const key = objectKey(kind, id)
    if (!kept.has(key)) {
      kept.add(key)
      totals.objects++
      totals.bytes += bytes.length
      await writing.run(() => session.putHashed(kind, id, bytes))
    }
    return bytes
  }
  const read: ReadObject = async (kind, id) => {
    if (await store.has(kind, id)) return store.readLocal(kind, id, options)
    return fetchObject(kind, id)
  }
  const running = new Set<Promise<void>>()
  let failure: { error: unknown } | undefined
  try {
    for await (const object of treeObjects(read, tree, bases, options.signal)) {
      if (failure) break
      const key = objectKey(object.kind, object.id)
      if (object.kind !== 'chunk' || kept.has(key) || (await store.has('chunk', object.id))) continue
      const job: Promise<void> = fetchObject('chunk', object.id)
        .then(() => undefined)
        .catch((error: unknown) => {
          failure ??= { error }
        })
        .finally(() => running.delete(job))
      running.add(job)
      if (running.size >= CHUNK_CONCURRENCY) await Promise.race(running)
    }
  } finally {
    await Promise.all(running)
  }
  if (failure) throw failure.error
  return totals
}
