import { describe, it } from 'vitest'
import { createRng } from '../../src/base/rng.ts'
import { largestBlobBytes } from '../../src/erasure/params.ts'
import { createSyncCoder } from '../../src/erasure/sync.ts'
import { borderSizes, expectOfficial, officialEncoding } from './official-encoder.ts'

const coder = createSyncCoder()

function compare(shardCount: number, size: number): void {
  const blob = createRng(shardCount * 1e6 + size).fill(new Uint8Array(size))
  expectOfficial(coder.encodeBlob(shardCount, blob), officialEncoding(shardCount, blob))
}

describe('slivers, hashes and ids equal those of the official encoder', () => {
  for (let shardCount = 4; shardCount <= 100; shardCount++)
    it(`at ${shardCount} shards, every border`, () => {
      for (const size of borderSizes(shardCount, [2, 4, 30, 32, 34, 62, 64, 66, 126, 128, 130, 260]))
        compare(shardCount, size)
    })

  it.each([4, 7, 10, 13, 31, 34, 100, 208, 1000])('at %i shards, sizes up to 16 MiB', (shardCount) => {
    const largest = largestBlobBytes(shardCount)
    for (const size of [65_537, 1_000_003, 2 ** 24]) compare(shardCount, Math.min(size, largest))
  })
})
