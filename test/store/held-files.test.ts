import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRng } from '../../src/base/rng.ts'
import { sha256Hex } from '../../src/crypto/hash.ts'
import type { ObjectId } from '../../src/objects/id.ts'
import type { FileSystem } from '../../src/store/file-system.ts'
import { HeldFiles } from '../../src/store/held-files.ts'
import { type FileToHold, HeldKeeper } from '../../src/store/held-keep.ts'
import { encodeHeldList, type HeldFacts, HeldListDamage, HeldRecords } from '../../src/store/held-list.ts'
import { openHeldList } from '../../src/store/held-list-reader.ts'
import { CrashFs } from '../faults/crash-fs.ts'
import { large } from '../repo/large-bytes.ts'
import { codeOf } from '../repo/temporary-workspace.ts'

const idOf = (bytes: string | Uint8Array) => sha256Hex(Buffer.from(bytes)) as ObjectId
const FACTS: HeldFacts = {
  path: 'd/big',
  copy: null,
  fileId: idOf('file'),
  bytes: 1000,
  mtimeNs: 5n,
  ctimeNs: 6n,
  inode: 7n,
  isSettled: true,
}

function disk(): CrashFs {
  const fs = new CrashFs()
  for (const dir of ['/ws', '/ws/.floe', '/ws/.floe/tmp', '/ws/d']) fs.makeDirectory(dir)
  return fs
}

function writeFile(fs: FileSystem, path: string, pieces: readonly Uint8Array[]): void {
  const file = fs.open(path, 'create')
  for (const piece of pieces) file.write(piece)
  file.close()
}

const CHUNK = 1000
const cut = (bytes: Buffer) =>
  Array.from({ length: Math.ceil(bytes.length / CHUNK) }, (_, i) => bytes.subarray(i * CHUNK, (i + 1) * CHUNK))

/** A file on disk, and what holds it. */
function fileToHold(fs: CrashFs, path: string, contents: Buffer): FileToHold {
  if (fs.stat(`/ws/${path}`)) fs.unlink(`/ws/${path}`)
  writeFile(fs, `/ws/${path}`, [contents])
  const chunks = cut(contents).map((bytes) => ({ id: idOf(bytes), bytes: bytes.length }))
  return { path, fileId: idOf(contents), stat: fs.stat(`/ws/${path}`)!, stampNs: fs.nowNs + 1n, chunks }
}

const open = (fs: FileSystem) => new HeldFiles(fs, '/ws', '/ws/.floe')
const keeperOf = (held: HeldFiles, packed: ReadonlySet<string> = new Set()) =>
  new HeldKeeper(held, async (id) => packed.has(id))

