/** `fsck --repair` takes what is damaged or missing from files of the workspace, as far as they have it. */

import { readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createRng } from '../../src/base/rng.ts'
import { add } from '../../src/repo/add.ts'
import { type FsckOptions, type FsckResult, fsck } from '../../src/repo/fsck.ts'
import type { DamageError } from '../../src/repo/fsck-damage.ts'
import { restore } from '../../src/repo/restore.ts'
import { statusOf } from '../../src/repo/status.ts'
import { openWorkspace } from '../../src/store/workspace.ts'
import { atEveryCut, versionOf } from './every-cut.ts'
import { memoryWorkspace, ROOT, writeTo } from './memory-workspace.ts'
import { type TemporaryWorkspace, temporaryWorkspace } from './temporary-workspace.ts'

let temporary: TemporaryWorkspace
let rng = createRng(12)
const noise = (bytes: number) => Buffer.from(rng.fill(new Uint8Array(bytes)))
/** Enough for several chunks, so that a map says where they stand. */
const LARGE = 400_000

beforeEach(async () => {
  rng = createRng(12)
  temporary = await temporaryWorkspace()
})
afterEach(() => temporary.close())

const pathOf = (name: string) => join(temporary.dir, name)

async function packsOf(kind: 'data' | 'meta') {
  return (await temporary.workspace.store.packs()).filter((pack) => pack.kind === kind)
}

/** Of all packs of the kinds, overwrites stretches in the middle, where their objects are. */
async function spoil(...kinds: ('data' | 'meta')[]): Promise<void> {
  const packs = (await Promise.all(kinds.map(packsOf))).flat()
  await temporary.workspace.close()
  for (const { path } of packs) {
    const bytes = readFileSync(path)
    for (const share of [0.1, 0.3, 0.5]) bytes[Math.floor(share * bytes.length)]! ^= 1
    writeFileSync(path, bytes)
  }
}

async function check(options: FsckOptions = {}): Promise<FsckResult> {
  await using workspace = await openWorkspace(temporary.dir)
  return await fsck(workspace, { full: true, ...options })
}

const failure = (options: FsckOptions = {}) =>
  check(options).then(
    () => Promise.reject(new Error('nothing was found')),
    (error: DamageError) => error,
  )

/** Brings the version back over nothing. */
async function restored(): Promise<Record<string, string>> {
  for (const path of Object.keys(temporary.files())) rmSync(pathOf(path))
  await using workspace = await openWorkspace(temporary.dir)
  await restore(workspace, { paths: [''] })
  return temporary.files()
}

