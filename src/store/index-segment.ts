/** One sorted file that says which pack holds an object, for many packs at once.
 *
 *  A cache over the packs' own indexes: it carries a checksum, which is looked at when an answer turns out wrong or
 *  something seems to be missing, not on every start. A lookup is one read of a bucket of some 256 records; after
 *  many of them, a look into memory.
 *  Layout: README.md. */

import { createHash } from 'node:crypto'
import { compareBytes, equalBytes, utf8 } from '../base/bytes.ts'
import { sha256 } from '../crypto/hash.ts'
import { ID_BYTES, KIND_CODES, kindOfCode, type ObjectId, type ObjectKind, objectIdFromBytes } from '../objects/id.ts'
import type { FileSystem, OpenFile } from './file-system.ts'

/** id, kind code, index into the segment's table of packs. */
export const SEGMENT_RECORD_BYTES: number = ID_BYTES + 1 + 4
const MAGIC = 'FLOE.MIDX.1\n'
const HEADER_BYTES = 12 + 1 + 4 + 8
const HASH_BYTES = 32
const MAX_FANOUT_BITS = 16
const BUCKET_RECORDS = 256
/** More packs than any local store should have; refuses a lying header before allocating. */
const MAX_SEGMENT_PACKS = 4_000_000
const PIECE_BYTES = 1 << 20
/** Records are held in memory, unless there are more of them, once as much as all has been read bucket by bucket: 1.8
 *  million fit, so that gc and fsck of a million objects need no read for each. */
const MAX_HELD_BYTES = 64 << 20

/** The bytes are not a segment. Never leaves the store: a segment can be made again. */
export class SegmentDamage extends Error {
  override name = 'SegmentDamage'
}

export interface Segment {
  readonly path: string
  /** Names of the packs it covers. */
  readonly packs: readonly string[]
  readonly count: number
  /** The pack that holds the object.
   *  @throws {SegmentDamage} */
  find(kind: ObjectKind, id: Uint8Array): string | undefined
  /** Objects whose id starts with these bytes, at most `limit`. */
  withPrefix(prefix: Uint8Array, lastBits: number, limit: number): { kind: ObjectKind; id: ObjectId }[]
  /** All records, `SEGMENT_RECORD_BYTES` each.
   *  @throws {SegmentDamage} if any byte of the file differs from what was written */
  readAll(): Uint8Array
  close(): void
}

/** Encodes records as pieces to be written one after the other.
 *  @param records - sorted by id, then kind code; the pack field indexes `packs` */
export function* encodeSegment(packs: readonly string[], records: Uint8Array): Generator<Uint8Array> {
  const count = records.length / SEGMENT_RECORD_BYTES
  const bits = fanoutBits(count)
  const head = new Uint8Array(HEADER_BYTES + packs.length * ID_BYTES + (1 << bits) * 4)
  const view = new DataView(head.buffer)
  head.set(utf8(MAGIC))
  head[12] = bits
  view.setUint32(13, packs.length, true)
  view.setBigUint64(17, BigInt(count), true)
  for (const [index, name] of packs.entries()) head.set(Buffer.from(name, 'hex'), HEADER_BYTES + index * ID_BYTES)
  const fanoutAt = HEADER_BYTES + packs.length * ID_BYTES
  let record = 0
  for (let bucket = 0; bucket < 1 << bits; bucket++) {
    while (record < count && bucketOf(records, record * SEGMENT_RECORD_BYTES, bits) <= bucket) record++
    view.setUint32(fanoutAt + bucket * 4, record, true)
  }
  const hash = createHash('sha256').update(head)
  yield head
  for (let at = 0; at < records.length; at += PIECE_BYTES) {
    const piece = records.subarray(at, at + PIECE_BYTES)
    hash.update(piece)
    yield piece
  }
  yield hash.digest()
}

/** Opens a segment by its header and fan-out; the records stay on disk.
 *  @throws {SegmentDamage} if the header cannot be true */
export function openSegment(fs: FileSystem, path: string): Segment {
  const file = fs.open(path, 'read')
  try {
    return parseSegment(file, path)
  } catch (error) {
    file.close()
    throw error
  }
}

