/** The shape that the stat cache and staging share: records by path in path order, checked as a whole, replaced as a
 *  whole. Opening reads the file once and hashes it; a lookup is a binary search in the bytes, so a million records
 *  cost their bytes and nothing else. Layout: README.md. */

import { equalBytes, fromUtf8, utf8 } from '../base/bytes.ts'
import { createSha256 } from '../crypto/hash.ts'
import { comparePathBytes, comparePaths } from '../objects/path.ts'

export interface SortedRecord {
  path: string
  payload: Uint8Array
}

/** Records one after the other, in path order, where they lie. */
export interface RecordCursor {
  /** Moves to the next, which what follows is then about; false after the last. */
  next(): boolean
  readonly path: Uint8Array
  readonly pathAt: number
  readonly pathEnd: number
  readonly payload: Uint8Array
  readonly payloadAt: number
  readonly payloadEnd: number
}

const MAGIC_BYTES = 12
const OFFSET_BYTES = 8
const COUNT_BYTES = 8
const HASH_BYTES = 32
const TRAILER_BYTES = COUNT_BYTES + HASH_BYTES
const MAX_PATH_BYTES = 4095
const MAX_PAYLOAD_BYTES = 4096
/** The writer hands out pieces of about this size. */
const PIECE_BYTES = 1 << 20
/** Refuses to open anything larger, before reading it: some forty million records. */
export const MAX_SORTED_FILE_BYTES = 8 * 2 ** 30

const SLASH = 0x2f

/** What is wrong with the bytes; the caller decides whether that is an error or an empty cache. */
export class SortedFileDamage extends Error {
  override name = 'SortedFileDamage'
}

/** Encodes records as pieces to be written one after the other.
 *  @param magic - 12 bytes naming the format and its version
 *  @param records - strictly ascending by `comparePaths`; a payload need not outlive the step to the next
 *  @throws {RangeError} if they are not */
export function* encodeSortedFile(magic: string, records: Iterable<SortedRecord>): Generator<Uint8Array> {
  const encoder = new SortedFileEncoder(magic)
  const scratch = Buffer.alloc(3 * MAX_PATH_BYTES)
  for (const { path, payload } of records) {
    const text = 3 * path.length > scratch.length ? Buffer.from(path) : scratch
    const pathBytes = text === scratch ? scratch.write(path) : text.length
    const full = encoder.add(text, 0, pathBytes, payload, 0, payload.length)
    if (full) yield full
  }
  yield* encoder.finish()
}

/** The same for records that are bytes already. */
export function* encodeSortedBytes(magic: string, records: RecordCursor): Generator<Uint8Array> {
  const encoder = new SortedFileEncoder(magic)
  while (records.next()) {
    const { path, pathAt, pathEnd, payload, payloadAt, payloadEnd } = records
    const full = encoder.add(path, pathAt, pathEnd, payload, payloadAt, payloadEnd)
    if (full) yield full
  }
  yield* encoder.finish()
}

class SortedFileEncoder {
  readonly #hash = createSha256()
  readonly #offsets: number[] = []
  #piece = new Uint8Array(PIECE_BYTES)
  #used = MAGIC_BYTES
  #start = 0
  /** The path before, where it was written. */
  #last: Uint8Array | undefined
  #lastAt = 0
  #lastEnd = 0

  constructor(magic: string) {
    this.#piece.set(utf8(magic))
  }

