import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sha256Hex } from '../../src/crypto/hash.ts'
import type { ObjectId } from '../../src/objects/id.ts'
import { createMemoryObjects, type MemoryObjects } from '../../src/objects/reader.ts'
import type { TreeEntry } from '../../src/objects/tree.ts'
import { type FileSystem, FileSystemError } from '../../src/store/file-system.ts'
import { createLocalStore, type LocalStore } from '../../src/store/local-store.ts'
import { nodeFs } from '../../src/store/node-fs.ts'
import { fileSystemNow, readStatCache, statRecord } from '../../src/store/stat-cache.ts'
import { type CheckoutItem, checkout, planCheckout } from '../../src/worktree/checkout.ts'
import { scan } from '../../src/worktree/scan.ts'
import { faultyFs } from '../faults/faulty-fs.ts'

let dir: string
let tmpDir: string
let objects: MemoryObjects
/** Where packs hold them; none does where nothing says so. */
let placesOf: LocalStore['placesOf'] | undefined

beforeEach(() => {
  placesOf = undefined
  dir = mkdtempSync(join(tmpdir(), 'floe-checkout-'))
  tmpDir = mkdtempSync(join(tmpdir(), 'floe-tmp-'))
  objects = createMemoryObjects()
})
afterEach(() => {
  rmSync(dir, { recursive: true })
  rmSync(tmpDir, { recursive: true })
})

async function entry(path: string, contents: string): Promise<TreeEntry> {
  const bytes = new TextEncoder().encode(contents)
  const id = await objects.write('chunk', bytes)
  const fileId = sha256Hex(bytes) as ObjectId
  return { path, kind: 'file', executable: false, bytes: bytes.length, fileId, content: { kind: 'chunk', id } }
}

function optionsFor(fs: FileSystem, signal?: AbortSignal, onFile?: (path: string) => void) {
  const cache = readStatCache(fs, join(tmpDir, 'stat'))
  const files = { fs, root: dir, cache, updates: new Map(), stampNs: fileSystemNow(fs, tmpDir) }
  return { fs, root: dir, tmpDir, read: objects.read, placesOf, files, signal, ...(onFile && { onFile }) }
}

async function run(
  items: CheckoutItem[],
  fs: FileSystem = nodeFs,
  signal?: AbortSignal,
  onFile?: (path: string) => void,
) {
  const options = optionsFor(fs, signal, onFile)
  return { ...(await checkout(options, items)), files: options.files }
}

