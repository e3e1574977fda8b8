/** A set of object ids in 44 bytes each, where a `Set` of texts takes a hundred and more. */

import { ID_BYTES, type ObjectId, putAnyId } from '../objects/id.ts'

const FIRST_IDS = 256

export class IdSet {
  #ids = new Uint8Array(FIRST_IDS * ID_BYTES)
  /** Numbers of ids, plus 1, by their first bytes, which are as good as a hash; open addressing, at most half full. */
  #slots = new Int32Array(2 * FIRST_IDS)
  size = 0

  has(id: ObjectId | Uint8Array): boolean {
    return this.indexOf(id) >= 0
  }

  /** How many were added before it; -1 if it is not there. */
  indexOf(id: ObjectId | Uint8Array): number {
    return this.#slots[this.#slotOf(id)]! - 1
  }

  /** @returns false if it was there */
  add(id: ObjectId | Uint8Array): boolean {
    // There must be room for one that is asked for only.
    if (2 * (this.size + 2) > this.#slots.length) this.#grow()
    const slot = this.#slotOf(id)
    if (this.#slots[slot] !== 0) return false
    this.size++
    this.#slots[slot] = this.size
    return true
  }

  /** Writes the id behind the others, where it stays if it is added. */
  #slotOf(id: ObjectId | Uint8Array): number {
    const at = this.size * ID_BYTES
    putAnyId(id, this.#ids, at)
    return this.#slotOfBytes(at)
  }

  #slotOfBytes(at: number): number {
    const ids = this.#ids
    const mask = this.#slots.length - 1
    const start = ids[at]! | (ids[at + 1]! << 8) | (ids[at + 2]! << 16) | (ids[at + 3]! << 24)
    for (let slot = start & mask; ; slot = (slot + 1) & mask) {
      const number = this.#slots[slot]!
      if (number === 0 || this.#isEqual((number - 1) * ID_BYTES, at)) return slot
    }
  }

  #isEqual(a: number, b: number): boolean {
    const ids = this.#ids
    for (let i = 0; i < ID_BYTES; i++) if (ids[a + i] !== ids[b + i]) return false
    return true
  }

  #grow(): void {
    const ids = new Uint8Array(this.#ids.length * 2)
    ids.set(this.#ids)
    this.#ids = ids
    this.#slots = new Int32Array(this.#slots.length * 2)
    for (let index = 0; index < this.size; index++) this.#slots[this.#slotOfBytes(index * ID_BYTES)] = index + 1
  }
}