function parseSegment(file: OpenFile, path: string): Segment {
  const fileBytes = file.stat().bytes
  const header = readExactly(file, 0, HEADER_BYTES)
  const view = new DataView(header.buffer)
  if (!equalBytes(header.subarray(0, 12), utf8(MAGIC))) throw new SegmentDamage('another format')
  const bits = header[12]!
  const packCount = view.getUint32(13, true)
  const count = Number(view.getBigUint64(17, true))
  if (bits > MAX_FANOUT_BITS || packCount > MAX_SEGMENT_PACKS) throw new SegmentDamage('a lying header')
  const recordsAt = HEADER_BYTES + packCount * ID_BYTES + (1 << bits) * 4
  const hashAt = recordsAt + count * SEGMENT_RECORD_BYTES
  if (hashAt + HASH_BYTES !== fileBytes) throw new SegmentDamage('another length')
  const tables = readExactly(file, HEADER_BYTES, recordsAt - HEADER_BYTES)
  const packs = Array.from({ length: packCount }, (_, index) =>
    Buffer.from(tables.buffer, index * ID_BYTES, ID_BYTES).toString('hex'),
  )
  const fanout = new DataView(tables.buffer, packCount * ID_BYTES)
  const bucketEnd = (bucket: number) => (bucket < 0 ? 0 : fanout.getUint32(bucket * 4, true))
  let held: Uint8Array | undefined
  const recordBytes = count * SEGMENT_RECORD_BYTES
  let readBytes = 0
  const readBuckets = (first: number, last: number): Uint8Array => {
    const from = bucketEnd(first - 1)
    const to = bucketEnd(last)
    if (from > to || to > count) throw new SegmentDamage('a lying fan-out')
    if (!held && readBytes > recordBytes && recordBytes <= MAX_HELD_BYTES)
      held = readExactly(file, recordsAt, recordBytes)
    if (held) return held.subarray(from * SEGMENT_RECORD_BYTES, to * SEGMENT_RECORD_BYTES)
    readBytes += (to - from) * SEGMENT_RECORD_BYTES
    return readExactly(file, recordsAt + from * SEGMENT_RECORD_BYTES, (to - from) * SEGMENT_RECORD_BYTES)
  }
  return {
    path,
    packs,
    count,
    find(kind, id) {
      const bucket = bucketOf(id, 0, bits)
      // In memory a view of the bucket would take longer than the search.
      const whole = held
      const records = whole ?? readBuckets(bucket, bucket)
      const from = whole ? bucketEnd(bucket - 1) : 0
      const to = whole ? bucketEnd(bucket) : records.length / SEGMENT_RECORD_BYTES
      if (from > to || to > count) throw new SegmentDamage('a lying fan-out')
      const at = findRecord(records, id, KIND_CODES[kind], bits, from, to)
      if (at < 0) return undefined
      const pack = packs[packOf(records, at)]
      if (pack === undefined) throw new SegmentDamage('a record names no pack')
      return pack
    },
    withPrefix(prefix, lastBits, limit) {
      const [low, high] = [padded(prefix, 0x00, lastBits), padded(prefix, 0xff, lastBits)]
      const records = readBuckets(bucketOf(low, 0, bits), bucketOf(high, 0, bits))
      return recordsWithPrefix(records, prefix, lastBits, limit)
    },
    readAll() {
      const whole = readExactly(file, 0, fileBytes)
      if (!equalBytes(sha256(whole.subarray(0, hashAt)), whole.subarray(hashAt)))
        throw new SegmentDamage('its checksum does not match')
      return whole.subarray(recordsAt, hashAt)
    },
    close: () => file.close(),
  }
}

/** Orders records by id, then kind; of equal ones the first given stays.
 *  @param parts - each sorted already */
export function mergeRecords(parts: Iterable<Uint8Array>): Uint8Array {
  const merger = new RecordMerger()
  for (const part of parts) merger.add(part)
  return merger.finish()
}

/** The same of parts that come one by one: they are merged as soon as the one before is not much larger, so that a hundred
 *  thousand small ones neither lie in memory beside each other nor are copied more than a few times each. */
export class RecordMerger {
  readonly #parts: Uint8Array[] = []

  add(part: Uint8Array): void {
    let merged = part
    for (let before = this.#parts.at(-1); before && before.length <= 2 * merged.length; before = this.#parts.at(-1)) {
      this.#parts.pop()
      merged = mergeTwo(before, merged)
    }
    this.#parts.push(merged)
  }

  finish(): Uint8Array {
    return this.#parts.reduceRight((after, before) => mergeTwo(before, after), new Uint8Array(0))
  }
}

function mergeTwo(a: Uint8Array, b: Uint8Array): Uint8Array {
  if (a.length === 0) return b
  if (b.length === 0) return a
  const merged = new Uint8Array(a.length + b.length)
  let used = 0
  let i = 0
  let j = 0
  const take = (from: Uint8Array, at: number) => {
    merged.set(from.subarray(at, at + SEGMENT_RECORD_BYTES), used)
    used += SEGMENT_RECORD_BYTES
  }
  while (i < a.length || j < b.length) {
    const order = i >= a.length ? 1 : j >= b.length ? -1 : compareRecords(a, i, b, j)
    take(order <= 0 ? a : b, order <= 0 ? i : j)
    if (order <= 0) i += SEGMENT_RECORD_BYTES
    if (order >= 0) j += SEGMENT_RECORD_BYTES
  }
  return merged.subarray(0, used)
}

