import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createRng } from '../../src/base/rng.ts'
import type { EngineName } from '../../src/erasure/engine-choice.ts'
import { createSharedMemory } from '../../src/erasure/memory.ts'
import { createErasurePool } from '../../src/erasure/pool.ts'
import { createSyncCoder } from '../../src/erasure/sync.ts'

const blob = createRng(1).fill(new Uint8Array(200_000))
const expected = createSyncCoder().computeBlobId(100, blob)
const workerUrl = new URL('../../src/erasure/worker.ts', import.meta.url)

let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'floe-pool-'))
})
afterAll(() => rm(dir, { recursive: true }))

/** A worker script that ends `times` times, counted in files, and is the real one after that. */
async function dyingWorker(name: string, times: number, end: string): Promise<URL> {
  const path = join(dir, `${name}.mjs`)
  await writeFile(
    path,
    `import { mkdirSync } from 'node:fs'
import { parentPort } from 'node:worker_threads'
let dying = false
for (let i = 0; i < ${times} && !dying; i++) {
  try { mkdirSync(${JSON.stringify(join(dir, name))} + i); dying = true } catch {}
}
if (dying) parentPort.once('message', () => { ${end} })
else await import(${JSON.stringify(workerUrl.href)})
`,
  )
  return pathToFileURL(path)
}

describe('the pool', () => {
  it.each([1, 2, 3])('gives the results of one thread on %i', async (threads) => {
    await using pool = createErasurePool({ threads })
    expect(pool.threads).toBe(threads)
    expect(await pool.computeBlobId(100, blob)).toEqual(expected)
  })

  it('serves many callers at once', async () => {
    await using pool = createErasurePool({ threads: 2 })
    const blobs = Array.from({ length: 12 }, (_, i) => createRng(i).fill(new Uint8Array(i * 500)))
    const results = await Promise.all(blobs.map((each) => pool.computeBlobId(13, each)))
    const sync = createSyncCoder()
    expect(results).toEqual(blobs.map((each) => sync.computeBlobId(13, each)))
  })

  it('reads shared memory in place and leaves the caller’s bytes alone', async () => {
    await using pool = createErasurePool({ threads: 2 })
    const shared = new Uint8Array(new SharedArrayBuffer(blob.length))
    shared.set(blob)
    using encoded = await pool.encodeBlob(100, shared)
    expect(encoded.blobId).toEqual(expected.blobId)
    encoded.release()
    expect(Buffer.compare(shared, blob)).toBe(0)
  })

  it('gives errors with their code across threads and before them', async () => {
    await using pool = createErasurePool({ threads: 1 })
    await expect(pool.encodeBlob(3, blob)).rejects.toMatchObject({ code: 'ERASURE_SHARD_COUNT' })
    await expect(pool.encodeBlob(4, new Uint8Array(6 * 65534 + 1))).rejects.toMatchObject({
      code: 'ERASURE_BLOB_TOO_LARGE',
    })
  })

  it('takes a blob in memory of its own as part of the encoding, and gets it back with it', async () => {
    const bytes = createRng(5).fill(new Uint8Array(300_000))
    const expected = createSyncCoder().encodeBlob(10, bytes)
    await using pool = createErasurePool({ threads: 2 })
    const fill = () => {
      // Of a length that nothing else has.
      const block = pool.allocate(3_000_000).subarray(0, bytes.length)
      block.set(bytes)
      return block
    }
    const block = fill()
    const encoded = await pool.encodeBlob(10, block, { takes: true })
    expect(encoded.blobId).toEqual(expected.blobId)
    // Not copied: a row of the blob stands in that memory.
    expect(encoded.view('primary', 0)!.buffer).toBe(block.buffer)
    expect(fill().buffer).not.toBe(block.buffer)
    encoded.release()
    const again = fill()
    expect(again.buffer).toBe(block.buffer)
    await expect(pool.encodeBlob(3, again, { takes: true })).rejects.toMatchObject({ code: 'ERASURE_SHARD_COUNT' })
    expect(fill().buffer).toBe(block.buffer)
  })

  it('does not hand out slivers after release', async () => {
    await using pool = createErasurePool({ threads: 1 })
    const encoded = await pool.encodeBlob(7, new Uint8Array(10))
    encoded.sliver('primary', 0)
    encoded.release()
    encoded.release()
    expect(() => encoded.sliver('primary', 0)).toThrow('released')
    expect(() => createErasurePool({ threads: 0 })).toThrow(RangeError)
  })

  it('has slivers 0 to n-1 only', async () => {
    await using pool = createErasurePool({ threads: 1 })
    using encoded = await pool.encodeBlob(7, new Uint8Array(10))
    for (const index of [-1, 7, 0.5]) expect(() => encoded.sliver('secondary', index)).toThrow(RangeError)
  })
})

