/** Bytes by path, in little more memory than they take: of a million files a `Map` of small arrays takes five times as
 *  much, and the processor time to move them about. */

import { comparePathBytes, comparePaths } from '../objects/path.ts'
import type { RecordCursor } from './sorted-file.ts'

const PIECE_BYTES = 1 << 20
/** Of lengths of path and payload, u16 each. */
const HEAD_BYTES = 4
const MAX_PAYLOAD_BYTES = 0xfffd
/** In place of the length of a payload. */
const NULL = 0xffff
const REMOVED = 0xfffe
const FIRST_SLOTS = 1 << 10

/** Behaves as a `Map<string, Uint8Array | null>` does, as far as it goes. Payloads are copied in; what comes out are views
 *  that the next `set` of that path changes. */
export class PathTable implements Iterable<[string, Uint8Array | null]> {
  readonly #pieces: Buffer[] = []
  #used = PIECE_BYTES
  /** Where each record is: its piece and its place there. */
  #places = new Float64Array(FIRST_SLOTS / 2)
  #count = 0
  /** Numbers of records, plus 1, by hash; open addressing, at most half full. */
  #slots = new Int32Array(FIRST_SLOTS)
  /** Records that have a slot: all, but for paths that came in order and that nobody has asked for. */
  #slotted = 0
  /** True if every record has come after all that stand before it. */
  #isRising = true
  size = 0

  constructor(entries: Iterable<readonly [string, Uint8Array | null]> = []) {
    for (const [path, payload] of entries) this.set(path, payload)
  }

  set(path: string, payload: Uint8Array | null): this {
    const length = payload?.length ?? 0
    if (length > MAX_PAYLOAD_BYTES) throw new RangeError(`"payload" expected at most ${MAX_PAYLOAD_BYTES} bytes`)
    if (this.#count === this.#places.length) this.#grow()
    const pathBytes = this.#writePath(path, length)
    const last = this.#pieces.at(-1)!
    if (this.#isRising && this.#comesLast(last, this.#used + HEAD_BYTES, pathBytes)) {
      this.size++
      this.#append(last, pathBytes, payload)
      return this
    }
    this.#isRising = false
    this.#fillSlots()
    const slot = this.#slotOf(last, this.#used + HEAD_BYTES, pathBytes)
    const known = this.#slots[slot]! - 1
    if (known >= 0) {
      const { piece, at } = this.#record(known)
      if (payload === null || piece.readUInt16LE(at + 2) === length) {
        this.#put(piece, at, pathBytes, payload)
        return this
      }
      piece.writeUInt16LE(REMOVED, at + 2)
    } else this.size++
    this.#append(last, pathBytes, payload)
    this.#slots[slot] = this.#count
    this.#slotted = this.#count
    return this
  }

  #append(piece: Buffer, pathBytes: number, payload: Uint8Array | null): void {
    this.#put(piece, this.#used, pathBytes, payload)
    this.#places[this.#count++] = (this.#pieces.length - 1) * PIECE_BYTES + this.#used
    this.#used += HEAD_BYTES + pathBytes + (payload?.length ?? 0)
  }

  /** True for a path, somewhere in memory, that comes after the newest. */
  #comesLast(bytes: Buffer, at: number, length: number): boolean {
    if (this.#count === 0) return true
    const { piece, at: other } = this.#record(this.#count - 1)
    const from = other + HEAD_BYTES
    return comparePathBytes(piece, from, from + piece.readUInt16LE(other), bytes, at, at + length) < 0
  }

  get(path: string): Uint8Array | null | undefined {
    const found = this.#find(path)
    return found < 0 ? undefined : this.#payload(found)
  }

  has(path: string): boolean {
    return this.#find(path) >= 0
  }

  /** Paths as they came first, save those that were set anew with another length. */
  *keys(): Generator<string> {
    for (const [path] of this) yield path
  }

