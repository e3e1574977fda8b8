/** Collects the index of a pack while it is written. A pack may hold a million small objects: they stay in columns, with a
 *  hash table over the ids to know which are there, some 60 bytes for each. */

import { ID_BYTES, KIND_CODES, type ObjectId, type ObjectKind, putAnyId } from './id.ts'
import type { ObjectPlace, PackKind } from './pack.ts'
import { PackIndex } from './pack-index.ts'

const FIRST_OBJECTS = 64

export class PackIndexBuilder {
  readonly #kind: PackKind
  /** Columns with room for more; the room for one more id is used by `has`. */
  #kinds = new Uint8Array(FIRST_OBJECTS)
  #ids = Buffer.alloc(FIRST_OBJECTS * ID_BYTES)
  #frames = new Uint32Array(FIRST_OBJECTS)
  #offsets = new Uint32Array(FIRST_OBJECTS)
  #lengths = new Uint32Array(FIRST_OBJECTS)
  /** Numbers of objects, plus 1, by the first bytes of their ids; open addressing, at most half full. */
  #slots = new Int32Array(2 * FIRST_OBJECTS)
  readonly #frameRows: Omit<ObjectPlace, 'offset' | 'bytes'>[] = []
  /** Frames whose objects are all known; their rows may follow later. */
  #ended = 0
  objectCount = 0

  constructor(kind: PackKind) {
    this.#kind = kind
  }

  get frameCount(): number {
    return this.#frameRows.length
  }

  has(kind: ObjectKind, id: ObjectId | Uint8Array): boolean {
    return this.#slots[this.#slotOf(kind, id)] !== 0
  }

  /** An object of the frame that ends next. It must not be there yet. */
  addObject(kind: ObjectKind, id: ObjectId | Uint8Array, offset: number, bytes: number): void {
    const index = this.objectCount
    this.#slots[this.#slotOf(kind, id)] = index + 1
    this.#frames[index] = this.#ended
    this.#offsets[index] = offset
    this.#lengths[index] = bytes
    this.objectCount++
    if (this.objectCount === this.#kinds.length) this.#grow()
  }

  /** What is added from here on is in the next frame. */
  endFrame(): void {
    this.#ended++
  }

  /** Where a frame stands, in the order in which they ended. */
  addFrame(frame: Omit<ObjectPlace, 'offset' | 'bytes'>): void {
    this.#frameRows.push(frame)
  }

  /** Lets go of what was collected: nothing can be added or asked for afterwards. */
  finish(): PackIndex {
    const count = this.objectCount
    const kinds = this.#kinds
    const ids = this.#ids
    const order = new Uint32Array(count)
    // The first 32 bits nearly always settle it.
    const heads = new Uint32Array(count)
    for (let i = 0; i < count; i++) {
      order[i] = i
      heads[i] = ids.readUInt32BE(i * ID_BYTES)
    }
    const compareIds = (a: number, b: number) =>
      ids.compare(ids, b * ID_BYTES, (b + 1) * ID_BYTES, a * ID_BYTES, (a + 1) * ID_BYTES)
    order.sort((a, b) => kinds[a]! - kinds[b]! || heads[a]! - heads[b]! || compareIds(a, b))
    const idColumn = new Uint8Array(count * ID_BYTES)
    for (let i = 0; i < count; i++)
      idColumn.set(ids.subarray(order[i]! * ID_BYTES, (order[i]! + 1) * ID_BYTES), i * ID_BYTES)
    // A million ids are 32 MB, and the index is about to be encoded.
    this.#ids = Buffer.alloc(0)
    this.#slots = new Int32Array(0)
    const sorted = (column: Uint32Array) => {
      const result = new Uint32Array(count)
      for (let i = 0; i < count; i++) result[i] = column[order[i]!]!
      return result
    }
    const kindColumn = new Uint8Array(count)
    for (let i = 0; i < count; i++) kindColumn[i] = kinds[order[i]!]!
    const rows = this.#frameRows
    return new PackIndex(this.#kind, {
      kinds: kindColumn,
      ids: idColumn,
      frames: sorted(this.#frames),
      offsets: sorted(this.#offsets),
      lengths: sorted(this.#lengths),
      frameOffsets: BigUint64Array.from(rows, ({ frameOffset }) => BigInt(frameOffset)),
      frameStoredBytes: Uint32Array.from(rows, ({ frameStoredBytes }) => frameStoredBytes),
      frameRawBytes: Uint32Array.from(rows, ({ frameRawBytes }) => frameRawBytes),
      frameCodecs: Uint8Array.from(rows, ({ codec }) => codec),
    })
  }

  /** Writes the object behind the others, where it stays if it is added. */
  #slotOf(kind: ObjectKind, id: ObjectId | Uint8Array): number {
    this.#kinds[this.objectCount] = KIND_CODES[kind]
    putAnyId(id, this.#ids, this.objectCount * ID_BYTES)
    return this.#slotAt(this.objectCount)
  }

  #slotAt(index: number): number {
    const mask = this.#slots.length - 1
    const at = index * ID_BYTES
    for (let slot = this.#ids.readUInt32LE(at) & mask; ; slot = (slot + 1) & mask) {
      const other = this.#slots[slot]! - 1
      if (other < 0) return slot
      if (this.#kinds[other] !== this.#kinds[index]) continue
      if (this.#ids.compare(this.#ids, other * ID_BYTES, (other + 1) * ID_BYTES, at, at + ID_BYTES) === 0) return slot
    }
  }

  #grow(): void {
    const length = 2 * this.objectCount
    this.#ids = Buffer.concat([this.#ids], length * ID_BYTES)
    this.#kinds = larger(this.#kinds, new Uint8Array(length))
    this.#frames = larger(this.#frames, new Uint32Array(length))
    this.#offsets = larger(this.#offsets, new Uint32Array(length))
    this.#lengths = larger(this.#lengths, new Uint32Array(length))
    this.#slots = new Int32Array(2 * length)
    for (let index = 0; index < this.objectCount; index++) this.#slots[this.#slotAt(index)] = index + 1
  }
}

function larger<T extends Uint8Array | Uint32Array>(column: T, into: T): T {
  into.set(column)
  return into
}
