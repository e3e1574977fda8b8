/** A locator segment: a sorted list of where objects are, with a fan-out table, so that a lookup in millions of entries
 *  is one range read once the segment is open. It stands in a meta pack and names packs by blob id through a table of its
 *  own; number 0 is the pack it stands in. Byte layout: README.md, "Locator segment". */

import { equalBytes, utf8 } from '../base/bytes.ts'
import { ByteReader, ByteWriter } from '../codec/cursor.ts'
import { createSha256, sha256 } from '../crypto/hash.ts'
import { LocatorCorruptError } from './errors.ts'
import type { ObjectId, ObjectKind } from './id.ts'
import {
  assertRecords,
  compareRecordToKey,
  locatorKey,
  RECORD_BYTES,
  recordPack,
  recordPlace,
} from './locator-record.ts'
import type { ObjectPlace } from './pack.ts'
import type { RangeReader } from './reader.ts'

const MAGIC = utf8('FLOELOCA')
const VERSION = 1
export const SEGMENT_TRAILER_BYTES = 64
/** Entries that a lookup reads: 16 KiB. */
export const BUCKET_ENTRIES = 256
/** Bytes of the fan-out table per bucket: the first of the key of its first entry. */
export const FANOUT_BYTES = 8
export const MAX_SEGMENT_ENTRIES = 2 ** 31
export const MAX_SEGMENT_PACKS = 2 ** 20
/** Buckets in which equal key beginnings may stand: more would need ids ground to share 56 bits. */
const MAX_LOOKUP_BUCKETS = 4
/** A filter above this is not fetched: one lookup more is cheaper. */
const MAX_FILTER_FETCH_BYTES = 4 * 1024 * 1024
const SCAN_BYTES = 1024 * 1024
const DEFAULT_WHOLE_BYTES = 1024 * 1024

/** Where a segment is: what the push record names. */
export interface SegmentRef {
  /** Blob id of the meta pack it stands in. */
  blobId: Uint8Array
  offset: number
  bytes: number
}

export interface SegmentTrailer {
  entries: number
  packs: number
  /** The filter has 2^this bits. */
  filterBitsLog2: number
  /** SHA-256 of all before it. */
  hash: Uint8Array
}

/** An object in a pack. */
export interface LocatedObject extends ObjectPlace {
  blobId: Uint8Array
}

/** Something whose entries can go into a new segment. */
export interface SegmentSource {
  /** Blob ids by pack number; null stands for the pack that is being written. */
  readonly packs: readonly (Uint8Array | null)[]
  readonly entries: number
  /** The records in order, some at a time. */
  records(options?: { signal?: AbortSignal | undefined }): AsyncIterable<Uint8Array> | Iterable<Uint8Array>
}

export interface LocatorSegment extends SegmentSource {
  readonly ref: SegmentRef
  readonly packs: readonly Uint8Array[]
  /** False if the segment certainly does not have the object. */
  mayHave(kind: ObjectKind, id: ObjectId, options?: { signal?: AbortSignal | undefined }): Promise<boolean>
  /** Every place the segment names for an object: one range read, none if the segment was read whole.
   *  @throws {LocatorCorruptError} LOCATOR_CORRUPT */
  find(kind: ObjectKind, id: ObjectId, options?: { signal?: AbortSignal | undefined }): Promise<LocatedObject[]>
}

/** At least 8 bits per entry, at most 16, a power of two. */
export function filterBitsLog2(entries: number): number {
  return Math.max(6, Math.ceil(Math.log2(entries * 8)))
}

/** The bits of the filter that an object sets. Ids are hashes already: their words serve as hash functions.
 *  @param key - kind and id, as `locatorKey` gives them */
export function filterBits(key: Uint8Array, bitsLog2: number): number[] {
  const view = new DataView(key.buffer, key.byteOffset, key.byteLength)
  const mask = bitsLog2 >= 32 ? 0xffffffff : 2 ** bitsLog2 - 1
  const salt = Math.imul(key[0]!, 0x9e3779b1)
  return [1, 5, 9, 13].map((at) => ((view.getUint32(at, true) ^ salt) & mask) >>> 0)
}

export function encodeSegmentTrailer({ entries, packs, filterBitsLog2: log2, hash }: SegmentTrailer): Uint8Array {
  const trailer = segmentTrailerHead({ entries, packs, filterBitsLog2: log2 })
  return new ByteWriter(SEGMENT_TRAILER_BYTES).bytes(trailer).bytes(hash).finish()
}

/** Length of a segment. @param packs - of its pack table, with the row for the pack that it stands in */
export function segmentBytes(entries: number, packs: number): number {
  return (
    segmentLayout({ entries, packs, filterBitsLog2: filterBitsLog2(entries) }).trailerOffset + SEGMENT_TRAILER_BYTES
  )
}

