import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { concatBytes, toHex, utf8 } from '../../src/base/bytes.ts'
import { blake2b256, createSha256, saltedBlake2b256, sha256, sha256Hex } from '../../src/crypto/hash.ts'

const vectors: { text: string; repeat: number; blake2b256: string; sha256: string }[] = JSON.parse(
  readFileSync(new URL('../vectors/crypto/hashes.json', import.meta.url), 'utf8'),
)

describe('hash functions', () => {
  it.each(vectors)('equal b2sum and sha256sum on $repeat × "$text"', (vector) => {
    const bytes = utf8(vector.text.repeat(vector.repeat))
    expect(toHex(blake2b256(bytes))).toBe(vector.blake2b256)
    expect(toHex(sha256(bytes))).toBe(vector.sha256)
    expect(sha256Hex(bytes)).toBe(vector.sha256)
    expect(createSha256().update(bytes).digest('hex')).toBe(vector.sha256)
  })

  it('hash parts as their concatenation', () => {
    const parts = [utf8('ab'), utf8(''), utf8('c')]
    expect(blake2b256(...parts)).toEqual(blake2b256(concatBytes(...parts)))
    expect(saltedBlake2b256('a', utf8('bc'))).toEqual(blake2b256(utf8('abc')))
  })
})
