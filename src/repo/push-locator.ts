/** The locator of a push: which older segments its own one swallows, and what happens when one of them is broken.
 *
 *  Segments are written by whoever pushed last and are hints, so a broken one must stop nobody: then the segment of this
 *  push is made from the packs' own indexes, and replaces all others. */

import { FloeError } from '../base/errors.ts'
import { mapLimited } from '../base/limit.ts'
import type { SegmentRecord } from '../ledger/repository-records.ts'
import type { RepositoryReader, RepositoryState } from '../ledger/repository-state.ts'
import { LocatorCorruptError } from '../objects/errors.ts'
import {
  indexSource,
  type LocatorSegment,
  mergeSegments,
  planMerge,
  type SegmentSource,
  type SplitMerge,
  segmentBytes,
  splitSegments,
} from '../objects/locator.ts'
import type { PackIndex } from '../objects/pack-index.ts'
import { openPack } from '../objects/pack-reader.ts'
import { locatorRoom, PUSH_PACK_BYTES } from '../transfer/pack-builder.ts'
import type { RemoteObjects, SegmentPlace } from '../transfer/remote-objects.ts'
import { type LivePacks, unfinishedPushes } from './live-packs.ts'

/** How large segments become. */
export interface LocatorLimits {
  /** A segment up to this stands behind the last objects of a push; a larger one is split, into packs of its own. */
  inlineBytes: number
  /** Of a pack with a part of the locator. */
  partBytes: number
  /** Segments with so many entries are left alone by later pushes. */
  fullEntries: number
}

/** Of a full segment's pack table too little to count. */
const BYTES_PER_ENTRY = 67
const FULL_SHARE = 0.75
const USUAL_COMMIT_BYTES = 1024

/** @param maxBlobBytes - of the network's largest blob
 *  @param partBytes - smaller packs than that */
export function locatorLimits(maxBlobBytes: number, partBytes: number = PUSH_PACK_BYTES): LocatorLimits {
  const part = Math.min(partBytes, maxBlobBytes)
  const room = locatorRoom(part, USUAL_COMMIT_BYTES)
  const fullEntries = Math.max(1, Math.floor((FULL_SHARE * room) / BYTES_PER_ENTRY))
  return { inlineBytes: Math.min(part, Math.floor(maxBlobBytes / 2)), partBytes: part, fullEntries }
}

/** Which of the live segments the next one swallows, from the newest on; full ones are passed over.
 *  @param live - entries of the live segments, newest first
 *  @returns their positions */
export function swallowedBy(
  live: readonly number[],
  added: number,
  { all, fullEntries }: { all: boolean; fullEntries: number },
): number[] {
  const open = live.map((_, at) => at).filter((at) => all || live[at]! < fullEntries)
  const count = all
    ? open.length
    : planMerge(
        open.map((at) => live[at]!),
        added,
      )
  return open.slice(0, count)
}

/** A live segment of the remote; `null` where it cannot be used. */
export interface KnownSegment {
  record: SegmentRecord
  segment: LocatorSegment | null
  /** Its pack was removed, or its removal is proposed, as after `revive`: no push may name it again. */
  isRetired?: boolean
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
  /** Default: no segment is full. */
  fullEntries?: number | undefined
  /** Reads the indexes of all packs that can be relied on; `null` if there are too many. */
  readIndexes(): Promise<SegmentSource[] | null>
  signal: AbortSignal | undefined
}

type FreshPacks = readonly { index: PackIndex; blobId: Uint8Array }[]

export interface PushLocator {
  /** Decides what is swallowed, before anything is built.
   *  @param added - entries and packs of the push, as far as is known
   *  @returns most bytes that the segment takes, and older segments that stay live beside it */
  plan(added: { entries: number; packs: number }): Promise<{ maxBytes: number; kept: number }>
  /** The segment of this push, in pieces.
   *  @param fresh - packs of this push, oldest first
   *  @param own - index of the meta pack that the segment will stand in */
  write(fresh: FreshPacks, own: PackIndex): AsyncGenerator<Uint8Array>
  /** The same as several segments, which stand in packs of their own.
   *  @param fresh - all other packs of this push */
  split(fresh: FreshPacks): Promise<SplitMerge>
  /** Older segments that stay live beside the new one; known once that is written. */
  kept(): SegmentRecord[]
}

