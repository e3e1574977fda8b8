import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createRng } from '../../src/base/rng.ts'
import { sha256Hex } from '../../src/crypto/hash.ts'
import type { ObjectId } from '../../src/objects/id.ts'
import { comparePaths } from '../../src/objects/path.ts'
import { nodeFs } from '../../src/store/node-fs.ts'
import { readStatCache, statRecord, writeStatCache } from '../../src/store/stat-cache.ts'
import type { StatRecords } from '../../src/store/stat-records.ts'
import { scan } from '../../src/worktree/scan.ts'
import { survey } from '../../src/worktree/survey.ts'
import { faultyFs } from '../faults/faulty-fs.ts'

let base = ''
let root = ''
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'floe-survey-'))
  root = join(base, 'root')
  mkdirSync(root)
})
afterEach(() => rmSync(base, { recursive: true }))

const at = (path: string) => join(root, path)

function write(path: string, contents = path): void {
  mkdirSync(dirname(at(path)), { recursive: true })
  writeFileSync(at(path), contents)
}

/** Records of all that is there now. */
async function recordAll(): Promise<StatRecords> {
  const updates = new Map<string, Uint8Array | null>()
  for (const item of scan(nodeFs, root))
    if (item.$kind === 'entry')
      updates.set(item.path, statRecord(item.stat, sha256Hex(new Uint8Array()) as ObjectId, 2n ** 62n))
  const path = join(base, 'stat')
  await writeStatCache(nodeFs, path, readStatCache(nodeFs, path), updates, { tmpDir: base })
  return readStatCache(nodeFs, path).records
}

/** True if the path is met without passing a link. */
function isBelowFolders(path: string): boolean {
  const parents = path.split('/').slice(0, -1)
  return parents.every((_, depth) => nodeFs.stat(at(parents.slice(0, depth + 1).join('/')))?.kind === 'directory')
}

/** What a plain walk, and a look at the file of each record, say: the reference. */
function expected(records: StatRecords, loose: readonly string[]): string[] {
  const left = new Map(Array.from({ length: records.count }, (_, index) => [records.pathAt(index), index]))
  for (const [path, index] of left) {
    const stat = isBelowFolders(path) ? nodeFs.stat(at(path)) : undefined
    if (stat && !loose.includes(path) && records.isSame(index, stat)) left.set(path, PROVEN)
  }
  const found: { path: string; line: string }[] = []
  for (const item of scan(nodeFs, root)) {
    const { path } = item
    const index = left.get(path) ?? -1
    left.delete(path)
    if (index === PROVEN) continue
    found.push({ path, line: `${path} ${item.$kind === 'problem' ? item.error.message : item.stat.mtimeNs} ${index}` })
  }
  for (const [path, index] of left) if (index !== PROVEN) found.push({ path, line: `${path} gone ${index}` })
  return found.sort((a, b) => comparePaths(a.path, b.path)).map(({ line }) => line)
}

const PROVEN = -2

async function surveyed(
  records: StatRecords,
  loose: readonly string[],
  options: { threads?: number; perStretch?: number; kernel?: boolean },
  fs = nodeFs,
): Promise<string[]> {
  const lines: string[] = []
  for await (const findings of survey({ fs, root }, records, loose, options))
    for (const { index, item } of findings)
      lines.push(
        item
          ? `${item.path} ${item.$kind === 'problem' ? item.error.message : item.stat.mtimeNs} ${index}`
          : `${records.pathAt(index)} gone ${index}`,
      )
  return lines
}

