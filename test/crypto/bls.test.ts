import { readFileSync } from 'node:fs'
import { bls12_381 } from '@noble/curves/bls12-381.js'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from '../../src/base/bytes.ts'
import {
  blsAggregatePublicKeys,
  blsAggregateSignatures,
  blsCompress,
  blsPublicKey,
  blsSign,
  blsUncompressedPublicKey,
  blsVerifiedSum,
  blsVerify,
} from '../../src/crypto/bls.ts'

const vector: Record<'message' | 'publicKey01' | 'signature01' | 'aggregate010203', string> = JSON.parse(
  readFileSync(new URL('../vectors/crypto/bls.json', import.meta.url), 'utf8'),
)
const message = fromHex(vector.message)
const secrets = [1, 2, 3].map((byte) => new Uint8Array(32).fill(byte))

describe('BLS12-381 min-pk', () => {
  it('gives the public key, signature and aggregate of the Walrus vectors', () => {
    expect(toHex(blsPublicKey(secrets[0]!))).toBe(vector.publicKey01)
    expect(toHex(blsSign(message, secrets[0]!))).toBe(vector.signature01)
    expect(toHex(blsAggregateSignatures(secrets.map((s) => blsSign(message, s))))).toBe(vector.aggregate010203)
  })

  it('verifies under both encodings of the key, and the aggregate under the summed key', () => {
    const key = blsPublicKey(secrets[0]!)
    expect(blsUncompressedPublicKey(key)).toHaveLength(96)
    expect(blsVerify(fromHex(vector.signature01), message, key)).toBe(true)
    expect(blsVerify(fromHex(vector.signature01), message, blsUncompressedPublicKey(key))).toBe(true)
    expect(blsVerify(fromHex(vector.aggregate010203), message, blsAggregatePublicKeys(secrets.map(blsPublicKey)))).toBe(
      true,
    )
  })

  it('sums and verifies at once, with the same result', () => {
    const keys = secrets.map((s) => blsUncompressedPublicKey(blsPublicKey(s)))
    const signatures = secrets.map((s) => blsSign(message, s))
    expect(toHex(blsVerifiedSum(signatures, message, keys)!)).toBe(vector.aggregate010203)
    expect(blsVerifiedSum(signatures, Uint8Array.of(1), keys)).toBeUndefined()
    expect(blsVerifiedSum(signatures.slice(1), message, keys)).toBeUndefined()
    expect(blsVerifiedSum(signatures, message, keys.slice(1))).toBeUndefined()
    expect(
      blsVerifiedSum([...signatures.slice(1), blsSign(Uint8Array.of(2), secrets[0]!)], message, keys),
    ).toBeUndefined()
    expect(() => blsVerifiedSum([signatures[0]!.subarray(1)], message, keys.slice(0, 1))).toThrow()
  })

  it('leaves what it is given as it is, whatever holds the bytes', () => {
    const keys = secrets.map((s) => Buffer.from(blsPublicKey(s)))
    const signatures = secrets.map((s) => Buffer.from(blsSign(message, s)))
    const before = [...keys, ...signatures].map((bytes) => toHex(bytes))
    expect(toHex(blsVerifiedSum(signatures, message, keys)!)).toBe(vector.aggregate010203)
    expect([...keys, ...signatures].map((bytes) => toHex(bytes))).toEqual(before)
  })

  it('refuses another message, another key and malformed bytes', () => {
    const signature = fromHex(vector.signature01)
    expect(blsVerify(signature, Uint8Array.of(1), blsPublicKey(secrets[0]!))).toBe(false)
    expect(blsVerify(signature, message, blsPublicKey(secrets[1]!))).toBe(false)
    expect(blsVerify(signature.subarray(1), message, blsPublicKey(secrets[0]!))).toBe(false)
    expect(blsVerify(signature, message, new Uint8Array(48))).toBe(false)
  })

  it('adds what another implementation reads as points, in either sign, and writes them the same', () => {
    for (let i = 0; i < 8; i++) {
      const signature = blsSign(Uint8Array.of(i), secrets[i % 3]!)
      const point = bls12_381.G2.Point.fromBytes(signature)
      expect(toHex(blsAggregateSignatures([signature]))).toBe(toHex(signature))
      expect(toHex(blsCompress(point))).toBe(toHex(signature))
      const opposite = point.negate().toBytes(true)
      expect(toHex(blsAggregateSignatures([signature, signature, opposite]))).toBe(toHex(signature))
    }
  })

  it('refuses a sum outside the subgroup, and bytes that are no point', () => {
    const signature = fromHex(vector.signature01)
    const stray = pointOutsideSubgroup()
    expect(() => blsAggregateSignatures([stray])).toThrow()
    expect(() => blsAggregateSignatures([signature, stray])).toThrow()
    expect(blsVerify(stray, message, blsPublicKey(secrets[0]!))).toBe(false)
    for (const flip of [0x80, 0x40, 0x10]) {
      const broken = signature.slice()
      broken[0]! ^= flip
      expect(() => blsAggregateSignatures([broken, signature])).toThrow()
    }
    expect(() => blsAggregateSignatures([signature.subarray(1)])).toThrow()
    expect(() => blsAggregateSignatures([new Uint8Array(96).fill(0xff)])).toThrow()
  })

  it('adds keys in both encodings as another implementation does', () => {
    const keys = secrets.flatMap((secret) => [blsPublicKey(secret), blsUncompressedPublicKey(blsPublicKey(secret))])
    const negated = bls12_381.G1.Point.fromBytes(keys[0]!).negate()
    const all = [...keys, negated.toBytes(true), negated.toBytes(false), blsPublicKey(new Uint8Array(32).fill(9))]
    const sum = all.reduce((total, key) => total.add(bls12_381.G1.Point.fromBytes(key)), bls12_381.G1.Point.ZERO)
    expect(toHex(blsAggregatePublicKeys(all))).toBe(toHex(sum.toBytes(true)))
  })

  it('refuses keys whose sum lies outside the subgroup, and bytes that are no point', () => {
    const key = blsPublicKey(secrets[0]!)
    const stray = keyOutsideSubgroup()
    expect(() => blsAggregatePublicKeys([key, stray.toBytes(true)])).toThrow()
    expect(() => blsAggregatePublicKeys([stray.toBytes(false)])).toThrow()
    const whole = blsUncompressedPublicKey(key)
    for (const [bytes, at] of [
      [whole, 95],
      [whole, 47],
      [key, 0],
    ] as const) {
      const broken = bytes.slice()
      broken[at]! ^= at === 0 ? 0x40 : 1
      expect(() => blsAggregatePublicKeys([broken])).toThrow()
    }
    for (const bytes of [key.subarray(1), whole.subarray(1), new Uint8Array(48), new Uint8Array(96), new Uint8Array(0)])
      expect(() => blsAggregatePublicKeys([bytes])).toThrow()
  })

  it('hashes and verifies messages of any length', () => {
    const long = new Uint8Array(300_000).fill(7)
    expect(blsVerify(blsSign(long, secrets[0]!), long, blsPublicKey(secrets[0]!))).toBe(true)
  })
})

function keyOutsideSubgroup() {
  const { Point } = bls12_381.G1
  const { Fp } = bls12_381.fields
  for (let x = 1n; ; x++) {
    try {
      const y = Fp.sqrt(Fp.add(Fp.mul(Fp.sqr(x), x), Point.CURVE().b))
      const point = Point.fromAffine({ x, y })
      if (!point.isTorsionFree()) return point
    } catch {
      // No point has this x.
    }
  }
}

/** On the curve: nearly all of its points are outside the subgroup. */
function pointOutsideSubgroup(): Uint8Array {
  for (let c0 = 1; ; c0++) {
    const bytes = new Uint8Array(96)
    bytes[0] = 0x80
    bytes[95] = c0
    try {
      bls12_381.G2.Point.fromBytes(bytes)
    } catch (error) {
      if (/subgroup/.test(String(error))) return bytes
    }
  }
}
