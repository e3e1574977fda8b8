/** Writing segments, and how they stay few over many pushes.
 *
 *  Each push writes one segment that covers its own packs and swallows the newest older ones (`planMerge`). Three live
 *  segments at most: each open costs a fresh client a read, while the entries written twice are a few hundred kilobytes
 *  beside the 64 MB of metadata that every blob has at 1,000 shards. */

import { createSha256 } from '../crypto/hash.ts'
import { ObjectLimitError } from './errors.ts'
import {
  compareRecordKeys,
  RECORD_BYTES,
  recordId,
  recordPack,
  recordPlace,
  recordsOfIndex,
  setRecordPack,
} from './locator-record.ts'
import {
  BUCKET_ENTRIES,
  encodeSegmentTrailer,
  fanoutPrefix,
  filterBits,
  filterBitsLog2,
  MAX_SEGMENT_ENTRIES,
  MAX_SEGMENT_PACKS,
  type SegmentSource,
  segmentTrailerHead,
} from './locator-segment.ts'
import type { PackIndex } from './pack-index.ts'

/** Live segments after a push. */
export const MAX_LIVE_SEGMENTS = 3
/** An older segment is left alone only if it has this many times the entries of the new one. */
const MERGE_RATIO = 8
/** Places of one object that a segment keeps. The oldest stay: nobody can push a good place out by naming bad ones. */
export const MAX_PLACES = 8
const PIECE_BYTES = 256 * 1024

/** How many of the live segments, from the newest on, the next segment should swallow.
 *  @param live - entries of the live segments, newest first
 *  @param added - entries of the push itself */
export function planMerge(live: readonly number[], added: number): number {
  let total = added
  let count = 0
  while (count < live.length && (live.length - count + 1 > MAX_LIVE_SEGMENTS || live[count]! < MERGE_RATIO * total)) {
    total += live[count]!
    count++
  }
  return count
}

/** The objects of a pack as a source.
 *  @param blobId - null for the pack that the segment will stand in */
export function indexSource(index: PackIndex, blobId: Uint8Array | null): SegmentSource {
  return { packs: [blobId], entries: index.objectCount, records: () => [recordsOfIndex(index, 0)] }
}

/** Merges sources into one segment, with some megabytes in memory whatever their size.
 *  @param sources - newest first
 *  @param options.isLive - false for a blob that is gone; its entries are left out
 *  @returns the pieces of the segment; none if no entry is left
 *  @throws {LocatorCorruptError} LOCATOR_CORRUPT if a source is not in order */
export async function* mergeSegments(
  sources: readonly SegmentSource[],
  options: MergeOptions = {},
): AsyncGenerator<Uint8Array> {
  const upperBound = entriesOf(sources)
  const groups = await openGroups(sources, options)
  const output = new SegmentOutput(upperBound)
  for (let group = await groups.next(); group; group = await groups.next())
    for (const record of group) {
      const piece = output.add(record)
      if (piece) yield piece
    }
  if (output.entries > 0) yield* output.finish(groups.packs())
}

/** Entries of sources, before places of one object are joined.
 *  @throws {ObjectLimitError} if no segment could have so many */
function entriesOf(sources: readonly SegmentSource[]): number {
  const sum = sources.reduce((total, { entries }) => total + entries, 0)
  if (sum > MAX_SEGMENT_ENTRIES) throw new ObjectLimitError('locator entries', sum, MAX_SEGMENT_ENTRIES)
  return sum
}

export interface MergeOptions {
  isLive?: ((blobId: Uint8Array) => boolean) | undefined
  signal?: AbortSignal | undefined
}

/** The places of one object after the other, in order, of all sources. */
export interface RecordGroups {
  /** Records of one object: up to `MAX_PLACES` different places. Undefined at the end. */
  next(): Promise<Uint8Array[] | undefined>
  /** Blob ids of the packs that the records number so far, one after the other; row 0 is zero. */
  packs(): Uint8Array
  packAt(number: number): Uint8Array
}

