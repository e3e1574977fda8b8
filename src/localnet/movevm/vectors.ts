/** The vector instructions. Sub-status codes of vector faults are those of the chain: 1 index out of bounds, 2 pop from an
 *  empty vector, 3 wrong length at unpacking. */

import { invariantFault, limitFault, MoveFault } from './errors.ts'
import { MAX_VECTOR_LENGTH } from './limits.ts'
import type { MoveType } from './types.ts'
import { ByteVector, MoveVector, Reference, type Value } from './values.ts'

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
  return element.kind === 'u8' ? new ByteVector(Uint8Array.from(items, expectByte)) : new MoveVector(items)
}

export function vectorLength(reference: Reference): bigint {
  return BigInt(lengthOf(expectVector(reference.get())))
}

function indexIn(vector: ByteVector | MoveVector, index: Value): number {
  if (typeof index !== 'bigint') throw invariantFault('a vector index is a u64')
  if (index >= BigInt(lengthOf(vector))) throw vectorFault(1, `index ${index} of a vector of ${lengthOf(vector)}`)
  return Number(index)
}

export function borrowElement(reference: Reference, index: Value): Reference {
  const vector = expectVector(reference.get())
  return new Reference(vector instanceof ByteVector ? vector : vector.items, indexIn(vector, index))
}

export function pushBack(reference: Reference, item: Value): void {
  const vector = expectVector(reference.get())
  if (lengthOf(vector) >= MAX_VECTOR_LENGTH) throw limitFault('vector too long')
  if (vector instanceof ByteVector) vector.push(expectByte(item))
  else vector.items.push(item)
}

export function popBack(reference: Reference): Value {
  const vector = expectVector(reference.get())
  if (lengthOf(vector) === 0) throw vectorFault(2, 'pop from an empty vector')
  return vector instanceof ByteVector ? vector.pop() : vector.items.pop()!
}

export function unpackVector(value: Value, count: number): readonly Value[] {
  const vector = expectVector(value)
  if (lengthOf(vector) !== count) throw vectorFault(3, `expected ${count} items, found ${lengthOf(vector)}`)
  return vector instanceof ByteVector ? [...vector.bytes] : vector.items
}

export function swapElements(reference: Reference, first: Value, second: Value): void {
  const vector = expectVector(reference.get())
  const i = indexIn(vector, first)
  const j = indexIn(vector, second)
  const a = new Reference(vector instanceof ByteVector ? vector : vector.items, i)
  const b = new Reference(a.container, j)
  const held = a.get()
  a.set(b.get())
  b.set(held)
}
