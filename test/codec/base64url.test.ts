import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromBase64Url, toBase64Url } from '../../src/codec/base64url.ts'

describe('base64url', () => {
  it('round-trips every byte string without padding', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const text = toBase64Url(bytes)
        expect(text).toMatch(/^[A-Za-z0-9_-]*$/)
        expect(fromBase64Url(text)).toEqual(bytes)
      }),
    )
  })

  it.each(['a', 'ab=', 'a+b/', 'AB', 'a b'])('refuses %j', (text) => {
    expect(() => fromBase64Url(text)).toThrow(RangeError)
  })
})
