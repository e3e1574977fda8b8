import { describe, expect, it } from 'vitest'
import { createRng } from '../../src/base/rng.ts'
import type { Coder } from '../../src/erasure/coder.ts'
import { createEngine } from '../../src/erasure/engine-choice.ts'
import { type SliverAxis, sourceCount } from '../../src/erasure/params.ts'
import { createErasurePool } from '../../src/erasure/pool.ts'
import { createSyncCoder } from '../../src/erasure/sync.ts'
import { officialDecoding } from './official-encoder.ts'

const AXES: readonly SliverAxis[] = ['primary', 'secondary']
const fast = createSyncCoder()
const scalar = createSyncCoder(createEngine('rs2-scalar.wasm'))
const naive = createSyncCoder(createEngine('naive'))

/** Decodes from random sufficient slivers, for every number of missing systematic ones, with each coder. */
async function sweep(
  shardCount: number,
  blobBytes: number,
  coders: readonly Pick<Coder | ReturnType<typeof createErasurePool>, 'decodeBlob'>[],
  official: (missing: number) => boolean,
): Promise<void> {
  const rng = createRng(shardCount)
  const blob = rng.fill(new Uint8Array(blobBytes))
  const encoded = fast.encodeBlob(shardCount, blob)
  for (const axis of AXES) {
    const sources = sourceCount(encoded.params, axis)
    for (let missing = 0; missing <= Math.min(sources, shardCount - sources); missing++) {
      const order = (from: number, count: number) =>
        Array.from({ length: count }, (_, i) => ({ index: from + i, key: rng.nextU32() }))
          .sort((a, b) => a.key - b.key)
          .map(({ index }) => index)
      const indexes = [
        ...order(0, sources).slice(0, sources - missing),
        ...order(sources, shardCount - sources).slice(0, missing),
      ]
      const slivers = indexes.map((index) => encoded.sliver(axis, index))
      const what = `${shardCount} shards, ${axis}, ${missing} missing`
      for (const [c, coder] of coders.entries()) {
        const back = await coder.decodeBlob(encoded.metadata, axis, slivers)
        if (Buffer.compare(back, blob) !== 0) expect.fail(`${what}, coder ${c}`)
      }
      if (axis === 'primary' && official(missing))
        expect(Buffer.compare(officialDecoding(encoded, slivers), blob), `${what}, official`).toBe(0)
    }
  }
}

describe('any sufficient slivers restore the blob, with every engine and the official decoder', () => {
  for (let shardCount = 4; shardCount <= 40; shardCount++)
    it(`at ${shardCount} shards, every erasure weight`, async () => {
      await sweep(shardCount, 20 * shardCount * shardCount + 1, [fast, scalar, naive], () => true)
    })
})

describe('any sufficient slivers restore the blob', () => {
  for (let shardCount = 41; shardCount <= 100; shardCount++)
    it(`at ${shardCount} shards, every erasure weight`, async () => {
      await sweep(shardCount, 20 * shardCount * shardCount + 1, [fast, scalar], (missing) => missing % 7 === 0)
    })

  it.each([
    [208, 300_001],
    [1000, 445_557],
  ])('at %i shards, every erasure weight, on threads', async (shardCount, bytes) => {
    await using pool = createErasurePool({ threads: 2 })
    await sweep(shardCount, bytes, [pool], (missing) => missing % 50 === 0)
  })
})
