import { describe, expect, it } from 'vitest'
import { createRng } from '../../src/base/rng.ts'
import { type SliverAxis, sourceCount } from '../../src/erasure/params.ts'
import { createSyncCoder } from '../../src/erasure/sync.ts'

const coder = createSyncCoder()
const AXES: readonly SliverAxis[] = ['primary', 'secondary']

/** Decodes from random sufficient slivers, for every number of missing systematic ones in the list. */
function sweep(shardCount: number, blobBytes: number, weights: (most: number) => number[]): void {
  const rng = createRng(shardCount)
  const blob = rng.fill(new Uint8Array(blobBytes))
  const encoded = coder.encodeBlob(shardCount, blob)
  for (const axis of AXES) {
    const sources = sourceCount(encoded.params, axis)
    for (const missing of weights(Math.min(sources, shardCount - sources))) {
      const order = (from: number, count: number) =>
        Array.from({ length: count }, (_, i) => ({ index: from + i, key: rng.nextU32() }))
          .sort((a, b) => a.key - b.key)
          .map(({ index }) => index)
      const indexes = [
        ...order(0, sources).slice(0, sources - missing),
        ...order(sources, shardCount - sources).slice(0, missing),
      ]
      const slivers = indexes.map((index) => encoded.sliver(axis, index))
      const back = coder.decodeBlob(encoded.metadata, axis, slivers)
      expect(Buffer.compare(back, blob), `${shardCount} shards, ${axis}, ${missing} missing`).toBe(0)
    }
  }
}

describe('any sufficient slivers restore the blob', () => {
  for (let shardCount = 4; shardCount <= 100; shardCount++)
    it(`at ${shardCount} shards, every erasure weight`, () => {
      sweep(shardCount, 20 * shardCount * shardCount + 1, (most) => Array.from({ length: most + 1 }, (_, i) => i))
    })

  it.each([208, 1000])('at %i shards, some erasure weights', (shardCount) => {
    sweep(shardCount, 2_000_003, (most) => [0, 1, 2, most >> 1, most - 1, most])
  })
})
