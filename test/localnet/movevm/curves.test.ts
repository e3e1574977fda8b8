/** Native functions over curves, against values of other implementations (`test/vectors/move/curves.json`). */

import { readFileSync } from 'node:fs'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { describe, expect, it } from 'vitest'
import { concatBytes, fromHex, toHex, utf8 } from '../../../src/base/bytes.ts'
import { sha256 } from '../../../src/crypto/hash.ts'
import { ByteVector, type Value } from '../../../src/localnet/movevm/values.ts'
import { call, faultOf } from './probe.ts'

const vectors = JSON.parse(readFileSync(new URL('../../vectors/move/curves.json', import.meta.url), 'utf8'))

const curves = (name: string, ...args: Value[]) => call('curves', name, args)
const hex = (value: Value | undefined) => toHex((value as ByteVector).bytes)
const bytes = (text: string) => new ByteVector(fromHex(text))
const plain = (text: string) => new ByteVector(utf8(text))
const scalar = (n: bigint) => n.toString(16).padStart(64, '0')

/** Order of the groups. */
const ORDER = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001n
const invalid = { fault: 'abort', abortCode: 1n, location: { module: 'group_ops' } }

/** The signature with one bit of s turned, which lies in its second half. */
function turned(signature: string): ByteVector {
  const wrong = fromHex(signature)
  wrong[40]! ^= 1
  return new ByteVector(wrong)
}

describe('scalars', () => {
  it('are numbers below the order', () => {
    const [a, b] = [ORDER - 1n, 3n]
    const results = curves('scalars', bytes(scalar(a)), bytes(scalar(b))).map(hex)
    expect(results.slice(0, 3)).toEqual([2n, ORDER - 4n, ORDER - 3n].map(scalar))
    // The second by the first.
    expect((BigInt(`0x${results[3]}`) * a) % ORDER).toBe(b)
    expect(hex(curves('scalar_of', 2n ** 64n - 1n)[0])).toBe(scalar(2n ** 64n - 1n))
    expect(curves('opposites', 8n).map(hex)).toEqual([vectors.scalarMinus8, scalar(1n)])
  })

  it('have 32 bytes, and nothing is divided by zero', () => {
    for (const bad of [scalar(ORDER), '', scalar(1n).slice(2), `00${scalar(1n)}`])
      expect(faultOf(() => curves('scalars', bytes(bad), bytes(scalar(1n))))).toMatchObject(invalid)
    expect(faultOf(() => curves('scalars', bytes(scalar(0n)), bytes(scalar(1n))))).toMatchObject(invalid)
    expect(faultOf(() => curves('fractions', 1n, 0n))).toMatchObject(invalid)
  })
})