  *[Symbol.iterator](): Generator<[string, Uint8Array | null]> {
    for (let index = 0; index < this.#count; index++) if (!this.#isRemoved(index)) yield this.#entry(index)
  }

  /** In path order. */
  *sorted(): Generator<[string, Uint8Array | null]> {
    for (const index of this.#order()) yield this.#entry(index)
  }

  /** The same in bytes. */
  cursor(): TableCursor {
    return new TableCursor(this.#pieces, this.#places, this.#order())
  }

  #order(): number[] {
    let order: number[] = []
    for (let index = 0; index < this.#count; index++) if (!this.#isRemoved(index)) order.push(index)
    if (this.#isRising) return order
    const isSorted = order.every((index, place) => place === 0 || this.#compare(order[place - 1]!, index) < 0)
    if (!isSorted) order = order.sort((a, b) => this.#compare(a, b))
    return order
  }

  /** Writes a path where the next record would go, making room for all of it. Returns its length in bytes. */
  #writePath(path: string, payloadBytes: number): number {
    // A unit of UTF-16 takes at most three bytes.
    const most = HEAD_BYTES + 3 * path.length + payloadBytes
    if (most > PIECE_BYTES) throw new RangeError('"path" is too long')
    if (this.#used + most > PIECE_BYTES) {
      this.#pieces.push(Buffer.allocUnsafeSlow(PIECE_BYTES))
      this.#used = 0
    }
    return this.#pieces.at(-1)!.write(path, this.#used + HEAD_BYTES)
  }

  #put(piece: Buffer, at: number, pathBytes: number, payload: Uint8Array | null): void {
    piece.writeUInt16LE(pathBytes, at)
    piece.writeUInt16LE(payload ? payload.length : NULL, at + 2)
    if (payload) piece.set(payload, at + HEAD_BYTES + pathBytes)
  }

  #find(path: string): number {
    if (this.#count === 0) return -1
    this.#fillSlots()
    const pathBytes = this.#writePath(path, 0)
    return this.#slots[this.#slotOf(this.#pieces.at(-1)!, this.#used + HEAD_BYTES, pathBytes)]! - 1
  }

  /** The slot of a path that stands somewhere in memory, or the empty one where it belongs. */
  #slotOf(bytes: Buffer, at: number, length: number): number {
    let hash = 0x811c9dc5 | 0
    for (let i = at; i < at + length; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193)
    hash ^= hash >>> 15
    const mask = this.#slots.length - 1
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const index = this.#slots[slot]! - 1
      if (index < 0 || this.#isPath(index, bytes, at, length)) return slot
    }
  }

  #isPath(index: number, bytes: Buffer, at: number, length: number): boolean {
    const { piece, at: other } = this.#record(index)
    if (piece.readUInt16LE(other) !== length) return false
    for (let i = length - 1; i >= 0; i--) if (piece[other + HEAD_BYTES + i] !== bytes[at + i]) return false
    return true
  }

  #grow(): void {
    const places = new Float64Array(this.#places.length * 2)
    places.set(this.#places)
    this.#places = places
  }

  /** Gives every record its slot. */
  #fillSlots(): void {
    if (this.#slots.length < 2 * this.#places.length) {
      this.#slots = new Int32Array(2 * this.#places.length)
      this.#slotted = 0
    }
    for (; this.#slotted < this.#count; this.#slotted++) {
      if (this.#isRemoved(this.#slotted)) continue
      const { piece, at } = this.#record(this.#slotted)
      this.#slots[this.#slotOf(piece, at + HEAD_BYTES, piece.readUInt16LE(at))] = this.#slotted + 1
    }
  }

  #record(index: number): { piece: Buffer; at: number } {
    const place = this.#places[index]!
    return { piece: this.#pieces[Math.floor(place / PIECE_BYTES)]!, at: place % PIECE_BYTES }
  }

  #isRemoved(index: number): boolean {
    const { piece, at } = this.#record(index)
    return piece.readUInt16LE(at + 2) === REMOVED
  }

  #payload(index: number): Uint8Array | null {
    const { piece, at } = this.#record(index)
    const length = piece.readUInt16LE(at + 2)
    const from = at + HEAD_BYTES + piece.readUInt16LE(at)
    return length === NULL ? null : piece.subarray(from, from + length)
  }

  #entry(index: number): [string, Uint8Array | null] {
    const { piece, at } = this.#record(index)
    const from = at + HEAD_BYTES
    return [piece.toString('utf8', from, from + piece.readUInt16LE(at)), this.#payload(index)]
  }

  /** As `comparePaths`, over the bytes. */
  #compare(a: number, b: number): number {
    const left = this.#record(a)
    const right = this.#record(b)
    const [x, y] = [left.at + HEAD_BYTES, right.at + HEAD_BYTES]
    const [xEnd, yEnd] = [x + left.piece.readUInt16LE(left.at), y + right.piece.readUInt16LE(right.at)]
    return comparePathBytes(left.piece, x, xEnd, right.piece, y, yEnd)
  }
}

/** Goes through a table without an object for each record. */
export class TableCursor implements RecordCursor {
  readonly #pieces: readonly Buffer[]
  readonly #places: Float64Array
  readonly #order: readonly number[]
  #next = 0
  path: Uint8Array = new Uint8Array()
  pathAt = 0
  pathEnd = 0
  payload: Uint8Array = this.path
  payloadAt = 0
  payloadEnd = 0
  /** True if there is no payload. */
  isNull = false

  constructor(pieces: readonly Buffer[], places: Float64Array, order: readonly number[]) {
    this.#pieces = pieces
    this.#places = places
    this.#order = order
  }

  next(): boolean {
    if (this.#next === this.#order.length) return false
    const place = this.#places[this.#order[this.#next++]!]!
    const piece = this.#pieces[Math.floor(place / PIECE_BYTES)]!
    const at = place % PIECE_BYTES
    const length = piece[at + 2]! | (piece[at + 3]! << 8)
    this.path = piece
    this.pathAt = at + HEAD_BYTES
    this.pathEnd = this.pathAt + (piece[at]! | (piece[at + 1]! << 8))
    this.payload = piece
    this.payloadAt = this.pathEnd
    this.isNull = length === NULL
    this.payloadEnd = this.pathEnd + (this.isNull ? 0 : length)
    return true
  }
}

/** What can be gone through in path order by itself. */
export interface SortedUpdates extends Iterable<[string, Uint8Array | null]> {
  readonly size: number
  sorted(): Iterable<[string, Uint8Array | null]>
  /** The same without those that are null, ready to be written. */
  toWrite?(): RecordCursor
  /** What that is encoded (`encodeStats`), if it is already. */
  readonly pieces?: Iterable<Uint8Array> | undefined
}

/** Entries in path order. */
export function sortedByPath(
  map: SortedUpdates | ReadonlyMap<string, Uint8Array | null>,
): Iterable<[string, Uint8Array | null]> {
  return 'sorted' in map ? map.sorted() : [...map].sort(([a], [b]) => comparePaths(a, b))
}