/** Objects of which there is a record and whose id starts with these bytes, at most `limit`.
 *  @param lastBits - bits of the last byte that count: 4 or 8 */
export function recordsWithPrefix(
  records: Uint8Array,
  prefix: Uint8Array,
  lastBits: number,
  limit: number,
): { kind: ObjectKind; id: ObjectId }[] {
  const [low, high] = [padded(prefix, 0x00, lastBits), padded(prefix, 0xff, lastBits)]
  const found: { kind: ObjectKind; id: ObjectId }[] = []
  for (let at = 0; at < records.length && found.length < limit; at += SEGMENT_RECORD_BYTES) {
    const id = records.subarray(at, at + ID_BYTES)
    const kind = kindOfCode(records[at + ID_BYTES]!)
    if (kind && compareBytes(id, low) >= 0 && compareBytes(id, high) <= 0)
      found.push({ kind, id: objectIdFromBytes(id) })
  }
  return found
}

/** Writes one record. */
export function putRecord(to: Uint8Array, at: number, kind: ObjectKind, id: Uint8Array, pack: number): void {
  to.set(id, at)
  to[at + ID_BYTES] = KIND_CODES[kind]
  new DataView(to.buffer, to.byteOffset).setUint32(at + ID_BYTES + 1, pack, true)
}

export function packOf(records: Uint8Array, at: number): number {
  const from = at + ID_BYTES + 1
  return (records[from]! | (records[from + 1]! << 8) | (records[from + 2]! << 16) | (records[from + 3]! << 24)) >>> 0
}

export function setPackOf(records: Uint8Array, at: number, pack: number): void {
  new DataView(records.buffer, records.byteOffset).setUint32(at + ID_BYTES + 1, pack, true)
}

/** Records between the first probe and the next; ids are hashes, so most lie as near as that to where they should. */
const FIRST_STRIDE = 8

/** Offset of the record, or -1. Looks first where the record would be if ids were evenly spread, then further and further
 *  away until it has passed it, then in halves: in memory that is far quicker than halves alone, which touch as many places
 *  far from each other.
 *  @param bits - leading bits that all ids from `low` to `high` have in common
 *  @param low - the first record that it may be
 *  @param high - the one after the last */
export function findRecord(
  records: Uint8Array,
  id: Uint8Array,
  kindCode: number,
  bits = 0,
  low = 0,
  high: number = records.length / SEGMENT_RECORD_BYTES,
): number {
  const word = (((id[0]! << 24) | (id[1]! << 16) | (id[2]! << 8) | id[3]!) << bits) >>> 0
  let probe = low + Math.floor((word / 2 ** 32) * (high - low))
  let stride = FIRST_STRIDE
  let wentUp: boolean | undefined
  while (low < high) {
    const at = probe * SEGMENT_RECORD_BYTES
    let order = 0
    for (let k = 0; k < ID_BYTES && order === 0; k++) order = records[at + k]! - id[k]!
    order ||= records[at + ID_BYTES]! - kindCode
    if (order === 0) return at
    const up = order < 0
    if (up) low = probe + 1
    else high = probe
    if (wentUp === !up) stride = 0
    wentUp = up
    const next = up ? probe + stride : probe - stride
    probe = stride > 0 && next >= low && next < high ? next : (low + high) >>> 1
    stride *= 2
  }
  return -1
}

function compareRecords(a: Uint8Array, i: number, b: Uint8Array, j: number): number {
  for (let k = 0; k <= ID_BYTES; k++) {
    const difference = a[i + k]! - b[j + k]!
    if (difference !== 0) return difference
  }
  return 0
}

function fanoutBits(count: number): number {
  return Math.min(MAX_FANOUT_BITS, Math.max(0, Math.ceil(Math.log2(Math.max(1, count / BUCKET_RECORDS)))))
}

function bucketOf(bytes: Uint8Array, at: number, bits: number): number {
  return ((bytes[at]! << 8) | bytes[at + 1]!) >>> (MAX_FANOUT_BITS - bits)
}

/** The smallest or largest id with the prefix; an odd hex digit leaves `lastBits` = 4 of the last byte fixed. */
function padded(prefix: Uint8Array, fill: number, lastBits: number): Uint8Array {
  const id = new Uint8Array(ID_BYTES).fill(fill)
  id.set(prefix)
  if (lastBits === 4) id[prefix.length - 1] = (prefix.at(-1)! & 0xf0) | (fill & 0x0f)
  return id
}

function readExactly(file: OpenFile, position: number, bytes: number): Uint8Array<ArrayBuffer> {
  const buffer = new Uint8Array(bytes)
  if (file.read(buffer, position) !== bytes) throw new SegmentDamage('it ends early')
  return buffer
}
