import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { copyBytes } from '../../src/base/copy.ts'

const SIZE = 2048
const shared = () => new Uint8Array(new SharedArrayBuffer(SIZE))
const own = () => new Uint8Array(SIZE)

describe('copyBytes', () => {
  it('copies what `set` copies, whatever the memory, the lengths and the alignment', () => {
    const at = fc.nat(SIZE)
    const memory = fc.constantFrom(shared, own)
    fc.assert(
      fc.property(memory, memory, at, at, at, at, (makeSource, makeTarget, at, start, end, length) => {
        const whole = makeSource().map((_, i) => (i * 31) % 251)
        const source = whole.subarray(Math.min(start, end), Math.max(start, end))
        const target = makeTarget()
        const from = Math.max(0, source.length - length)
        const count = source.length - from
        if (at + count > SIZE) {
          expect(() => copyBytes(target, at, source, from, count)).toThrow(RangeError)
          expect(target.every((byte) => byte === 0)).toBe(true)
          return
        }
        const expected = own()
        expected.set(source.subarray(from), at)
        copyBytes(target, at, source, from, count)
        expect(Buffer.compare(target, expected)).toBe(0)
      }),
      { numRuns: 1000 },
    )
  })

  it('refuses to read beyond the source', () => {
    for (const length of [4, SIZE + 1])
      expect(() => copyBytes(new Uint8Array(3 * SIZE), 0, own(), SIZE - 3, length)).toThrow(RangeError)
  })
})
