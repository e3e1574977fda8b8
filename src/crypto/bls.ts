/** BLS12-381 signatures, min-pk variant: public keys in G1 (48 bytes compressed, 96 uncompressed), signatures in G2.
 *  @see draft-irtf-cfrg-bls-signature-05, ciphersuite BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_NUL_ */

import { bls12_381 } from '@noble/curves/bls12-381.js'
import { concatBytes, toHex } from '../base/bytes.ts'

const bls = bls12_381.longSignatures
const { Fp, Fp2 } = bls12_381.fields

type G1Point = ReturnType<typeof bls12_381.G1.Point.fromBytes>
type G2Point = ReturnType<typeof bls12_381.G2.Point.fromBytes>

/** Domain separation tag of the ciphersuite Walrus and Sui use. */
export const BLS_DST = 'BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_NUL_'

/** Public key of a 32-byte secret: 48 bytes compressed. */
export function blsPublicKey(secret: Uint8Array): Uint8Array {
  return bls.getPublicKey(secret).toBytes(true)
}

/** The 96-byte uncompressed form (x ‖ y, big-endian) that the chain stores.
 *  @throws {Error} if the key is not a point of the subgroup */
export function blsUncompressedPublicKey(publicKey: Uint8Array): Uint8Array {
  return bls12_381.G1.Point.fromBytes(publicKey).toBytes(false)
}

/** Signature over the message: 96 bytes compressed. */
export function blsSign(message: Uint8Array, secret: Uint8Array): Uint8Array {
  return bls.sign(blsMessagePoint(message), secret).toBytes(true)
}

/** True if the signature is valid for the message under the key (either encoding). Malformed input is false.
 *  What was found valid is remembered: a check takes tens of milliseconds, and a ledger runs a transaction that carries
 *  certificates up to three times, simulating it first. */
