import { appendFileSync, mkdtempSync, rmSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { createRng } from '../../src/base/rng.ts'
import { chunkBytes } from '../../src/chunking/chunker.ts'
import { createChunkPool } from '../../src/chunking/pool.ts'
import { type ChunkSizing, chunkParamsFor } from '../../src/chunking/profile.ts'
import { sha256Hex } from '../../src/crypto/hash.ts'
import { type ObjectId, objectIdFromBytes } from '../../src/objects/id.ts'
import type { TreeEntry } from '../../src/objects/tree.ts'
import { type FileSystem, FileSystemError } from '../../src/store/file-system.ts'
import { createLocalStore } from '../../src/store/local-store.ts'
import { nodeFs } from '../../src/store/node-fs.ts'
import type { SealedPack } from '../../src/store/pack-file.ts'
import { createPackLane, discardLanes } from '../../src/store/pack-lane.ts'
import { type DiskClock, ROW_BYTES, ROW_ID, statOfRow } from '../../src/worktree/file-rows.ts'
import { type Ingested, ONE_CHUNK_BYTES } from '../../src/worktree/ingest.ts'
import { createIngestQueue, type UnseenFiles } from '../../src/worktree/ingest-queue.ts'
import { createSmallFileReader } from '../../src/worktree/read-file.ts'
import { BATCHED_BELOW_BYTES, idAt, readLarge, SLOT_BYTES } from '../../src/worktree/read-jobs.ts'
import { type LaneAnswer, ReadLane } from '../../src/worktree/read-lane.ts'

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

/** Until the file system's clock has gone on since the files were written. */
const rested = () => new Promise((resolve) => setTimeout(resolve, 30))

/** What a queue makes of the files: entries, objects, and that every pack is whole. */
async function ingestAll(
  threads: number,
  files: readonly string[] = paths,
  stale: readonly string[] = [],
  sizingOf?: (path: string) => ChunkSizing,
  clock?: DiskClock,
) {
  const floeDir = join(root, `.store-${stores++}`)
  for (const dir of ['packs', 'tmp']) nodeFs.makeDirectory(`${floeDir}/${dir}`)
  const store = createLocalStore(nodeFs, floeDir)
  const session = await store.begin()
  const entries = new Map<string, TreeEntry>()
  const order: string[] = []
  const rowPaths: string[] = []
  const note = ({ entry, stat }: Ingested) => {
    expect(stat).toEqual(nodeFs.stat(join(root, entry.path)))
    entries.set(entry.path, entry)
    order.push(entry.path)
  }
  const unseen: UnseenFiles = {
    clock: clock ?? { ns: 0n, device: -1n },
    onRow(path, rows, row) {
      const stat = statOfRow(rows, row, clock!.device)
      const fileId = objectIdFromBytes(rows.slice(row * ROW_BYTES + ROW_ID, (row + 1) * ROW_BYTES))
      const { bytes, executable } = stat
      const content = bytes === 0 ? null : ({ kind: 'chunk', id: fileId } as const)
      rowPaths.push(path)
      note({ entry: { path, kind: 'file', executable, bytes, fileId, content }, stat })
    },
    onIngested: note,
  }
  try {
    await using pool = createChunkPool({ threads: 0 })
    const readSmall = createSmallFileReader(nodeFs, root, ONE_CHUNK_BYTES)
    const context = { fs: nodeFs, root, session, pool, readSmall, sizingOf }
    await using queue = createIngestQueue(context, { threads, startFrom: { files: 1, bytes: 1 }, unseen })
    for (const path of clock ? files : []) await queue.addUnseen(path)
    for (const path of clock ? [] : files) {
      const stat = nodeFs.stat(join(root, path)) ?? nodeFs.stat(join(root, '01.bin'))!
      const seen = stale.includes(path) ? { ...stat, ctimeNs: stat.ctimeNs - 1n } : stat
      await queue.add(path, seen, ({ entry, stat: read }) => {
        expect(read).toEqual(stat)
        entries.set(path, entry)
        order.push(path)
      })
    }
    const toldBeforeSealing: number[] = []
    await queue.finish(() => void toldBeforeSealing.push(order.length))
    expect(toldBeforeSealing).toEqual([order.length])
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
  return { entries, objects, order, rowPaths, leftovers, newBytes: session.newBytes }
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

  test('give the same where nobody looked at them before', async () => {
    await rested()
    const inTurn = await ingestAll(0)
    const device = nodeFs.stat(root)!.device!
    const later = { ns: BigInt(Date.now() + 60_000) * 1_000_000n, device }
    // One or none of more chunks than one, and small enough: these come as rows and never as objects.
    const small = paths.filter((path) => path !== 'link' && contents.get(path)!.length <= ONE_CHUNK_BYTES)
    for (const [clock, rows] of [
      [later, small],
      // On another file system, or changed since the clock was read: nothing is taken on trust.
      [{ ...later, device: device + 1n }, []],
      [{ ...later, ns: 1n }, []],
    ] as const) {
      // The first starts the threads, and is looked at for that.
      const threaded = await ingestAll(
        2,
        ['10.bin', ...paths.filter((path) => path !== '10.bin')],
        [],
        undefined,
        clock,
      )
      expect(threaded.entries).toEqual(inTurn.entries)
      expect([...threaded.objects].sort()).toEqual([...inTurn.objects].sort())
      expect(threaded.newBytes).toBe(inTurn.newBytes)
      for (const path of small) expect(threaded.rowPaths.includes(path)).toBe(rows.includes(path as never))
      expect(threaded.leftovers).toBe(0)
    }
  })

  test('are all told of before the end where they turn out to be large', async () => {
    await rested()
    const clock = { ns: BigInt(Date.now() + 60_000) * 1_000_000n, device: nodeFs.stat(root)!.device! }
    const large = ['08.bin', '09.bin', '10.bin']
    for (const threads of [1, 2]) {
      const { entries } = await ingestAll(threads, large, [], undefined, clock)
      expect([...entries.keys()].sort()).toEqual(large)
    }
  })

  test('are passed over where they have gone since they were listed, and an error where they cannot be read', async () => {
    await rested()
    const clock = { ns: BigInt(Date.now() + 60_000) * 1_000_000n, device: nodeFs.stat(root)!.device! }
    const { entries } = await ingestAll(2, ['10.bin', 'gone', '01.bin'], [], undefined, clock)
    expect([...entries.keys()].sort()).toEqual(['01.bin', '10.bin'])
    if (process.getuid?.() === 0) return // may read everything
    const path = join(root, 'secret')
    writeFileSync(path, 'x', { mode: 0 })
    await expect(ingestAll(2, ['10.bin', 'secret'], [], undefined, clock)).rejects.toMatchObject({
      code: 'WORKTREE_UNREADABLE',
    })
    rmSync(path)
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

describe('a large file through slots', () => {
  const read = async (path: string, slotBytes: number, slotCount: number, failAfter = Number.POSITIVE_INFINITY) => {
    const slots = Array.from({ length: slotCount }, () => new Uint8Array(slotBytes))
    const ids: string[] = []
    let parts = 0
    const done = await readLarge(nodeFs, { path, sizing: undefined }, slots, async (slot, chunks) => {
      if (++parts > failAfter) throw new Error('no room')
      // Slowly, so that the other slots are filled meanwhile.
      await new Promise((resolve) => setImmediate(resolve))
      let at = 0
      for (const [i, length] of chunks.lengths.entries()) {
        const bytes = slot.subarray(at, at + length)
        expect(sha256Hex(bytes)).toBe(idAt(chunks.ids, i))
        ids.push(sha256Hex(bytes))
        at += length
      }
    })
    return { done, ids, parts }
  }

  test('is cut as in one piece, for slots that hardly take its largest chunk as well', async () => {
    const path = '10.bin'
    const bytes = contents.get(path)!
    const params = chunkParamsFor(bytes.length)
    const expected = chunkBytes(bytes, params).map(sha256Hex)
    for (const [slotBytes, slotCount] of [
      [params.maxBytes + 1, 2],
      [1_500_007, 3],
      [2 ** 23, 2],
    ] as const) {
      const { done, ids } = await read(join(root, path), slotBytes, slotCount)
      expect(ids).toEqual(expected)
      expect(done.fileId).toBe(sha256Hex(bytes))
      expect(done.stat?.bytes).toBe(bytes.length)
    }
  })

  test('is left to who asked where it has grown beyond what the slots are for', async () => {
    const path = join(root, 'grown')
    writeFileSync(path, '')
    truncateSync(path, 4 * 1024 ** 3)
    const { done, parts } = await read(path, SLOT_BYTES, 3)
    rmSync(path)
    expect(done.stat).toBeUndefined()
    expect(parts).toBe(0)
  })

  test('is left to who asked where it is no file, or changes while it is read', async () => {
    expect((await read(root, SLOT_BYTES, 3)).done.stat).toBeUndefined()
    expect((await read(join(root, 'link'), SLOT_BYTES, 3)).done.stat).toBeUndefined()
    const path = join(root, 'changing')
    for (const change of [
      () => truncateSync(path, 700_000),
      () => appendFileSync(path, 'more'),
      () => utimesSync(path, 1, 1),
    ]) {
      writeFileSync(path, contents.get('10.bin')!)
      const slots = [new Uint8Array(600_000), new Uint8Array(600_000)]
      let parts = 0
      const done = await readLarge(nodeFs, { path, sizing: undefined }, slots, async () => {
        if (++parts === 1) change()
      })
      expect(done.stat).toBeUndefined()
    }
    rmSync(path)
  })

  test('ends with what went wrong where its parts are taken', async () => {
    await expect(read(join(root, '10.bin'), 600_000, 2, 2)).rejects.toThrow('no room')
  })
})

describe('a thread', () => {
  /** A lane in this thread, over a disk that is full after so many bytes of packs. */
  async function runLane(fullAfter: number) {
    const tmp = join(root, `.lane-${stores++}`)
    nodeFs.makeDirectory(tmp)
    let left = fullAfter
    const fs: FileSystem = {
      ...nodeFs,
      open: (path, mode, options) => {
        const file = nodeFs.open(path, mode, options)
        return {
          read: (buffer, position) => file.read(buffer, position),
          write(bytes) {
            left -= bytes.length
            if (left < 0) throw new FileSystemError('ENOSPC', 'write', path)
            file.write(bytes)
          },
          sync: () => file.sync(),
          stat: () => file.stat(),
          close: () => file.close(),
        }
      },
    }
    const answers: LaneAnswer[] = []
    let parts = 0
    const place = { path: join(tmp, 'lane'), packBytes: 2 << 20 }
    const lane = new ReadLane(fs, { place, label: '1' }, (answer) => {
      answers.push(answer)
      if (answer.$kind === 'part')
        lane.receive({ $kind: 'verdict', job: answer.job, wanted: undefined, aside: parts++ % 2 === 0 })
      if (answer.$kind === 'stored') lane.receive({ $kind: 'finish' })
    })
    const path = join(root, '10.bin')
    lane.receive({ $kind: 'large', job: 1, path, bytes: contents.get('10.bin')!.length, sizing: undefined })
    await expect.poll(() => answers.some(({ $kind }) => /finished|failed/.test($kind)), { timeout: 60_000 }).toBe(true)
    const unfinished = nodeFs.readDirectory(tmp).length
    discardLanes(nodeFs, place)
    expect(nodeFs.readDirectory(tmp)).toEqual([])
    return { answers, unfinished }
  }

  test('hands over packs of the size that is asked for, and says so when all are', async () => {
    const { answers, unfinished } = await runLane(Number.POSITIVE_INFINITY)
    const packs = answers.flatMap((answer) => (answer.$kind === 'pack' ? [answer.pack] : []))
    expect(packs.length).toBeGreaterThanOrEqual(3)
    expect(unfinished).toBe(packs.length)
    const held = packs.reduce((sum, { objects }) => sum + objects.kinds.length, 0)
    expect(held).toBe(chunkBytes(contents.get('10.bin')!, chunkParamsFor(5_000_000)).length)
    expect(answers.at(-1)!.$kind).toBe('finished')
  })

  test('says which call failed where the disk is full', async () => {
    for (const fullAfter of [0, 100_000, 3_000_000]) {
      const { answers } = await runLane(fullAfter)
      expect(answers.find(({ $kind }) => $kind === 'failed')).toMatchObject({ errno: 'ENOSPC' })
    }
  })
})

test('what a session was promised by a lane is in use once it is adopted, and gone if it never is', async () => {
  const floeDir = join(root, `.store-${stores++}`)
  for (const dir of ['packs', 'tmp']) nodeFs.makeDirectory(`${floeDir}/${dir}`)
  const store = createLocalStore(nodeFs, floeDir)
  const session = await store.begin()
  const [kept, lost] = [contents.get('02.bin')!, contents.get('05.bin')!]
  const idOf = (bytes: Uint8Array) => sha256Hex(bytes) as ObjectId
  const pack = async (label: string, bytes: Uint8Array) => {
    expect(session.claim(idOf(bytes), bytes.length)).toBe(true)
    expect(session.claim(idOf(bytes), bytes.length)).toBe(false)
    const sealed: SealedPack[] = []
    const lane = createPackLane(nodeFs, session.lanes, label, (done) => sealed.push(done))
    await lane.add(idOf(bytes), bytes)
    await lane.finish()
    return sealed
  }
  for (const sealed of await pack('1', kept)) session.adopt(sealed)
  await session.seal()
  expect(sha256Hex(await store.read('chunk', idOf(kept)))).toBe(idOf(kept))
  expect(session.claim(idOf(kept), kept.length)).toBe(false)
  await pack('2', lost)
  await session.seal()
  // Still promised, so that it is not asked for twice.
  expect(session.claim(idOf(lost), lost.length)).toBe(false)
  expect(nodeFs.readDirectory(`${floeDir}/tmp`)).toHaveLength(1)
  session.abort()
  expect(nodeFs.readDirectory(`${floeDir}/tmp`)).toEqual([])
  expect(await store.has('chunk', idOf(lost))).toBe(false)
  expect(store.packNames()).toHaveLength(1)
  store.close()
})