describe('a worker that dies', () => {
  it.each([
    ['throws', 'throw new Error("out of luck")'],
    ['exits', 'process.exit(3)'],
    ['ends', 'parentPort.close()'],
  ])('and %s fails its call with a code, and the next call works', async (how, end) => {
    await using pool = createErasurePool({ threads: 1, workerUrl: await dyingWorker(`once-${how}`, 1, end) })
    await expect(pool.computeBlobId(100, blob)).rejects.toMatchObject({
      code: 'ERASURE_WORKER_DIED',
      retryable: true,
    })
    expect(await pool.computeBlobId(100, blob)).toEqual(expected)
  })

  it('again and again fails every call, and none hangs', async () => {
    const worker = await dyingWorker('always', 1000, 'process.exit(1)')
    await using pool = createErasurePool({ threads: 2, workerUrl: worker })
    const calls = await Promise.allSettled(Array.from({ length: 4 }, () => pool.computeBlobId(7, blob.subarray(0, 9))))
    expect(calls.map((call) => call.status === 'rejected' && call.reason.code)).toEqual(
      Array(4).fill('ERASURE_WORKER_DIED'),
    )
  })

  it('for lack of its script fails the call', async () => {
    await using pool = createErasurePool({ threads: 2, workerUrl: pathToFileURL(join(dir, 'absent.mjs')) })
    await expect(pool.computeBlobId(7, blob.subarray(0, 9))).rejects.toMatchObject({ code: 'ERASURE_WORKER_DIED' })
  })
})

/** A worker that does `jobs` jobs as it should and dies at the next, once. */
async function breakingWorker(name: string, jobs: number): Promise<URL> {
  const path = join(dir, `${name}.mjs`)
  await writeFile(
    path,
    `import { mkdirSync } from 'node:fs'
import { parentPort } from 'node:worker_threads'
let seen = 0
parentPort.on('message', () => {
  if (++seen <= ${jobs}) return
  try { mkdirSync(${JSON.stringify(join(dir, name))}) } catch { return }
  process.exit(1)
})
await import(${JSON.stringify(workerUrl.href)})
`,
  )
  return pathToFileURL(path)
}

