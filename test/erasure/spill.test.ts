import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createRng } from '../../src/base/rng.ts'
import type { EncodedBlob, EncodeOptions } from '../../src/erasure/api.ts'
import { createErasurePool } from '../../src/erasure/pool.ts'
import { createEncodingStore } from '../../src/erasure/spill.ts'
import { createSyncCoder } from '../../src/erasure/sync.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'floe-spill-'))
})
afterAll(() => rm(folder, { recursive: true }))

const random = (seed: number, bytes: number) => createRng(seed).fill(new Uint8Array(bytes))

function expectSame(encoded: EncodedBlob, expected: EncodedBlob): void {
  expect(encoded.blobId).toEqual(expected.blobId)
  expect(Buffer.compare(encoded.metadata.pairHashes, expected.metadata.pairHashes)).toBe(0)
  for (let p = 0; p < expected.params.shardCount; p++)
    for (const axis of ['primary', 'secondary'] as const) {
      const [got, want] = [encoded, expected].map((each) => each.sliver(axis, p).bytes)
      expect(Buffer.compare(got!, want!), `${axis} ${p}`).toBe(0)
    }
}

describe('an encoded blob that went to a file', () => {
  it.each([
    [4, 0],
    [4, 6 * 65534],
    [7, 1],
    [10, 5000],
    [100, 2_000_003],
    [208, 9_000_001],
  ])('has the slivers of one in memory (%i shards, %i bytes)', async (shardCount, bytes) => {
    const blob = random(shardCount, bytes)
    await using pool = createErasurePool({ threads: 2, spill: { folder, memoryBytes: 0 } })
    using encoded = await pool.encodeBlob(shardCount, blob)
    // The caller's bytes may go: everything is in the file.
    const expected = createSyncCoder().encodeBlob(shardCount, blob.slice())
    blob.fill(0)
    expectSame(encoded, expected)
  })

  // Of ten rows one ends in padding; seven of ten columns are of the blob, in pieces.
  it.each([
    [0, 0, 'nothing'],
    [1500, 3, 'the blob'],
    [2400, 6, 'blob and columns'],
    [2 ** 30, 12, 'all'],
  ])('shows slivers where they stand, if that is one place in memory (%i bytes: %i)', async (memoryBytes, count) => {
    await using pool = createErasurePool({ threads: 1, spill: { folder, memoryBytes } })
    const encoded = await pool.encodeBlob(10, random(1, 1001))
    let shown = 0
    for (const axis of ['primary', 'secondary'] as const)
      for (let i = 0; i < 10; i++) {
        const view = encoded.view(axis, i)
        if (!view) continue
        shown++
        expect(Buffer.compare(view, encoded.sliver(axis, i).bytes), `${axis} ${i}`).toBe(0)
      }
    expect(shown).toBe(count)
    expect(() => encoded.view('primary', 10)).toThrow(RangeError)
    encoded.release()
    expect(() => encoded.view('primary', 0)).toThrow('released')
  })

  it('leaves no name behind, also while it is in use', async () => {
    await using pool = createErasurePool({ threads: 1, spill: { folder, memoryBytes: 0 } })
    const encoded = await pool.encodeBlob(10, random(1, 5000))
    expect(await readdir(folder)).toEqual([])
    encoded.release()
    encoded.release()
    expect(() => encoded.sliver('primary', 0)).toThrow('released')
    expect(await readdir(folder)).toEqual([])
  })

  it('that cannot have a file fails with a code, and the pool goes on', async () => {
    // A folder that exists for statfs but takes no files.
    await using pool = createErasurePool({ threads: 1, spill: { folder: '/proc', memoryBytes: 10_000 } })
    const small = createSyncCoder().computeBlobId(7, random(1, 100))
    const outcome = await pool.encodeBlob(7, random(1, 20_000)).catch((error: unknown) => error)
    // Where the folder reports no room, memory serves instead.
    if (outcome instanceof Error) expect(outcome).toMatchObject({ code: 'ERASURE_SPILL' })
    else (outcome as EncodedBlob).release()
    expect(await pool.computeBlobId(7, random(1, 100))).toEqual(small)
  })

  it('fails with a code when the file is lost under way', async () => {
    const store = createEncodingStore({ folder, memoryBytes: 0 })
    const file = store.place([60, 40]).file!
    expect(() => file.read(file.region(0, 100), 0, new Uint8Array(10))).toThrow(
      expect.objectContaining({ code: 'ERASURE_SPILL', kind: 'other' }),
    )
    expect(() => file.region(90, 11)).toThrow(RangeError)
    file.close()
    file.close()
    expect(() => file.read(file.region(0, 100), 0, new Uint8Array(10))).toThrow('closed')
  })
})

describe('a sliver copied into given memory', () => {
  // 1001 bytes of the blob, 432 of columns, 1512 of rows; beside a file, three quarters of the budget are used.
  it.each([
    [0, 'nothing'],
    [1500, 'the blob'],
    [2400, 'blob and columns'],
    [2 ** 30, 'all'],
  ])('is the sliver, whatever stood there before (%i bytes: %s in memory)', async (memoryBytes) => {
    await using pool = createErasurePool({ threads: 1, spill: { folder, memoryBytes } })
    using encoded = await pool.encodeBlob(10, random(1, 1001))
    for (const axis of ['primary', 'secondary'] as const)
      for (let i = 0; i < 10; i++) {
        const expected = encoded.sliver(axis, i)
        const into = new Uint8Array(expected.bytes.length).fill(0xee)
        expect(encoded.sliver(axis, i, into).bytes).toBe(into)
        expect(into).toEqual(expected.bytes)
        expect(() => encoded.sliver(axis, i, into.subarray(1))).toThrow(RangeError)
      }
  })
})