/** The trailer up to its hash, which covers it. */
export function segmentTrailerHead({ entries, packs, filterBitsLog2: log2 }: Omit<SegmentTrailer, 'hash'>): Uint8Array {
  return new ByteWriter(32).bytes(MAGIC).u16(VERSION).u8(log2).u8(0).u32(packs).u64(entries).u64(0).finish()
}

/** Places of the parts in a segment: entries, filter, packs, fan-out, trailer. */
interface SegmentLayout {
  filterOffset: number
  filterBytes: number
  packsOffset: number
  fanoutOffset: number
  trailerOffset: number
}

export function segmentLayout({ entries, packs, filterBitsLog2: log2 }: Omit<SegmentTrailer, 'hash'>): SegmentLayout {
  const filterOffset = entries * RECORD_BYTES
  const filterBytes = 2 ** log2 / 8
  const packsOffset = filterOffset + filterBytes
  const fanoutOffset = packsOffset + packs * 32
  const trailerOffset = fanoutOffset + Math.ceil(entries / BUCKET_ENTRIES) * FANOUT_BYTES
  return { filterOffset, filterBytes, packsOffset, fanoutOffset, trailerOffset }
}

/** @throws {LocatorCorruptError} LOCATOR_CORRUPT unless it is the trailer of a segment of that length */
export function parseSegmentTrailer(encoded: Uint8Array, segmentBytes: number): SegmentTrailer & SegmentLayout {
  if (encoded.length !== SEGMENT_TRAILER_BYTES) throw new LocatorCorruptError('it is too short')
  const reader = new ByteReader(encoded)
  if (!equalBytes(reader.bytes(8), MAGIC) || reader.u16() !== VERSION)
    throw new LocatorCorruptError('its trailer is of no known version')
  const log2 = reader.u8()
  const zero = reader.u8()
  const packs = reader.u32()
  const entries = Number(reader.u64())
  const reserved = reader.u64()
  const hash = reader.bytes(32).slice()
  if (zero !== 0 || reserved !== 0n) throw new LocatorCorruptError('a reserved byte is not zero')
  if (entries < 1 || entries > MAX_SEGMENT_ENTRIES || packs < 1 || packs > MAX_SEGMENT_PACKS)
    throw new LocatorCorruptError('a count is outside its limits', { entries, packs })
  if (log2 !== filterBitsLog2(entries)) throw new LocatorCorruptError('the filter has another size than the entries')
  const layout = segmentLayout({ entries, packs, filterBitsLog2: log2 })
  if (layout.trailerOffset + SEGMENT_TRAILER_BYTES !== segmentBytes)
    throw new LocatorCorruptError('it has another length than its counts demand', { entries, packs, segmentBytes })
  return { entries, packs, filterBitsLog2: log2, hash, ...layout }
}

/** Opens a segment: one range read, which brings all of it if it is small.
 *  @param pack - the pack it stands in
 *  @param options.wholeBytes - a segment up to this size is read whole (default 1 MiB)
 *  @throws {LocatorCorruptError} LOCATOR_CORRUPT */
