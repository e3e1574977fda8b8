/** Bytes by path, in little more memory than they take: of a million files a `Map` of small arrays takes five times as
 *  much, and the processor time to move them about. */

import { comparePaths } from '../objects/path.ts'
import type { RecordToWrite } from './sorted-file.ts'

const PIECE_BYTES = 1 << 20
/** Of lengths of path and payload, u16 each. */
const HEAD_BYTES = 4
const MAX_PAYLOAD_BYTES = 0xfffd
/** In place of the length of a payload. */
const NULL = 0xffff
const REMOVED = 0xfffe
const FIRST_SLOTS = 1 << 10
const SLASH = 0x2f

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
    this.#put(last, this.#used, pathBytes, payload)
    this.#places[this.#count++] = (this.#pieces.length - 1) * PIECE_BYTES + this.#used
    this.#slots[slot] = this.#count
    this.#used += HEAD_BYTES + pathBytes + length
    return this
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

  /** The same with the bytes of the paths. */
  *sortedBytes(): Generator<{ path: Uint8Array; payload: Uint8Array | null }> {
    for (const index of this.#order()) {
      const { piece, at } = this.#record(index)
      const from = at + HEAD_BYTES
      yield { path: piece.subarray(from, from + piece.readUInt16LE(at)), payload: this.#payload(index) }
    }
  }

  #order(): number[] {
    let order: number[] = []
    for (let index = 0; index < this.#count; index++) if (!this.#isRemoved(index)) order.push(index)
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
    const old = this.#slots
    this.#slots = new Int32Array(old.length * 2)
    for (const number of old) {
      if (number === 0) continue
      const { piece, at } = this.#record(number - 1)
      this.#slots[this.#slotOf(piece, at + HEAD_BYTES, piece.readUInt16LE(at))] = number
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
    const leftBytes = left.piece.readUInt16LE(left.at)
    const rightBytes = right.piece.readUInt16LE(right.at)
    const shared = Math.min(leftBytes, rightBytes)
    for (let i = HEAD_BYTES; i < HEAD_BYTES + shared; i++) {
      const x = left.piece[left.at + i]!
      const y = right.piece[right.at + i]!
      if (x !== y) return (x === SLASH ? -1 : x) - (y === SLASH ? -1 : y)
    }
    return leftBytes - rightBytes
  }
}

/** What can be gone through in path order by itself. */
export interface SortedUpdates extends Iterable<[string, Uint8Array | null]> {
  readonly size: number
  sorted(): Iterable<[string, Uint8Array | null]>
  /** The same without those that are null, ready to be written. */
  toWrite?(): Iterable<RecordToWrite>
}

/** Entries in path order. */
export function sortedByPath(
  map: SortedUpdates | ReadonlyMap<string, Uint8Array | null>,
): Iterable<[string, Uint8Array | null]> {
  return 'sorted' in map ? map.sorted() : [...map].sort(([a], [b]) => comparePaths(a, b))
}
