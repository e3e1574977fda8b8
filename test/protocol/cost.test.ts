import { describe, expect, it } from 'vitest'
import { blobParams, largestBlobBytes } from '../../src/erasure/params.ts'
import { encodedBlobBytes, storageCost, storageUnits, writeCost } from '../../src/protocol/cost.ts'
import { maxBlobBytes, maxFaulty, symbolBytesFor } from '../../src/protocol/limits.ts'
import { metadataWireBytes } from '../../src/protocol/metadata.ts'
import { sliverBytes } from '../../src/protocol/sliver.ts'

describe('the encoded size', () => {
  it('is what the chain charges for', () => {
    expect(encodedBlobBytes(1000, 1)).toBe(66_034_000)
    expect(encodedBlobBytes(1000, 0)).toBe(66_034_000)
    expect(encodedBlobBytes(1000, 334 * 667 * 100)).toBe(164_132_000)
  })

  it('is charged in whole units', () => {
    expect(storageUnits(66_034_000)).toBe(63n)
    expect(storageUnits(2 ** 20)).toBe(1n)
    expect(storageUnits(2 ** 20 + 1)).toBe(2n)
    expect(storageUnits(0)).toBe(0n)
  })

  it('costs storage by the epoch and writing once', () => {
    const prices = { storagePerUnit: 11_000n, writePerUnit: 20_000n }
    expect(storageCost(66_034_000, 3, prices)).toBe(63n * 11_000n * 3n)
    expect(writeCost(66_034_000, prices)).toBe(63n * 20_000n)
  })
})

describe('sizes in protocol and erasure', () => {
  it('agree for every shard count and border size', () => {
    for (let n = 4; n <= 300; n++) {
      expect(maxBlobBytes(n)).toBe(largestBlobBytes(n))
      const symbols = (n - maxFaulty(n)) * (n - 2 * maxFaulty(n))
      for (const bytes of [0, 1, symbols, symbols + 1, 2 * symbols, 2 * symbols + 1, maxBlobBytes(n)]) {
        const params = blobParams(n, bytes)
        expect(symbolBytesFor(n, bytes)).toBe(params.symbolBytes)
        expect(sliverBytes('primary', n, bytes)).toBe(params.primarySliverBytes)
        expect(sliverBytes('secondary', n, bytes)).toBe(params.secondarySliverBytes)
      }
    }
  })

  it('are those of the reference table', () => {
    expect([7, 10, 13, 100, 1000].map(maxBlobBytes)).toEqual([
      983_010, 1_834_952, 2_949_030, 149_286_452, 14_599_533_452,
    ])
    expect([7, 10, 13, 100, 1000].map(metadataWireBytes)).toEqual([473, 671, 869, 6_611, 66_012])
    expect(sliverBytes('primary', 1000, 1_000_000)).toBe(4_002)
    expect(sliverBytes('primary', 1000, 2 ** 30)).toBe(3_214_940)
  })

  it('end at the largest blob', () => {
    expect(() => symbolBytesFor(7, 983_011)).toThrow(RangeError)
    expect(() => symbolBytesFor(3, 1)).toThrow(RangeError)
  })
})