/** Files of the folder that this process holds open, named or not; known on Linux only. */
async function openSpillFiles(folder: string): Promise<string[]> {
  const descriptors = await readdir('/proc/self/fd').catch(() => [])
  const targets = await Promise.all(descriptors.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')))
  return targets.filter((target) => target.startsWith(folder))
}

describe('an encoding whose worker dies half way', () => {
  // Some thirty jobs in four steps.
  it.each([0, 1, 4, 10])('after %i jobs fails with a code, gives everything back, and the next works', async (jobs) => {
    const folder = await mkdtemp(join(dir, 'spill-'))
    const workerUrl = await breakingWorker(`breaks-${jobs}`, jobs)
    await using pool = createErasurePool({ threads: 2, workerUrl, spill: { folder, memoryBytes: 0 } })
    await expect(pool.encodeBlob(100, blob)).rejects.toMatchObject({ code: 'ERASURE_WORKER_DIED', retryable: true })
    expect(await openSpillFiles(folder)).toEqual([])
    expect(await readdir(folder)).toEqual([])
    const encoded = await pool.encodeBlob(100, blob)
    expect(encoded.blobId).toEqual(expected.blobId)
    if (process.platform === 'linux') expect(await openSpillFiles(folder)).toHaveLength(1)
    encoded.release()
    expect(await openSpillFiles(folder)).toEqual([])
    expect(await pool.computeBlobId(100, blob)).toEqual(expected)
  })

  it('does not disturb the calls of others', async () => {
    const workerUrl = await breakingWorker('breaks-beside', 2)
    await using pool = createErasurePool({ threads: 2, workerUrl })
    const calls = await Promise.allSettled(Array.from({ length: 6 }, () => pool.computeBlobId(31, blob)))
    const failed = calls.filter((call) => call.status === 'rejected')
    expect(failed.map((call) => call.reason.code)).toEqual(['ERASURE_WORKER_DIED'])
    const identity = createSyncCoder().computeBlobId(31, blob)
    for (const call of calls) if (call.status === 'fulfilled') expect(call.value).toEqual(identity)
  })
})

describe('bad input', () => {
  it('is refused with its code by every operation, and the pool goes on', async () => {
    await using pool = createErasurePool({ threads: 2 })
    for (const shardCount of [0, 1, 3, 3.5, 4097, Number.NaN, -7]) {
      await expect(pool.encodeBlob(shardCount, blob)).rejects.toMatchObject({ code: 'ERASURE_SHARD_COUNT' })
      await expect(pool.computeBlobId(shardCount, blob)).rejects.toMatchObject({ code: 'ERASURE_SHARD_COUNT' })
    }
    await expect(pool.computeBlobId(4, new Uint8Array(6 * 65534 + 1))).rejects.toMatchObject({
      code: 'ERASURE_BLOB_TOO_LARGE',
      kind: 'usage',
      data: { largest: 6 * 65534 },
    })
    using encoded = await pool.encodeBlob(10, blob)
    const { metadata } = encoded
    const good = encoded.sliver('secondary', 3)
    const wrong = [
      { ...good, index: 10 },
      { ...good, index: Number.NaN },
      { ...good, symbolBytes: good.symbolBytes + 2 },
      { ...good, bytes: good.bytes.subarray(2) },
      { ...good, bytes: new Uint8Array(0) },
    ]
    const shape = { code: 'ERASURE_SLIVER_SHAPE', kind: 'integrity' }
    for (const sliver of wrong) {
      await expect(pool.verifySliver(metadata, 'secondary', sliver)).rejects.toMatchObject(shape)
      await expect(pool.decodeBlob(metadata, 'secondary', [sliver])).rejects.toMatchObject(shape)
      await expect(pool.decodeRange(metadata, 'secondary', [sliver], { from: 0, to: 9 })).rejects.toMatchObject(shape)
      await expect(pool.recoverySymbols(metadata, 'secondary', sliver, [0])).rejects.toMatchObject(shape)
    }
    // Right in shape, of the other axis, or of another place.
    await expect(pool.verifySliver(metadata, 'primary', good)).rejects.toMatchObject(shape)
    await expect(pool.verifySliver(metadata, 'secondary', { ...good, index: 4 })).rejects.toMatchObject({
      code: 'ERASURE_SLIVER_MISMATCH',
    })
    await pool.verifySliver(metadata, 'secondary', good)
  })
})

describe('ending early', () => {
  it('close fails what is running and waiting, and everything after', async () => {
    const pool = createErasurePool({ threads: 1 })
    const calls = Promise.allSettled([pool.computeBlobId(100, blob), pool.computeBlobId(100, blob)])
    await pool.close()
    for (const call of await calls) expect(call).toMatchObject({ reason: { code: 'ERASURE_POOL_CLOSED' } })
    await expect(pool.computeBlobId(7, blob.subarray(0, 9))).rejects.toMatchObject({ code: 'ERASURE_POOL_CLOSED' })
    await pool.close()
  })

  it('an aborted signal cancels before and during, and the pool goes on', async () => {
    await using pool = createErasurePool({ threads: 1 })
    const cancelled = { code: 'CANCELLED' }
    await expect(pool.computeBlobId(7, blob, { signal: AbortSignal.abort() })).rejects.toMatchObject(cancelled)
    const controller = new AbortController()
    const call = pool.computeBlobId(208, blob, { signal: controller.signal })
    controller.abort()
    await expect(call).rejects.toMatchObject(cancelled)
    expect(await pool.computeBlobId(100, blob)).toEqual(expected)
  })
})

describe('a thread', () => {
  /** A worker script that notes each of its starts in a file. */
  const countedWorker = async (name: string) => {
    const [script, starts] = [join(dir, `${name}.mjs`), join(dir, `${name}.starts`)]
    await writeFile(
      script,
      `import { appendFileSync } from 'node:fs'
appendFileSync(${JSON.stringify(starts)}, 'x')
await import(${JSON.stringify(workerUrl.href)})
`,
    )
    return { url: pathToFileURL(script), count: async () => (await readFile(starts, 'utf8')).length }
  }
  const computeOnce = async (url: URL, engine?: EngineName) => {
    await using pool = createErasurePool({ threads: 1, workerUrl: url, ...(engine ? { engine } : {}) })
    expect(await pool.computeBlobId(100, blob)).toEqual(expected)
  }

  it('is started once for one pool after the other, and ends when nobody has used it for a while', async () => {
    const { url, count } = await countedWorker('counted')
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      await computeOnce(url)
      await computeOnce(url)
      expect(await count()).toBe(1)
      // Another engine is another thread.
      await computeOnce(url, 'rs2-scalar.wasm')
      expect(await count()).toBe(2)
      await computeOnce(url)
      expect(await count()).toBe(2)
      await vi.advanceTimersByTimeAsync(60_000)
      await computeOnce(url)
      expect(await count()).toBe(3)
      await vi.advanceTimersByTimeAsync(60_000)
    } finally {
      vi.useRealTimers()
    }
  })

  it('is started beside another for work that takes longer than the start', async () => {
    const little = await countedWorker('little')
    {
      await using pool = createErasurePool({ threads: 3, workerUrl: little.url })
      expect(await pool.computeBlobId(100, blob)).toEqual(expected)
      // Many at once are as much work as one large one, but not these few.
      await Promise.all(Array.from({ length: 3 }, () => pool.computeBlobId(10, blob.subarray(0, 500))))
      expect(await little.count()).toBe(1)
    }
    const much = await countedWorker('much')
    {
      await using pool = createErasurePool({ threads: 3, workerUrl: much.url })
      await pool.computeBlobId(400, blob)
      expect(await much.count()).toBe(3)
    }
    const many = await countedWorker('many')
    {
      await using pool = createErasurePool({ threads: 2, workerUrl: many.url })
      await Promise.all(Array.from({ length: 30 }, () => pool.computeBlobId(100, blob)))
      expect(await many.count()).toBe(2)
    }
  })

  it('is not asked about a sliver that takes less time than the question', async () => {
    const { url, count } = await countedWorker('sliver')
    await writeFile(join(dir, 'sliver.starts'), '')
    const little = createSyncCoder().encodeBlob(10, blob.subarray(0, 500))
    const much = createSyncCoder().encodeBlob(400, blob)
    await using pool = createErasurePool({ threads: 1, workerUrl: url })
    for (const axis of ['primary', 'secondary'] as const) {
      const sliver = little.sliver(axis, 3)
      await pool.verifySliver(little.metadata, axis, sliver)
      sliver.bytes[0]! ^= 1
      await expect(pool.verifySliver(little.metadata, axis, sliver)).rejects.toMatchObject({
        code: 'ERASURE_SLIVER_MISMATCH',
      })
    }
    const stopped = pool.verifySliver(little.metadata, 'primary', little.sliver('primary', 3), {
      signal: AbortSignal.abort(),
    })
    await expect(stopped).rejects.toMatchObject({ code: 'CANCELLED' })
    expect(await count()).toBe(0)
    await pool.verifySliver(much.metadata, 'primary', much.sliver('primary', 3))
    expect(await count()).toBe(1)
    await pool.close()
    await expect(pool.verifySliver(little.metadata, 'primary', little.sliver('primary', 3))).rejects.toMatchObject({
      code: 'ERASURE_POOL_CLOSED',
    })
  })

  it('that cannot be started fails the call with a code, and every other', async () => {
    const workerUrl = new URL('https://example.org/worker.js')
    await using pool = createErasurePool({ threads: 1, workerUrl })
    const calls = await Promise.allSettled([pool.computeBlobId(100, blob), pool.computeBlobId(100, blob)])
    expect(calls.map((call) => call.status === 'rejected' && call.reason.code)).toEqual(
      Array(2).fill('ERASURE_WORKER_DIED'),
    )
  })

  it('that a closed pool had at work is not handed on', async () => {
    const { url, count } = await countedWorker('stopped')
    const pool = createErasurePool({ threads: 1, workerUrl: url })
    const call = pool.computeBlobId(1000, blob).catch((error: unknown) => error)
    await pool.close()
    expect(await call).toMatchObject({ code: 'ERASURE_POOL_CLOSED' })
    await computeOnce(url)
    expect(await count()).toBeGreaterThan(0)
  })
})

