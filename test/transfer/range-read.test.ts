import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createErasurePool } from '../../src/erasure/pool.ts'
import { CHUNK_BYTES, noise, type PackedRemote, packedRemote } from './packed-remote.ts'

const coder = createErasurePool({ threads: 1 })
const contents = noise(4 * 2 ** 20)
/** kp = 34 rows of some 123 KB. The full size, 256 MiB at 1,000 shards, is in range-read.slow.ts. */
let remote: PackedRemote
beforeAll(async () => {
  remote = await packedRemote(coder, [25, 25, 25, 25], contents)
})
afterAll(() => coder.close())

describe('a chunk of 64 KiB out of a pack', () => {
  it('costs a row or two over the wire beside what leads to it, and nothing when it is read again', async () => {
    const { nodes, ids, connect } = remote
    for (let at = 0; at < ids.length; at += 7) {
      const client = connect()
      // Another chunk's way to the locator is the same: what is left to measure is the chunk itself.
      await client.read('chunk', ids[(at + 32) % ids.length]!)
      nodes.wireBytes = 0
      const chunk = await client.read('chunk', ids[at]!)
      expect(Buffer.compare(chunk, contents.subarray(at * CHUNK_BYTES, at * CHUNK_BYTES + chunk.length))).toBe(0)
      // A frame is 1 MiB: reading all of it would take 8 rows.
      expect(nodes.wireBytes).toBeLessThan(2 * 124_000)
      nodes.wireBytes = 0
      await client.read('chunk', ids[at]!)
      expect(nodes.wireBytes).toBe(0)
    }
  })

  it('counts what it took from the nodes, to the byte', async () => {
    const { nodes, ids, connect } = remote
    nodes.wireBytes = 0
    const client = connect()
    await client.read('chunk', ids[0]!)
    expect(client.downloadedBytes).toBe(nodes.wireBytes)
    expect(nodes.wireBytes).toBeGreaterThan(CHUNK_BYTES)
  })
})