/** @param sources - newest first */
export async function openGroups(sources: readonly SegmentSource[], options: MergeOptions): Promise<RecordGroups> {
  entriesOf(sources)
  const table = new PackTable(options.isLive ?? (() => true))
  const cursors = await Promise.all(sources.map((source) => Cursor.open(source, table, options.signal)))
  return {
    async next() {
      let lowest: Cursor | undefined
      for (const cursor of cursors)
        if (cursor.record && (!lowest || compareRecordKeys(cursor.record, 0, lowest.record!, 0) < 0)) lowest = cursor
      if (!lowest) return undefined
      const first = lowest.record!
      // Oldest source first, so that the limit cuts the newest.
      const group: Uint8Array[] = []
      for (const cursor of cursors.toReversed()) group.push(...(await takeGroup(cursor, first)))
      return placesOf(group)
    },
    packs: () => table.encode(),
    packAt: (number) => table.at(number),
  }
}

/** Whether segments that others have written name all that one does, each at the same place.
 *  @param options.isLive - false for a blob that is gone; what stands there need not be named
 *  @throws {LocatorCorruptError} LOCATOR_CORRUPT if a source is not in order */
export async function nameAll(
  others: readonly SegmentSource[],
  source: SegmentSource,
  options: MergeOptions = {},
): Promise<boolean> {
  const table = new PackTable(options.isLive ?? (() => true))
  const [own, ...cursors] = await Promise.all([source, ...others].map((one) => Cursor.open(one, table, options.signal)))
  while (own!.record) {
    const wanted = await takeGroup(own!, own!.record)
    const key = wanted[0]!
    const named: Uint8Array[] = []
    for (const cursor of cursors) {
      while (cursor.record && compareRecordKeys(cursor.record, 0, key, 0) < 0) await cursor.advance()
      named.push(...(await takeGroup(cursor, key)))
    }
    if (!wanted.every((record) => named.some((other) => Buffer.compare(other, record) === 0))) return false
  }
  // Their hashes stand at the end.
  for (const cursor of cursors) while (cursor.record) await cursor.advance()
  return true
}

/** The records of one object, behind which the cursor is left. */
async function takeGroup(cursor: Cursor, key: Uint8Array): Promise<Uint8Array[]> {
  const group: Uint8Array[] = []
  while (cursor.record && compareRecordKeys(cursor.record, 0, key, 0) === 0) {
    group.push(cursor.record)
    await cursor.advance()
  }
  return group
}

/** Up to `MAX_PLACES` different places, in the order of pack and offset. */
export function placesOf(group: readonly Uint8Array[]): Uint8Array[] {
  const different: Uint8Array[] = []
  for (const record of group)
    if (!different.some((other) => Buffer.compare(other, record) === 0)) different.push(record)
  return different.slice(0, MAX_PLACES).sort((a, b) => {
    const [x, y] = [recordPlace(a, 0), recordPlace(b, 0)]
    return recordPack(a, 0) - recordPack(b, 0) || x.frameOffset - y.frameOffset || x.offset - y.offset
  })
}

/** The packs of the new segment, numbered in the order in which entries name them. */
class PackTable {
  readonly #numbers = new Map<string, number>()
  readonly #ids: Uint8Array[] = [new Uint8Array(32)]
  readonly #isLive: (blobId: Uint8Array) => boolean

  constructor(isLive: (blobId: Uint8Array) => boolean) {
    this.#isLive = isLive
  }

  /** Number of a pack, or -1 if it is gone. */
  numberOf(blobId: Uint8Array | null): number {
    if (blobId === null) return 0
    const key = Buffer.from(blobId).toString('hex')
    const known = this.#numbers.get(key)
    if (known !== undefined) return known
    const number = this.#isLive(blobId) ? this.#ids.length : -1
    this.#numbers.set(key, number)
    if (number < 0) return number
    if (number >= MAX_SEGMENT_PACKS) throw new ObjectLimitError('locator packs', number + 1, MAX_SEGMENT_PACKS)
    this.#ids.push(blobId)
    return number
  }

  at(number: number): Uint8Array {
    return this.#ids[number]!
  }

