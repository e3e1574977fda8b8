/** Values at run time.
 *
 *  Integers carry their width in their JavaScript type, so that an `Add` needs no type: u64 is a bigint and u8 a number (the
 *  two that code is full of), the other widths are `Int`. A vector<u8> is always a `ByteVector`: certificates, keys and
 *  names are bytes. Structs know their layout, so that copying and dropping can be checked and BCS needs no type. */

import { equalBytes } from '../../base/bytes.ts'
import { invariantFault, limitFault, type MoveFault } from './errors.ts'
import type { Layout } from './layout.ts'
import { MAX_VALUE_DEPTH } from './limits.ts'
import { ABILITY, ALL_ABILITIES } from './module.ts'
import { Holder, nextMoment, Place } from './place.ts'
import type { MoveType } from './types.ts'

export type Value = boolean | number | bigint | string | Int | Struct | Variant | ByteVector | MoveVector | Reference

/** An integer that is neither u8 nor u64. */
export class Int {
  readonly bits: 16 | 32 | 128 | 256
  readonly value: bigint

  constructor(bits: 16 | 32 | 128 | 256, value: bigint) {
    this.bits = bits
    this.value = value
  }
}

export class Struct extends Holder {
  readonly layout: Layout
  readonly fields: Value[]

  constructor(layout: Layout, fields: Value[]) {
    super()
    this.layout = layout
    this.fields = fields
  }
}

/** A value of an enum. */
export class Variant extends Holder {
  readonly layout: Layout
  readonly tag: number
  readonly fields: Value[]

  constructor(layout: Layout, tag: number, fields: Value[]) {
    super()
    this.layout = layout
    this.tag = tag
    this.fields = fields
  }
}

/** A vector<u8>, growing in place. */
export class ByteVector {
  #buffer: Uint8Array
  length: number

  /** Takes over the bytes. */
  constructor(bytes: Uint8Array) {
    this.#buffer = bytes
    this.length = bytes.length
  }