export function createPushLocator(options: PushLocatorOptions): PushLocator {
  const { known, live, readIndexes, signal } = options
  let keptRecords: SegmentRecord[] = known.filter(({ isRetired }) => !isRetired).map(({ record }) => record)
  let planned: Promise<Gathered> | undefined

  async function gather(added: number): Promise<Gathered> {
    const sound = known.every(({ segment }) => segment !== null)
    const at = swallowedBy(
      known.map(({ segment }) => segment?.entries ?? 0),
      added,
      { all: options.swallowAll, fullEntries: options.fullEntries ?? Number.POSITIVE_INFINITY },
    )
    const swallowed = at.map((position) => known[position]!)
    if (sound && (await areInOrder(swallowed, signal)))
      return {
        sources: swallowed.map(({ segment }) => segment!),
        kept: known.filter((_, position) => !at.includes(position)).map(({ record }) => record),
      }
    const indexes = await readIndexes()
    if (indexes) return { sources: indexes, kept: [] }
    // Too many packs to read them all: the broken segment is dropped, the sound ones stay as they are.
    return { sources: [], kept: known.filter(({ segment }) => segment !== null).map(({ record }) => record) }
  }

  /** All that the new segment is made of but the pack that it stands in, newest first. */
  async function sourcesWith(fresh: FreshPacks, ownEntries: number) {
    planned ??= gather(ownEntries + fresh.reduce((sum, { index }) => sum + index.objectCount, 0))
    const { sources, kept } = await planned
    keptRecords = kept
    const mine = fresh.map(({ index, blobId }) => indexSource(index, blobId))
    // Packs of this push, and those whose own index was read, are there; what older segments name may be gone.
    const named = [...fresh.map(({ blobId }) => blobId), ...sources.filter(isIndex).flatMap(({ packs }) => packs)]
    const present = new Set(named.map((blobId) => (blobId === null ? '' : hex(blobId))))
    const isLive = (blobId: Uint8Array) => present.has(hex(blobId)) || !live.complete || live.isStored(blobId)
    // The places of this push come last, as if they were the oldest: a segment keeps those when there are too many,
    // and these are the only ones that this client knows to be true.
    return { all: [...sources, ...mine.toReversed()], isLive }
  }

  return {
    async plan(added) {
      planned ??= gather(added.entries)
      const { sources, kept } = await planned
      return { maxBytes: mostBytes(sources, added), kept: kept.length }
    },
    async *write(fresh, own) {
      const { all, isLive } = await sourcesWith(fresh, own.objectCount)
      yield* mergeSegments([...all, indexSource(own, null)], { isLive, signal })
    },
    async split(fresh) {
      const { all, isLive } = await sourcesWith(fresh, 0)
      return splitSegments(all, { isLive, signal })
    },
    kept: () => keptRecords,
  }
}

/** Meta packs that are not built yet, notes in packs, and the like. */
const SPARE = 64

/** Most bytes that a segment takes which swallows these, of a push that adds so much. */
export function mostBytes(
  swallowed: readonly Pick<SegmentSource, 'entries' | 'packs'>[],
  added: { entries: number; packs: number },
): number {
  const entries = swallowed.reduce((sum, source) => sum + source.entries, added.entries + SPARE)
  const packs = swallowed.reduce((sum, source) => sum + source.packs.length, added.packs + SPARE)
  return segmentBytes(entries, Math.min(packs, entries))
}

interface Gathered {
  /** For the new segment, newest first. */
  sources: readonly SegmentSource[]
  /** Records that it does not replace. */
  kept: SegmentRecord[]
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