export async function openLocatorSegment(
  pack: RangeReader,
  ref: SegmentRef,
  options: { signal?: AbortSignal | undefined; wholeBytes?: number } = {},
): Promise<LocatorSegment> {
  const { signal, wholeBytes = DEFAULT_WHOLE_BYTES } = options
  if (ref.offset < 0 || ref.bytes < SEGMENT_TRAILER_BYTES || ref.offset + ref.bytes > pack.bytes)
    throw new LocatorCorruptError('it lies outside its pack', { offset: ref.offset, bytes: ref.bytes })
  if (ref.blobId.length !== 32) throw new RangeError(`"blobId" expected 32 bytes, got ${ref.blobId.length}`)
  const read = (from: number, length: number, readSignal = signal) =>
    pack.read(ref.offset + from, length, { signal: readSignal })

  // Filter, packs and fan-out take 1 to 2 bytes per entry of 64, and 32 per pack.
  const guess = Math.min(Math.max(ref.bytes / 16, 64 * 1024), 1024 * 1024)
  const tailBytes = ref.bytes <= wholeBytes ? ref.bytes : Math.min(ref.bytes, Math.ceil(guess))
  let tailOffset = ref.bytes - tailBytes
  let tail = await read(tailOffset, tailBytes)
  const trailer = parseSegmentTrailer(tail.subarray(tail.length - SEGMENT_TRAILER_BYTES), ref.bytes)
  const { entries, packsOffset, fanoutOffset, trailerOffset, filterOffset, filterBytes } = trailer
  if (packsOffset < tailOffset) {
    tail = await read(packsOffset, ref.bytes - packsOffset)
    tailOffset = packsOffset
  }
  const part = (from: number, to: number) => tail.subarray(from - tailOffset, to - tailOffset)
  const fanout = part(fanoutOffset, trailerOffset).slice()
  const packTable = part(packsOffset, fanoutOffset).slice()
  const packs: Uint8Array[] = Array.from({ length: trailer.packs }, (_, i) => packTable.subarray(i * 32, (i + 1) * 32))
  if (packs[0]!.some((byte) => byte !== 0)) throw new LocatorCorruptError('the first pack is not the one it stands in')
  packs[0] = ref.blobId
  for (let at = FANOUT_BYTES; at < fanout.length; at += FANOUT_BYTES)
    if (compareFanout(fanout, at - FANOUT_BYTES, fanout, at) > 0)
      throw new LocatorCorruptError('the fan-out table is not in order')

  let whole: Uint8Array | undefined
  if (tailOffset === 0) {
    whole = tail.subarray(0, filterOffset)
    if (!equalBytes(sha256(tail.subarray(0, ref.bytes - 32)), trailer.hash))
      throw new LocatorCorruptError('it does not hash to its trailer')
    assertRecords(whole, packs.length)
  }
  let filter: Uint8Array | null | undefined
  if (filterOffset >= tailOffset) filter = part(filterOffset, packsOffset).slice()
  else if (filterBytes > MAX_FILTER_FETCH_BYTES) filter = null

  /** Where the records with a key can stand: buckets from `first` to before `end`. */
  function bucketsOf(key: Uint8Array): { first: number; end: number } {
    const count = fanout.length / FANOUT_BYTES
    // The first bucket that begins at the key or later may follow one that ends with it.
    const atLeast = lowerBound(count, (i) => compareFanout(fanout, i * FANOUT_BYTES, key, 0))
    const above = lowerBound(count, (i) => (compareFanout(fanout, i * FANOUT_BYTES, key, 0) > 0 ? 0 : -1))
    return { first: Math.max(0, atLeast - 1), end: Math.max(1, above) }
  }

  return {
    ref,
    packs,
    entries,
    async mayHave(kind, id, readOptions = {}) {
      if (whole || filter === null) return true
      filter ??= await read(filterOffset, filterBytes, readOptions.signal ?? signal)
      for (const bit of filterBits(locatorKey(kind, id), trailer.filterBitsLog2))
        if ((filter[Math.floor(bit / 8)]! & (1 << (bit % 8))) === 0) return false
      return true
    },
    async find(kind, id, readOptions = {}) {
      const key = locatorKey(kind, id)
      const { first, end } = bucketsOf(key)
      if (end - first > MAX_LOOKUP_BUCKETS) throw new LocatorCorruptError('too many entries begin alike')
      const from = first * BUCKET_ENTRIES * RECORD_BYTES
      const to = Math.min(end * BUCKET_ENTRIES, entries) * RECORD_BYTES
      const records = whole?.subarray(from, to) ?? (await read(from, to - from, readOptions.signal ?? signal))
      if (!whole) assertRecords(records, packs.length)
      const found: LocatedObject[] = []
      const count = records.length / RECORD_BYTES
      let at = lowerBound(count, (i) => compareRecordToKey(records, i * RECORD_BYTES, key)) * RECORD_BYTES
      for (; at < records.length && compareRecordToKey(records, at, key) === 0; at += RECORD_BYTES)
        found.push({ blobId: packs[recordPack(records, at)]!, ...recordPlace(records, at) })
      return found
    },
    async *records(readOptions = {}) {
      if (whole) return yield whole
      const hash = createSha256()
      for (let from = 0; from < filterOffset; from += SCAN_BYTES) {
        const records = await read(from, Math.min(SCAN_BYTES, filterOffset - from), readOptions.signal ?? signal)
        hash.update(records)
        assertRecords(records, packs.length)
        yield records
      }
      for (let from = filterOffset; from < ref.bytes - 32; from += SCAN_BYTES)
        hash.update(await read(from, Math.min(SCAN_BYTES, ref.bytes - 32 - from), readOptions.signal ?? signal))
      if (!equalBytes(hash.digest(), trailer.hash)) throw new LocatorCorruptError('it does not hash to its trailer')
    },
  }
}

function compareFanout(a: Uint8Array, aAt: number, b: Uint8Array, bAt: number): number {
  for (let i = 0; i < FANOUT_BYTES; i++) {
    const difference = a[aAt + i]! - b[bAt + i]!
    if (difference !== 0) return difference
  }
  return 0
}

/** First of 0..count for which `order` is not negative. */
function lowerBound(count: number, order: (i: number) => number): number {
  let low = 0
  let high = count
  while (low < high) {
    const middle = (low + high) >>> 1
    if (order(middle) < 0) low = middle + 1
    else high = middle
  }
  return low
}

/** Bytes of a key that the fan-out table keeps. */
export function fanoutPrefix(records: Uint8Array, at: number): Uint8Array {
  const prefix = new Uint8Array(FANOUT_BYTES)
  prefix[0] = records[at]!
  prefix.set(records.subarray(at + 8, at + 8 + FANOUT_BYTES - 1), 1)
  return prefix
}