  /** A view of the content, valid until the next change. */
  get bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.length)
  }

  get(index: number): number {
    return this.#buffer[index]!
  }

  set(index: number, byte: number): void {
    this.#buffer[index] = byte
  }

  push(byte: number): void {
    if (this.length === this.#buffer.length) {
      const grown = new Uint8Array(Math.max(32, this.length * 2))
      grown.set(this.#buffer)
      this.#buffer = grown
    }
    this.#buffer[this.length++] = byte
  }

  pop(): number {
    return this.#buffer[--this.length]!
  }

  copy(): ByteVector {
    return new ByteVector(this.#buffer.slice(0, this.length))
  }
}

/** A vector of anything but u8. */
export class MoveVector {
  readonly items: Value[]
  readonly element: MoveType

  constructor(items: Value[], element: MoveType) {
    this.items = items
    this.element = element
  }
}

/** A reference to a place that holds a value: a slot of locals, of a struct, of a vector, or of a stored object.
 *
 *  It ends when the value it leads into is moved, replaced or gone, and when the borrow rules say so (`place.ts`): then it
 *  may stay where it is, but not be used. */
export class Reference {
  readonly container: (Value | undefined)[] | ByteVector
  readonly index: number
  readonly mutable: boolean
  readonly place: Place
  /** When it was borrowed; copies share it, and what they may do. */
  readonly #born: number
  /** The reference it was borrowed through, and what that one held then. */
  readonly #through: Reference | undefined
  readonly #held: Value | undefined

  constructor(
    container: (Value | undefined)[] | ByteVector,
    index: number,
    mutable = true,
    place = new Place(),
    through: Reference | undefined = undefined,
    held: Value | undefined = undefined,
    born = nextMoment(),
  ) {
    this.container = container
    this.index = index
    this.mutable = mutable
    this.place = place
    this.#through = through
    this.#held = held
    this.#born = born
  }

  /** The same place, to be read only. */
  frozen(): Reference {
    if (!this.mutable) return this
    this.noteRead()
    return new Reference(this.container, this.index, false, this.place, this.#through, this.#held, this.#born)
  }

  /** A place inside the value that this one holds.
   *  @param mutable - only if this reference is
   *  @param place - shared by all references to it; a new one serves if no other can be mutable */
  into(
    container: (Value | undefined)[] | ByteVector,
    index: number,
    held: Value,
    mutable: boolean,
    place = new Place(),
  ): Reference {
    if (mutable && !this.mutable) throw invariantFault('a mutable borrow of what may only be read')
    const inner = new Reference(container, index, mutable, place, this, held)
    if (!mutable) inner.noteRead()
    return inner
  }

  /** The place is read as a whole: mutable references to it and into it that are older end, except this one. */
  noteRead(): void {
    this.place.read(this.#born)
  }

  /** The place is changed, or handed on to be changed: references into it that are older end, and older ones to it.
   *  @throws {MoveFault} invariant unless the reference may be written through */
  noteChange(): void {
    if (!this.mutable) throw invariantFault('a change through a reference that may only read')
    this.place.change(this.#born)
  }

  get(): Value {
    return this.#get(this.mutable)
  }

  /** @param mutable - whether the reference that asks is: what it was borrowed through is used as far as that one is */
  #get(mutable: boolean): Value {
    const { container, index } = this
    const through = this.#through
    if (through) {
      if (through.#get(mutable) !== this.#held) throw invariantFault('reference into a value that is gone')
      if (through.place.hasEndedInside(this.#born, mutable)) throw ended()
    }
    if (this.place.hasEnded(this.#born, mutable)) throw ended()
    if (container instanceof ByteVector) {
      if (index < container.length) return container.get(index)
    } else {
      const value = container[index]
      if (value !== undefined) return value
    }
    throw invariantFault('reference to a value that is gone')
  }

  set(value: Value): void {
    const { container, index } = this
    if (!(container instanceof ByteVector)) container[index] = value
    else if (typeof value === 'number') container.set(index, value)
    else throw invariantFault('not a byte')
  }

  /** True if one place is the other, or lies in it. */
  overlaps(other: Reference): boolean {
    return this.#leadsThrough(other) || other.#leadsThrough(this)
  }

  #leadsThrough(other: Reference): boolean {
    for (let at: Reference | undefined = this; at; at = at.#through) {
      if (at.container === other.container && at.index === other.index) return true
    }
    return false
  }
}

function ended(): MoveFault {
  return invariantFault('reference that ended when its value was used otherwise')
}

/** A deep copy. References copy as themselves. */
export function copyValue(value: Value, depth = 0): Value {
  if (typeof value !== 'object') return value
  if (depth > MAX_VALUE_DEPTH) throw limitFault('value nested too deep')
  if (value instanceof ByteVector) return value.copy()
  if (value instanceof Struct) return new Struct(value.layout, copyAll(value.fields, depth))
  if (value instanceof MoveVector) return new MoveVector(copyAll(value.items, depth), value.element)
  if (value instanceof Variant) return new Variant(value.layout, value.tag, copyAll(value.fields, depth))
  return value
}

function copyAll(values: readonly Value[], depth: number): Value[] {
  const copies = new Array<Value>(values.length)
  for (let i = 0; i < values.length; i++) copies[i] = copyValue(values[i]!, depth + 1)
  return copies
}

/** Rough size in bytes, for metering: what copying or comparing costs. */
export function valueSize(value: Value): number {
  if (typeof value !== 'object') return 8
  if (value instanceof ByteVector) return 16 + value.length
  if (value instanceof Struct || value instanceof Variant) return sizeOfAll(value.fields)
  if (value instanceof MoveVector) return sizeOfAll(value.items)
  return 8
}

function sizeOfAll(values: readonly Value[]): number {
  let bytes = 16
  for (const value of values) bytes += valueSize(value)
  return bytes
}

/** Structural equality; references are compared by what they point to. */
export function equalValues(a: Value, b: Value): boolean {
  if (typeof a !== 'object' || typeof b !== 'object') {
    if (typeof a !== typeof b) throw invariantFault('comparison of different types')
    return a === b
  }
  if (a instanceof ByteVector && b instanceof ByteVector) return equalBytes(a.bytes, b.bytes)
  if (a instanceof Int && b instanceof Int && a.bits === b.bits) return a.value === b.value
  if (a instanceof Struct && b instanceof Struct && isSameLayout(a, b)) return equalAll(a.fields, b.fields)
  if (a instanceof MoveVector && b instanceof MoveVector) return equalAll(a.items, b.items)
  if (a instanceof Variant && b instanceof Variant && isSameLayout(a, b)) {
    return a.tag === b.tag && equalAll(a.fields, b.fields)
  }
  if (a instanceof Reference && b instanceof Reference) return equalValues(a.get(), b.get())
  throw invariantFault('comparison of different types')
}

function isSameLayout(a: Struct | Variant, b: Struct | Variant): boolean {
  return a.layout === b.layout || a.layout.type.key === b.layout.type.key
}

function equalAll(a: readonly Value[], b: readonly Value[]): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (!equalValues(a[i]!, b[i]!)) return false
  return true
}

/** Abilities of types; a loader has them. */
export interface AbilitySource {
  abilities(type: MoveType): number
}

/** Abilities of a value. A vector has those of its items, and an empty one is asked for their type. */
export function abilitiesOfValue(value: Value, types: AbilitySource): number {
  if (value instanceof Struct || value instanceof Variant) return value.layout.abilities
  if (value instanceof MoveVector) {
    return value.items.length === 0 ? types.abilities(value.element) : abilitiesOfValue(value.items[0]!, types)
  }
  return ALL_ABILITIES
}

export function assertDroppable(value: Value | undefined, types: AbilitySource): void {
  if (typeof value === 'object' && (abilitiesOfValue(value, types) & ABILITY.drop) === 0) {
    throw invariantFault('a value without the ability drop would be lost')
  }
}

export function assertCopyable(value: Value, types: AbilitySource): void {
  if (typeof value === 'object' && (abilitiesOfValue(value, types) & ABILITY.copy) === 0) {
    throw invariantFault('a value without the ability copy would be copied')
  }
}

/** The bytes of a vector<u8>.
 *  @throws {MoveFault} invariant */
export function expectBytes(value: Value | undefined): Uint8Array {
  if (value instanceof ByteVector) return value.bytes
  throw invariantFault('expected a vector of bytes')
}

export function expectStruct(value: Value | undefined): Struct {
  if (value instanceof Struct) return value
  throw invariantFault('expected a struct')
}

export function expectReference(value: Value | undefined): Reference {
  if (value instanceof Reference) return value
  throw invariantFault('expected a reference')
}

export function expectAddress(value: Value | undefined): string {
  if (typeof value === 'string') return value
  throw invariantFault('expected an address')
}

export function expectU64(value: Value | undefined): bigint {
  if (typeof value === 'bigint') return value
  throw invariantFault('expected a u64')
}

export function expectBool(value: Value | undefined): boolean {
  if (typeof value === 'boolean') return value
  throw invariantFault('expected a bool')
}
