import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sha256Hex } from '../../src/crypto/hash.ts'
import type { ObjectId } from '../../src/objects/id.ts'
import type { TreeEntry } from '../../src/objects/tree.ts'
import { createLocalStore, type LocalStore } from '../../src/store/local-store.ts'
import { nodeFs } from '../../src/store/node-fs.ts'
import type { PackedPlace } from '../../src/store/place-reader.ts'
import { HiddenFolder } from '../../src/worktree/hidden-folder.ts'
import { mayBatch, usefulWriteThreads, WritePool } from '../../src/worktree/write-pool.ts'
import { faultyFs } from '../faults/faulty-fs.ts'

let root: string
let tmpDir: string
let storeDir: string
let store: LocalStore
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'floe-write-'))
  tmpDir = mkdtempSync(join(tmpdir(), 'floe-tmp-'))
  storeDir = mkdtempSync(join(tmpdir(), 'floe-store-'))
  for (const name of ['packs', 'tmp']) mkdirSync(join(storeDir, name))
  store = createLocalStore(nodeFs, storeDir)
})
afterEach(() => {
  store.close()
  for (const dir of [root, tmpDir, storeDir]) rmSync(dir, { recursive: true })
})

const bytesOf = (text: string) => new TextEncoder().encode(text)
function entry(path: string, text: string, executable = false): TreeEntry {
  const fileId = sha256Hex(bytesOf(text)) as ObjectId
  const content = { kind: 'chunk', id: fileId } as const
  return { path, kind: 'file', executable, bytes: bytesOf(text).length, fileId, content }
}
/** Puts texts into a new pack. @returns where each is */
async function pack(...texts: string[]): Promise<Map<string, PackedPlace>> {
  const session = await store.begin()
  for (const text of texts) await session.put('chunk', bytesOf(text))
  await session.seal()
  const ids = texts.map((text) => sha256Hex(bytesOf(text)) as ObjectId)
  const places = await store.placesOf('chunk', ids)
  return new Map(texts.map((text, i) => [text, places[i]!]))
}
async function write(pool: WritePool, files: readonly [TreeEntry, string, HiddenFolder?][]) {
  const places = await pack(...new Set(files.map(([, text]) => text)))
  for (const [file, text, folder] of files) await pool.add(file, places.get(text)!, folder)
  await pool.finish()
  return new Map(pool.takeAnswers().map(({ entry: { path }, stat }) => [path, stat]))
}

