import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concatBytes } from '../../src/base/bytes.ts'
import { createRng } from '../../src/base/rng.ts'
import type { ObjectId } from '../../src/objects/id.ts'
import { comparePaths, pathProblem } from '../../src/objects/path.ts'
import type { FileStat } from '../../src/store/file-system.ts'
import { encodeSortedFile, SortedFile, SortedFileDamage } from '../../src/store/sorted-file.ts'
import { readStaging, type StagedChange, writeStaging } from '../../src/store/staging.ts'
import { fileSystemNow, readStatCache, statRecord, writeStatCache } from '../../src/store/stat-cache.ts'
import { StatRecords } from '../../src/store/stat-records.ts'
import { CrashFs } from '../faults/crash-fs.ts'

const MAGIC = 'FLOE.TEST.1\n'
const path = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).filter((text) => pathProblem(text) === null)

function encode(records: { path: string; payload: Uint8Array }[]): Uint8Array {
  return concatBytes(...[...encodeSortedFile(MAGIC, records)].map((piece) => piece.slice()))
}

describe('a sorted file', () => {
  it('gives back its records in path order and finds each by its path', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(path, fc.uint8Array({ maxLength: 80 })), { selector: ([at]) => at }),
        (pairs) => {
          const records = pairs
            .map(([at, payload]) => ({ path: at, payload }))
            .sort((a, b) => comparePaths(a.path, b.path))
          const file = new SortedFile(MAGIC, encode(records))
          expect([...file.records()].map((record) => record.path)).toEqual(records.map((record) => record.path))
          for (const record of records) expect(file.find(record.path)?.payload).toEqual(record.payload)
          expect(file.find('not/there/at/all')).toBeUndefined()
        },
      ),
      { seed: 1, numRuns: 100 },
    )
  })

  it('spans pieces, and refuses records that are out of order', () => {
    const records = Array.from({ length: 30_000 }, (_, i) => ({
      path: `d/${String(i).padStart(6, '0')}`,
      payload: new Uint8Array(50).fill(i),
    }))
    const file = new SortedFile(MAGIC, encode(records))
    expect(file.count).toBe(30_000)
    for (const i of [0, 1, 17_000, 29_999]) expect(file.find(records[i]!.path)?.payload[0]).toBe(i & 255)
    expect(() => encode([records[1]!, records[0]!])).toThrow(RangeError)
  })

  it('notices any changed, missing or added byte', () => {
    const good = encode([
      { path: 'a', payload: new Uint8Array([1, 2, 3]) },
      { path: 'b', payload: new Uint8Array() },
    ])
    for (let at = 0; at < good.length; at++) {
      const bad = good.slice()
      bad[at]! ^= 1 << (at % 8)
      expect(() => new SortedFile(MAGIC, bad)).toThrow(SortedFileDamage)
      expect(() => new SortedFile(MAGIC, good.subarray(0, at))).toThrow(SortedFileDamage)
    }
    expect(() => new SortedFile(MAGIC, concatBytes(good, new Uint8Array(1)))).toThrow(SortedFileDamage)
  })
})

describe('staging', () => {
  it('keeps entries of every shape and deletions', async () => {
    const fs = new CrashFs()
    const id = (digit: string) => digit.repeat(64) as ObjectId
    const changes: StagedChange[] = [
      { path: 'z', entry: null },
      {
        path: 'a',
        entry: {
          path: 'a',
          kind: 'file',
          executable: true,
          bytes: 2 ** 40,
          fileId: id('1'),
          content: { kind: 'map', id: id('2') },
        },
      },
      {
        path: 'b',
        entry: {
          path: 'b',
          kind: 'symlink',
          executable: false,
          bytes: 3,
          fileId: id('3'),
          content: { kind: 'chunk', id: id('3') },
        },
      },
      { path: 'c', entry: { path: 'c', kind: 'file', executable: false, bytes: 0, fileId: id('4'), content: null } },
    ]
    expect([...readStaging(fs, '/staging').changes()]).toEqual([])
    await writeStaging(fs, '/staging', changes, '/')
    const staging = readStaging(fs, '/staging')
    expect([...staging.changes()]).toEqual([...changes].sort((a, b) => comparePaths(a.path, b.path)))
    expect(staging.get('z')).toBeNull()
    expect(staging.get('a')).toEqual(changes[1]!.entry)
    expect(staging.get('missing')).toBeUndefined()
  })
})