describe('the budget', () => {
  it('counts what has not been released, over all blobs', () => {
    const store = createEncodingStore({ folder, memoryBytes: 1000 })
    expect(store.place([100, 500])).toEqual({ inMemory: 2, file: undefined })
    const second = store.place([200, 400])
    expect(second.inMemory).toBe(0)
    second.file!.close()
    expect(store.place([400])).toEqual({ inMemory: 1, file: undefined })
    store.forget(600)
    expect(store.place([600])).toEqual({ inMemory: 1, file: undefined })
  })

  it('keeps the first parts in memory, in three quarters of it beside a file', () => {
    const store = createEncodingStore({ folder, memoryBytes: 1000 })
    const { inMemory, file } = store.place([500, 250, 300])
    expect(inMemory).toBe(2)
    expect(() => file!.region(0, 301)).toThrow(RangeError)
    file!.close()
    expect(store.place([250])).toEqual({ inMemory: 1, file: undefined })
    store.forget(1000)
    // A later part does not overtake one that does not fit.
    const large = store.place([800, 10, 300])
    expect(large.inMemory).toBe(0)
    large.file!.close()
  })

  it('counts what is in memory anyway', () => {
    const store = createEncodingStore({ folder, memoryBytes: 1000 })
    const first = store.place([0, 150, 700], 600)
    expect(first.inMemory).toBe(2)
    first.file!.close()
    const second = store.place([0, 10, 300], 600)
    expect(second.inMemory).toBe(0)
    second.file!.close()
    store.forget(750 + 600)
    expect(store.place([1000])).toEqual({ inMemory: 1, file: undefined })
  })

  it('is another one where a caller says so', async () => {
    const store = createEncodingStore({ folder, memoryBytes: 1000 })
    expect(store.place([0, 600, 1400], 600, 2600)).toEqual({ inMemory: 3, file: undefined })
    const second = store.place([0, 1], 0)
    expect(second.inMemory).toBe(0)
    second.file!.close()

    await using pool = createErasurePool({ threads: 1, spill: { folder, memoryBytes: 0 } })
    const isInMemory = async (options: EncodeOptions) => {
      using encoded = await pool.encodeBlob(7, new Uint8Array(1000), options)
      return encoded.view('primary', 6) !== undefined
    }
    expect(await isInMemory({})).toBe(false)
    expect(await isInMemory({ memoryBytes: 10_000 })).toBe(true)
    expect(await isInMemory({})).toBe(false)
  })

  it('uses memory where the folder has no room or does not exist', () => {
    const store = createEncodingStore({ folder: join(folder, 'absent'), memoryBytes: 0 })
    expect(store.place([10]).file).toBeUndefined()
    expect(createEncodingStore({ folder, memoryBytes: 0 }).place([2 ** 52]).file).toBeUndefined()
  })

  it('gets back what was dropped without release', async () => {
    const spillUrl = new URL('../../src/erasure/spill.ts', import.meta.url).href
    const script = `const { createEncodingStore } = await import(${JSON.stringify(spillUrl)})
      const store = createEncodingStore({ memoryBytes: 0 })
      let released = 0
      ;(() => { for (let i = 0; i < 3; i++) store.watch({}, () => released++) })()
      for (let i = 0; i < 100 && released < 3; i++) { gc(); await new Promise((done) => setTimeout(done, 10)) }
      console.log(released)`
    const options = ['--expose-gc', '--input-type=module', '--eval', script]
    const { stdout } = await promisify(execFile)(process.execPath, options, { timeout: 120_000 })
    expect(stdout).toBe('3\n')
  })
})

describe("the caller's bytes", () => {
  it.each([
    ['a file', 0],
    ['memory', 2 ** 30],
  ])('are not held by an encoded blob that is in %s', async (_, memoryBytes) => {
    const poolUrl = new URL('../../src/erasure/pool.ts', import.meta.url).href
    const script = `const { createErasurePool } = await import(${JSON.stringify(poolUrl)})
      const spill = { folder: ${JSON.stringify(folder)}, memoryBytes: ${memoryBytes} }
      await using pool = createErasurePool({ threads: 1, spill })
      const start = () => {
        const bytes = new Uint8Array(1_000_000)
        return { encoding: pool.encodeBlob(10, bytes), held: new WeakRef(bytes.buffer) }
      }
      const { encoding, held } = start()
      const encoded = await encoding
      for (let i = 0; i < 100 && held.deref(); i++) { await new Promise((done) => setTimeout(done, 10)); gc() }
      console.log(held.deref() === undefined, encoded.sliver('primary', 0).bytes.length > 0)`
    const options = ['--expose-gc', '--input-type=module', '--eval', script]
    const { stdout } = await promisify(execFile)(process.execPath, options, { timeout: 120_000 })
    expect(stdout).toBe('true true\n')
  })
})

describe('computing an id', () => {
  it('of bytes that threads cannot reach brings them over in pieces', async () => {
    const blob = random(5, 9_000_001)
    await using pool = createErasurePool({ threads: 2 })
    const shared = new Uint8Array(new SharedArrayBuffer(blob.length))
    shared.set(blob)
    const expected = await pool.computeBlobId(100, shared)
    expect(await pool.computeBlobId(100, blob)).toEqual(expected)
    expect(createSyncCoder().computeBlobId(100, blob)).toEqual(expected)
  })
})