describe('a list of what a file holds', () => {
  it('gives back what was put into it, each chunk once, by id', () => {
    const fs = disk()
    const records = new HeldRecords()
    const chunks = Array.from({ length: 3000 }, (_, i) => ({
      id: idOf(`chunk ${i % 2900}`),
      offset: i * 2 ** 33,
      bytes: i % 1000,
      state: (['held', 'certified', 'lost'] as const)[i % 3]!,
    }))
    for (const chunk of chunks) records.add(chunk)
    const facts = { ...FACTS, path: 'grün/名.bin', copy: idOf('copy'), mtimeNs: -3n, isSettled: false }
    const { name, pieces } = encodeHeldList(facts, records.sorted())
    writeFile(fs, '/list', pieces)
    const list = openHeldList(fs, '/list', name)
    expect(list.facts).toEqual(facts)
    const first = new Map(chunks.slice(0, 2900).map((chunk) => [chunk.id, chunk]))
    const ids = [...first.keys()].sort()
    expect([...list.chunks()].map(({ id }) => id)).toEqual(ids)
    for (const id of ids) expect(list.find(id)).toEqual(first.get(id))
    expect(list.find(idOf('another'))).toBeUndefined()
    const { held, certified, lost } = list.counts
    expect(held + certified + lost).toBe(2900)
  })

  it('never changes: version 1 of the format', () => {
    const records = new HeldRecords()
    records.add({ id: idOf('a'), offset: 0, bytes: 400, state: 'held' })
    records.add({ id: idOf('b'), offset: 400, bytes: 600, state: 'certified' })
    // Made by hand in Python, from the table in src/store/README.md.
    expect(encodeHeldList(FACTS, records.sorted()).name).toBe(
      '02ef76bf85485ae6bd40ea0d971c25894f9b3529262753647f5d6791fb057d7d',
    )
  })

  it('is refused with any byte changed, missing or added, and read for nothing that is not there', () => {
    const records = new HeldRecords()
    for (let i = 0; i < 5; i++) records.add({ id: idOf(`${i}`), offset: i * 10, bytes: 10, state: 'held' })
    const { name, pieces } = encodeHeldList(FACTS, records.sorted())
    const whole = Buffer.concat(pieces)
    const opened = (bytes: Uint8Array) => {
      const fs = disk()
      writeFile(fs, '/list', [bytes])
      const list = openHeldList(fs, '/list', name)
      return [...list.chunks()].length
    }
    expect(opened(whole)).toBe(5)
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), fc.nat(3), (at, xor, how) => {
        const bytes = Buffer.from(whole)
        bytes[at]! ^= xor
        const damaged =
          how === 0 ? whole.subarray(0, at) : how === 1 ? Buffer.concat([whole, bytes.subarray(at)]) : bytes
        expect(() => opened(damaged)).toThrow(HeldListDamage)
      }),
      { seed: 1, numRuns: 600 },
    )
  })

  it('names no path outside the workspace, whoever wrote it', () => {
    for (const path of ['../x', '/etc/passwd', '.floe/config.json', 'a//b', 'a/../../b', '']) {
      const fs = disk()
      const { name, pieces } = encodeHeldList({ ...FACTS, path }, new Uint8Array())
      writeFile(fs, '/list', pieces)
      expect(() => openHeldList(fs, '/list', name), path).toThrow(HeldListDamage)
    }
  })
})

