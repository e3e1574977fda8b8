import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { sleep } from '../../src/base/abort.ts'
import { CancelledError } from '../../src/base/errors.ts'
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

describe('a read from nodes that do not answer', () => {
  const last = () => remote.ids.at(-1)!
  const connected = async () => {
    const client = remote.connect()
    await client.read('chunk', remote.ids[0]!)
    return client
  }
  afterEach(() => {
    remote.nodes.delayMs = () => 0
  })

  it('ends when it is cancelled, and nobody is asked any more', async () => {
    const { nodes } = remote
    const client = await connected()
    nodes.delayMs = () => 300_000
    const stop = new AbortController()
    const reading = client.read('chunk', last(), { signal: stop.signal })
    // By then what the first ones hold is being rebuilt from what others hold.
    await sleep(2_500)
    stop.abort()
    await expect(reading).rejects.toBeInstanceOf(CancelledError)
    await sleep(50)
    expect(nodes.open.now).toBe(0)
  })

  it('goes on for another who waits for the same row', async () => {
    const { nodes } = remote
    const client = await connected()
    nodes.delayMs = () => 300
    const stop = new AbortController()
    const cancelled = client.read('chunk', last(), { signal: stop.signal })
    const kept = client.read('chunk', last(), { signal: new AbortController().signal })
    await sleep(50)
    stop.abort()
    await expect(cancelled).rejects.toBeInstanceOf(CancelledError)
    expect((await kept).length).toBe(CHUNK_BYTES)
    // One whose reader left is asked for anew.
    expect((await client.read('chunk', last())).length).toBe(CHUNK_BYTES)
  })
})
