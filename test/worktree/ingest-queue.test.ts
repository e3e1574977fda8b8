import { mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { createRng } from '../../src/base/rng.ts'
import { chunkBytes } from '../../src/chunking/chunker.ts'
import { createChunkPool } from '../../src/chunking/pool.ts'
import { type ChunkSizing, chunkParamsFor } from '../../src/chunking/profile.ts'
import { sha256Hex } from '../../src/crypto/hash.ts'
import type { TreeEntry } from '../../src/objects/tree.ts'
import { createLocalStore } from '../../src/store/local-store.ts'
import { nodeFs } from '../../src/store/node-fs.ts'
import { ONE_CHUNK_BYTES } from '../../src/worktree/ingest.ts'
import { createIngestQueue } from '../../src/worktree/ingest-queue.ts'
import { createSmallFileReader } from '../../src/worktree/read-file.ts'
import { BATCHED_BELOW_BYTES, readLarge, SLOT_BYTES, SLOT_FREE, STOP } from '../../src/worktree/read-jobs.ts'
import { createReadPool } from '../../src/worktree/read-pool.ts'

const root = mkdtempSync(join(tmpdir(), 'floe-queue-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const rng = createRng(41)
const contents = new Map<string, Uint8Array>()
const sizes = [0, 1, 700, ONE_CHUNK_BYTES, ONE_CHUNK_BYTES + 1, 100_000, BATCHED_BELOW_BYTES - 1, BATCHED_BELOW_BYTES]
for (const [i, bytes] of [...sizes, 2_500_000, 3_000_000, 5_000_000].entries()) {
  const noise = rng.fill(new Uint8Array(bytes))
  contents.set(`${String(i).padStart(2, '0')}.bin`, i % 3 === 2 ? noise.map((byte) => byte & 3) : noise)
}
contents.set('again.bin', contents.get('10.bin')!)
for (let i = 0; i < 40; i++) contents.set(`small-${i}`, rng.fill(new Uint8Array(60_000 + i)))
for (const [path, bytes] of contents) writeFileSync(join(root, path), bytes)
symlinkSync('00.bin', join(root, 'link'))
const paths = [...contents.keys(), 'link'].sort()

let stores = 0

/** What a queue makes of the files: entries, objects, and that every pack is whole. */
async function ingestAll(
  threads: number,
  files: readonly string[] = paths,
  stale: readonly string[] = [],
  sizingOf?: (path: string) => ChunkSizing,
) {
  const floeDir = join(root, `.store-${stores++}`)
  for (const dir of ['packs', 'tmp']) nodeFs.makeDirectory(`${floeDir}/${dir}`)
  const store = createLocalStore(nodeFs, floeDir)
  const session = await store.begin()
  const entries = new Map<string, TreeEntry>()
  const order: string[] = []
  try {
    await using pool = createChunkPool({ threads: 0 })
    const readSmall = createSmallFileReader(nodeFs, root, ONE_CHUNK_BYTES)
    const context = { fs: nodeFs, root, session, pool, readSmall, sizingOf }
    await using queue = createIngestQueue(context, { threads, startFrom: { files: 1, bytes: 1 } })
    for (const path of files) {
      const stat = nodeFs.stat(join(root, path)) ?? nodeFs.stat(join(root, '01.bin'))!
      const seen = stale.includes(path) ? { ...stat, ctimeNs: stat.ctimeNs - 1n } : stat
      await queue.add(path, seen, ({ entry, stat: read }) => {
        expect(read).toEqual(stat)
        entries.set(path, entry)
        order.push(path)
      })
    }
    await queue.finish()
    await session.seal()
  } finally {
    session.abort()
  }
  const objects = new Set<string>()
  for (const name of store.packNames()) {
    await store.verifyPack(name)
    for (const { kind, id } of await store.packObjects(name)) objects.add(`${kind}:${id}`)
  }
  const leftovers = nodeFs.readDirectory(`${floeDir}/tmp`).length
  store.close()
  return { entries, objects, order, leftovers, newBytes: session.newBytes }
}

describe('files that threads read', () => {
  test('are cut as is asked for, as files read in turn are', async () => {
    const mixed = (path: string): ChunkSizing => (['auto', 'small', 'fixed', 'large'] as const)[path.charCodeAt(1) % 4]!
    const some = paths.filter((path) => /^\d|-1$/.test(path))
    const bySize = await ingestAll(2, some)
    for (const sizingOf of [() => 'large' as const, mixed]) {
      const inTurn = await ingestAll(0, some, [], sizingOf)
      const threaded = await ingestAll(2, some, [], sizingOf)
      expect(threaded.entries).toEqual(inTurn.entries)
      expect([...threaded.objects].sort()).toEqual([...inTurn.objects].sort())
      expect([...threaded.objects].sort()).not.toEqual([...bySize.objects].sort())
    }
  })

  test('give the entries and objects of files read in turn, whatever their size', async () => {
    const inTurn = await ingestAll(0)
    const threaded = await ingestAll(2)
    expect(threaded.entries).toEqual(inTurn.entries)
    expect([...threaded.objects].sort()).toEqual([...inTurn.objects].sort())
    expect(threaded.newBytes).toBe(inTurn.newBytes)
    for (const [path, bytes] of contents) expect(threaded.entries.get(path)!.fileId).toBe(sha256Hex(bytes))
    // Small ones are stored in the order of their paths.
    const small = threaded.order.filter((path) => path.startsWith('small'))
    expect(small).toEqual([...small].sort((a, b) => paths.indexOf(a) - paths.indexOf(b)))
    expect(threaded.leftovers).toBe(0)
  })

  test('are read again where they are not what the walk saw', async () => {
    const { entries } = await ingestAll(1, ['01.bin', '05.bin', '09.bin'], ['01.bin', '05.bin'])
    for (const path of ['01.bin', '05.bin', '09.bin'])
      expect(entries.get(path)!.fileId).toBe(sha256Hex(contents.get(path)!))
  })

  test('end it all with the error of the one that cannot be read, and leave nothing behind', async () => {
    const files = ['10.bin', 'gone', ...paths]
    await expect(ingestAll(2, files)).rejects.toMatchObject({ code: 'WORKTREE_UNREADABLE' })
    expect(nodeFs.readDirectory(join(root, `.store-${stores - 1}`, 'tmp'))).toEqual([])
    expect(nodeFs.readDirectory(join(root, `.store-${stores - 1}`, 'packs'))).toEqual([])
  })

  test('end it all with that error where a large one waits for the room that others have', async () => {
    const small = paths.filter((path) => path.startsWith('small'))
    const files = ['gone', ...small, ...small, ...small, '10.bin']
    await expect(ingestAll(1, files)).rejects.toMatchObject({ code: 'WORKTREE_UNREADABLE' })
  })
})

test('large chunks have the same memory in every file of a thread', async () => {
  await using pool = createReadPool(1)
  const path = join(root, '10.bin')
  const used = new Set<unknown>()
  for (let i = 0; i < 3; i++) {
    const parts = await pool.readLarge({ path, stat: nodeFs.stat(path)!, sizing: 'large' })
    for await (const { bytes } of parts) used.add(bytes.buffer)
  }
  expect(used.size).toBe(1)
})

describe('a large file through slots', () => {
  const read = (path: string, slotBytes: number, slotCount: number, stopAfter = Number.POSITIVE_INFINITY) => {
    const slots = Array.from({ length: slotCount }, () => new SharedArrayBuffer(slotBytes))
    const states = new Int32Array(new SharedArrayBuffer((slotCount + 1) * 4))
    const ids: string[] = []
    let parts = 0
    const job = {
      $kind: 'large',
      job: 1,
      sizing: undefined,
      path,
      slots,
      states: states.buffer as SharedArrayBuffer,
    } as const
    const done = readLarge(nodeFs, job, ({ slot, lengths, ids: packed }) => {
      let at = 0
      for (const [i, length] of lengths.entries()) {
        const bytes = new Uint8Array(slots[slot]!, at, length)
        expect(sha256Hex(bytes)).toBe(Buffer.from(packed.subarray(i * 32, i * 32 + 32)).toString('hex'))
        ids.push(sha256Hex(bytes))
        at += length
      }
      if (++parts >= stopAfter) Atomics.store(states, slotCount, STOP)
      Atomics.store(states, slot, SLOT_FREE)
    })
    return { done, ids, parts }
  }

  test('is cut as in one piece, for slots that hardly take its largest chunk as well', () => {
    const path = '10.bin'
    const bytes = contents.get(path)!
    const params = chunkParamsFor(bytes.length)
    const expected = chunkBytes(bytes, params).map(sha256Hex)
    for (const [slotBytes, slotCount] of [
      [params.maxBytes + 1, 2],
      [1_500_007, 3],
      [2 ** 23, 2],
    ] as const) {
      const { done, ids } = read(join(root, path), slotBytes, slotCount)
      expect(ids).toEqual(expected)
      expect(Buffer.from(done.fileId).toString('hex')).toBe(sha256Hex(bytes))
      expect(done.stat?.bytes).toBe(bytes.length)
    }
  })

  test('is left to who asked where it has grown beyond what the slots are for', () => {
    const path = join(root, 'grown')
    writeFileSync(path, '')
    truncateSync(path, 4 * 1024 ** 3)
    const { done, parts } = read(path, SLOT_BYTES, 3, 10)
    rmSync(path)
    expect(done.stat).toBeUndefined()
    expect(parts).toBe(0)
  })

  test('is given up where nobody wants it any more', () => {
    const { done, ids } = read(join(root, '10.bin'), 600_000, 2, 1)
    expect(done.stat).toBeUndefined()
    expect(ids.length).toBeLessThan(30)
  })
})
