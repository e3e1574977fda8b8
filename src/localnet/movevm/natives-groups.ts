/** Native functions of `group_ops`: scalars, points and pairings of BLS12-381. What is malformed is an abort, as on the
 *  chain. Target elements are 12 numbers of 48 bytes, big-endian, in the order of the chain's curve library. */

import { bls12_381 } from '@noble/curves/bls12-381.js'
import { BLS_DST } from '../../crypto/bls.ts'
import { nativeAbort } from './errors.ts'
import type { NativeCall, NativeFunction } from './machine.ts'
import { referencedBytes } from './natives.ts'
import { ByteVector, expectBytes, expectReference, MoveVector, type Value } from './values.ts'

/** Numbers of the groups in `group_ops`. */
const SCALAR = 0
const G1 = 1
const G2 = 2
const GT = 3
const UNCOMPRESSED_G1 = 4

/** Abort codes of `group_ops`. */
const EInvalidInput = 1
const EInputTooLong = 2

const MAX_SUM_ELEMENTS = 1200
/** Of a multi-scalar multiplication; as on Sui. */
const MAX_PRODUCT_ELEMENTS = 32

const { Fp, Fr, Fp2, Fp6, Fp12 } = bls12_381.fields

/** What a pairing and an operation on points cost, in instructions. */
export const PAIRING_COST = 4400
const POINT_COST = 150

type G1Point = InstanceType<typeof bls12_381.G1.Point>
type G2Point = InstanceType<typeof bls12_381.G2.Point>
type Target = typeof Fp12.ONE

/** The flag of the point at infinity; the rest of its encoding is zero. The curve library refuses it as a public key,
 *  which it is not here. */
const INFINITY = 0x40
const COMPRESSED = 0x80

function isInfinity(bytes: Uint8Array, flags: number): boolean {
  return bytes[0] === flags && bytes.every((byte, i) => i === 0 || byte === 0)
}

function infinityBytes(length: number, flags: number): Uint8Array {
  const bytes = new Uint8Array(length)
  bytes[0] = flags
  return bytes
}

function g1FromBytes(bytes: Uint8Array): G1Point {
  if (bytes.length === 48 && isInfinity(bytes, COMPRESSED | INFINITY)) return bls12_381.G1.Point.ZERO
  const key = Buffer.from(bytes).toString('latin1')
  let point = known.get(key)
  if (!point) {
    point = parsePoint(() => bls12_381.G1.Point.fromBytes(bytes), bytes, 48)
    if (known.size >= MAX_KNOWN) known.clear()
    known.set(key, point)
  }
  return point
}

/** Points read before, by their bytes. Reading one takes milliseconds (a root, and the check of the subgroup), the same
 *  keys come again and again, and points never change. */
const known = new Map<string, G1Point>()
const MAX_KNOWN = 1024

function g2FromBytes(bytes: Uint8Array): G2Point {
  if (bytes.length === 96 && isInfinity(bytes, COMPRESSED | INFINITY)) return bls12_381.G2.Point.ZERO
  return parsePoint(() => bls12_381.G2.Point.fromBytes(bytes), bytes, 96)
}

function parsePoint<P>(parse: () => P, bytes: Uint8Array, length: number): P {
  if (bytes.length !== length) throw nativeAbort(EInvalidInput)
  try {
    return parse()
  } catch {
    throw nativeAbort(EInvalidInput)
  }
}

function g1Bytes(point: G1Point): ByteVector {
  return new ByteVector(point.is0() ? infinityBytes(48, COMPRESSED | INFINITY) : point.toBytes(true))
}

function g2Bytes(point: G2Point): ByteVector {
  return new ByteVector(point.is0() ? infinityBytes(96, COMPRESSED | INFINITY) : point.toBytes(true))
}

function uncompressedBytes(point: G1Point): ByteVector {
  return new ByteVector(point.is0() ? infinityBytes(96, INFINITY) : point.toBytes(false))
}

function scalarFromBytes(bytes: Uint8Array): bigint {
  const value = bytes.length === 32 ? BigInt(`0x${Buffer.from(bytes).toString('hex')}`) : Fr.ORDER
  if (value >= Fr.ORDER) throw nativeAbort(EInvalidInput)
  return value
}

function scalarBytes(value: bigint): ByteVector {
  return new ByteVector(Buffer.from(Fr.create(value).toString(16).padStart(64, '0'), 'hex'))
}

function validate({ machine, args: [group, element] }: NativeCall<unknown>): boolean {
  machine.charge(PAIRING_COST / 4)
  const bytes = referencedBytes(element)
  try {
    // Reading a point also checks that it lies in the subgroup.
    if (group === SCALAR) scalarFromBytes(bytes)
    else if (group === G1) g1FromBytes(bytes)
    else if (group === G2) g2FromBytes(bytes)
    else return false
    return true
  } catch {
    return false
  }
}

