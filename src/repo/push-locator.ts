/** The locator of a push: which older segments its own one swallows, and what happens when one of them is broken.
 *
 *  Segments are written by whoever pushed last and are hints, so a broken one must stop nobody: then the segment of this
 *  push is made from the packs' own indexes, and replaces all others. */

import { FloeError } from '../base/errors.ts'
import { mapLimited } from '../base/limit.ts'
import type { SegmentRecord } from '../ledger/repository-records.ts'
import type { RepositoryReader, RepositoryState } from '../ledger/repository-state.ts'
import { LocatorCorruptError } from '../objects/errors.ts'
import { indexSource, type LocatorSegment, mergeSegments, planMerge, type SegmentSource } from '../objects/locator.ts'
import type { PackIndex } from '../objects/pack-index.ts'
import { openPack } from '../objects/pack-reader.ts'
import type { RemoteObjects, SegmentPlace } from '../transfer/remote-objects.ts'
import { type LivePacks, unfinishedPushes } from './live-packs.ts'

/** A live segment of the remote; `null` where it cannot be used. */
export interface KnownSegment {
  record: SegmentRecord
  segment: LocatorSegment | null
}

/** The codes of segments that are broken or gone for good. Anything else may pass, and then the push has to wait. */
const LOST_CODES: ReadonlySet<string> = new Set([
  'LOCATOR_CORRUPT',
  'BLOB_NOT_FOUND',
  'PACK_EXPIRED',
  'PACK_REMOVED',
  'PACK_TAKEN_DOWN',
])

/** @param records - live segments, newest first, with their places */
export async function openKnownSegments(
  remote: RemoteObjects,
  records: readonly SegmentRecord[],
  places: readonly SegmentPlace[],
): Promise<KnownSegment[]> {
  const known: KnownSegment[] = []
  for (const [i, record] of records.entries()) {
    try {
      known.push({ record, segment: await remote.openSegment(places[i]!) })
    } catch (error) {
      if (!(error instanceof FloeError) || !LOST_CODES.has(error.code)) throw error
      known.push({ record, segment: null })
    }
  }
  return known
}

export interface PushLocatorOptions {
  known: readonly KnownSegment[]
  /** What of the older entries is still worth naming. */
  live: LivePacks
  /** All older segments go into the new one: some of the packs that they stand in are about to go. */
  swallowAll: boolean
  /** Reads the indexes of all packs that can be relied on; `null` if there are too many. */
  readIndexes(): Promise<SegmentSource[] | null>
  signal: AbortSignal | undefined
}

export interface PushLocator {
  /** The segment of this push, in pieces.
   *  @param fresh - packs of this push, oldest first
   *  @param own - index of the meta pack that the segment will stand in */
  write(fresh: readonly { index: PackIndex; blobId: Uint8Array }[], own: PackIndex): AsyncGenerator<Uint8Array>
  /** Older segments that stay live beside the new one; known once that is written. */
  kept(): SegmentRecord[]
}

export function createPushLocator({ known, live, swallowAll, readIndexes, signal }: PushLocatorOptions): PushLocator {
  let keptRecords: SegmentRecord[] = known.map(({ record }) => record)

  /** Sources for the new segment, newest first, and the records that it does not replace. */
  async function gather(added: number): Promise<{ sources: readonly SegmentSource[]; kept: SegmentRecord[] }> {
    const sound = known.every(({ segment }) => segment !== null)
    const entries = known.map(({ segment }) => segment?.entries ?? 0)
    const swallowed = known.slice(0, swallowAll ? known.length : planMerge(entries, added))
    if (sound && (await areInOrder(swallowed, signal)))
      return {
        sources: swallowed.map(({ segment }) => segment!),
        kept: known.slice(swallowed.length).map(({ record }) => record),
      }
    const indexes = await readIndexes()
    if (indexes) return { sources: indexes, kept: [] }
    // Too many packs to read them all: the broken segment is dropped, the sound ones stay as they are.
    return { sources: [], kept: known.filter(({ segment }) => segment !== null).map(({ record }) => record) }
  }

  return {
    async *write(fresh, own) {
      const added = own.objectCount + fresh.reduce((sum, { index }) => sum + index.objectCount, 0)
      const { sources, kept } = await gather(added)
      keptRecords = kept
      const mine = fresh.map(({ index, blobId }) => indexSource(index, blobId))
      // Packs of this push, and those whose own index was read, are there; what older segments name may be gone.
      const named = [...fresh.map(({ blobId }) => blobId), ...sources.filter(isIndex).flatMap(({ packs }) => packs)]
      const present = new Set(named.map((blobId) => (blobId === null ? '' : hex(blobId))))
      const isLive = (blobId: Uint8Array) => present.has(hex(blobId)) || !live.complete || live.isStored(blobId)
      // The places of this push come last, as if they were the oldest: a segment keeps those when there are too many,
      // and these are the only ones that this client knows to be true.
      yield* mergeSegments([...sources, ...mine.toReversed(), indexSource(own, null)], { isLive, signal })
    },
    kept: () => keptRecords,
  }
}

/** Reads segments to their end, where their hash shows whether they are what they claim to be. */
async function areInOrder(segments: readonly KnownSegment[], signal: AbortSignal | undefined): Promise<boolean> {
  try {
    for (const { segment } of segments) for await (const _ of segment!.records({ signal })) void _
    return true
  } catch (error) {
    if (error instanceof LocatorCorruptError) return false
    throw error
  }
}

/** Entries that indexes may have together: each takes about 100 bytes of memory. */
const MAX_INDEX_ENTRIES = 4_000_000
const MAX_INDEX_PACKS = 20_000
const INDEX_CONCURRENCY = 6

/** The indexes of all packs of a repository that are stored and published, newest first. Packs that are none, or that
 *  the nodes have forgotten, are left out: nobody can read from them. */
export async function readPackIndexes(
  reader: RepositoryReader,
  state: RepositoryState,
  remote: RemoteObjects,
  options: { epoch: number; signal?: AbortSignal | undefined },
): Promise<SegmentSource[] | null> {
  if (state.packs.size > MAX_INDEX_PACKS) return null
  const numbers = Array.from({ length: state.packs.size }, (_, i) => state.packs.size - 1 - i)
  const packs = await reader.fetchPacks(state, numbers, options)
  const unfinished = await unfinishedPushes(reader, state, packs, options)
  const usable = packs.filter(
    (pack) => pack.state !== 'removed' && pack.endEpoch > options.epoch && !unfinished.has(pack.pushId),
  )
  let entries = 0
  const sources = await mapLimited(
    usable,
    INDEX_CONCURRENCY,
    async (pack) => {
      if (entries > MAX_INDEX_ENTRIES) return null
      try {
        const { index } = await openPack(await remote.openPack(pack.blobId), options)
        entries += index.objectCount
        return indexSource(index, pack.blobId)
      } catch (error) {
        if (!isLost(error)) throw error
        return null
      }
    },
    options.signal ? { signal: options.signal } : {},
  )
  return entries > MAX_INDEX_ENTRIES ? null : sources.filter((source) => source !== null)
}

/** Whether a pack is none, or gone for good. */
export function isLost(error: unknown): boolean {
  return error instanceof FloeError && (error.kind === 'integrity' || LOST_CODES.has(error.code))
}

/** True for the index of one pack, false for a segment. */
function isIndex(source: SegmentSource): boolean {
  return !('ref' in source)
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
