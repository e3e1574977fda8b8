import { describe, expect, it } from 'vitest'
import { createRng } from '../../src/base/rng.ts'

describe('createRng', () => {
  it('gives the same numbers for the same seed, and others for another', () => {
    const first = Array.from({ length: 8 }, createRng(1).nextU32)
    expect(Array.from({ length: 8 }, createRng(1).nextU32)).toEqual(first)
    expect(Array.from({ length: 8 }, createRng(2).nextU32)).not.toEqual(first)
  })

  it('spreads bytes evenly (chi-square below the 0.001 tail for 255 degrees of freedom)', () => {
    const counts = new Uint32Array(256)
    for (const byte of createRng(7).fill(new Uint8Array(1 << 18))) counts[byte]!++
    const expected = (1 << 18) / 256
    let chi = 0
    for (const count of counts) chi += (count - expected) ** 2 / expected
    expect(chi).toBeLessThan(330)
  })
})