describe('the threads of a checkout', () => {
  it('write files, say what is there then, and leave nothing else', async () => {
    const files = Array.from({ length: 300 }, (_, i): [TreeEntry, string] => {
      const text = `contents of ${i} `.repeat(i)
      return [entry(`f${i}`, text, i % 7 === 0), text]
    }).filter(([{ bytes }]) => bytes > 0)
    await using pool = new WritePool({ root, tmpDir, threads: 2 })
    const answers = await write(pool, files)
    expect(answers.size).toBe(files.length)
    for (const [{ path, executable }, text] of files) {
      expect(readFileSync(join(root, path), 'utf8')).toBe(text)
      expect((statSync(join(root, path)).mode & 0o100) !== 0).toBe(executable)
      const { device: _, ...there } = nodeFs.stat(join(root, path))!
      expect(answers.get(path)).toEqual(there)
    }
    expect(readdirSync(tmpDir)).toEqual([])
  })

  it('never replace what stands there by then', async () => {
    writeFileSync(join(root, 'b'), 'somebody else')
    mkdirSync(join(root, 'c'))
    await using pool = new WritePool({ root, tmpDir, threads: 1 })
    const names = ['a', 'b', 'c', 'missing/d', 'e']
    const answers = await write(
      pool,
      names.map((name) => [entry(name, name), name]),
    )
    expect(names.filter((name) => answers.get(name))).toEqual(['a', 'e'])
    expect(readFileSync(join(root, 'b'), 'utf8')).toBe('somebody else')
    expect(readdirSync(root).sort()).toEqual(['a', 'b', 'c', 'e'])
    expect(readdirSync(tmpDir)).toEqual([])
  })

  it('show a new folder when it is whole, not before', async () => {
    await using pool = new WritePool({ root, tmpDir, threads: 2 })
    const folder = new HiddenFolder('d/new', 200, tmpDir)
    mkdirSync(join(root, 'd'))
    const files = Array.from({ length: 200 }, (_, i): [TreeEntry, string, HiddenFolder] => [
      entry(`d/new/${i}`, `${i}`),
      `${i}`,
      folder,
    ])
    expect((await write(pool, files.slice(0, 199))).size).toBe(0)
    expect(readdirSync(join(root, 'd'))).toEqual([])
    const answers = await write(pool, files.slice(199))
    expect([...answers.values()].filter((stat) => stat).length).toBe(200)
    expect(readdirSync(join(root, 'd/new')).length).toBe(200)
    const { device: _, ...there } = nodeFs.stat(join(root, 'd/new/7'))!
    expect(answers.get('d/new/7')).toEqual(there)
    expect(readdirSync(tmpDir)).toEqual([])
  })

  it('give a folder up whose place was taken meanwhile, and one that never became whole', async () => {
    {
      await using pool = new WritePool({ root, tmpDir, threads: 1 })
      const taken = new HiddenFolder('taken', 2, tmpDir)
      await pool.add(entry('taken/a', 'a'), (await pack('a')).get('a')!, taken)
      mkdirSync(join(root, 'taken'))
      writeFileSync(join(root, 'taken/mine'), 'mine')
      const answers = await write(pool, [[entry('taken/b', 'b'), 'b', taken]])
      expect([...answers]).toEqual([
        ['taken/a', undefined],
        ['taken/b', undefined],
      ])
      const cut = new HiddenFolder('cut', 2, tmpDir)
      expect((await write(pool, [[entry('cut/a', 'a'), 'a', cut]])).size).toBe(0)
      expect(readdirSync(tmpDir).length).toBe(1)
    }
    expect(readdirSync(root)).toEqual(['taken'])
    expect(readdirSync(join(root, 'taken'))).toEqual(['mine'])
    expect(readdirSync(tmpDir)).toEqual([])
  })

  it('that die right after they have answered leave the same, and nothing is answered twice', async () => {
    const module = join(tmpDir, 'answers.mjs')
    writeFileSync(
      module,
      `import { parentPort } from 'node:worker_threads'
      parentPort.on('message', ({ job, flags }) => {
        parentPort.postMessage({ job, placed: new Uint8Array(flags.length), stats: new BigInt64Array(3 * flags.length) })
        throw new TypeError('dies')
      })`,
    )
    await using pool = new WritePool({ root, tmpDir, threads: 2, workerUrl: pathToFileURL(module) })
    const place = (await pack('x')).get('x')!
    for (let i = 0; i < 500; i++) await pool.add(entry(`f${i}`, 'x'), place, undefined)
    await pool.finish()
    const answers = pool.takeAnswers()
    expect(answers.map(({ stat }) => stat).filter((stat) => stat)).toEqual([])
    expect(new Set(answers.map(({ entry: { path } }) => path)).size).toBe(500)
    expect(answers.length).toBe(500)
  })

  it('that die leave every file to the one who asked', async () => {
    const module = join(tmpDir, 'dies.mjs')
    writeFileSync(
      module,
      `import { parentPort } from 'node:worker_threads'\nparentPort.on('message', () => process.exit(1))`,
    )
    await using pool = new WritePool({ root, tmpDir, threads: 2, workerUrl: pathToFileURL(module) })
    const folder = new HiddenFolder('d', 1, tmpDir)
    const files = Array.from({ length: 500 }, (_, i): [TreeEntry, string] => [entry(`f${i}`, 'x'), 'x'])
    const answers = await write(pool, [...files, [entry('d/a', 'a'), 'a', folder]])
    expect(answers.size).toBe(501)
    expect([...answers.values()].every((stat) => stat === undefined)).toBe(true)
  })

  it('leave what cannot be read as its id says to the one who asked, and write the rest', async () => {
    const texts = Array.from({ length: 60 }, (_, i) => `contents of ${i}`)
    const places = await pack(...texts)
    const place = places.get(texts[7]!)!
    const unlike: [string, PackedPlace][] = [
      ['another', places.get(texts[8]!)!],
      ['gone', { ...place, path: join(storeDir, 'packs/none.pack') }],
      ['behind the end', { ...place, place: { ...place.place, frameOffset: 10 ** 9 } }],
      ['no frame', { ...place, place: { ...place.place, frameOffset: place.place.frameOffset + 1 } }],
      ['behind its frame', { ...place, place: { ...place.place, offset: 10 ** 6 } }],
    ]
    await using pool = new WritePool({ root, tmpDir, threads: 1 })
    for (const [i, text] of texts.entries()) await pool.add(entry(`f${i}`, text), places.get(text)!, undefined)
    for (const [name, wrong] of unlike) await pool.add(entry(name, texts[7]!), wrong, undefined)
    await pool.add(entry('last', texts[9]!), places.get(texts[9]!)!, undefined)
    await pool.finish()
    const answers = pool.takeAnswers()
    const missing = answers.filter(({ stat }) => !stat).map(({ entry: { path } }) => path)
    expect(missing).toEqual(unlike.map(([name]) => name))
    expect(readdirSync(root).length).toBe(texts.length + 1)
    expect(readdirSync(tmpDir)).toEqual([])
  })

  it('are not asked for a file that is in no pack, and its folder is there when the answer is', async () => {
    await using pool = new WritePool({ root, tmpDir, threads: 1 })
    const folder = new HiddenFolder('d', 2, tmpDir)
    pool.leave(entry('d/a', 'a'), folder)
    const answers = await write(pool, [[entry('d/b', 'b'), 'b', folder]])
    expect([...answers.keys()].sort()).toEqual(['d/a', 'd/b'])
    expect(answers.get('d/a')).toBeUndefined()
    expect(readdirSync(join(root, 'd'))).toEqual(['b'])
  })

  it('are started for many files on the disk of this machine only', () => {
    expect(usefulWriteThreads(nodeFs, 999)).toBe(0)
    expect(usefulWriteThreads(faultyFs({}), 1_000_000)).toBe(0)
    expect(usefulWriteThreads(nodeFs, 1_000_000)).toBeLessThanOrEqual(4)
  })

  it('get no file that needs more than its one chunk, and no large one', () => {
    const small = entry('a', 'a')
    expect(mayBatch(small)).toBe(true)
    expect(mayBatch({ ...small, kind: 'symlink' })).toBe(false)
    expect(mayBatch({ ...small, content: { kind: 'map', id: small.fileId } } as TreeEntry)).toBe(false)
    expect(mayBatch({ ...small, fileId: sha256Hex(bytesOf('b')) as ObjectId })).toBe(false)
    expect(mayBatch({ ...small, bytes: 256 * 1024 + 1 })).toBe(false)
    expect(mayBatch({ ...small, bytes: 0, content: null })).toBe(false)
  })
})
