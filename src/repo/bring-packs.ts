/** Bringing whole packs of the remote where most of what one holds is needed: its bytes go to disk as they come. Object by
 *  object each would be searched for, cut out, hashed and packed again, which takes longer than to fetch them (ADR 0079). */

import { mapAhead } from '../base/ahead.ts'
import { FloeError } from '../base/errors.ts'
import { treeObjectRuns } from '../history/missing-objects.ts'
import { ID_BYTES, type ObjectId } from '../objects/id.ts'
import { RECORD_BYTES, recordId, recordPack, recordPlace } from '../objects/locator-record.ts'
import type { LocatorSegment } from '../objects/locator-segment.ts'
import { ObjectSet } from '../objects/object-set.ts'
import type { PackObjects } from '../objects/pack-index.ts'
import type { RangeReader, ReadObject } from '../objects/reader.ts'
import { FileSystemError } from '../store/file-system.ts'
import type { LocalStore } from '../store/local-store.ts'
import { CHECKS_AT_ONCE } from '../store/pack-check.ts'
import type { RemoteObjects } from '../transfer/remote-objects.ts'

/** A smaller pack is as well brought object by object. One of this size holds the tree of some ten thousand files. */
const WHOLE_PACK_BYTES = 1024 * 1024
/** So much of a pack has to be needed: what is not is stored for nothing. */
const MIN_SHARE = 0.75
/** Records that are looked at for each object that is needed, at most. */
const MAX_RECORDS_PER_OBJECT = 8
/** Pieces are at least so long, and so much of a pack is on its way at once: less than the cache of rows that they come from
 *  holds. */
const PIECE_BYTES = 256 * 1024
const AHEAD_BYTES = 24 * 1024 * 1024
const MAX_PIECES = 64

export interface PackRequest {
  tree: ObjectId
  bases: readonly ObjectId[]
  includes?: ((path: string) => boolean) | undefined
  signal?: AbortSignal | undefined
  /** Smaller packs are left (default 1 MiB). */
  wholePackBytes?: number | undefined
}

/** Under the lock of the workspace. What cannot be had so is left: who asks for it object by object learns why.
 *  @returns true if all that is needed is here then
 *  @throws {FileSystemError} STORE_DISK_FULL, STORE_IO */
export async function bringPacks(store: LocalStore, remote: RemoteObjects, request: PackRequest): Promise<boolean> {
  const { signal, wholePackBytes = WHOLE_PACK_BYTES } = request
  const needed = await unlessFailed(lackingObjects(store, remote.read, request))
  if (!needed) return false
  if (needed.objects.size === 0) return true
  const received = await receivePacks(store, packsWorthBringing(remote, needed, wholePackBytes, signal), signal)
  // Takes them into the index.
  if (received.size > 0) await store.dropPacks([])
  return needed.objects.without(received).size === 0
}

function addPack(to: ObjectSet, { kinds, ids }: PackObjects): void {
  for (const [i, kind] of kinds.entries()) to.addBytes(kind, ids.subarray(i * ID_BYTES, (i + 1) * ID_BYTES))
}

/** One comes in after the other, while those before are checked.
 *  @returns what the good ones hold */
async function receivePacks(
  store: LocalStore,
  packs: AsyncIterable<RangeReader>,
  signal: AbortSignal | undefined,
): Promise<ObjectSet> {
  const received = new ObjectSet()
  const checks = new Set<Promise<void>>()
  let failure: { error: unknown } | undefined
  const check = (take: Awaited<ReturnType<LocalStore['receivePack']>>) => {
    const job: Promise<void> = unlessFailed(take({ signal }))
      .then((objects) => objects && addPack(received, objects))
      .catch((error: unknown) => {
        failure ??= { error }
      })
      .finally(() => checks.delete(job))
    checks.add(job)
  }
  try {
    for await (const pack of packs) {
      const take = await unlessFailed(store.receivePack(packPieces(pack, signal)))
      if (take) check(take)
      if (checks.size >= CHECKS_AT_ONCE) await Promise.race(checks)
      if (failure) break
    }
  } finally {
    await Promise.all(checks)
  }
  if (failure) throw failure.error
  return received
}

interface Needed {
  objects: ObjectSet
  /** Sum of their lengths. */
  bytes: number
}

