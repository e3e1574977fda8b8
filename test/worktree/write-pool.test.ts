import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sha256Hex } from '../../src/crypto/hash.ts'
import type { ObjectId } from '../../src/objects/id.ts'
import type { TreeEntry } from '../../src/objects/tree.ts'
import { nodeFs } from '../../src/store/node-fs.ts'
import { HiddenFolder } from '../../src/worktree/hidden-folder.ts'
import { mayBatch, usefulWriteThreads, WritePool } from '../../src/worktree/write-pool.ts'
import { faultyFs } from '../faults/faulty-fs.ts'

let root: string
let tmpDir: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'floe-write-'))
  tmpDir = mkdtempSync(join(tmpdir(), 'floe-tmp-'))
})
afterEach(() => {
  rmSync(root, { recursive: true })
  rmSync(tmpDir, { recursive: true })
})

const bytesOf = (text: string) => new TextEncoder().encode(text)
function entry(path: string, text: string, executable = false): TreeEntry {
  const fileId = sha256Hex(bytesOf(text)) as ObjectId
  const content = { kind: 'chunk', id: fileId } as const
  return { path, kind: 'file', executable, bytes: bytesOf(text).length, fileId, content }
}
async function write(pool: WritePool, files: readonly [TreeEntry, string, HiddenFolder?][]) {
  for (const [file, text, folder] of files) await pool.add(file, bytesOf(text), folder)
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
      await pool.add(entry('taken/a', 'a'), bytesOf('a'), taken)
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
      parentPort.on('message', ({ job, lengths, bytes }) => {
        parentPort.postMessage({ job, placed: new Uint8Array(lengths.length), stats: new BigInt64Array(3 * lengths.length), bytes })
        throw new TypeError('dies')
      })`,
    )
    await using pool = new WritePool({ root, tmpDir, threads: 2, workerUrl: pathToFileURL(module) })
    for (let i = 0; i < 500; i++) await pool.add(entry(`f${i}`, 'x'), bytesOf('x'), undefined)
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

  it('are started for many files on the disk of this machine only', () => {
    expect(usefulWriteThreads(nodeFs, 999)).toBe(0)
    expect(usefulWriteThreads(faultyFs({}), 1_000_000)).toBe(0)
    expect(usefulWriteThreads(nodeFs, 1_000_000)).toBeLessThanOrEqual(2)
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
