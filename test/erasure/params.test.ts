import { describe, expect, it } from 'vitest'
import { codeOfAxis } from '../../src/erasure/code.ts'
import { blobParams, largestBlobBytes } from '../../src/erasure/params.ts'

describe('blob parameters', () => {
  it('are those of the reference table', () => {
    const counts = [7, 10, 13, 100, 1000].map((n) => {
      const { faultyCount, primarySourceCount, secondarySourceCount } = blobParams(n, 0)
      return [faultyCount, primarySourceCount, secondarySourceCount]
    })
    expect(counts).toEqual([
      [2, 3, 5],
      [3, 4, 7],
      [4, 5, 9],
      [33, 34, 67],
      [333, 334, 667],
    ])
  })

  it('round the symbol size up to an even number, at least 2', () => {
    expect([0, 1, 30, 31, 60, 61].map((bytes) => blobParams(7, bytes).symbolBytes)).toEqual([2, 2, 2, 4, 4, 6])
  })

  it('end at the largest blob, with a coded error', () => {
    expect(largestBlobBytes(7)).toBe(983_010)
    expect(blobParams(7, 983_010).symbolBytes).toBe(65534)
    expect(() => blobParams(7, 983_011)).toThrow(
      expect.objectContaining({
        code: 'ERASURE_BLOB_TOO_LARGE',
        kind: 'usage',
        data: { shardCount: 7, blobBytes: 983_011, largest: 983_010 },
      }),
    )
  })

  it.each([0, 1, 3, 4097, 4.5, Number.NaN])('refuse %d shards', (shardCount) => {
    expect(() => blobParams(shardCount, 1)).toThrow(expect.objectContaining({ code: 'ERASURE_SHARD_COUNT' }))
  })

  it.each([-1, 0.5, Number.NaN])('call %d bytes a mistake of the program', (bytes) => {
    expect(() => blobParams(7, bytes)).toThrow(RangeError)
  })
})

describe('the rate rule', () => {
  const rates = (axis: 'primary' | 'secondary', from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, i) => from + i).filter(
      (n) => codeOfAxis(blobParams(n, 0), axis).rate === 'high',
    )

  it('makes the primary code high rate for a few small shard counts only', () => {
    expect(rates('primary', 4, 40)).toEqual([4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 21, 23, 24, 25, 26, 27])
  })

  it('makes the secondary code high rate always', () => {
    expect(rates('secondary', 4, 4096)).toHaveLength(4093)
  })

  it('gives the transform sizes of the reference', () => {
    const sizes = [7, 10, 13, 100, 1000].map((n) =>
      (['primary', 'secondary'] as const).map((axis) => codeOfAxis(blobParams(n, 0), axis).chunk),
    )
    expect(sizes).toEqual([
      [4, 2],
      [4, 4],
      [8, 4],
      [64, 64],
      [512, 512],
    ])
  })
})