type Combine = {
  scalar: (a: bigint, b: bigint) => bigint
  g1: (a: G1Point, b: G1Point) => G1Point
  g2: (a: G2Point, b: G2Point) => G2Point
  /** The target group is written additively, too. */
  gt: (a: Target, b: Target) => Target
}

function combine({ machine, args: [group, left, right] }: NativeCall<unknown>, by: Combine): ByteVector {
  machine.charge(POINT_COST)
  const a = referencedBytes(left)
  const b = referencedBytes(right)
  if (group === SCALAR) return scalarBytes(by.scalar(scalarFromBytes(a), scalarFromBytes(b)))
  if (group === G1) return g1Bytes(by.g1(g1FromBytes(a), g1FromBytes(b)))
  if (group === G2) return g2Bytes(by.g2(g2FromBytes(a), g2FromBytes(b)))
  if (group === GT) return gtBytes(by.gt(gtFromBytes(a), gtFromBytes(b)))
  throw nativeAbort(EInvalidInput)
}

const ADD: Combine = {
  scalar: (a, b) => a + b,
  g1: (a, b) => a.add(b),
  g2: (a, b) => a.add(b),
  gt: (a, b) => Fp12.mul(a, b),
}
const SUBTRACT: Combine = {
  scalar: (a, b) => a - b,
  g1: (a, b) => a.subtract(b),
  g2: (a, b) => a.subtract(b),
  gt: (a, b) => Fp12.mul(a, Fp12.inv(b)),
}

/** Scalar times element: the scalar comes first. */
function multiply({ machine, args: [group, factor, element] }: NativeCall<unknown>): ByteVector {
  machine.charge(PAIRING_COST)
  return times(group, scalarFromBytes(referencedBytes(factor)), referencedBytes(element))
}

/** Element divided by scalar: the scalar comes first. */
function divide({ machine, args: [group, divisor, element] }: NativeCall<unknown>): ByteVector {
  machine.charge(PAIRING_COST)
  const scalar = scalarFromBytes(referencedBytes(divisor))
  if (scalar === 0n) throw nativeAbort(EInvalidInput)
  return times(group, Fr.inv(scalar), referencedBytes(element))
}

function times(group: Value | undefined, scalar: bigint, bytes: Uint8Array): ByteVector {
  if (group === SCALAR) return scalarBytes(scalar * scalarFromBytes(bytes))
  if (group === G1) return g1Bytes(g1FromBytes(bytes).multiplyUnsafe(scalar))
  if (group === G2) return g2Bytes(g2FromBytes(bytes).multiplyUnsafe(scalar))
  if (group === GT) return gtBytes(Fp12.pow(gtFromBytes(bytes), scalar))
  throw nativeAbort(EInvalidInput)
}

/** Sum of scalar times element over two lists, each in one row of bytes. */
function multiplyMany({ machine, args: [group, factors, elements] }: NativeCall<unknown>): ByteVector {
  if (group !== G1 && group !== G2) throw nativeAbort(EInvalidInput)
  const scalars = pieces(referencedBytes(factors), 32)
  const points = pieces(referencedBytes(elements), group === G1 ? 48 : 96)
  if (scalars.length === 0 || scalars.length !== points.length) throw nativeAbort(EInvalidInput)
  if (scalars.length > MAX_PRODUCT_ELEMENTS) throw nativeAbort(EInputTooLong)
  machine.charge(PAIRING_COST * scalars.length)
  const numbers = scalars.map(scalarFromBytes)
  if (group === G1) {
    const terms = points.map((bytes, i) => g1FromBytes(bytes).multiplyUnsafe(numbers[i]!))
    return g1Bytes(terms.reduce((sum, term) => sum.add(term)))
  }
  const terms = points.map((bytes, i) => g2FromBytes(bytes).multiplyUnsafe(numbers[i]!))
  return g2Bytes(terms.reduce((sum, term) => sum.add(term)))
}

function pieces(bytes: Uint8Array, length: number): Uint8Array[] {
  if (bytes.length % length !== 0) throw nativeAbort(EInvalidInput)
  return Array.from({ length: bytes.length / length }, (_, i) => bytes.subarray(i * length, (i + 1) * length))
}

function pair({ machine, args: [group, left, right] }: NativeCall<unknown>): ByteVector {
  machine.charge(2 * PAIRING_COST)
  if (group !== G1) throw nativeAbort(EInvalidInput)
  const a = g1FromBytes(referencedBytes(left))
  const b = g2FromBytes(referencedBytes(right))
  // The library refuses to pair what is always one.
  return gtBytes(a.is0() || b.is0() ? Fp12.ONE : bls12_381.pairing(a, b))
}