describe('damage that files of the workspace make good', () => {
  test('is told of with every pack, and the files that need each object', async () => {
    for (const name of ['a', 'b', 'c']) {
      temporary.write(name, noise(5000))
      await temporary.commitAll(name)
    }
    const packs = (await packsOf('data')).map(({ name }) => name)
    await spoil('data')
    const { code, data, message, hints } = await failure()
    expect(code).toBe('FSCK_DAMAGED')
    expect(data.packs.map(({ pack }) => pack).sort()).toEqual(packs.sort())
    expect(data.packCount).toBe(3)
    expect(data.objects.map(({ kind, paths }) => [kind, ...paths]).sort()).toEqual([
      ['chunk', 'a'],
      ['chunk', 'b'],
      ['chunk', 'c'],
    ])
    expect(data.objects.map(({ pack }) => pack).sort()).toEqual(packs)
    expect([...data.paths].sort()).toEqual(['a', 'b', 'c'])
    expect(message).toMatch(/^3 packs are damaged: .* needed by . and 2 more files$/)
    // There is no remote.
    expect(hints).toEqual([
      '`floe fsck --full --repair` takes good copies from other packs and the files of the workspace',
    ])
  })

  test('is told of within bounds, with a count of the rest', async () => {
    for (let i = 0; i < 30; i++) temporary.write(`${i}`, noise(3000))
    await temporary.commitAll('many')
    const [pack] = await packsOf('data')
    await temporary.workspace.close()
    const bytes = readFileSync(pack!.path)
    writeFileSync(pack!.path, bytes.fill(0, 20, Math.floor(bytes.length * 0.9)))
    const { data } = await failure()
    expect(data.objects).toHaveLength(20)
    expect(data.count).toBeGreaterThan(20)
    expect(data.packs).toMatchObject([{ count: data.count }])
    expect(data.pathCount).toBe(data.count)
  })

  test.each([[['data']], [['meta']], [['data', 'meta']]] as ('data' | 'meta')[][][])(
    'in packs of %s is repaired without a remote',
    async (kinds) => {
      temporary.write('large', noise(LARGE))
      temporary.write('small', noise(3000))
      symlinkSync('small', pathOf('link'))
      await temporary.commitAll('one')
      const before = temporary.files()
      // Of trees and commits no file knows.
      if (kinds.includes('meta')) await spoilMaps()
      if (kinds.includes('data')) await spoil('data')
      const { repair } = await check({ repair: true })
      expect(repair!.taken).toBeGreaterThan(0)
      expect(repair).toMatchObject({ fetched: 0, unneeded: 0 })
      expect(repair!.files.map(({ path }) => path)).toContain('large')
      expect((await check()).repair).toBeNull()
      expect(await restored()).toEqual(before)
    },
  )

  /** `add` puts them into a pack of their own. */
  async function spoilMaps(): Promise<void> {
    const { store } = temporary.workspace
    const paths: string[] = []
    for (const { name, path } of await packsOf('meta'))
      if ((await store.packObjects(name)).every(({ kind }) => kind === 'map')) paths.push(path)
    expect(paths).toHaveLength(1)
    await temporary.workspace.close()
    const bytes = readFileSync(paths[0]!)
    bytes[100]! ^= 1
    writeFileSync(paths[0]!, bytes)
  }

  test('is repaired from a file that was renamed, and from one that was changed elsewhere', async () => {
    const [renamed, changed] = [noise(LARGE), noise(LARGE)]
    temporary.write('renamed', renamed)
    temporary.write('changed', changed)
    await temporary.commitAll('one')
    const before = temporary.files()
    const [pack] = await packsOf('data')
    await spoil('data')
    renameSync(pathOf('renamed'), pathOf('other'))
    // Only the end is another, and all moves by a byte.
    temporary.write('changed', Buffer.concat([Buffer.from('x'), changed.subarray(0, LARGE - 10)]))
    const spoiled = await failure()
    expect([...spoiled.data.paths].sort()).toEqual(['changed', 'renamed'])
    const { repair } = await check({ repair: true })
    expect(repair).toMatchObject({ packs: [pack!.name], taken: spoiled.data.count })
    expect(await restored()).toEqual(before)
  })

  test('is repaired although other chunk sizes were asked for since', async () => {
    temporary.write('large', noise(LARGE))
    await temporary.commitAll('one')
    const before = temporary.files()
    await spoil('data')
    temporary.write('.floeattributes', 'large chunking=fixed\n')
    await check({ repair: true })
    expect(await restored()).toMatchObject(before)
  })

  test('is repaired as far as it goes, and what is lost says which file to put back', async () => {
    const [kept, gone] = [noise(5000), noise(5000)]
    temporary.write('kept', kept)
    temporary.write('gone', gone)
    await temporary.commitAll('one')
    const [pack] = await packsOf('data')
    await temporary.workspace.close()
    const bytes = readFileSync(pack!.path)
    writeFileSync(pack!.path, bytes.fill(0, 20, 9000))
    rmSync(pathOf('gone'))
    const { code, data, hints, message } = await failure({ repair: true })
    expect(code).toBe('FSCK_LOST')
    expect(data.objects.map(({ paths }) => paths)).toEqual([['gone']])
    expect(data.objects[0]!.pack).toBe(pack!.name)
    expect(message).toContain('of 1 more there is one, which was stored')
    expect(hints).toEqual([
      'put gone back as the version has it, from a copy you have: `floe fsck --full --repair` takes the contents from there',
      expect.stringContaining('floe remote add'),
    ])
    // The pack stays, and what was kept can be read again.
    expect(readdirSync(pathOf('.floe/packs'))).toContain(`${pack!.name}.pack`)
    rmSync(pathOf('kept'))
    await using workspace = await openWorkspace(temporary.dir)
    await restore(workspace, { paths: ['kept'] })
    expect(readFileSync(pathOf('kept')).equals(kept)).toBe(true)
    // As the hint says.
    temporary.write('gone', gone)
    await check({ repair: true })
    expect(Object.keys(await restored()).sort()).toEqual(['gone', 'kept'])
  })

  test('is looked for in every file where the trees that would name one are damaged too', async () => {
    temporary.write('large', noise(LARGE))
    await temporary.commitAll('one')
    const chunks = (await packsOf('data')).reduce((sum, { objects }) => sum + objects, 0)
    const packs = await temporary.workspace.store.packs()
    await temporary.workspace.close()
    // Their indexes: none of their objects can be told from another.
    for (const { path } of packs) {
      const bytes = readFileSync(path)
      writeFileSync(path, bytes.fill(0, bytes.length - 200))
    }
    renameSync(pathOf('large'), pathOf('other'))
    temporary.write('other', Buffer.concat([readFileSync(pathOf('other')), Buffer.from('and more')]))
    const { code, data, message } = await failure({ repair: true })
    expect(code).toBe('FSCK_LOST')
    expect(new Set(data.objects.map(({ kind }) => kind))).toEqual(new Set(['chunk', 'map', 'tree', 'commit']))
    // All but the last chunk, which is another now, and the map, which names that.
    expect(data.objects.filter(({ kind }) => kind === 'chunk')).toHaveLength(1)
    expect(message).toContain(`of ${chunks - 1} more there is one`)
    // The same where what is staged cannot be read either: nobody knows then what it needs.
    writeFileSync(pathOf('.floe/staging'), 'rubbish')
    expect(await failure({ repair: true })).toMatchObject({ code: 'FSCK_LOST' })
  })

  test('of what nothing refers to any more is left out', async () => {
    temporary.write('kept', noise(5000))
    await temporary.commitAll('one')
    temporary.write('once', noise(5000))
    await add(temporary.workspace, { all: true })
    await temporary.workspace.withLock('test', () => temporary.workspace.writeStaging([]))
    rmSync(pathOf('once'))
    const before = temporary.files()
    await spoil('data')
    expect((await check({ repair: true })).repair).toMatchObject({ unneeded: 1, taken: 1 })
    await check()
    expect(await restored()).toEqual(before)
  })
})