  /** @returns a piece that is full, to be written before anything else */
  add(
    path: Uint8Array,
    pathAt: number,
    pathEnd: number,
    payload: Uint8Array,
    payloadAt: number,
    payloadEnd: number,
  ): Uint8Array | undefined {
    const last = this.#last
    if (last && comparePathBytes(last, this.#lastAt, this.#lastEnd, path, pathAt, pathEnd) >= 0) {
      const [before, after] = [last.subarray(this.#lastAt, this.#lastEnd), path.subarray(pathAt, pathEnd)]
      throw new RangeError(`"records" expected ascending paths, got ${fromUtf8(after)} after ${fromUtf8(before)}`)
    }
    const pathBytes = pathEnd - pathAt
    const payloadBytes = payloadEnd - payloadAt
    const full = this.#used + 4 + pathBytes + payloadBytes > PIECE_BYTES ? this.#endPiece() : undefined
    const piece = this.#piece
    this.#offsets.push(this.#start + this.#used)
    let at = this.#used
    piece[at++] = pathBytes
    piece[at++] = pathBytes >>> 8
    piece[at++] = payloadBytes
    piece[at++] = payloadBytes >>> 8
    this.#last = piece
    this.#lastAt = at
    // By hand: both are short, and what copies them at once first makes an object of each.
    for (let i = pathAt; i < pathEnd; i++) piece[at++] = path[i]!
    this.#lastEnd = at
    for (let i = payloadAt; i < payloadEnd; i++) piece[at++] = payload[i]!
    this.#used = at
    return full
  }

  *finish(): Generator<Uint8Array> {
    yield this.#endPiece()
    const offsets = this.#offsets
    const table = new Uint8Array(offsets.length * OFFSET_BYTES + COUNT_BYTES)
    const view = new DataView(table.buffer)
    for (let i = 0; i < offsets.length; i++) putU64(view, i * OFFSET_BYTES, offsets[i]!)
    putU64(view, offsets.length * OFFSET_BYTES, offsets.length)
    this.#hash.update(table)
    yield table
    yield this.#hash.digest()
  }

  #endPiece(): Uint8Array {
    const full = this.#piece.subarray(0, this.#used)
    this.#hash.update(full)
    this.#start += this.#used
    this.#piece = new Uint8Array(PIECE_BYTES)
    this.#used = 0
    return full
  }
}

/** Records of a checked file. */
export class SortedFile {
  readonly #bytes: Uint8Array
  /** The same memory twice. */
  readonly #view: DataView
  readonly #text: Buffer
  readonly #tableAt: number
  readonly count: number

  /** @param isChecked - true for bytes that another thread has opened already: they are not hashed again
   *  @throws {SortedFileDamage} if any byte differs from what was written */
  constructor(magic: string, bytes: Uint8Array, isChecked = false) {
    if (bytes.length < MAGIC_BYTES + TRAILER_BYTES) throw new SortedFileDamage('it is too short')
    if (!equalBytes(bytes.subarray(0, MAGIC_BYTES), utf8(magic))) throw new SortedFileDamage('it has another format')
    const hashAt = bytes.length - HASH_BYTES
    // Not in one call, which would copy memory that threads share: a hundred megabytes for a million files.
    if (!isChecked && !equalBytes(createSha256().update(bytes.subarray(0, hashAt)).digest(), bytes.subarray(hashAt)))
      throw new SortedFileDamage('its checksum does not match')
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.count = getU64(this.#view, hashAt - COUNT_BYTES)
    this.#tableAt = hashAt - COUNT_BYTES - this.count * OFFSET_BYTES
    // The checksum proves that our own writer made it; this keeps a forged file from reading out of bounds.
    if (!Number.isSafeInteger(this.#tableAt) || this.#tableAt < MAGIC_BYTES)
      throw new SortedFileDamage('its count lies')
  }

  /** Path of a record, for those who ask a million times: the checksum has proved that it is UTF-8.
   *  @throws {SortedFileDamage} if the offset table lies */
  pathTextAt(index: number): string {
    const offset = this.#offsetAt(index)
    const end = offset + 4 + this.#view.getUint16(offset, true)
    if (end > this.#tableAt) throw new SortedFileDamage('a record lies')
    return this.#text.toString('utf8', offset + 4, end)
  }

  /** The same undecoded, for those who want a part of it.
   *  @throws {SortedFileDamage} if the offset table lies */
  pathBytesAt(index: number): Buffer {
    const offset = this.#offsetAt(index)
    const end = offset + 4 + this.#view.getUint16(offset, true)
    if (end > this.#tableAt) throw new SortedFileDamage('a record lies')
    return this.#text.subarray(offset + 4, end)
  }

  /** The bytes of a record beside its path.
   *  @throws {SortedFileDamage} if the offset table lies */
  payloadAt(index: number): Uint8Array {
    const offset = this.#offsetAt(index)
    const payloadAt = offset + 4 + this.#view.getUint16(offset, true)
    const end = payloadAt + this.#view.getUint16(offset + 2, true)
    if (end > this.#tableAt) throw new SortedFileDamage('a record lies')
    return this.#bytes.subarray(payloadAt, end)
  }

  #offsetAt(index: number): number {
    const offset = getU64(this.#view, this.#tableAt + index * OFFSET_BYTES)
    if (offset < MAGIC_BYTES || offset + 4 > this.#tableAt) throw new SortedFileDamage('an offset lies')
    return offset
  }

  /** @throws {SortedFileDamage} if the offset table lies */
  at(index: number): SortedRecord {
    const offset = this.#offsetAt(index)
    const pathBytes = this.#view.getUint16(offset, true)
    const payloadBytes = this.#view.getUint16(offset + 2, true)
    const payloadAt = offset + 4 + pathBytes
    if (pathBytes > MAX_PATH_BYTES || payloadBytes > MAX_PAYLOAD_BYTES || payloadAt + payloadBytes > this.#tableAt)
      throw new SortedFileDamage('a record lies')
    try {
      return {
        path: fromUtf8(this.#bytes.subarray(offset + 4, payloadAt)),
        payload: this.#bytes.subarray(payloadAt, payloadAt + payloadBytes),
      }
    } catch {
      throw new SortedFileDamage('a path is not UTF-8')
    }
  }

  /** Hex of the checksum: names these bytes and no others. */
  get checksum(): string {
    return Buffer.from(this.#bytes.subarray(this.#bytes.length - HASH_BYTES)).toString('hex')
  }

  /** All of it, to be opened by other threads too if it is shared memory. */
  get bytes(): Uint8Array {
    return this.#bytes
  }

  /** Where in `view` the payload of a record begins, for those who read it in place; -1 if it is of another length.
   *  @throws {SortedFileDamage} if the offset table lies */
  payloadOffsetAt(index: number, length: number): number {
    const offset = this.#offsetAt(index)
    const at = offset + 4 + this.#view.getUint16(offset, true)
    if (this.#view.getUint16(offset + 2, true) !== length) return -1
    if (at + length > this.#tableAt) throw new SortedFileDamage('a record lies')
    return at
  }

  get view(): DataView {
    return this.#view
  }

  /** Order of a record's path against another path, as `comparePaths` gives it; decodes nothing for ASCII.
   *  @throws {SortedFileDamage} if the offset table lies */
  comparePathAt(index: number, path: string): number {
    const offset = this.#offsetAt(index)
    const pathBytes = this.#view.getUint16(offset, true)
    if (offset + 4 + pathBytes > this.#tableAt) throw new SortedFileDamage('a record lies')
    const bytes = this.#bytes
    const shared = Math.min(pathBytes, path.length)
    for (let i = 0, at = offset + 4; i < shared; i++, at++) {
      const left = bytes[at]!
      const right = path.charCodeAt(i)
      // From here on units of UTF-16 and bytes of UTF-8 are no longer the same.
      if (left >= 0x80 || right >= 0x80) return comparePaths(this.at(index).path, path)
      if (left !== right) return (left === SLASH ? -1 : left) - (right === SLASH ? -1 : right)
    }
    return pathBytes - path.length
  }

  find(path: string): SortedRecord | undefined {
    const record = this.#recordFrom(this.lowerBound(path))
    return record?.path === path ? record : undefined
  }

  /** Index of the first record at or after the path. */
  lowerBound(path: string): number {
    let low = 0
    let high = this.count
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.comparePathAt(middle, path) < 0) low = middle + 1
      else high = middle
    }
    return low
  }

  *records(): Generator<SortedRecord> {
    for (let index = 0; index < this.count; index++) yield this.at(index)
  }

  #recordFrom(index: number): SortedRecord | undefined {
    return index < this.count ? this.at(index) : undefined
  }
}

function putU64(view: DataView, at: number, value: number): void {
  view.setUint32(at, value % 2 ** 32, true)
  view.setUint32(at + 4, Math.floor(value / 2 ** 32), true)
}

function getU64(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32
}