describe('checkout', () => {
  it('works across devices, where nothing can be renamed into place from elsewhere', async () => {
    const twoDevices = faultyFs({
      rename(from, to) {
        if (from.startsWith(tmpDir) && to.startsWith(dir)) throw new FileSystemError('EXDEV', 'rename', to)
        nodeFs.rename(from, to)
      },
    })
    await run([{ path: 'd/a', after: await entry('d/a', 'contents') }], twoDevices)
    expect(readdirSync(join(dir, 'd'))).toEqual(['a'])
    expect(readdirSync(tmpDir)).toEqual([])
    // What a crash leaves of it is never taken for the user's.
    writeFileSync(join(dir, '.floe-unfinished-1-x-1'), 'half')
    expect([...scan(nodeFs, dir)].map(({ path }) => path)).toEqual(['d/a'])
  })

  it('does not take for checked what changed after it was looked at', async () => {
    const kept = await entry('kept', 'one')
    writeFileSync(join(dir, 'kept'), 'one')
    const items = [
      { path: 'new', after: await entry('new', 'new') },
      { path: 'kept', after: kept },
    ]
    const { files, written } = await run(items, nodeFs, undefined, (path) => {
      if (path === 'new') writeFileSync(join(dir, 'kept'), 'two')
    })
    expect(written).toBe(1)
    const believed = statRecord(nodeFs.stat(join(dir, 'kept'))!, kept.fileId, 2n ** 62n)
    expect(files.updates.get('kept')).not.toEqual(believed)
  })

  describe('of files that somebody edits between the look at them and the write', () => {
    const text = (path: string) => readFileSync(join(dir, path), 'utf8')
    /** The contents of a version come slowly: long enough to edit the files. */
    const editing = (edit: () => void): FileSystem =>
      faultyFs({
        open(path, mode, options) {
          if (path.startsWith(tmpDir) && mode === 'create' && path.includes('checkout')) edit()
          return nodeFs.open(path, mode, options)
        },
      })

    it('leaves the edit, and says whose it is', async () => {
      writeFileSync(join(dir, 'edited'), 'old')
      const item = { path: 'edited', before: await entry('edited', 'old'), after: await entry('edited', 'new') }
      const fs = editing(() => writeFileSync(join(dir, 'edited'), 'mine'))
      await expect(run([item], fs)).rejects.toMatchObject({
        code: 'WORKTREE_WOULD_OVERWRITE',
        data: { paths: ['edited'] },
      })
      expect(text('edited')).toBe('mine')
      expect(readdirSync(tmpDir).filter((name) => name.startsWith('checkout'))).toEqual([])
    })

    it('leaves a file that was not there, and one that was to go', async () => {
      writeFileSync(join(dir, 'going'), 'old')
      const items = [{ path: 'fresh', after: await entry('fresh', 'new') }]
      const making = editing(() => writeFileSync(join(dir, 'fresh'), 'mine'))
      await expect(run(items, making)).rejects.toMatchObject({ code: 'WORKTREE_WOULD_OVERWRITE' })
      expect(text('fresh')).toBe('mine')
      const going = [
        { path: 'going', before: await entry('going', 'old') },
        { path: 'a-first', before: await entry('a-first', 'x') },
      ]
      writeFileSync(join(dir, 'a-first'), 'x')
      const edit = faultyFs({
        unlink(path) {
          nodeFs.unlink(path)
          if (path.endsWith('/going')) writeFileSync(join(dir, 'a-first'), 'mine')
        },
      })
      await expect(run(going, edit)).rejects.toMatchObject({ code: 'WORKTREE_WOULD_OVERWRITE' })
      expect(text('a-first')).toBe('mine')
    })

    it('goes on over one that was only touched, or is what it shall be', async () => {
      writeFileSync(join(dir, 'touched'), 'old')
      const item = { path: 'touched', before: await entry('touched', 'old'), after: await entry('touched', 'new') }
      const touching = editing(() => utimesSync(join(dir, 'touched'), 1, 1))
      expect(await run([item], touching)).toMatchObject({ written: 1 })
      expect(text('touched')).toBe('new')
      writeFileSync(join(dir, 'touched'), 'old')
      const same = editing(() => writeFileSync(join(dir, 'touched'), 'new'))
      expect(await run([item], same)).toMatchObject({ written: 1 })
    })
  })

  it('asks the disk once for each directory that is missing, and for a file in one when it is written', async () => {
    const asked: string[] = []
    const counting = faultyFs({
      stat(path) {
        asked.push(path.slice(dir.length + 1))
        return nodeFs.stat(path)
      },
    })
    const paths = ['new/a', 'new/b', 'new/c']
    await run(await Promise.all(paths.map(async (path) => ({ path, after: await entry(path, path) }))), counting)
    // Planned, made, seen to be there; then each file twice: whether somebody else has made it, and for the stat cache.
    const files = paths.flatMap((path) => [path, path])
    expect(asked.filter((path) => path.startsWith('new')).sort()).toEqual(['new', 'new', 'new', ...files])
  })

  it('refuses a file of another size than its only chunk', async () => {
    for (const more of [-1, 1]) {
      const lying = await entry('x', 'contents')
      await expect(run([{ path: 'x', after: { ...lying, bytes: lying.bytes + more } }])).rejects.toMatchObject({
        exitCode: 13,
      })
      expect(readdirSync(dir)).toEqual([])
    }
  })

  it('remembers the stats of what it wrote, so that the next status reads nothing', async () => {
    const items = await Promise.all(['a', 'b', 'c/d'].map(async (path) => ({ path, after: await entry(path, path) })))
    const { files, written } = await run(items)
    expect(written).toBe(3)
    expect([...files.updates].filter(([, record]) => record !== null).map(([path]) => path)).toEqual(['a', 'b', 'c/d'])
  })

  it('leaves files that are right already untouched', async () => {
    const item = { path: 'a', after: await entry('a', 'same') }
    writeFileSync(join(dir, 'a'), 'same')
    const before = nodeFs.stat(join(dir, 'a'))
    expect(await run([item])).toMatchObject({ written: 0, deleted: 0 })
    expect(nodeFs.stat(join(dir, 'a'))).toEqual(before)
  })

  it('stops between files when it is cancelled, with nothing half written', async () => {
    const items = await Promise.all(['a', 'b', 'c'].map(async (path) => ({ path, after: await entry(path, path) })))
    const controller = new AbortController()
    const stopping = faultyFs({
      rename(from, to) {
        nodeFs.rename(from, to)
        controller.abort()
      },
    })
    await expect(run(items, stopping, controller.signal)).rejects.toMatchObject({ code: 'CANCELLED', exitCode: 130 })
    expect(readdirSync(dir)).toEqual(['a'])
    expect(readdirSync(tmpDir)).toEqual([])
  })

  describe('of so many new files that threads write them', () => {
    const FILES = 1050
    const path = (i: number) => (i < 100 ? `top-${i}` : `d${i % 10}/${i % 20 < 10 ? 'e/' : ''}f${i}`)
    const contents = (i: number) => `contents of file ${i}`
    let storeDir: string
    let store: LocalStore
    beforeEach(() => {
      storeDir = mkdtempSync(join(tmpdir(), 'floe-store-'))
      for (const name of ['packs', 'tmp']) mkdirSync(join(storeDir, name))
      store = createLocalStore(nodeFs, storeDir)
    })
    afterEach(() => {
      store.close()
      rmSync(storeDir, { recursive: true })
    })
    async function items(): Promise<CheckoutItem[]> {
      const files = Array.from({ length: FILES }, async (_, i) => ({
        path: path(i),
        after: await entry(path(i), contents(i)),
      }))
      const session = await store.begin()
      for (let i = 0; i < FILES; i++) await session.put('chunk', Buffer.from(contents(i)))
      await session.seal()
      placesOf = store.placesOf
      return (await Promise.all(files)).sort((a, b) => (a.path < b.path ? -1 : 1))
    }
    function putTheirs(at: string) {
      mkdirSync(dirname(join(dir, at)), { recursive: true })
      writeFileSync(join(dir, at), 'mine')
    }
    /** Does something once when this many contents have been looked for. */
    function meanwhile(looks: number, act: () => void) {
      let count = 0
      placesOf = async (kind, ids) => {
        const before = count
        count += ids.length
        if (before < looks && count >= looks) act()
        return store.placesOf(kind, ids)
      }
    }

    it('writes them all, as one that writes alone does', async () => {
      const wanted = await items()
      wanted.push({ path: 'run', after: { ...(await entry('run', 'run')), executable: true } })
      const told = new Set<string>()
      const { written, files } = await run(wanted, nodeFs, undefined, (at) => told.add(at))
      expect(written).toBe(FILES + 1)
      expect(told.size).toBe(FILES + 1)
      for (let i = 0; i < FILES; i++) expect(readFileSync(join(dir, path(i)), 'utf8')).toBe(contents(i))
      expect(nodeFs.stat(join(dir, 'run'))!.executable).toBe(true)
      expect(readdirSync(tmpDir)).toEqual([])
      // What the threads say of the files is what the next status sees.
      for (const { path: at, after } of wanted) {
        const stat = nodeFs.stat(join(dir, at))!
        expect(files.updates.get(at)).toEqual(statRecord(stat, after!.fileId, 2n ** 62n))
      }
      expect(await run(wanted)).toMatchObject({ written: 0, deleted: 0 })
    })

    it('can be planned before their contents are here', async () => {
      const wanted = await items()
      // Nothing holds them yet.
      let isHere = false
      const read: typeof objects.read = async (kind, id) => {
        if (!isHere) throw new Error('asked too early')
        return objects.read(kind, id)
      }
      placesOf = async (kind, ids) => {
        if (!isHere) throw new Error('asked too early')
        return store.placesOf(kind, ids)
      }
      for (const isCarriedOut of [false, true]) {
        await using planned = await planCheckout({ ...optionsFor(nodeFs), read }, wanted)
        expect([...readdirSync(dir), ...readdirSync(tmpDir)]).toEqual([])
        if (!isCarriedOut) continue
        isHere = true
        expect(await planned.carryOut()).toEqual({ written: FILES, deleted: 0 })
      }
      for (let i = 0; i < FILES; i++) expect(readFileSync(join(dir, path(i)), 'utf8')).toBe(contents(i))
      expect(await run(wanted)).toMatchObject({ written: 0, deleted: 0 })
    })

    it('never replaces what somebody puts there after it was planned', async () => {
      for (const at of ['top-99', 'd9/f999', 'd3/e/f823']) {
        const wanted = await items()
        await using planned = await planCheckout(optionsFor(nodeFs), wanted)
        putTheirs(at)
        await expect(planned.carryOut()).rejects.toMatchObject({ code: 'WORKTREE_WOULD_OVERWRITE' })
        expect(readFileSync(join(dir, at), 'utf8')).toBe('mine')
        rmSync(dir, { recursive: true })
        mkdirSync(dir)
      }
    })

    it('goes through no link that stands there since it was planned', async () => {
      const elsewhere = mkdtempSync(join(tmpdir(), 'floe-elsewhere-'))
      try {
        mkdirSync(join(dir, 'd9'))
        const wanted = await items()
        await using planned = await planCheckout(optionsFor(nodeFs), wanted)
        rmSync(join(dir, 'd9'), { recursive: true })
        symlinkSync(elsewhere, join(dir, 'd9'))
        await expect(planned.carryOut()).rejects.toMatchObject({ code: 'WORKTREE_THROUGH_SYMLINK' })
        expect(readdirSync(elsewhere)).toEqual([])
      } finally {
        rmSync(elsewhere, { recursive: true })
      }
    })

    it('writes those too that no pack holds, or whose pack cannot be read', async () => {
      const wanted = await items()
      let asked = 0
      placesOf = async (kind, ids) => {
        const places = await store.placesOf(kind, ids)
        return places.map((packed) => {
          asked++
          if (asked % 3 === 0) return undefined
          return asked % 5 === 0 ? { path: join(storeDir, 'packs/gone.pack'), place: packed!.place } : packed
        })
      }
      expect(await run(wanted)).toMatchObject({ written: FILES })
      expect(asked).toBe(FILES)
      for (let i = 0; i < FILES; i++) expect(readFileSync(join(dir, path(i)), 'utf8')).toBe(contents(i))
      expect(readdirSync(tmpDir)).toEqual([])
      expect(await run(wanted)).toMatchObject({ written: 0, deleted: 0 })
    })

    it('never replaces what somebody else puts there meanwhile, in a folder of theirs or not', async () => {
      for (const at of ['top-99', 'd9/f999', 'd3/e/f823']) {
        const wanted = await items()
        expect(wanted.some((item) => item.path === at)).toBe(true)
        meanwhile(20, () => putTheirs(at))
        await expect(run(wanted)).rejects.toMatchObject({ code: 'WORKTREE_WOULD_OVERWRITE', data: { paths: [at] } })
        expect(readFileSync(join(dir, at), 'utf8')).toBe('mine')
        expect(readdirSync(tmpDir)).toEqual([])
        // It is moved away, and the same goes on where it was cut off.
        renameSync(join(dir, at), join(tmpDir, 'mine'))
        if (at === 'd3/e/f823') await run(wanted)
        if (at === 'd3/e/f823') expect(readFileSync(join(dir, at), 'utf8')).toMatch(/^contents/)
        rmSync(dir, { recursive: true })
        mkdirSync(dir)
        rmSync(join(tmpDir, 'mine'))
        objects = createMemoryObjects()
      }
    })

    it('writes into a folder that somebody made meanwhile', async () => {
      const wanted = await items()
      meanwhile(20, () => putTheirs('d3/e/theirs'))
      expect(await run(wanted)).toMatchObject({ written: FILES })
      expect(readFileSync(join(dir, 'd3/e/theirs'), 'utf8')).toBe('mine')
      for (let i = 0; i < FILES; i++) expect(readFileSync(join(dir, path(i)), 'utf8')).toBe(contents(i))
      expect(readdirSync(tmpDir)).toEqual([])
    })

    it('stops when it is cancelled, with every file whole and nothing left over, and goes on from there', async () => {
      const wanted = await items()
      const controller = new AbortController()
      meanwhile(800, () => controller.abort())
      await expect(run(wanted, nodeFs, controller.signal)).rejects.toMatchObject({ code: 'CANCELLED' })
      expect(readdirSync(tmpDir)).toEqual([])
      const there = [...scan(nodeFs, dir)]
      expect(there.length).toBeGreaterThan(0)
      for (const found of there) {
        const i = Number(/\d+$/.exec(found.path)![0])
        expect(readFileSync(join(dir, found.path), 'utf8')).toBe(contents(i))
      }
      expect(await run(wanted)).toMatchObject({ written: FILES - there.length })
    })

    it('says why where the disk fails', async () => {
      if (process.getuid?.() === 0) return // may write anywhere
      const wanted = await items()
      mkdirSync(join(dir, 'd3'), { mode: 0o500 })
      await expect(run(wanted)).rejects.toMatchObject({ code: 'STORE_IO', data: { errno: 'EACCES' } })
    })
  })
})