describe('objects that are missing', () => {
  test('are listed with the files that need them, and taken from there', async () => {
    temporary.write('large', noise(LARGE))
    temporary.write('small', noise(3000))
    await temporary.commitAll('one')
    temporary.write('staged', noise(3000))
    await add(temporary.workspace, { all: true })
    const before = temporary.files()
    const packs = await packsOf('data')
    await temporary.workspace.close()
    for (const { path } of packs) rmSync(path)
    const { code, data, hints } = await failure({ full: false })
    expect(code).toBe('FSCK_MISSING')
    expect(data.missingCount).toBe(packs.reduce((sum, { objects }) => sum + objects, 0))
    expect([...data.paths].sort()).toEqual(['large', 'small', 'staged'])
    expect(hints).toEqual(['`floe fsck --repair` takes good copies from other packs and the files of the workspace'])
    const { repair } = await check({ repair: true, full: false })
    expect(repair).toMatchObject({ packs: [], taken: data.missingCount, fetched: 0 })
    await check()
    expect(await restored()).toEqual(before)
  })

  test('are taken with the maps that tell of them, after a pack of which nothing can be read', async () => {
    temporary.write('large', noise(LARGE))
    await temporary.commitAll('one')
    const committed = new Set(temporary.workspace.store.packNames())
    temporary.write('large', noise(LARGE))
    await add(temporary.workspace, { all: true })
    const before = temporary.files()
    const staged = (await temporary.workspace.store.packs()).filter(({ name }) => !committed.has(name))
    await temporary.workspace.close()
    for (const { path } of staged) writeFileSync(path, 'rubbish')
    for (const name of readdirSync(pathOf('.floe/packs')))
      if (name.endsWith('.midx')) rmSync(pathOf(`.floe/packs/${name}`))
    const { repair } = await check({ repair: true })
    expect(repair!.packs.sort()).toEqual(staged.map(({ name }) => name).sort())
    expect(repair!.taken).toBeGreaterThan(5)
    expect(await restored()).toEqual(before)
  })
  test('are FSCK_LOST where no file has them, with the rest stored', async () => {
    temporary.write('kept', noise(3000))
    temporary.write('gone', noise(3000))
    await temporary.commitAll('one')
    const [pack] = await packsOf('data')
    await temporary.workspace.close()
    rmSync(pack!.path)
    rmSync(pathOf('gone'))
    const lost = await failure({ repair: true })
    expect(lost).toMatchObject({ code: 'FSCK_LOST', data: { count: 1, missingCount: 1, paths: ['gone'] } })
    expect(await failure()).toMatchObject({ code: 'FSCK_MISSING', data: { count: 1 } })
    await using workspace = await openWorkspace(temporary.dir)
    expect((await statusOf(workspace)).unstaged.map(({ path }) => path)).toEqual(['gone'])
  })
})

test('a power cut during a repair from files loses nothing, and running it again finishes it', async () => {
  const memory = await memoryWorkspace()
  memory.write('a', noise(5000))
  memory.write('b', noise(LARGE))
  await memory.commitAll('one')
  const before = await versionOf(memory.workspace, 'HEAD')
  const packs = (await memory.workspace.store.packs()).filter(({ kind }) => kind === 'data')
  await memory.close()
  for (const { path } of packs) {
    const bytes = memory.fs.readFile(path, 1 << 30)
    bytes[2000]! ^= 1
    memory.fs.unlink(path)
    writeTo(memory.fs, path.slice(ROOT.length + 1), bytes)
  }
  const repair = (workspace: Parameters<typeof fsck>[0]) => fsck(workspace, { full: true, repair: true })
  await atEveryCut(
    memory.fs.clone(),
    1,
    repair,
    async (workspace, fs, where) => {
      await repair(workspace)
      expect(await versionOf(workspace, 'HEAD'), where).toEqual(before)
      expect((await fsck(workspace, { full: true })).repair, where).toBeNull()
      expect([...fs.contents(`${ROOT}/.floe/damaged`).keys()].length, where).toBeLessThanOrEqual(packs.length)
    },
    { isWhole: false },
  )
})