export function blsVerify(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean {
  if (valid.has(checkKey(signature, message, publicKey))) return true
  try {
    if (!bls.verify(signature, blsMessagePoint(message), publicKeyPoint(publicKey))) return false
  } catch {
    return false
  }
  rememberValid(signature, message, publicKey)
  return true
}

function checkKey(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): string {
  return message.length <= MAX_REMEMBERED_BYTES ? `${toHex(signature)}.${toHex(message)}.${toHex(publicKey)}` : ''
}

function rememberValid(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): void {
  const key = checkKey(signature, message, publicKey)
  if (key === '') return
  if (valid.size >= MAX_VALID) valid.delete(valid.values().next().value!)
  valid.add(key)
}

/** The sum of signatures of one message if it is valid under the sum of the keys, else undefined. Between summing and
 *  checking nothing becomes bytes and points again, each of which noble would check anew.
 *  @throws {Error} as the two functions below */
export function blsVerifiedSum(
  signatures: readonly Uint8Array[],
  message: Uint8Array,
  publicKeys: readonly Uint8Array[],
): Uint8Array | undefined {
  const signature = bls.aggregateSignatures(signatures.map(curvePoint))
  const publicKey = bls.aggregatePublicKeys(publicKeys.map(keyOnCurve))
  if (!bls.verify(signature, blsMessagePoint(message), publicKey)) return undefined
  const sum = blsCompress(signature)
  // A ledger in this process will be asked the same about the sum of the keys.
  rememberValid(sum, message, publicKey.toBytes(true))
  return sum
}

/** Sum of signatures, for one message signed by several keys: 96 bytes.
 *  Rogue keys are excluded by the proofs of possession that the chain demands.
 *
 *  That the sum lies in the subgroup is checked, that each signature does is not: it is the sum that is verified, and
 *  what it takes for that to succeed determines it. The check of each would be most of the work.
 *  @throws {Error} if one is no point of the curve, or the sum none of the subgroup */
export function blsAggregateSignatures(signatures: readonly Uint8Array[]): Uint8Array {
  return bls.aggregateSignatures(signatures.map(curvePoint)).toBytes(true)
}

/** Sum of public keys: 48 bytes compressed. As with signatures, the sum is checked for the subgroup, not each key: that is
 *  the chain's to check, together with the proof of possession, before it takes a node's key.
 *  @throws {Error} if one is no point of the curve, or the sum none of the subgroup */
export function blsAggregatePublicKeys(publicKeys: readonly Uint8Array[]): Uint8Array {
  return bls.aggregatePublicKeys(publicKeys.map(keyOnCurve)).toBytes(true)
}

/** The point of G2 that a message is hashed to. */
export function blsMessagePoint(message: Uint8Array): G2Point {
  return remembered(messagePoints, MAX_MESSAGES, message, () => bls.hash(message, BLS_DST))
}

function publicKeyPoint(publicKey: Uint8Array): G1Point {
  return remembered(keyPoints, MAX_KEYS, publicKey, () => {
    const point = bls12_381.G1.Point.fromBytes(publicKey)
    point.assertValidity()
    return point
  })
}

/** A key that may lie outside the subgroup. */
function keyOnCurve(publicKey: Uint8Array): G1Point {
  return keyPoints.get(toHex(publicKey)) ?? remembered(curveKeys, MAX_KEYS, publicKey, () => g1CurvePoint(publicKey))
}

/** Keys of a few committees, and the messages of one push: each takes a millisecond and more to become a point. */
const MAX_KEYS = 4096
const MAX_MESSAGES = 64
const MAX_REMEMBERED_BYTES = 1024
/** Certificates of some transactions. */
const MAX_VALID = 4096
const valid = new Set<string>()
const keyPoints = new Map<string, G1Point>()
const curveKeys = new Map<string, G1Point>()
const messagePoints = new Map<string, G2Point>()

function remembered<Point>(points: Map<string, Point>, max: number, bytes: Uint8Array, make: () => Point): Point {
  if (bytes.length > MAX_REMEMBERED_BYTES) return make()
  const key = toHex(bytes)
  let point = points.get(key)
  if (point === undefined) {
    point = make()
    if (points.size >= max) points.delete(points.keys().next().value!)
    points.set(key, point)
  }
  return point
}

const COORDINATE_BYTES = 48
const COMPRESSED = 0x80
const INFINITY = 0x40
const LARGER_Y = 0x20

/** A point of the curve, either encoding, perhaps outside the subgroup; never zero.
 *  @see as below: x with three flags on top, and y where the first is not set */
function g1CurvePoint(bytes: Uint8Array): G1Point {
  const flags = bytes[0]!
  const isCompressed = Boolean(flags & COMPRESSED)
  if (bytes.length !== (isCompressed ? 1 : 2) * COORDINATE_BYTES || flags & INFINITY)
    throw new Error('not a point of G1, or zero')
  // Not `slice`, which makes no copy of a Buffer.
  const xBytes = new Uint8Array(bytes.subarray(0, COORDINATE_BYTES))
  if (isCompressed) xBytes[0]! &= LARGER_Y - 1
  const x = Fp.fromBytes(xBytes)
  const ySquared = Fp.add(Fp.mul(Fp.sqr(x), x), bls12_381.G1.Point.CURVE().b)
  if (isCompressed) {
    const y = Fp.sqrt(ySquared)
    const isRight = 2n * y > Fp.ORDER === Boolean(flags & LARGER_Y)
    return bls12_381.G1.Point.fromAffine({ x, y: isRight ? y : Fp.neg(y) })
  }
  const y = Fp.fromBytes(bytes.slice(COORDINATE_BYTES))
  if (!Fp.eql(Fp.sqr(y), ySquared)) throw new Error('not a point of the curve')
  return bls12_381.G1.Point.fromAffine({ x, y })
}

/** A compressed point of the curve over Fp2, perhaps outside the subgroup.
 *  @see the encoding of draft-irtf-cfrg-pairing-friendly-curves-11, appendix C: x = c1 ‖ c0, three flags on top */
function curvePoint(bytes: Uint8Array): G2Point {
  const flags = bytes[0]!
  if (bytes.length !== 2 * COORDINATE_BYTES || !(flags & COMPRESSED) || flags & INFINITY)
    throw new Error('not a compressed point of G2')
  const c1 = new Uint8Array(bytes.subarray(0, COORDINATE_BYTES))
  c1[0]! &= LARGER_Y - 1
  const x = Fp2.create({ c0: Fp.fromBytes(bytes.slice(COORDINATE_BYTES)), c1: Fp.fromBytes(c1) })
  const y = Fp2.sqrt(Fp2.add(Fp2.mul(Fp2.sqr(x), x), bls12_381.G2.Point.CURVE().b))
  return bls12_381.G2.Point.fromAffine({ x, y: isLarger(y) === Boolean(flags & LARGER_Y) ? y : Fp2.neg(y) })
}

/** The 96 bytes of a point that is known to be of the subgroup, and not zero: noble would check that first. */
export function blsCompress(point: G2Point): Uint8Array {
  const { x, y } = point.toAffine()
  const bytes = concatBytes(Fp.toBytes(x.c1), Fp.toBytes(x.c0))
  bytes[0]! |= COMPRESSED | (isLarger(y) ? LARGER_Y : 0)
  return bytes
}

/** Which of y and −y the third flag names. */
function isLarger(y: G2Point['y']): boolean {
  return 2n * (y.c1 === 0n ? y.c0 : y.c1) > Fp.ORDER
}
