/** The vector instructions. Sub-status codes of vector faults are those of the chain: 1 index out of bounds, 2 pop from an
 *  empty vector, 3 wrong length at unpacking. */

import { invariantFault, limitFault, MoveFault } from './errors.ts'
import { MAX_VECTOR_LENGTH } from './limits.ts'
import type { MoveType } from './types.ts'
import { assertOfType } from './value-types.ts'
import { ByteVector, MoveVector, type Reference, type Value } from './values.ts'

function vectorFault(code: 1 | 2 | 3, what: string): MoveFault {
  return new MoveFault('vector', what, BigInt(code))
}

function expectVector(value: Value): ByteVector | MoveVector {
  if (value instanceof ByteVector || value instanceof MoveVector) return value
  throw invariantFault('expected a vector')
}

function lengthOf(vector: ByteVector | MoveVector): number {
  return vector instanceof ByteVector ? vector.length : vector.items.length
}

function expectByte(value: Value): number {
  if (typeof value === 'number') return value
  throw invariantFault('expected a u8')
}

/** A vector of the items, in the form its element type asks for. */
export function packVector(element: MoveType, items: Value[]): ByteVector | MoveVector {
  if (element.kind === 'u8') return new ByteVector(Uint8Array.from(items, expectByte))
  for (const item of items) assertOfType(item, element)
  return new MoveVector(items, element)
}

export function vectorLength(reference: Reference): bigint {
  return BigInt(lengthOf(expectVector(reference.get())))
}

function indexIn(vector: ByteVector | MoveVector, index: Value): number {
  if (typeof index !== 'bigint') throw invariantFault('a vector index is a u64')
  if (index >= BigInt(lengthOf(vector))) throw vectorFault(1, `index ${index} of a vector of ${lengthOf(vector)}`)
  return Number(index)
}

export function borrowElement(reference: Reference, index: Value, mutable: boolean): Reference {
  const vector = expectVector(reference.get())
  // Elements are not told apart: a mutable borrow of one ends the references to all.
  if (mutable) reference.noteChange()
  else if (reference.mutable) reference.noteRead()
  const container = vector instanceof ByteVector ? vector : vector.items
  return reference.into(container, indexIn(vector, index), vector, mutable)
}

/** The vector behind a reference that may be written through. */
function mutableVector(reference: Reference): ByteVector | MoveVector {
  const vector = expectVector(reference.get())
  reference.noteChange()
  return vector
}

export function pushBack(reference: Reference, item: Value): void {
  const vector = mutableVector(reference)
  if (lengthOf(vector) >= MAX_VECTOR_LENGTH) throw limitFault('vector too long')
  if (vector instanceof ByteVector) {
    vector.push(expectByte(item))
    return
  }
  assertOfType(item, vector.element)
  vector.items.push(item)
}

export function popBack(reference: Reference): Value {
  const vector = mutableVector(reference)
  if (lengthOf(vector) === 0) throw vectorFault(2, 'pop from an empty vector')
  return vector instanceof ByteVector ? vector.pop() : vector.items.pop()!
}

export function unpackVector(value: Value, count: number): readonly Value[] {
  const vector = expectVector(value)
  if (lengthOf(vector) !== count) throw vectorFault(3, `expected ${count} items, found ${lengthOf(vector)}`)
  return vector instanceof ByteVector ? [...vector.bytes] : vector.items
}

export function swapElements(reference: Reference, first: Value, second: Value): void {
  const vector = mutableVector(reference)
  const i = indexIn(vector, first)
  const j = indexIn(vector, second)
  if (vector instanceof ByteVector) {
    const held = vector.get(i)
    vector.set(i, vector.get(j))
    vector.set(j, held)
    return
  }
  const { items } = vector
  const held = items[i]!
  items[i] = items[j]!
  items[j] = held
}