describe('the groups of BLS12-381', () => {
  it('have the published multiples', () => {
    const { g1, g2, gt } = vectors.times54321
    expect(hex(curves('g1_times', 54_321n)[0])).toBe(g1)
    expect(hex(curves('g2_times', 54_321n)[0])).toBe(g2)
    expect(hex(curves('gt_times', 54_321n)[0])).toBe(gt)
    expect(curves('fractions', 54_321n * 7n, 7n).map(hex)).toEqual([g1, g2, gt])
    expect(curves('sums')).toEqual([true, true, true])
  })

  it('multiply many at once, up to 32 of each', () => {
    const sum = Array.from({ length: 5 }, (_, i) => BigInt((i + 1) * (i + 101))).reduce((a, b) => a + b)
    expect(hex(curves('products', 5n, true)[0])).toBe(hex(curves('g1_times', sum)[0]))
    expect(hex(curves('products', 5n, false)[0])).toBe(hex(curves('g2_times', sum)[0]))
    expect(hex(curves('ones', 32n, 32n)[0])).toBe(hex(curves('g1_times', 32n)[0]))
    expect(faultOf(() => curves('ones', 33n, 33n))).toMatchObject({ ...invalid, abortCode: 2n })
    expect(faultOf(() => curves('ones', 0n, 0n))).toMatchObject(invalid)
    expect(faultOf(() => curves('ones', 2n, 1n))).toMatchObject(invalid)
  })

  it('pair, in both arguments linearly', () => {
    expect(hex(curves('pair', 1n, 54_321n)[0])).toBe(vectors.times54321.gt)
    expect(hex(curves('pair', 54_321n, 1n)[0])).toBe(vectors.times54321.gt)
    expect(hex(curves('pair', 0n, 5n)[0])).toBe(hex(curves('gt_times', 0n)[0]))
  })

  it('prove a signature by hand that another implementation made', () => {
    const { inG1, inG2 } = vectors
    const parts = [bytes(inG1.signature), bytes(inG1.key)] as const
    expect(curves('signed_in_g1', ...parts, bytes(inG1.message))).toEqual([true])
    expect(curves('signed_in_g1', ...parts, bytes('0201010101'))).toEqual([false])
    const round = new Uint8Array(8)
    new DataView(round.buffer).setBigUint64(0, BigInt(inG2.drandRound))
    const message = new ByteVector(sha256(concatBytes(fromHex(inG2.previous), round)))
    expect(curves('signed_in_g2', bytes(inG2.signature), bytes(inG2.key), message)).toEqual([true])
    expect(faultOf(() => curves('signed_in_g1', ...parts, bytes('')))).toMatchObject(invalid)
  })
})

describe('signatures', () => {
  it('of Ed25519 are verified', () => {
    const { signature, key, message } = vectors.ed25519
    expect(curves('ed25519', bytes(signature), bytes(key), bytes(message))).toEqual([true])
    expect(curves('ed25519', bytes(signature), bytes(key), bytes('73'))).toEqual([false])
    expect(curves('ed25519', bytes(signature), bytes('00'), bytes(message))).toEqual([false])
  })

  it.each(['k1', 'r1'])('of ECDSA over secp256%s are verified and give the key back', (curve) => {
    const { message, key, recoverable } = vectors[curve]
    for (const [hash, signature] of (recoverable as string[]).entries()) {
      const plainSignature = signature.slice(0, 128)
      const verify = (signed: ByteVector, by = key, algorithm = hash) =>
        curves(curve, signed, bytes(by), plain(message), algorithm)[0]
      expect(verify(bytes(plainSignature))).toBe(true)
      expect(verify(turned(plainSignature))).toBe(false)
      expect(verify(bytes(plainSignature), key, 1 - hash)).toBe(false)
      expect(verify(bytes(plainSignature), key, 2)).toBe(false)
      expect(verify(bytes(plainSignature), key.slice(2))).toBe(false)
      expect(verify(bytes(signature))).toBe(false)
      const recover = (signed: string) => curves(`${curve}_recover`, bytes(signed), plain(message), hash)
      expect(hex(recover(signature)[0])).toBe(key)
      expect(faultOf(() => recover(plainSignature))).toMatchObject({ fault: 'abort', abortCode: 1n })
      expect(faultOf(() => recover('00'.repeat(65)))).toMatchObject({ fault: 'abort', abortCode: 0n })
    }
  })

  it('of an Ethereum wallet name its address', () => {
    const { signature, message, address } = vectors.k1.ethereum
    const [key] = curves('k1_recover', bytes(signature), bytes(message), 0)
    const [full] = curves('k1_decompress', key!)
    expect(toHex(keccak_256((full as ByteVector).bytes.subarray(1))).slice(-40)).toBe(address)
    expect(faultOf(() => curves('k1_decompress', bytes('05')))).toMatchObject({ fault: 'abort', abortCode: 2n })
  })
})

it('keyed hashes have the published value', () => {
  const { key, message, digest } = vectors.hmacSha3
  expect(hex(curves('keyed_hash', plain(key), plain(message))[0])).toBe(digest)
})
