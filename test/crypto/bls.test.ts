import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from '../../src/base/bytes.ts'
import {
  blsAggregatePublicKeys,
  blsAggregateSignatures,
  blsPublicKey,
  blsSign,
  blsUncompressedPublicKey,
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

  it('refuses another message, another key and malformed bytes', () => {
    const signature = fromHex(vector.signature01)
    expect(blsVerify(signature, Uint8Array.of(1), blsPublicKey(secrets[0]!))).toBe(false)
    expect(blsVerify(signature, message, blsPublicKey(secrets[1]!))).toBe(false)
    expect(blsVerify(signature.subarray(1), message, blsPublicKey(secrets[0]!))).toBe(false)
    expect(blsVerify(signature, message, new Uint8Array(48))).toBe(false)
  })
})
