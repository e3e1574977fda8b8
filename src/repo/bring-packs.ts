/** Bringing whole packs of the remote where most of what one holds is needed: its bytes go to disk as they come. Object by
 *  object each would be searched for, cut out, hashed and packed again, which takes longer than to fetch them (ADR 0079). */

import { mapAhead } from '../base/ahead.ts'
import { equalBytes } from '../base/bytes.ts'
import { FloeError } from '../base/errors.ts'
import { treeObjectRuns } from '../history/missing-objects.ts'
import { ID_BYTES, type ObjectId } from '../objects/id.ts'
import { RECORD_BYTES, recordId, recordPack, recordPlace } from '../objects/locator-record.ts'
import type { LocatorSegment } from '../objects/locator-segment.ts'
import { ObjectSet } from '../objects/object-set.ts'
import type { PackObjects } from '../objects/pack-index.ts'
import type { RangeReader, ReadObject } from '../objects/reader.ts'
import { treeTotals } from '../objects/tree.ts'
import { FileSystemError } from '../store/file-system.ts'
import type { LocalStore } from '../store/local-store.ts'
import { CHECKS_AT_ONCE } from '../store/pack-check.ts'
import type { RemoteObjects } from '../transfer/remote-objects.ts'
import { BESIDE_NETWORK_MS, createBreather } from '../worktree/breather.ts'

/** A smaller pack is as well brought object by object. One of this size holds the tree of some ten thousand files. */
const WHOLE_PACK_BYTES = 1024 * 1024
/** So much of a pack has to be needed: what is not is stored for nothing. */
const MIN_SHARE = 0.75
/** Records that are looked at for each object that is needed, at most. */
const MAX_RECORDS_PER_OBJECT = 8
/** Packs that are opened to see which is the largest: of more, most are of other versions. */
const MAX_LIKELY_PACKS = 16
/** Of the pack with the newest trees, to be fetched as a whole before it is known how much of it is needed. */
const MAX_TREES_BYTES = 8 * 1024 * 1024
/** Pieces are at least so long, and so much of a pack is on its way at once: less than the cache of rows that they come from
 *  holds. */
const PIECE_BYTES = 256 * 1024
const AHEAD_BYTES = 24 * 1024 * 1024
const MAX_PIECES = 64

export interface PackRequest {
  tree: ObjectId
  bases: readonly ObjectId[]
  includes?: ((path: string) => boolean) | undefined
  /** Nothing of it is here: then the largest pack is begun before it is known how much of it is needed. */
  isFirst?: boolean | undefined
  signal?: AbortSignal | undefined
  /** Smaller packs are left (default 1 MiB). */
  wholePackBytes?: number | undefined
}

/** Under the lock of the workspace. What cannot be had so is left: who asks for it object by object learns why.
 *  @returns true if all that is needed is here then
 *  @throws {FileSystemError} STORE_DISK_FULL, STORE_IO */
export async function bringPacks(store: LocalStore, remote: RemoteObjects, request: PackRequest): Promise<boolean> {
  const { signal, isFirst } = request
  const trees = isFirst ? unlessFailed(fetchTrees(remote, signal)) : undefined
  const finding = unlessFailed(findNeeds(store, remote, request))
  // Whoever waits for them is told; until then a failure is no stray one, which would end the program.
  trees?.catch(() => {})
  finding.catch(() => {})
  try {
    const received = await receivePacks(store, arrivals(remote, request, finding), signal)
    const needs = await finding
    // Takes them into the index.
    if (received.size > 0) await store.dropPacks([])
    return needs !== undefined && needs.objects.without(received).size === 0
  } finally {
    // Nothing is read any more when this has failed.
    await Promise.allSettled([trees, finding])
  }
}

function addPack(to: ObjectSet, { kinds, ids }: PackObjects): void {
  for (const [i, kind] of kinds.entries()) to.addBytes(kind, ids.subarray(i * ID_BYTES, (i + 1) * ID_BYTES))
}

/** One comes in after the other, while those before are checked.
 *  @returns what the good ones hold */