describe('an idle pool', () => {
  it('does not keep the process alive, closed or not', async () => {
    const poolUrl = new URL('../../src/erasure/pool.ts', import.meta.url).href
    const script = `const { createErasurePool } = await import(${JSON.stringify(poolUrl)})
      await createErasurePool({ threads: 2 }).computeBlobId(7, new Uint8Array(9))
      console.log('done')`
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], {
      timeout: 120_000,
    })
    expect(stdout).toBe('done\n')
  })
})

describe('shared memory', () => {
  it('is used again once given back, and not before', () => {
    const memory = createSharedMemory()
    const [a, b] = [memory.allocate(1000), memory.allocate(1000)]
    expect(a.buffer).not.toBe(b.buffer)
    memory.release(a, a)
    const again = memory.allocate(900)
    expect(again.buffer).toBe(a.buffer)
    expect(again.length).toBe(900)
    expect(memory.allocate(900).buffer).not.toBe(a.buffer)
    memory.release(again)
    expect(memory.allocate(100).buffer).not.toBe(a.buffer)
  })

  it('serves lengths that differ by little from the same blocks', () => {
    const memory = createSharedMemory()
    const lengths = [4_705_001, 4_718_304, 4_711_248, 4_705_000, 4_713_552]
    const buffers = lengths.map((length) => {
      const block = memory.allocate(length)
      expect(block.length).toBe(length)
      memory.release(block)
      return block.buffer
    })
    expect(new Set(buffers).size).toBe(1)
    for (const length of [0, 1, 31, 33, 1000, 2 ** 20, 2 ** 20 + 1])
      expect(memory.allocate(length).buffer.byteLength).toBeLessThanOrEqual(Math.max(1, length * (1 + 1 / 32)))
  })

  it('never takes what it did not give', () => {
    const memory = createSharedMemory()
    const mine = new Uint8Array(1000)
    memory.release(mine, undefined)
    expect(memory.allocate(1000).buffer).not.toBe(mine.buffer)
  })
})
