/** Native functions over elliptic curves: signatures and the group operations on BLS12-381. Malformed input to a
 *  verification is `false`, to a group operation an abort, as on the chain. */

import { bls12_381 } from '@noble/curves/bls12-381.js'
import { ed25519 } from '@noble/curves/ed25519.js'
import { concatBytes } from '../../base/bytes.ts'
import { BLS_DST, blsVerify } from '../../crypto/bls.ts'
import { sha256Hex } from '../../crypto/hash.ts'
import { nativeAbort } from './errors.ts'
import type { NativeCall, NativeFunction } from './machine.ts'
import { nativesOf, referencedBytes } from './natives.ts'
import { SUI_FRAMEWORK_ADDRESS } from './types.ts'
import { ByteVector, expectBytes, expectReference, MoveVector } from './values.ts'

/** Numbers of the groups in `group_ops`. */
const SCALAR = 0
const G1 = 1
const G2 = 2
const UNCOMPRESSED_G1 = 4

/** Abort codes of `group_ops`. */
const EInvalidInput = 1
const EInputTooLong = 2

const MAX_SUM_ELEMENTS = 1200

/** What a pairing and an operation on points cost, in instructions. */
const PAIRING_COST = 4400
const POINT_COST = 150

type G1Point = InstanceType<typeof bls12_381.G1.Point>
type G2Point = InstanceType<typeof bls12_381.G2.Point>

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
  const value = bytes.length === 32 ? BigInt(`0x${Buffer.from(bytes).toString('hex')}`) : bls12_381.fields.Fr.ORDER
  if (value >= bls12_381.fields.Fr.ORDER) throw nativeAbort(EInvalidInput)
  return value
}

function scalarBytes(value: bigint): ByteVector {
  return new ByteVector(Buffer.from(bls12_381.fields.Fr.create(value).toString(16).padStart(64, '0'), 'hex'))
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
}

function combine({ machine, args: [group, left, right] }: NativeCall<unknown>, by: Combine): ByteVector {
  machine.charge(POINT_COST)
  const a = referencedBytes(left)
  const b = referencedBytes(right)
  if (group === SCALAR) return scalarBytes(by.scalar(scalarFromBytes(a), scalarFromBytes(b)))
  if (group === G1) return g1Bytes(by.g1(g1FromBytes(a), g1FromBytes(b)))
  if (group === G2) return g2Bytes(by.g2(g2FromBytes(a), g2FromBytes(b)))
  throw nativeAbort(EInvalidInput)
}

const ADD: Combine = { scalar: (a, b) => a + b, g1: (a, b) => a.add(b), g2: (a, b) => a.add(b) }
const SUBTRACT: Combine = { scalar: (a, b) => a - b, g1: (a, b) => a.subtract(b), g2: (a, b) => a.subtract(b) }

/** Scalar times element: the scalar comes first. */
function multiply({ machine, args: [group, factor, element] }: NativeCall<unknown>): ByteVector {
  machine.charge(PAIRING_COST)
  const scalar = scalarFromBytes(referencedBytes(factor))
  const bytes = referencedBytes(element)
  if (group === SCALAR) return scalarBytes(scalar * scalarFromBytes(bytes))
  if (group === G1) return g1Bytes(g1FromBytes(bytes).multiplyUnsafe(scalar))
  if (group === G2) return g2Bytes(g2FromBytes(bytes).multiplyUnsafe(scalar))
  throw nativeAbort(EInvalidInput)
}

function hashTo({ machine, args: [group, message] }: NativeCall<unknown>): ByteVector {
  machine.charge(PAIRING_COST)
  const bytes = referencedBytes(message)
  if (bytes.length === 0) throw nativeAbort(EInvalidInput)
  if (group === G1) return new ByteVector(bls12_381.G1.hashToCurve(bytes, { DST: DST_G1 }).toBytes(true))
  if (group === G2) return new ByteVector(bls12_381.G2.hashToCurve(bytes, { DST: BLS_DST }).toBytes(true))
  throw nativeAbort(EInvalidInput)
}

const DST_G1 = 'BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_'

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
  const { Fp } = bls12_381.fields
  return parsePoint(
    () => bls12_381.G1.Point.fromAffine({ x: Fp.fromBytes(bytes.slice(0, 48)), y: Fp.fromBytes(bytes.slice(48)) }),
    bytes,
    96,
  )
}

function verifyMinPk({ machine, args: [signature, publicKey, message] }: NativeCall<unknown>): boolean {
  machine.charge(PAIRING_COST)
  const [signed, key, content] = [signature, publicKey, message].map(referencedBytes) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ]
  if (key.length !== 48 || signed.length !== 96) return false
  const digest = sha256Hex(concatBytes(signed, key, content))
  let isValid = verified.get(digest)
  if (isValid === undefined) {
    isValid = blsVerify(signed, content, key)
    if (verified.size >= MAX_REMEMBERED) verified.clear()
    verified.set(digest, isValid)
  }
  return isValid
}

/** Results by hash of signature, key and message. A transaction is simulated before it is executed, and a check takes tens
 *  of milliseconds: a push of many packs would wait twice. The signature and key have fixed lengths, so the hash is of one
 *  triple only. */
const verified = new Map<string, boolean>()
const MAX_REMEMBERED = 4096

function verifyMinSig({ machine, args: [signature, publicKey, message] }: NativeCall<unknown>): boolean {
  machine.charge(PAIRING_COST)
  const bls = bls12_381.shortSignatures
  try {
    const key = bls12_381.G2.Point.fromBytes(referencedBytes(publicKey))
    key.assertValidity()
    return bls.verify(referencedBytes(signature), bls.hash(referencedBytes(message), DST_G1), key)
  } catch {
    return false
  }
}

function verifyEd25519({ machine, args: [signature, publicKey, message] }: NativeCall<unknown>): boolean {
  machine.charge(PAIRING_COST / 4)
  try {
    return ed25519.verify(referencedBytes(signature), referencedBytes(message), referencedBytes(publicKey))
  } catch {
    return false
  }
}

const natives = {
  'bls12381::bls12381_min_pk_verify': verifyMinPk,
  'bls12381::bls12381_min_sig_verify': verifyMinSig,
  'ed25519::ed25519_verify': verifyEd25519,
  'group_ops::internal_validate': validate,
  'group_ops::internal_add': (call) => combine(call, ADD),
  'group_ops::internal_sub': (call) => combine(call, SUBTRACT),
  'group_ops::internal_mul': multiply,
  'group_ops::internal_hash_to': hashTo,
  'group_ops::internal_convert': convert,
  'group_ops::internal_sum': sum,
} satisfies Record<string, NativeFunction<unknown>>

export const CRYPTO_NATIVES: readonly [string, NativeFunction<unknown>][] = nativesOf<unknown>(
  SUI_FRAMEWORK_ADDRESS,
  natives,
)
