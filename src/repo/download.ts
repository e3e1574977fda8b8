/** Bringing objects of a remote into the local store: commits with their history, and whole trees. */

import { throwIfAborted } from '../base/abort.ts'
import { FloeError } from '../base/errors.ts'
import { createLimit } from '../base/limit.ts'
import { treeObjectRuns } from '../history/missing-objects.ts'
import { parseCommit } from '../objects/commit.ts'
import { ObjectMissingError } from '../objects/errors.ts'
import { type ObjectId, type ObjectKind, objectKey } from '../objects/id.ts'
import type { ReadObject } from '../objects/reader.ts'
import type { LocalStore, WriteSession } from '../store/local-store.ts'
import type { ObjectCache } from '../transfer/object-cache.ts'
import { RemoteIntegrityError } from './remote-errors.ts'

export interface DownloadOptions {
  signal?: AbortSignal | undefined
  /** Asked before the remote. */
  cache?: ObjectCache | null | undefined
}

export interface HistoryOptions extends DownloadOptions {
  /** The repository's id: a tip that was read from it before, as the cache remembers, is not read again. */
  repository?: string | undefined
  /** Commits not to be entered: they were left out before. */
  absent?: ReadonlySet<ObjectId> | undefined
  /** So many commits on every way from the tip; parents beyond are left out (default: all). */
  depth?: number | undefined
}

export interface DownloadedHistory {
  /** Commits that were new, tip first. */
  commits: ObjectId[]
  /** Parents that were left out because of the depth. */
  absent: ObjectId[]
  /** Commits that were here already, where the reading ended: the remote may not have what they need. */
  here: ObjectId[]
}

export interface TreeOptions extends DownloadOptions {
  /** Paths whose contents are wanted (default all). */
  includes?: ((path: string) => boolean) | undefined
  /** Told of a chunk that could not be had; throws if that is the end. Without it, it is. */
  onFailedChunk?: ((error: unknown) => void) | undefined
}

/** Chunks asked for at once. Neighbours share rows of blobs, which are fetched once. */
const CHUNK_CONCURRENCY = 24

/** Reads a commit, and its ancestors as far as they are not here, from the remote's packs and keeps them.
 *  The tip is read from the remote even if it is here: that is what proves that the remote's packs contain it. Once per
 *  user and repository is enough.
 *  @throws {RemoteIntegrityError} REMOTE_TIP_INCOMPLETE (exit 13) naming the first object that is not there */
export async function downloadHistory(
  store: LocalStore,
  session: WriteSession,
  remote: ReadObject,
  tip: ObjectId,
  blame: Readonly<Record<string, unknown>>,
  options: HistoryOptions,
): Promise<DownloadedHistory> {
  const { cache, repository = '', depth = Number.POSITIVE_INFINITY } = options
  const fresh: ObjectId[] = []
  const absent = new Set<ObjectId>()
  const here: ObjectId[] = []
  // Breadth first: a commit is met on its shortest way from the tip.
  const queue: { id: ObjectId; generation: number }[] = [{ id: tip, generation: 1 }]
  const seen = new Set<ObjectId>([tip])
  const read = cachedObjects(cache, (kind, id) => contained(remote, kind, id, tip, blame, options))
  const isProven = cache?.isProven(repository, tip) ?? false
  for (let at = 0; at < queue.length; at++) {
    const { id, generation } = queue[at]!
    throwIfAborted(options.signal)
    const known = await store.has('commit', id)
    if (known) here.push(id)
    if (known && (id !== tip || isProven)) continue
    const bytes =
      id === tip && !isProven ? await contained(remote, 'commit', id, tip, blame, options) : await read('commit', id)
    const commit = parseCommit(bytes)
    for (const attachment of commit.attachments.values())
      if (!(await store.has('attachment', attachment)))
        await session.putHashed('attachment', attachment, await read('attachment', attachment))
    await session.putHashed('commit', id, bytes)
    await cache?.put('commit', id, bytes)
    if (known) continue
    fresh.push(id)
    for (const parent of commit.parents) {
      if (seen.has(parent) || options.absent?.has(parent)) continue
      if (generation >= depth) {
        if (!(await store.has('commit', parent))) absent.add(parent)
        continue
      }
      seen.add(parent)
      queue.push({ id: parent, generation: generation + 1 })
    }
  }
  cache?.noteProven(repository, tip)
  // Another way may have led to one that was left out on the first.
  return { commits: fresh, absent: [...absent].filter((id) => !seen.has(id)), here }
}

/** Reads from the cache, else from the remote, and keeps what came from there. */
export function cachedObjects(cache: ObjectCache | null | undefined, remote: ReadObject): ReadObject {
  if (!cache) return remote
  return async (kind, id, options) => {
    const found = await cache.find(kind, id)
    if (found) return found
    const bytes = await remote(kind, id, options)
    await cache.put(kind, id, bytes)
    return bytes
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
    if (gone?.code === 'PACK_EXPIRED' || gone?.code === 'PACK_REMOVED' || gone?.code === 'PACK_TAKEN_DOWN') throw gone
    if (!(error instanceof ObjectMissingError) && code !== 'OBJECT_CORRUPT' && code !== 'LOCATOR_CORRUPT') throw error
    const why = error instanceof ObjectMissingError ? error.hints : []
    throw new RemoteIntegrityError('REMOTE_TIP_INCOMPLETE', `the remote's packs lack ${kind} ${id} of commit ${tip}`, {
      data: { kind, id, commit: tip, ...blame },
      hints:
        why.length > 0
          ? why
          : [
              'pusher' in blame
                ? 'Whoever pushed this has not pushed all of it: ask them to push again'
                : 'No branch or tag there leads to all of it; perhaps one was moved back or deleted since: see `floe fetch`',
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
  options: TreeOptions,
): Promise<DownloadedTree> {
  const totals: DownloadedTree = { objects: 0, bytes: 0 }
  const kept = new Set<string>()
  // A session writes one object after the other.
  const writing = createLimit(1)
  const fetchObject = async (kind: ObjectKind, id: ObjectId): Promise<Uint8Array> => {
    const bytes = (await options.cache?.find(kind, id)) ?? (await contained(remote, kind, id, tip, blame, options))
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
  async function* lackingChunks() {
    for await (const run of treeObjectRuns(read, tree, bases, options.signal, options.includes))
      yield* await store.lacking(run.filter(({ kind }) => kind === 'chunk'))
  }
  const running = new Set<Promise<void>>()
  let failure: { error: unknown } | undefined
  try {
    for await (const object of lackingChunks()) {
      if (failure) break
      if (kept.has(objectKey('chunk', object.id))) continue
      const job: Promise<void> = fetchObject('chunk', object.id)
        .then(() => undefined)
        .catch((error: unknown) => {
          if (!options.onFailedChunk) throw error
          options.onFailedChunk(error)
        })
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
