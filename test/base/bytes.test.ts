import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareBytes, concatBytes, equalBytes, fromHex, fromUtf8, toHex, utf8 } from '../../src/base/bytes.ts'

const bytes = fc.uint8Array({ maxLength: 64 })

describe('bytes', () => {
  it('round-trips hex and agrees with Buffer', () => {
    fc.assert(
      fc.property(bytes, (value) => {
        expect(toHex(value)).toBe(Buffer.from(value).toString('hex'))
        expect(fromHex(toHex(value))).toEqual(value)
      }),
    )
  })

  it('refuses text that is not hex', () => {
    expect(() => fromHex('abc')).toThrow(RangeError)
    expect(() => fromHex('zz')).toThrow(RangeError)
  })

  it('orders bytes as Buffer.compare does', () => {
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        expect(Math.sign(compareBytes(a, b))).toBe(Buffer.compare(a, b))
        expect(equalBytes(a, b)).toBe(Buffer.compare(a, b) === 0)
      }),
    )
  })

  it('joins parts in order', () => {
    expect(concatBytes(Uint8Array.of(1), new Uint8Array(0), Uint8Array.of(2, 3))).toEqual(Uint8Array.of(1, 2, 3))
  })

  it('keeps a byte order mark and refuses invalid UTF-8', () => {
    expect(fromUtf8(utf8('\ufeffa'))).toBe('\ufeffa')
    expect(() => fromUtf8(Uint8Array.of(0xff))).toThrow(TypeError)
  })
})
