import { afterAll, describe, expect, it } from 'vitest'
import { toHex } from '../../src/base/bytes.ts'
import { createRng } from '../../src/base/rng.ts'
import { createErasurePool } from '../../src/erasure/pool.ts'
import { createSyncCoder } from '../../src/erasure/sync.ts'
import { borderSizes, expectOfficial, officialDecoding, officialEncoding } from './official-encoder.ts'

const coder = createSyncCoder()
const pool = createErasurePool({ threads: 2 })
afterAll(() => pool.close())

describe('slivers, hashes and ids equal those of the official encoder', () => {
  it.each([4, 5, 6, 7, 8, 9, 10, 13, 16, 21, 31, 34])('at %i shards, all border sizes', (shardCount) => {
    for (const size of borderSizes(shardCount)) {
      const blob = createRng(shardCount * 1e6 + size).fill(new Uint8Array(size))
      expectOfficial(coder.encodeBlob(shardCount, blob), officialEncoding(shardCount, blob))
    }
  })

  it.each([
    [100, [0, 1, 2278, 2279, 2278 * 66 + 1, 2278 * 130]],
    [208, [0, 9729, 9731, 9730 * 70 + 1]],
  ])('at %i shards, a few sizes, on threads too', async (shardCount, sizes) => {
    for (const size of sizes) {
      const blob = createRng(shardCount * 1e6 + size).fill(new Uint8Array(size))
      const official = officialEncoding(shardCount, blob)
      expectOfficial(coder.encodeBlob(shardCount, blob), official)
      using encoded = await pool.encodeBlob(shardCount, blob)
      expectOfficial(encoded, official)
      const identity = await pool.computeBlobId(shardCount, blob)
      expect(toHex(identity.blobId)).toBe(toHex(official.blobId))
      expect(toHex(coder.computeBlobId(shardCount, blob).rootHash)).toBe(toHex(official.rootHash))
    }
  })

  // Both encoders hash three million times for this one.
  it('at 1000 shards, on threads', async () => {
    const blob = createRng(1000).fill(new Uint8Array(445_557))
    using encoded = await pool.encodeBlob(1000, blob)
    expectOfficial(encoded, officialEncoding(1000, blob))
  })

  it.each([4, 7, 13, 34])('and the official decoder reads what we encode (%i shards)', (shardCount) => {
    const blob = createRng(shardCount).fill(new Uint8Array(30 * shardCount + 1))
    const encoded = coder.encodeBlob(shardCount, blob)
    const { primarySourceCount: kp } = encoded.params
    for (const first of [0, 1, shardCount - kp]) {
      const slivers = Array.from({ length: kp }, (_, i) => encoded.sliver('primary', first + i))
      expect(Buffer.compare(officialDecoding(encoded, slivers), blob), `from sliver ${first} on`).toBe(0)
    }
  })

  it('with symbols as large as they get', () => {
    const blob = createRng(4).fill(new Uint8Array(6 * 65534))
    expectOfficial(coder.encodeBlob(4, blob), officialEncoding(4, blob))
  })
})
