import { execFileSync } from 'node:child_process'
import { Worker } from 'node:worker_threads'
import { afterEach, describe, expect, it } from 'vitest'
import { concatBytes, equalBytes } from '../../src/base/bytes.ts'
import { chunkBytes } from '../../src/chunking/chunker.ts'
import { type ChunkPool, type ChunkPoolOptions, createChunkPool } from '../../src/chunking/pool.ts'
import { sha256Hex } from '../../src/crypto/hash.ts'
import { collect, inPieces, randomBytes } from './inputs.ts'

const SMALL = { minBytes: 4096, avgBytes: 16_384, maxBytes: 65_536 }
const input = randomBytes(21, 5_000_000)
const expected = chunkBytes(input, SMALL).map((bytes) => ({ bytes: bytes.length, id: sha256Hex(bytes) }))

const pools: ChunkPool[] = []
afterEach(async () => {
  for (const pool of pools.splice(0)) await pool.close()
})
function pool(options: ChunkPoolOptions = {}): ChunkPool {
  const created = createChunkPool({ workerFromBytes: 1, threads: 1, ...options })
  pools.push(created)
  return created
}

describe('a chunk pool', () => {
  it.each([
    ['in a worker', { workerFromBytes: 1 }],
    ['in place, below the threshold', { workerFromBytes: 10_000_000 }],
    ['in place, without threads', { threads: 0 }],
  ])('gives the chunks, their ids and the file id %s', async (_, options) => {
    for (const sizes of [[65_536], [5_000_000], [1_048_577, 3]]) {
      const { chunks, fileId } = pool(options).ingest(inPieces(input, sizes), input.length, { params: SMALL })
      const found = await collect(chunks)
      expect(found.map(({ bytes, id }) => ({ bytes: bytes.length, id }))).toEqual(expected)
      expect(equalBytes(concatBytes(...found.map(({ bytes }) => bytes)), input)).toBe(true)
      expect(await fileId).toBe(sha256Hex(input))
    }
  })

  it('takes an empty file, whose id is the hash of nothing', async () => {
    for (const workerFromBytes of [0, 1]) {
      const { chunks, fileId } = pool({ workerFromBytes }).ingest([], 0)
      expect(await collect(chunks)).toEqual([])
      expect(await fileId).toBe(sha256Hex(new Uint8Array(0)))
    }
  })

  it('serves more files than threads, each with its own chunks', async () => {
    const two = pool({ threads: 2 })
    const files = Array.from({ length: 6 }, (_, i) => input.subarray(i * 1000, i * 1000 + 700_000))
    const ids = await Promise.all(
      files.map(async (file) => {
        const { chunks, fileId } = two.ingest(inPieces(file, [100_000]), file.length, { params: SMALL })
        return { ids: (await collect(chunks)).map(({ id }) => id), fileId: await fileId }
      }),
    )
    expect(ids).toEqual(files.map((file) => ({ ids: chunkBytes(file, SMALL).map(sha256Hex), fileId: sha256Hex(file) })))
  })

  it('leaves the pieces of the source as they were', async () => {
    const piece = input.slice(0, 200_000)
    await collect(pool().ingest([piece], piece.length, { params: SMALL }).chunks)
    expect(equalBytes(piece, input.subarray(0, 200_000))).toBe(true)
  })

  it.each([
    ['longer', 999],
    ['shorter', 1001],
  ])('refuses a source that turns out %s than announced', async (_, announced) => {
    const source = [input.subarray(0, 500), input.subarray(500, 1000)]
    for (const workerFromBytes of [1, 10_000]) {
      const { chunks, fileId } = pool({ workerFromBytes }).ingest(source, announced)
      await expect(collect(chunks)).rejects.toMatchObject({ code: 'CHUNK_SOURCE_LENGTH', retryable: true })
      await expect(fileId).rejects.toMatchObject({ code: 'CHUNK_SOURCE_LENGTH' })
    }
  })

  it('passes on what the source throws, and serves the next file', async () => {
    const only = pool()
    async function* failing() {
      yield input.subarray(0, 2_000_000)
      throw new Error('disk on fire')
    }
    const { chunks, fileId } = only.ingest(failing(), input.length)
    await expect(collect(chunks)).rejects.toThrow('disk on fire')
    await expect(fileId).rejects.toThrow('disk on fire')
    const next = only.ingest([input], input.length, { params: SMALL })
    expect(await collect(next.chunks)).toHaveLength(expected.length)
  })

  it('frees the worker when a reader stops early', async () => {
    const only = pool()
    const { chunks, fileId } = only.ingest(inPieces(input, [65_536]), input.length, { params: SMALL })
    for await (const _ of chunks) break
    await expect(fileId).rejects.toMatchObject({ code: 'CANCELLED' })
    const next = only.ingest(inPieces(input, [65_536]), input.length, { params: SMALL })
    expect((await collect(next.chunks)).map(({ id }) => id)).toEqual(expected.map(({ id }) => id))
  })

  it('stops at an abort, also while waiting for a worker', async () => {
    const only = pool()
    const controller = new AbortController()
    const first = only.ingest(inPieces(input, [65_536]), input.length, { params: SMALL, signal: controller.signal })
    const iterator = first.chunks[Symbol.asyncIterator]()
    await iterator.next()
    const second = collect(only.ingest([input], input.length, { signal: controller.signal }).chunks)
    await new Promise((resolve) => setImmediate(resolve))
    controller.abort()
    await expect(second).rejects.toMatchObject({ code: 'CANCELLED' })
    const rest = async () => {
      while (!(await iterator.next()).done);
    }
    await expect(rest()).rejects.toMatchObject({ code: 'CANCELLED' })
  })

  it('rejects the file of a crashed worker with a code and replaces the worker', async () => {
    const spawned: Worker[] = []
    const only = pool({
      startWorker: (url) => {
        const worker = new Worker(url)
        spawned.push(worker)
        return worker
      },
    })
    const { chunks, fileId } = only.ingest(inPieces(input, [65_536]), input.length, { params: SMALL })
    const dying = async () => {
      for await (const _ of chunks) await spawned[0]!.terminate()
    }
    await expect(dying()).rejects.toMatchObject({ code: 'CHUNK_WORKER_CRASHED', retryable: true })
    await expect(fileId).rejects.toMatchObject({ code: 'CHUNK_WORKER_CRASHED' })
    const next = only.ingest(inPieces(input, [65_536]), input.length, { params: SMALL })
    expect(await collect(next.chunks)).toHaveLength(expected.length)
    expect(spawned).toHaveLength(2)
  })

  it('fails what is under way when it is closed, and everything after', async () => {
    const only = pool()
    const { chunks } = only.ingest(inPieces(input, [65_536]), input.length, { params: SMALL })
    const reading = async () => {
      for await (const _ of chunks) await only.close()
    }
    await expect(reading()).rejects.toMatchObject({ code: 'CHUNK_POOL_CLOSED' })
    await expect(collect(only.ingest([input], input.length).chunks)).rejects.toMatchObject({
      code: 'CHUNK_POOL_CLOSED',
    })
  })

  it('works in a program that was given on the command line, whose flags a thread would refuse', () => {
    const pool = new URL('../../src/chunking/pool.ts', import.meta.url).href
    const program = `import { createChunkPool } from ${JSON.stringify(pool)}
      const pool = createChunkPool({ threads: 1, workerFromBytes: 1 })
      let bytes = 0
      for await (const chunk of pool.ingest([new Uint8Array(300000)], 300000).chunks) bytes += chunk.bytes.length
      await pool.close()
      console.log(bytes)`
    expect(execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' })).toBe(
      '300000\n',
    )
  })
})
