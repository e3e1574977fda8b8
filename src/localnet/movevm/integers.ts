/** Checked arithmetic on the integers of `values.ts`. Overflow, division by zero and too wide a shift are arithmetic
 *  faults; operands of different widths cannot come from compiled code. */

import { invariantFault, MoveFault } from './errors.ts'
import { Int, type Value } from './values.ts'

export type Width = 8 | 16 | 32 | 64 | 128 | 256

const MAX: Readonly<Record<Width, bigint>> = {
  8: 0xffn,
  16: 0xffffn,
  32: 0xffff_ffffn,
  64: (1n << 64n) - 1n,
  128: (1n << 128n) - 1n,
  256: (1n << 256n) - 1n,
}

function arithmeticFault(what: string): MoveFault {
  return new MoveFault('arithmetic', what)
}

/** Width of an integer value.
 *  @throws {MoveFault} invariant if it is none */
export function widthOf(value: Value | undefined): Width {
  if (typeof value === 'bigint') return 64
  if (typeof value === 'number') return 8
  if (value instanceof Int) return value.bits
  throw invariantFault('expected an integer')
}

/** The number behind an integer value. */
export function toBigInt(value: Value | undefined): bigint {
  if (typeof value === 'bigint') return value
  if (typeof value === 'number') return BigInt(value)
  if (value instanceof Int) return value.value
  throw invariantFault('expected an integer')
}

/** An integer value of a width.
 *  @throws {MoveFault} arithmetic if the number does not fit */
export function integer(width: Width, value: bigint): Value {
  if (value < 0n || value > MAX[width]) throw arithmeticFault(`${value} does not fit u${width}`)
  if (width === 64) return value
  if (width === 8) return Number(value)
  return new Int(width, value)
}

export type BinaryOperation = 'add' | 'sub' | 'mul' | 'div' | 'mod' | 'and' | 'or' | 'xor'

const EXACT: Readonly<Record<BinaryOperation, (a: bigint, b: bigint) => bigint>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  mod: (a, b) => a % b,
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
}

/** @throws {MoveFault} arithmetic */
export function binary(operation: BinaryOperation, a: Value | undefined, b: Value | undefined): Value {
  const width = widthOf(a)
  if (widthOf(b) !== width) throw invariantFault('operands of different widths')
  const right = toBigInt(b)
  if (right === 0n && (operation === 'div' || operation === 'mod')) throw arithmeticFault('division by zero')
  return integer(width, EXACT[operation](toBigInt(a), right))
}

/** Shift by a u8; bits shifted out on the left are lost.
 *  @throws {MoveFault} arithmetic if the distance is not below the width */
export function shift(direction: 'left' | 'right', a: Value | undefined, distance: Value | undefined): Value {
  const width = widthOf(a)
  if (typeof distance !== 'number') throw invariantFault('a shift distance is a u8')
  if (distance >= width) throw arithmeticFault(`shift of u${width} by ${distance}`)
  const value = toBigInt(a)
  const by = BigInt(distance)
  return integer(width, direction === 'left' ? (value << by) & MAX[width] : value >> by)
}

/** Conversion to another width.
 *  @throws {MoveFault} arithmetic if the number does not fit */
export function cast(width: Width, value: Value | undefined): Value {
  return integer(width, toBigInt(value))
}

/** Negative, zero or positive. */
export function compareIntegers(a: Value | undefined, b: Value | undefined): number {
  if (widthOf(a) !== widthOf(b)) throw invariantFault('operands of different widths')
  const left = toBigInt(a)
  const right = toBigInt(b)
  return left < right ? -1 : left > right ? 1 : 0
}
