import { describe, expect, it } from 'vitest'
import { createRng } from '../../src/base/rng.ts'
import { createColumnReader } from '../../src/erasure/encoded-blob.ts'
import { blobParams } from '../../src/erasure/params.ts'
import { createSyncCoder } from '../../src/erasure/sync.ts'

describe('columns read from a file', () => {
  // 7 shards: 5 systematic columns of 3 symbols, in groups of 2: the last group is short.
  const bytes = createRng(4).fill(new Uint8Array(1_000))
  const params = blobParams(7, bytes.length)
  const encoded = createSyncCoder().encodeBlob(7, bytes)
  const groupBytes = 2 * 3 * params.symbolBytes

  it.each([
    ['in one group', params.symbolBytes * 100, 1_000_000, 3],
    ['in groups, all of them kept', params.symbolBytes + 1, 1_000_000, 9],
    ['in groups, of which one is kept', params.symbolBytes + 1, groupBytes, 9],
    ['symbol by symbol where no group has room', params.symbolBytes + 1, groupBytes - 1, 15],
  ])('are the columns, %s', (_, readAtOnceBytes, keptBytes, calls) => {
    let reads = 0
    const read = (region: unknown, position: number, into: Uint8Array) => {
      reads++
      into.fill(0)
      into.set((region as Uint8Array).subarray(position, position + into.length))
    }
    const column = createColumnReader(params, bytes, read, { readAtOnceBytes, keptBytes })
    const into = new Uint8Array(params.secondarySliverBytes)
    for (let index = 0; index < params.secondarySourceCount; index++) {
      column(index, into)
      expect(into).toEqual(encoded.sliver('secondary', index).bytes)
    }
    expect(reads).toBe(calls)
    // Out of order, into memory that has been used: the same.
    for (const index of [3, 0, 4, 1]) {
      column(index, into)
      expect(into).toEqual(encoded.sliver('secondary', index).bytes)
    }
  })
})