describe('files that hold chunks', () => {
  it('give them as long as they have them, by whatever file does', async () => {
    const fs = disk()
    const held = open(fs)
    const [one, two] = [large(1, 5000), large(2, 5000)]
    const both = Buffer.concat([two, one])
    await keeperOf(held).hold([fileToHold(fs, 'd/one', one), fileToHold(fs, 'd/both', both)])
    const ids = cut(one).map(idOf)
    for (const id of ids) expect(await held.has(id)).toBe(true)
    fs.unlink('/ws/d/one')
    held.closeFiles()
    for (const [index, id] of ids.entries()) expect(Buffer.from((await held.read(id))!)).toEqual(cut(one)[index])
    const again = open(fs)
    for (const id of ids) expect(await again.has(id)).toBe(true)
    fs.unlink('/ws/d/both')
    again.closeFiles()
    for (const id of ids) {
      expect(await again.has(id)).toBe(false)
      expect(await codeOf(again.read(id))).toBe('STORE_HELD_LOST')
    }
    expect(await again.read(idOf('never seen'))).toBeUndefined()
  })

  it('do without their merged index, and with a damaged one', async () => {
    const fs = disk()
    const held = open(fs)
    const contents = large(3, 9000)
    await keeperOf(held).hold([fileToHold(fs, 'd/big', contents)])
    held.close()
    for (const [path] of fs.contents('/ws/.floe/held')) {
      if (!path.endsWith('.midx')) continue
      const bytes = fs.readFile(path, 1e6)
      const rng = createRng(1)
      for (let i = 0; i < 200; i++) bytes[60 + rng.below(bytes.length - 60)]! ^= 0xff
      fs.unlink(path)
      writeFile(fs, path, [bytes])
    }
    for (const bytes of cut(contents)) expect(await open(fs).has(idOf(bytes))).toBe(true)
    for (const [path] of fs.contents('/ws/.floe/held')) if (path.endsWith('.midx')) fs.unlink(path)
    for (const bytes of cut(contents)) expect(await open(fs).has(idOf(bytes))).toBe(true)
  })

  it('are refused with a coded error when a list is damaged, and nothing is touched', async () => {
    const fs = disk()
    const held = open(fs)
    const contents = large(4, 4000)
    await keeperOf(held).hold([fileToHold(fs, 'd/big', contents)])
    const [list] = await held.lists()
    const path = `/ws/.floe/held/${list!.name}.list`
    const bytes = fs.readFile(path, 1e6)
    bytes[90]! ^= 1
    fs.unlink(path)
    writeFile(fs, path, [bytes])
    const again = open(fs)
    expect(await codeOf(again.read(idOf(cut(contents)[0]!)))).toBe('STORE_HELD_CORRUPT')
    expect(await codeOf(keeperOf(again).keep('d/big'))).toBe('STORE_HELD_CORRUPT')
    expect(await codeOf(keeperOf(again).renaming([{ from: 'd', to: 'e' }]))).toBe('STORE_HELD_CORRUPT')
    await again.setAside([list!.name], '/ws/.floe/damaged')
    expect(await again.damaged()).toEqual([])
    expect(fs.stat(`/ws/.floe/damaged/${list!.name}.list`)).toBeDefined()
  })

  it('need not be kept for what packs give', async () => {
    const fs = disk()
    const held = open(fs)
    const contents = large(5, 4000)
    const packed = new Set<string>(cut(contents).map(idOf))
    await keeperOf(held, packed).hold([fileToHold(fs, 'd/big', contents)])
    await keeperOf(held, packed).keep('d/big')
    expect(await held.lists()).toEqual([])
    expect([...fs.contents('/ws/.floe/held').keys()].some((path) => path.endsWith('.copy'))).toBe(false)
  })

  it('are not recorded if they change meanwhile', async () => {
    const fs = disk()
    const file = fileToHold(fs, 'd/big', large(6, 4000))
    fileToHold(fs, 'd/big', large(7, 4000))
    const held = open(fs)
    expect(await codeOf(keeperOf(held).hold([file]))).toBe('STORE_HELD_CHANGED')
    expect(await held.lists()).toEqual([])
  })
})

describe('a file system that can share bytes', () => {
  /** Copies instead of sharing, and counts. */
  class SharingFs extends CrashFs {
    shared = 0
    shareBytes(from: string, to: string): boolean {
      this.shared++
      const file = this.open(to, 'create')
      file.write(this.readFile(from, 1e9))
      file.close()
      return true
    }
  }

  it('lets the file be changed at will, and gives it back whole', async () => {
    const fs = new SharingFs()
    for (const dir of ['/ws', '/ws/.floe', '/ws/.floe/tmp', '/ws/d']) fs.makeDirectory(dir)
    const held = open(fs)
    const keeper = keeperOf(held)
    const contents = large(8, 6000)
    expect(await keeper.hold([fileToHold(fs, 'd/big', contents)])).toEqual([{ path: 'd/big', isCopied: true, lost: 0 }])
    fileToHold(fs, 'd/big', large(9, 100))
    for (const bytes of cut(contents)) expect(Buffer.from((await held.read(idOf(bytes)))!)).toEqual(bytes)
    await keeper.keep('d/big')
    expect(await keeper.bringBack({ path: 'd/big', fileId: idOf(contents), bytes: 6000, executable: false })).toBe(true)
    expect(Buffer.from(fs.readFile('/ws/d/big', 1e6))).toEqual(contents)
    expect(fs.shared).toBe(2)
    // A copy that was damaged is not brought back.
    const [list] = await held.lists()
    fs.unlink(held.copyPath(list!.facts.copy!))
    writeFile(fs, held.copyPath(list!.facts.copy!), [large(10, 6000)])
    expect(await keeper.bringBack({ path: 'd/x', fileId: idOf(contents), bytes: 6000, executable: false })).toBe(false)
  })
})