describe('the stat cache', () => {
  const fileId = 'a'.repeat(64) as ObjectId
  const stat: FileStat = { kind: 'file', bytes: 5, mtimeNs: -5n, ctimeNs: 100n, inode: 2n ** 63n, executable: false }

  /** Later by more than doubles leave out. */
  const STAMP = 10_000n

  it('answers only while nothing about the file has changed', async () => {
    const fs = new CrashFs()
    await writeStatCache(fs, '/stat', readStatCache(fs, '/stat'), new Map([['f', statRecord(stat, fileId, STAMP)]]), {
      tmpDir: '/',
    })
    const cache = readStatCache(fs, '/stat')
    expect(cache.lookup('f', stat)).toBe(fileId)
    expect(cache.lookup('g', stat)).toBeUndefined()
    for (const change of [{ bytes: 6 }, { mtimeNs: 0n }, { ctimeNs: 99n }, { inode: 1n }, { kind: 'symlink' as const }])
      expect(cache.lookup('f', { ...stat, ...change })).toBeUndefined()
  })

  it('tells the same from a stat whose times are doubles, but for less than a microsecond', () => {
    const rng = createRng(9)
    for (let round = 0; round < 500; round++) {
      const mtimeNs = BigInt(rng.below(2 ** 31)) * 1_000_000_000n + BigInt(rng.below(1e9))
      const ctimeNs = 1_790_000_000_000_000_000n + BigInt(rng.below(2 ** 31)) * 61_000_003n
      const inode = BigInt(rng.below(2 ** 31)) * 4_294_967_296n + BigInt(rng.below(2 ** 31))
      const seen = { ...stat, bytes: rng.below(2 ** 31) * 1000, mtimeNs, ctimeNs, inode }
      const record = statRecord(seen, fileId, 2n ** 62n)!
      const pieces = [...encodeSortedFile('FLOE.STAT.1\n', [{ path: 'f', payload: record }])]
      const records = new StatRecords(new SortedFile('FLOE.STAT.1\n', new Uint8Array(Buffer.concat(pieces))))
      // As Node makes them of seconds and nanoseconds.
      const ms = (ns: bigint) => Number(ns / 1_000_000_000n) * 1000 + Number(ns % 1_000_000_000n) / 1e6
      const quick = { mode: 0o100644, size: seen.bytes, mtimeMs: ms(mtimeNs), ctimeMs: ms(ctimeNs), ino: Number(inode) }
      expect(records.isSameQuick(0, quick)).toBe(true)
      const later = 2000n + BigInt(rng.below(1e6))
      for (const change of [
        { size: seen.bytes + 1 },
        { mtimeMs: ms(mtimeNs + later) },
        { mtimeMs: ms(mtimeNs - later) },
        { ctimeMs: ms(ctimeNs + later) },
        { ino: Number(inode) * 2 + 1 },
        { mode: 0o120777 },
        { mode: 0o040755 },
      ])
        expect(records.isSameQuick(0, { ...quick, ...change })).toBe(false)
    }
  })

  it('does not believe a file that changed in the tick in which it was looked at', () => {
    expect(statRecord(stat, fileId, 100n)).toBeNull()
    expect(statRecord({ ...stat, mtimeNs: 200n }, fileId, 150n)).toBeNull()
    expect(statRecord(stat, fileId, 4100n)).toBeNull()
    expect(statRecord(stat, fileId, STAMP)).not.toBeNull()
  })

  it('merges updates and removals into what it had', async () => {
    const fs = new CrashFs()
    const model = new Map<string, number>()
    const rng = createRng(5)
    for (let round = 0; round < 10; round++) {
      const updates = new Map<string, Uint8Array | null>()
      for (let i = 0; i < 30; i++) {
        const at = `d${rng.below(3)}/f${rng.below(40)}`
        const bytes = rng.below(1000)
        const isGone = rng.below(4) === 0
        updates.set(at, isGone ? null : statRecord({ ...stat, bytes }, fileId, STAMP))
        if (isGone) model.delete(at)
        else model.set(at, bytes)
      }
      await writeStatCache(fs, '/stat', readStatCache(fs, '/stat'), updates, { tmpDir: '/' })
      const cache = readStatCache(fs, '/stat')
      for (const [at, bytes] of model) expect(cache.lookup(at, { ...stat, bytes })).toBe(fileId)
    }
    await writeStatCache(fs, '/stat', readStatCache(fs, '/stat'), new Map(), { tmpDir: '/', compact: true })
    const { records, recent } = readStatCache(fs, '/stat')
    expect(recent.size).toBe(0)
    for (const [at, bytes] of model) {
      const index = records.lowerBound(at)
      expect([records.pathAt(index), records.isSame(index, { ...stat, bytes })]).toEqual([at, true])
    }
  })

  it('keeps a few new records beside many old ones, and an old one stays true where its file came back', async () => {
    const fs = new CrashFs()
    const write = (updates: Map<string, Uint8Array | null>) =>
      writeStatCache(fs, '/stat', readStatCache(fs, '/stat'), updates, { tmpDir: '/' })
    await write(new Map(Array.from({ length: 100 }, (_, i) => [`f${i}`, statRecord(stat, fileId, STAMP)])))
    const main = readStatCache(fs, '/stat').records.checksum
    const other = 'b'.repeat(64) as ObjectId
    await write(new Map([['f7', statRecord({ ...stat, bytes: 6 }, other, STAMP)]]))
    await write(new Map([['new', statRecord(stat, other, STAMP)]]))
    const cache = readStatCache(fs, '/stat')
    expect(cache.records.checksum).toBe(main)
    expect(cache.lookup('f7', { ...stat, bytes: 6 })).toBe(other)
    expect(cache.lookup('f7', stat)).toBe(fileId)
    expect(cache.lookup('f7', { ...stat, bytes: 7 })).toBeUndefined()
    expect(cache.lookup('new', stat)).toBe(other)
    await write(new Map([['new', null]]))
    expect(readStatCache(fs, '/stat').lookup('new', stat)).toBeUndefined()
    await write(new Map(Array.from({ length: 70 }, (_, i) => [`g${i}`, statRecord(stat, other, STAMP)])))
    const { records, recent } = readStatCache(fs, '/stat')
    expect([records.count, recent.size]).toEqual([170, 0])
    fs.unlink('/stat')
    expect(readStatCache(fs, '/stat').lookup('f7', stat)).toBeUndefined()
  })

  it('takes its clock from the file system and leaves nothing behind', () => {
    const fs = new CrashFs()
    const before = fs.nowNs
    const now = fileSystemNow(fs, '/')
    expect(now).toBeGreaterThan(before)
    expect(fs.contents('/').size).toBe(0)
    fs.fault = () => 'EROFS'
    expect(fileSystemNow(fs, '/')).toBe(0n)
  })
})
