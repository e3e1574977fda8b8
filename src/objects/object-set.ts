/** A set of objects that fits into memory where keys as text would not: 17 bytes per slot, at most two thirds of them
 *  filled, so ten million objects take some 300 MB.
 *
 *  Ids are hashes, so half of one (128 bits) tells them apart, and its first word serves as the place in the table. Each
 *  kind has tables of its own. */

import { ID_BYTES, KIND_CODES, type ObjectId, type ObjectKind, putObjectId } from './id.ts'

/** Tables per kind: one grows at a time, so growing takes little memory beside what is there. */
const TABLES_PER_KIND = 16
const FIRST_SLOTS = 64
const KEY_WORDS = 4

const ABSENT = 0
const PRESENT = 1
const MARKED = 2

/** Objects, each of which can carry a mark. */
export class ObjectSet {
  readonly #tables: (Table | undefined)[] = []
  size = 0
  marked = 0

  /** @returns true if it was not there */
  add(kind: ObjectKind, id: ObjectId): boolean {
    return this.addBytes(KIND_CODES[kind], bytesOf(id))
  }

  has(kind: ObjectKind, id: ObjectId): boolean {
    return this.hasBytes(KIND_CODES[kind], bytesOf(id))
  }

  isMarked(kind: ObjectKind, id: ObjectId): boolean {
    return this.#stateOf(KIND_CODES[kind], bytesOf(id)) === MARKED
  }

  /** @param id - the bytes of an id */
  addBytes(kindCode: number, id: Uint8Array): boolean {
    const at = kindCode * TABLES_PER_KIND + (id[KEY_WORDS * 4]! & (TABLES_PER_KIND - 1))
    const table = (this.#tables[at] ??= new Table())
    const isNew = table.add(wordsOf(id))
    if (isNew) this.size++
    return isNew
  }

  hasBytes(kindCode: number, id: Uint8Array): boolean {
    return this.#stateOf(kindCode, id) !== ABSENT
  }

  /** Marks an object of the set. @returns false if it is not in the set */
  markBytes(kindCode: number, id: Uint8Array): boolean {
    const table = this.#tableOf(kindCode, id)
    const slot = table?.find(wordsOf(id)) ?? -1
    if (!table || slot < 0) return false
    if (table.states[slot] === PRESENT) this.marked++
    table.states[slot] = MARKED
    return true
  }

  addAll(other: ObjectSet): void {
    for (const [at, table] of other.#tables.entries())
      for (const key of table?.keys() ?? []) if ((this.#tables[at] ??= new Table()).add(key)) this.size++
  }

  /** What is in this set and not in another. */
  without(other: ObjectSet): ObjectSet {
    const rest = new ObjectSet()
    for (const [at, table] of this.#tables.entries())
      for (const key of table?.keys() ?? []) {
        if ((other.#tables[at]?.find(key) ?? -1) >= 0) continue
        ;(rest.#tables[at] ??= new Table()).add(key)
        rest.size++
      }
    return rest
  }

  #tableOf(kindCode: number, id: Uint8Array): Table | undefined {
    return this.#tables[kindCode * TABLES_PER_KIND + (id[KEY_WORDS * 4]! & (TABLES_PER_KIND - 1))]
  }

  #stateOf(kindCode: number, id: Uint8Array): number {
    const table = this.#tableOf(kindCode, id)
    const slot = table?.find(wordsOf(id)) ?? -1
    return slot < 0 ? ABSENT : table!.states[slot]!
  }
}

type Words = readonly [number, number, number, number]

const wordsOf = (id: Uint8Array): Words => [wordAt(id, 0), wordAt(id, 4), wordAt(id, 8), wordAt(id, 12)]

function wordAt(id: Uint8Array, at: number): number {
  return ((id[at]! << 24) | (id[at + 1]! << 16) | (id[at + 2]! << 8) | id[at + 3]!) >>> 0
}

/** The bytes of the id that is looked at, until the next one is. */
const current = new Uint8Array(ID_BYTES)

function bytesOf(id: ObjectId): Uint8Array {
  putObjectId(id, current, 0)
  return current
}

class Table {
  #words = new Uint32Array(FIRST_SLOTS * KEY_WORDS)
  states = new Uint8Array(FIRST_SLOTS)
  #count = 0

  /** Slot of a key, or the complement of the free slot where it would stand. */
  find(key: Words): number {
    const mask = this.states.length - 1
    for (let slot = key[0] & mask; ; slot = (slot + 1) & mask) {
      if (this.states[slot] === ABSENT) return ~slot
      const at = slot * KEY_WORDS
      const words = this.#words
      if (words[at] === key[0] && words[at + 1] === key[1] && words[at + 2] === key[2] && words[at + 3] === key[3])
        return slot
    }
  }

  add(key: Words): boolean {
    const slot = this.find(key)
    if (slot >= 0) return false
    this.#put(~slot, key, PRESENT)
    if (++this.#count * 3 > this.states.length * 2) this.#grow()
    return true
  }

  *keys(): Generator<Words> {
    for (let slot = 0; slot < this.states.length; slot++) if (this.states[slot] !== ABSENT) yield this.#keyAt(slot)
  }

  #keyAt(slot: number): Words {
    const [words, at] = [this.#words, slot * KEY_WORDS]
    return [words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!]
  }

  #put(slot: number, key: Words, state: number): void {
    const [words, at] = [this.#words, slot * KEY_WORDS]
    for (let i = 0; i < KEY_WORDS; i++) words[at + i] = key[i]!
    this.states[slot] = state
  }

  #grow(): void {
    const [words, states] = [this.#words, this.states]
    this.#words = new Uint32Array(words.length * 2)
    this.states = new Uint8Array(states.length * 2)
    for (let slot = 0; slot < states.length; slot++) {
      if (states[slot] === ABSENT) continue
      const at = slot * KEY_WORDS
      const key: Words = [words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!]
      this.#put(~this.find(key), key, states[slot]!)
    }
  }
}