  encode(): Uint8Array {
    return Buffer.concat(this.#ids)
  }
}

/** The next record of a source, as a copy with its pack renumbered. */
class Cursor {
  readonly #iterator: AsyncIterator<Uint8Array> | Iterator<Uint8Array>
  readonly #source: SegmentSource
  readonly #table: PackTable
  /** New numbers by old ones; undefined where not asked for yet. */
  readonly #numbers: (number | undefined)[] = []
  #records: Uint8Array = new Uint8Array()
  #at = 0
  record: Uint8Array | undefined

  private constructor(source: SegmentSource, table: PackTable, signal: AbortSignal | undefined) {
    const records = source.records({ signal })
    this.#iterator = Symbol.asyncIterator in records ? records[Symbol.asyncIterator]() : records[Symbol.iterator]()
    this.#source = source
    this.#table = table
  }

  static async open(source: SegmentSource, table: PackTable, signal: AbortSignal | undefined): Promise<Cursor> {
    const cursor = new Cursor(source, table, signal)
    await cursor.advance()
    return cursor
  }

  async advance(): Promise<void> {
    for (;;) {
      if (this.#at >= this.#records.length) {
        const next = await this.#iterator.next()
        if (next.done) {
          this.record = undefined
          return
        }
        this.#records = next.value
        this.#at = 0
        continue
      }
      const record = this.#records.slice(this.#at, this.#at + RECORD_BYTES)
      this.#at += RECORD_BYTES
      const old = recordPack(record, 0)
      const number = (this.#numbers[old] ??= this.#table.numberOf(this.#source.packs[old]!))
      if (number < 0) continue
      setRecordPack(record, 0, number)
      this.record = record
      return
    }
  }
}

/** Collects records into pieces, and on the way what stands behind them. */
export class SegmentOutput {
  readonly #hash = createSha256()
  readonly #filterLog2: number
  readonly #filter: Uint8Array
  readonly #fanout: Uint8Array[] = []
  #piece: Uint8Array = new Uint8Array(PIECE_BYTES)
  #at = 0
  entries = 0

  /** @param upperBound - entries at most; the filter is built for them and folded at the end */
  constructor(upperBound: number) {
    this.#filterLog2 = filterBitsLog2(Math.max(1, upperBound))
    this.#filter = new Uint8Array(2 ** this.#filterLog2 / 8)
  }

  /** @returns a full piece, now and then */
  add(record: Uint8Array): Uint8Array | undefined {
    if (this.entries % BUCKET_ENTRIES === 0) this.#fanout.push(fanoutPrefix(record, 0))
    this.entries++
    const key = new Uint8Array(1 + 32)
    key[0] = record[0]!
    key.set(recordId(record, 0), 1)
    for (const bit of filterBits(key, this.#filterLog2)) this.#filter[Math.floor(bit / 8)]! |= 1 << (bit % 8)
    this.#piece.set(record, this.#at)
    this.#at += RECORD_BYTES
    return this.#at === PIECE_BYTES ? this.#takePiece() : undefined
  }

  *finish(packTable: Uint8Array): Generator<Uint8Array> {
    if (this.#at > 0) yield this.#takePiece()
    const log2 = filterBitsLog2(this.entries)
    const head = segmentTrailerHead({ entries: this.entries, packs: packTable.length / 32, filterBitsLog2: log2 })
    for (const piece of [foldFilter(this.#filter, 2 ** log2 / 8), packTable, Buffer.concat(this.#fanout)]) {
      this.#hash.update(piece)
      yield piece
    }
    const hash = this.#hash.update(head).digest()
    yield encodeSegmentTrailer({ entries: this.entries, packs: packTable.length / 32, filterBitsLog2: log2, hash })
  }

  #takePiece(): Uint8Array {
    const piece = this.#piece.subarray(0, this.#at)
    this.#hash.update(piece)
    this.#piece = new Uint8Array(PIECE_BYTES)
    this.#at = 0
    return piece
  }
}

/** The filter with fewer bits: a position loses its high bits, so halves are laid over each other. */
function foldFilter(filter: Uint8Array, bytes: number): Uint8Array {
  let folded = filter
  while (folded.length > bytes) {
    const half = folded.length / 2
    const next = folded.slice(0, half)
    for (let i = 0; i < half; i++) next[i]! |= folded[half + i]!
    folded = next
  }
  return folded
}
