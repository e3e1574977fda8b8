import { createHash } from 'node:crypto'
import { bls12_381 } from '@noble/curves/bls12-381.js'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex, utf8 } from '../../../src/base/bytes.ts'
import { blsAggregatePublicKeys, blsPublicKey, blsSign, blsUncompressedPublicKey } from '../../../src/crypto/bls.ts'
import { normalizeAddress, PRIMITIVES, vectorType } from '../../../src/localnet/movevm/types.ts'
import { ByteVector, Int, MoveVector, type Value } from '../../../src/localnet/movevm/values.ts'
import { bytes, call, faultOf, PROBE, plain, text } from './probe.ts'

const natives = (name: string, args: Value[], typeArguments: string[] = []) =>
  call('natives', name, args, { typeArguments })
const hex = (value: Value | undefined) => toHex((value as ByteVector).bytes)
const vector = (content: Uint8Array) => new ByteVector(content.slice())

const secret = (n: number) => {
  const key = new Uint8Array(32)
  key[31] = n
  return key
}

describe('hashes', () => {
  it('have the published values for "abc"', () => {
    const [sha2, sha3, blake, keccak] = natives('hashes', [bytes('abc')]).map(hex)
    expect(sha2).toBe(createHash('sha256').update('abc').digest('hex'))
    expect(sha3).toBe('3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532')
    expect(blake).toBe('bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319')
    expect(keccak).toBe('4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45')
  })
})

describe('texts', () => {
  it('are cut at character boundaries only', () => {
    expect(natives('sub', [text('naïve'), 2n, 4n]).map(plain)).toEqual([[Buffer.from('ï').toString('latin1')]])
    expect(faultOf(() => natives('sub', [text('naïve'), 3n, 4n]))).toMatchObject({ fault: 'abort', abortCode: 2n })
    expect(faultOf(() => natives('sub', [text('abc'), 2n, 9n])).abortCode).toBe(2n)
  })

  it('are searched', () => {
    expect(natives('find', [text('one two'), text('two')])).toEqual([4n])
    expect(natives('find', [text('one two'), text('three')])).toEqual([7n])
  })

  it('are UTF-8', () => {
    expect(natives('valid', [bytes('naïve')])).toEqual([true])
    expect(natives('valid', [bytes([0xff])])).toEqual([false])
    expect(natives('valid', [bytes([0xed, 0xa0, 0x80])])).toEqual([false])
  })
})

describe('addresses', () => {
  it('convert to numbers, back, and from exactly 32 bytes', () => {
    expect(natives('number_of', [normalizeAddress('0xff')])).toEqual([new Int(256, 255n)])
    expect(natives('address_of', [new Int(256, 2n ** 256n - 1n)])).toEqual([`0x${'f'.repeat(64)}`])
    expect(natives('address_from', [vector(fromHex(PROBE.slice(2)))])).toEqual([PROBE])
    expect(faultOf(() => natives('address_from', [bytes('short')]))).toMatchObject({
      fault: 'abort',
      location: { module: 'address', functionName: 'from_bytes', instruction: 0 },
    })
  })
})

describe('type names', () => {
  it('show addresses as 64 digits without 0x', () => {
    const type = `${PROBE}::shapes::Pair<u64,vector<0x2::sui::SUI>>`
    const expected = `${PROBE.slice(2)}::shapes::Pair<u64,vector<${normalizeAddress('0x2').slice(2)}::sui::SUI>>`
    expect(natives('name', [], [type]).map(plain)).toEqual([[expected]])
    expect(natives('original_name', [], [type]).map(plain)).toEqual([[expected]])
    expect(natives('name', [], ['u8']).map(plain)).toEqual([['u8']])
  })
})

describe('BLS12-381', () => {
  const message = utf8('a message')
  const key = blsPublicKey(secret(5))
  const signature = blsSign(message, secret(5))

  it('verifies a signature over the message under the key, and nothing else', () => {
    expect(natives('verify', [vector(signature), vector(key), vector(message)])).toEqual([true])
    expect(natives('verify', [vector(signature), vector(key), bytes('another')])).toEqual([false])
    expect(natives('verify', [vector(signature), vector(blsPublicKey(secret(6))), vector(message)])).toEqual([false])
    expect(natives('verify', [bytes('x'), bytes('y'), vector(message)])).toEqual([false])
  })

  it('verifies the other variant too', () => {
    const short = bls12_381.shortSignatures
    const signed = short.sign(short.hash(message, 'BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_'), secret(9))
    const args = () => [vector(signed.toBytes(true)), vector(short.getPublicKey(secret(9)).toBytes(true))]
    expect(natives('verify_min_sig', [...args(), vector(message)])).toEqual([true])
    expect(natives('verify_min_sig', [...args(), bytes('another')])).toEqual([false])
  })

  it('adds, subtracts and sums points as the aggregate of keys', () => {
    const [a, b, c] = [1, 2, 3].map((n) => blsPublicKey(secret(n)))
    expect(hex(natives('add_keys', [vector(a!), vector(b!)])[0])).toBe(toHex(c!))
    expect(hex(natives('subtract_keys', [vector(c!), vector(a!)])[0])).toBe(toHex(b!))
    const keys = Array.from({ length: 9 }, (_, i) => blsPublicKey(secret(i + 1)))
    expect(hex(natives('sum_keys', [new MoveVector(keys.map(vector), vectorType(PRIMITIVES.u8))])[0])).toBe(
      toHex(blsAggregatePublicKeys(keys)),
    )
    expect(hex(natives('uncompressed', [vector(a!)])[0])).toBe(toHex(blsUncompressedPublicKey(a!)))
  })

  it('sums to the identity, also in its uncompressed form', () => {
    const identity = `c0${'00'.repeat(47)}`
    expect(hex(natives('subtract_keys', [vector(key), vector(key)])[0])).toBe(identity)
    expect(hex(natives('sum_keys', [new MoveVector([], vectorType(PRIMITIVES.u8))])[0])).toBe(identity)
  })

  it('refuses bytes that are no point', () => {
    const bad = key.slice()
    bad[5]! ^= 1
    expect(faultOf(() => natives('add_keys', [vector(bad), vector(key)]))).toMatchObject({
      fault: 'abort',
      abortCode: 1n,
    })
  })
})