/** Packs of which most is needed, largest first: what is checked last is small. */
async function* packsWorthBringing(
  remote: RemoteObjects,
  needed: Needed,
  minBytes: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<RangeReader> {
  if (needed.bytes < MIN_SHARE * minBytes) return
  const needs = await neededOfPacks(remote, needed, signal)
  for (const { blobId, bytes } of needs.sort((a, b) => b.bytes - a.bytes)) {
    if (bytes < MIN_SHARE * minBytes) continue
    const pack = await unlessFailed(remote.openPack(blobId))
    if (pack && pack.bytes >= minBytes && bytes >= MIN_SHARE * pack.bytes) yield pack
  }
}

interface PackNeed {
  blobId: Uint8Array
  /** As they are stored. */
  bytes: number
}

/** How much each pack holds of what is needed. */
async function neededOfPacks(
  remote: RemoteObjects,
  { objects }: Needed,
  signal: AbortSignal | undefined,
): Promise<PackNeed[]> {
  const needs = new Map<string, PackNeed>()
  for (const place of remote.segments) {
    // To go through a long segment for a few objects takes longer than it could save.
    if (place.bytes > MAX_RECORDS_PER_OBJECT * RECORD_BYTES * objects.size) continue
    const segment = await unlessFailed(remote.openSegment(place))
    if (segment) await unlessFailed(addNeeds(segment, place.bytes, objects, needs, signal))
  }
  return [...needs.values()]
}

/** What the tree needs and is not here. */
async function lackingObjects(
  store: LocalStore,
  readRemote: ReadObject,
  { tree, bases, includes, signal }: PackRequest,
): Promise<Needed> {
  const objects = new ObjectSet()
  let total = 0
  const read: ReadObject = async (kind, id, options) =>
    (await store.has(kind, id)) ? store.readLocal(kind, id, options) : readRemote(kind, id, options)
  for await (const run of treeObjectRuns(read, tree, bases, signal, includes))
    for (const { kind, id, bytes = 0 } of await store.lacking(run)) if (objects.add(kind, id)) total += bytes
  return { objects, bytes: total }
}

/** Finds objects in a segment, each in the first place that is named for it. */
async function addNeeds(
  segment: LocatorSegment,
  segmentBytes: number,
  objects: ObjectSet,
  needs: Map<string, PackNeed>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const ofPack = segment.packs.map((blobId) => {
    const key = Buffer.from(blobId).toString('latin1')
    const need = needs.get(key) ?? { blobId, bytes: 0 }
    needs.set(key, need)
    return need
  })
  for await (const records of segment.records({ signal }))
    for (let at = 0; at < records.length; at += RECORD_BYTES) {
      const found = objects.marked
      objects.markBytes(records[at]!, recordId(records, at))
      if (objects.marked === found) continue
      const { bytes, frameStoredBytes, frameRawBytes } = recordPlace(records, at)
      ofPack[recordPack(records, at)]!.bytes += (bytes * frameStoredBytes) / frameRawBytes
    }
  // The segment stands in the pack of trees, and has been fetched already.
  const [own] = ofPack
  if (own && own.bytes > 0) own.bytes += segmentBytes
}

/** All bytes of a pack in order, fetched ahead within bounds. */
export function packPieces(pack: RangeReader, signal?: AbortSignal | undefined): AsyncIterable<Uint8Array> {
  const { bytes, blockBytes = PIECE_BYTES } = pack
  const pieceBytes = blockBytes * Math.max(1, Math.ceil(PIECE_BYTES / blockBytes))
  const offsets = Array.from({ length: Math.ceil(bytes / pieceBytes) }, (_, i) => i * pieceBytes)
  const piece = (offset: number) => pack.read(offset, Math.min(pieceBytes, bytes - offset), { signal })
  return mapAhead(offsets, piece, { slots: MAX_PIECES, weigh: () => pieceBytes, maxWeight: AHEAD_BYTES })
}

async function unlessFailed<T>(job: Promise<T>): Promise<T | undefined> {
  try {
    return await job
  } catch (error) {
    if (!(error instanceof FloeError) || error.kind === 'cancelled' || error instanceof FileSystemError) throw error
    return undefined
  }
}