const FP_BYTES = 48

function gtBytes({ c0, c1 }: Target): ByteVector {
  const numbers = [c0.c0, c1.c0, c0.c1, c1.c1, c0.c2, c1.c2].flatMap((pair) => [pair.c0, pair.c1])
  const bytes = new Uint8Array(numbers.length * FP_BYTES)
  for (const [i, number] of numbers.entries()) bytes.set(Fp.toBytes(number), i * FP_BYTES)
  return new ByteVector(bytes)
}

/** A trusted element: code gets none but those computed here, and two constants. */
function gtFromBytes(bytes: Uint8Array): Target {
  if (bytes.length !== 12 * FP_BYTES) throw nativeAbort(EInvalidInput)
  const numbers = pieces(bytes, FP_BYTES).map((piece) => BigInt(`0x${Buffer.from(piece).toString('hex')}`))
  if (numbers.some((number) => number >= Fp.ORDER)) throw nativeAbort(EInvalidInput)
  const pair = (i: number) => Fp2.create({ c0: numbers[2 * i]!, c1: numbers[2 * i + 1]! })
  const [a, b, c, d, e, f] = [0, 1, 2, 3, 4, 5].map(pair)
  const half = (c0: typeof a, c1: typeof a, c2: typeof a) => Fp6.create({ c0: c0!, c1: c1!, c2: c2! })
  return Fp12.create({ c0: half(a, c, e), c1: half(b, d, f) })
}

function hashTo({ machine, args: [group, message] }: NativeCall<unknown>): ByteVector {
  machine.charge(PAIRING_COST)
  const bytes = referencedBytes(message)
  if (bytes.length === 0) throw nativeAbort(EInvalidInput)
  if (group === G1) return new ByteVector(bls12_381.G1.hashToCurve(bytes, { DST: DST_G1 }).toBytes(true))
  if (group === G2) return new ByteVector(bls12_381.G2.hashToCurve(bytes, { DST: BLS_DST }).toBytes(true))
  throw nativeAbort(EInvalidInput)
}

export const DST_G1 = 'BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_'

/** Between the compressed form of G1 and the one that is cheap to sum. */
function convert({ machine, args: [from, to, element] }: NativeCall<unknown>): ByteVector {
  machine.charge(POINT_COST)
  const bytes = referencedBytes(element)
  if (from === G1 && to === UNCOMPRESSED_G1) return uncompressedBytes(g1FromBytes(bytes))
  if (from === UNCOMPRESSED_G1 && to === G1) return g1Bytes(g1FromUncompressed(bytes))
  throw nativeAbort(EInvalidInput)
}

/** Sum of uncompressed G1 points. They come from `convert` and from sums, so they are not checked again: a committee has
 *  hundreds of members. */
function sum({ machine, args: [group, elements] }: NativeCall<unknown>): ByteVector {
  const vector = expectReference(elements).get()
  if (group !== UNCOMPRESSED_G1 || !(vector instanceof MoveVector)) throw nativeAbort(EInvalidInput)
  if (vector.items.length > MAX_SUM_ELEMENTS) throw nativeAbort(EInputTooLong)
  machine.charge(POINT_COST * vector.items.length)
  let total: G1Point = bls12_381.G1.Point.ZERO
  for (const item of vector.items) total = total.add(g1FromUncompressed(expectBytes(item)))
  return uncompressedBytes(total)
}

/** A trusted point: x and y, big-endian; the flag of infinity is bit 6 of the first byte. */
function g1FromUncompressed(bytes: Uint8Array): G1Point {
  if (bytes.length !== 96 || (bytes[0]! & 0xa0) !== 0) throw nativeAbort(EInvalidInput)
  if (isInfinity(bytes, INFINITY)) return bls12_381.G1.Point.ZERO
  return parsePoint(
    () => bls12_381.G1.Point.fromAffine({ x: Fp.fromBytes(bytes.slice(0, 48)), y: Fp.fromBytes(bytes.slice(48)) }),
    bytes,
    96,
  )
}

export const GROUP_NATIVES = {
  'group_ops::internal_validate': validate,
  'group_ops::internal_add': (call) => combine(call, ADD),
  'group_ops::internal_sub': (call) => combine(call, SUBTRACT),
  'group_ops::internal_mul': multiply,
  'group_ops::internal_div': divide,
  'group_ops::internal_hash_to': hashTo,
  'group_ops::internal_multi_scalar_mul': multiplyMany,
  'group_ops::internal_pairing': pair,
  'group_ops::internal_convert': convert,
  'group_ops::internal_sum': sum,
} satisfies Record<string, NativeFunction<unknown>>