describe('survey', () => {
  it('finds the same in stretches of any length, on threads or without', async () => {
    const rng = createRng(7)
    const name = () => `${'ab.!é🧊'.slice(rng.below(5)).trim()}${rng.below(12)}`
    const random = () => Array.from({ length: 1 + rng.below(4) }, name).join('/')
    const tryWrite = (path: string, contents?: string) => {
      try {
        write(path, contents)
      } catch {
        // A file is where a folder would be, or the reverse.
      }
    }
    for (let i = 0; i < 160; i++) tryWrite(random())
    const records = await recordAll()
    const paths = Array.from({ length: records.count }, (_, index) => records.pathAt(index))
    for (const path of paths) {
      const luck = rng.below(12)
      if (luck === 0) rmSync(at(path))
      else if (luck === 1) utimesSync(at(path), 1, 1)
      else if (luck === 2) tryWrite(path, 'other')
    }
    for (let i = 0; i < 40; i++) tryWrite(random(), 'new')
    rmSync(at(paths[0]!.split('/')[0]!), { recursive: true, force: true })
    write('ignored/.floeignore', '*.txt\n!keep.txt\n')
    write('ignored/a.txt')
    write('ignored/keep.txt')
    symlinkSync('nowhere', at('link'))
    writeFileSync(Buffer.concat([Buffer.from(`${root}/bad-`), Buffer.from([0xff])]), '')
    chmodSync(at('link/../ignored/keep.txt'.replace('link/../', '')), 0o755)
    const loose = paths.filter(() => rng.below(10) === 0)
    const reference = expected(records, loose)
    expect(reference.length).toBeGreaterThan(40)
    for (const kernel of [false, true])
      for (const perStretch of [1, 3, 17, 1000])
        expect(await surveyed(records, loose, { perStretch, kernel })).toEqual(reference)
    expect(await surveyed(records, loose, { perStretch: 5, threads: 2 })).toEqual(reference)
    // A million differences must not pile up: threads wait for whoever takes them.
    expect(await surveyed(records, paths, { perStretch: 1, threads: 1 })).toEqual(expected(records, paths))
  })

  it('meets a file in the place of a folder once, also where the names around it are not known', async () => {
    for (const path of ['a/x', 'e/y', 'e/z', 'f', 'k/sub/x']) write(path)
    const records = await recordAll()
    for (const folder of ['e', 'k/sub']) {
      rmSync(at(folder), { recursive: true })
      write(folder)
    }
    // A name that is no text, as more names than are kept, leaves the listing to whoever looks again.
    for (const folder of ['', '/k'])
      writeFileSync(Buffer.concat([Buffer.from(`${root}${folder}/bad-`), Buffer.from([0xff])]), '')
    const reference = expected(records, [])
    expect(reference.filter((line) => line.startsWith('e '))).toHaveLength(1)
    for (const kernel of [false, true])
      for (const perStretch of [1, 2, 1000])
        expect(await surveyed(records, [], { perStretch, kernel })).toEqual(reference)
  })

  it('lists each folder once, however many stretches it spans', async () => {
    for (let i = 0; i < 50; i++) write(`d${i % 2}/sub/${i}`)
    const records = await recordAll()
    const listed: string[] = []
    const fs = faultyFs({
      readNames(path) {
        listed.push(path.slice(root.length))
        return nodeFs.readNames!(path)
      },
    })
    expect(await surveyed(records, [], { perStretch: 4 }, fs)).toEqual([])
    expect(listed).toEqual(['/', '/d0', '/d0/sub', '/d1', '/d1/sub'])
  })

  it('looks itself at what a thread that died had drawn', async () => {
    for (let i = 0; i < 30; i++) write(`f${i}`)
    const records = await recordAll()
    write('f7', 'changed')
    // The thread gets records whose table of offsets is empty: it draws a stretch, and ends with an error.
    const bytes = new Uint8Array(new SharedArrayBuffer(records.bytes.length))
    bytes.set(records.bytes)
    bytes.fill(0, bytes.length - 40 - 8 * records.count, bytes.length - 40)
    const given = new Proxy(records, {
      get(target, key) {
        const value = key === 'bytes' ? bytes : key === 'memory' ? undefined : Reflect.get(target, key, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
    const paths = Array.from({ length: records.count }, (_, index) => records.pathAt(index))
    const found: string[] = []
    for await (const findings of survey({ fs: nodeFs, root }, given, paths, { perStretch: 1, threads: 1 })) {
      if (found.length === 0) await new Promise((resolve) => setTimeout(resolve, 400))
      found.push(...findings.map(({ item }) => item?.path ?? 'gone'))
    }
    expect(found).toEqual(paths)
  })

  it('believes no record that is met through a link', async () => {
    for (const path of ['a/b/c', 'a/b/d/e', 'a/f', 'g/h']) write(path)
    const records = await recordAll()
    renameSync(at('a'), join(base, 'moved'))
    symlinkSync(join(base, 'moved'), at('a'))
    renameSync(at('g'), join(base, 'g'))
    write('g', 'a file')
    const reference = expected(records, [])
    expect(reference.map((line) => line.replace(/\d{10,}/, 'stat'))).toEqual([
      'a stat -1',
      'a/b/c gone 0',
      'a/b/d/e gone 1',
      'a/f gone 2',
      'g stat -1',
      'g/h gone 3',
    ])
    for (const kernel of [false, true])
      for (const perStretch of [1, 2, 100])
        expect(await surveyed(records, [], { perStretch, kernel })).toEqual(reference)
  })

  it('walks new files no further than it is asked, however many there are', async () => {
    write('m/old')
    const records = await recordAll()
    const folders = ['a', 'm', 'z']
    for (const folder of folders) {
      mkdirSync(at(folder), { recursive: true })
      for (let i = 0; i < 1500; i++) writeFileSync(at(`${folder}/${String(i).padStart(4, '0')}`), '')
    }
    let stats = 0
    const fs = faultyFs({
      stat(path) {
        stats++
        return nodeFs.stat(path)
      },
    })
    let count = 0
    for await (const findings of survey({ fs, root }, records, [])) {
      count += findings.length
      expect(stats).toBeLessThan(count + 100)
    }
    expect(count).toBe(4500)
  })

  it('can be left early, and cancelled', async () => {
    for (let i = 0; i < 30; i++) write(`f${i}`)
    const records = await recordAll()
    for await (const findings of survey({ fs: nodeFs, root }, records, [], { perStretch: 2, threads: 1 })) {
      expect(findings).toEqual([])
      break
    }
    const run = survey({ fs: nodeFs, root }, records, [], { signal: AbortSignal.abort(), threads: 1 }).next()
    await expect(run).rejects.toMatchObject({ kind: 'cancelled' })
  })
})