async function receivePacks(
  store: LocalStore,
  packs: AsyncIterable<Arrival>,
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
    for await (const arrival of packs) {
      const take = await unlessFailed(receive(store, arrival, signal))
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

/** A pack that is fetched. */
interface Arrival {
  pack: RangeReader
  /** Whether it is to be kept, where that is still being found out. */
  isWanted?: Promise<boolean> | undefined
}

class NotWantedError extends Error {}

/** @returns undefined if it is not wanted after all: then nothing of it is left */
async function receive(store: LocalStore, { pack, isWanted }: Arrival, signal: AbortSignal | undefined) {
  let isRefused = false
  const verdict = isWanted
    ?.catch(() => false)
    .then((is) => {
      isRefused = !is
    })
  async function* pieces() {
    for await (const piece of packPieces(pack, signal)) {
      if (isRefused) throw new NotWantedError()
      yield piece
    }
    await verdict
    if (isRefused) throw new NotWantedError()
  }
  try {
    return await store.receivePack(pieces())
  } catch (error) {
    if (error instanceof NotWantedError) return undefined
    throw error
  }
}

/** Packs of which most is needed, largest first: what is checked last is small. To find out which they are takes one
 *  processor as long as to fetch a fifth of them: the first is begun meanwhile, if it is likely to be wanted. */
async function* arrivals(
  remote: RemoteObjects,
  request: PackRequest,
  finding: Promise<Needs | undefined>,
): AsyncGenerator<Arrival> {
  const { wholePackBytes: minBytes = WHOLE_PACK_BYTES } = request
  const early = await unlessFailed(likelyPack(remote, request, minBytes))
  const isWorth = (bytes: number, pack: RangeReader) => pack.bytes >= minBytes && bytes >= MIN_SHARE * pack.bytes
  const isEarly = ({ blobId }: PackNeed) => early !== undefined && equalBytes(blobId, early.blobId)
  if (early) {
    const { pack } = early
    const isWanted = finding.then((needs) => isWorth(needs?.packs.find(isEarly)?.bytes ?? 0, pack))
    yield { pack, isWanted }
  }
  for (const need of (await finding)?.packs ?? []) {
    if (isEarly(need) || need.bytes < MIN_SHARE * minBytes) continue
    const pack = await unlessFailed(remote.openPack(need.blobId))
    if (pack && isWorth(need.bytes, pack)) yield { pack }
  }
}

/** Rows with nodes of trees, into the memory of what reads them: they are needed one after the other, and would wait each for
 *  rows of the packs that come meanwhile. */
async function fetchTrees(remote: RemoteObjects, signal: AbortSignal | undefined): Promise<void> {
  const [newest] = remote.segments
  const pack = newest && (await remote.openPack(newest.blobId))
  if (pack && pack.bytes <= MAX_TREES_BYTES) for await (const _ of readPieces(pack, signal));
}

/** The largest pack that a tree may need as a whole, of which there is nothing here. */
async function likelyPack(
  remote: RemoteObjects,
  { tree, bases, includes, isFirst, signal }: PackRequest,
  minBytes: number,
): Promise<{ blobId: Uint8Array; pack: RangeReader } | undefined> {
  if (!isFirst || bases.length > 0 || includes || remote.segments.length > MAX_LIKELY_PACKS) return undefined
  const blobIds = new Map<string, Uint8Array>()
  for (const place of remote.segments) {
    const segment = await unlessFailed(remote.openSegment(place))
    for (const blobId of segment?.packs ?? []) blobIds.set(Buffer.from(blobId).toString('latin1'), blobId)
    if (blobIds.size > MAX_LIKELY_PACKS) return undefined
  }
  const { bytes } = await treeTotals(remote.read, tree, { signal })
  let largest: { blobId: Uint8Array; pack: RangeReader } | undefined
  for (const blobId of blobIds.values()) {
    const pack = await unlessFailed(remote.openPack(blobId))
    const isLikely = pack && pack.bytes >= minBytes && bytes >= MIN_SHARE * pack.bytes
    if (isLikely && pack.bytes > (largest?.pack.bytes ?? 0)) largest = { blobId, pack }
  }
  return largest
}

interface Needs {
  /** What is needed and not here. */
  objects: ObjectSet
  /** Packs that hold some of it, those that hold most of it first. */
  packs: PackNeed[]
}

async function findNeeds(store: LocalStore, remote: RemoteObjects, request: PackRequest): Promise<Needs> {
  const { wholePackBytes = WHOLE_PACK_BYTES, signal } = request
  const { objects, bytes } = await lackingObjects(store, remote.read, request)
  if (bytes < MIN_SHARE * wholePackBytes) return { objects, packs: [] }
  const packs = await neededOfPacks(remote, objects, signal)
  return { objects, packs: packs.sort((a, b) => b.bytes - a.bytes) }
}

interface PackNeed {
  blobId: Uint8Array
  /** As they are stored. */
  bytes: number
}

/** How much each pack holds of what is needed. */
async function neededOfPacks(
  remote: RemoteObjects,
  objects: ObjectSet,
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
  { tree, bases, includes, isFirst, signal }: PackRequest,
): Promise<{ objects: ObjectSet; bytes: number }> {
  const objects = new ObjectSet()
  let total = 0
  const readHere: ReadObject = async (kind, id, options) =>
    (await store.has(kind, id)) ? store.readLocal(kind, id, options) : readRemote(kind, id, options)
  const read = isFirst ? readRemote : readHere
  const breathe = createBreather(signal, BESIDE_NETWORK_MS)
  for await (const run of treeObjectRuns(read, tree, bases, signal, includes)) {
    for (const { kind, id, bytes = 0 } of isFirst ? run : await store.lacking(run))
      if (objects.add(kind, id)) total += bytes
    await breathe()
  }
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

/** All bytes of a pack in order, fetched ahead within bounds. A piece is good until the next one is asked for. */
export function packPieces(pack: RangeReader, signal?: AbortSignal | undefined): AsyncIterable<Uint8Array> {
  return pack.pieces?.({ signal }) ?? readPieces(pack, signal)
}

/** The same by reading, so that what keeps parts of the pack has them. */
function readPieces(pack: RangeReader, signal: AbortSignal | undefined): AsyncIterable<Uint8Array> {
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
