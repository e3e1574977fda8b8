import { afterAll, describe, expect, it } from 'vitest'
import { createErasurePool } from '../../src/erasure/pool.ts'
import { CHUNK_BYTES, noise, packedRemote } from './packed-remote.ts'

const MIB = 2 ** 20
const coder = createErasurePool()
afterAll(() => coder.close())

describe('a chunk of 64 KiB out of a pack of 256 MiB at 1,000 shards', () => {
  it('costs under 2 MiB over the wire with all that leads to it, and nothing when it is read again', async () => {
    const contents = noise(255 * MIB)
    const shape = [...Array.from({ length: 12 }, () => 77), 76]
    const { nodes, ids, connect } = await packedRemote(coder, shape, contents)
    // The first chunk, the last, and those around where a row ends: a row has 804,402 bytes.
    const inTheMiddle = [1, 2, 3, 4, 5].map((row) => Math.floor((row * 40 * 804_402) / CHUNK_BYTES))
    for (const at of [0, ids.length - 1, ...inTheMiddle]) {
      nodes.wireBytes = 0
      const remote = connect()
      const chunk = await remote.read('chunk', ids[at]!)
      expect(Buffer.compare(chunk, contents.subarray(at * CHUNK_BYTES, at * CHUNK_BYTES + chunk.length))).toBe(0)
      expect(nodes.wireBytes).toBeGreaterThan(CHUNK_BYTES)
      expect(nodes.wireBytes).toBeLessThan(2 * MIB)
      expect(remote.downloadedBytes).toBe(nodes.wireBytes)
      const before = nodes.wireBytes
      await remote.read('chunk', ids[at]!)
      expect(nodes.wireBytes).toBe(before)
    }
  })
})
