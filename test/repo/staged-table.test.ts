import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { createRng } from '../../src/base/rng.ts'
import { EMPTY_FILE_ID, objectIdFromBytes, putObjectId } from '../../src/objects/id.ts'
import type { TreeEntry } from '../../src/objects/tree.ts'
import { StagedTable } from '../../src/repo/staged-table.ts'
import type { FileStat } from '../../src/store/file-system.ts'
import { nodeFs } from '../../src/store/node-fs.ts'
import { encodeStagedRecords, readStaging, writeStagedRecords, writeStaging } from '../../src/store/staging.ts'
import { emptyStatCache, readStatCache, statRecord, writeStatCache } from '../../src/store/stat-cache.ts'
import { putRow, ROW_BYTES, ROW_ID } from '../../src/worktree/file-rows.ts'

const dir = mkdtempSync(join(tmpdir(), 'floe-staged-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))
const rng = createRng(73)
const randomId = (from = rng) => objectIdFromBytes(from.fill(new Uint8Array(32)))
const clockNs = 5_000_000_000_000n

/** Files whose stats prove something, and some that changed after the clock was read; out of order, with paths beyond ASCII. */
const files = Array.from({ length: 500 }, (_, i) => {
  const bytes = i % 7 === 0 ? 0 : i % 5 === 0 ? 2 ** 33 + i : 1 + i
  const late = i % 11 === 0
  const stat: FileStat = {
    kind: 'file',
    bytes,
    mtimeNs: late ? clockNs + 5n : BigInt(i) * 1_000n,
    ctimeNs: BigInt(i) * 2_000n,
    inode: 2n ** 60n + BigInt(i),
    executable: i % 3 === 0,
  }
  const path = `${['a', 'a-b', 'é', '日本'][i % 4]}/${(i * 7919) % 500}`
  return { path, stat, fileId: bytes === 0 ? EMPTY_FILE_ID : randomId() }
})

function rowsOf(): Uint8Array {
  const rows = new Uint8Array(files.length * ROW_BYTES)
  const view = new DataView(rows.buffer)
  for (const [row, { stat, fileId }] of files.entries()) {
    const mode = stat.executable ? 0o100755n : 0o100644n
    const { bytes, mtimeNs, ctimeNs, inode } = stat
    putRow(view, row, { size: BigInt(bytes), mtimeNs, ctimeNs, ino: inode, dev: 1n, mode }, clockNs)
    putObjectId(fileId, rows, row * ROW_BYTES + ROW_ID)
  }
  return rows
}

const entryOf = ({ path, stat: { bytes, executable }, fileId }: (typeof files)[number]): TreeEntry => ({
  path,
  kind: 'file',
  executable,
  bytes,
  fileId,
  content: bytes === 0 ? null : { kind: 'chunk', id: fileId },
})

describe('a table of what is staged', () => {
  const byRows = new StagedTable()
  const rows = rowsOf()
  for (const [row, { path }] of files.entries()) byRows.setRow(path, rows, row)
  const byEntries = new StagedTable()
  for (const file of files)
    byEntries.set(file.path, entryOf(file), 'added', statRecord(file.stat, file.fileId, clockNs))
  // What no row says: links, maps, deletions.
  for (const table of [byRows, byEntries]) {
    const id = randomId(createRng(5))
    table.set('map', { ...entryOf(files[1]!), path: 'map', content: { kind: 'map', id } }, 'added')
    table.set('gone', null)
  }

  test('holds the same by rows as by entries', () => {
    expect([...byRows]).toEqual([...byEntries])
    expect(byRows.added()).toEqual(byEntries.added())
    expect([byRows.files, byRows.bytes, byRows.count]).toEqual([byEntries.files, byEntries.bytes, byEntries.count])
    for (const file of files) expect(byRows.get(file.path)).toEqual(entryOf(file))
  })

  test('is written as its entries are, byte by byte', async () => {
    await writeStagedRecords(nodeFs, join(dir, 'records'), encodeStagedRecords(byRows.records()), dir)
    await writeStaging(nodeFs, join(dir, 'changes'), byEntries.changes(), dir)
    expect(readFileSync(join(dir, 'records'))).toEqual(readFileSync(join(dir, 'changes')))
    expect([...readStaging(nodeFs, join(dir, 'records')).changes()]).toEqual([...byEntries.changes()])
  })

  test('gives the stat cache the records that prove something, whichever way they are written', async () => {
    const updates = byRows.statUpdates
    const { toWrite: _, ...slowly } = byEntries.statUpdates
    const options = { tmpDir: dir, compact: true }
    await writeStatCache(nodeFs, join(dir, 'stat'), emptyStatCache(), updates, options)
    await writeStatCache(nodeFs, join(dir, 'stat-slow'), emptyStatCache(), slowly, options)
    expect(readFileSync(join(dir, 'stat'))).toEqual(readFileSync(join(dir, 'stat-slow')))
    const cache = readStatCache(nodeFs, join(dir, 'stat'))
    for (const { path, stat, fileId } of files)
      expect(cache.lookup(path, stat)).toBe(statRecord(stat, fileId, clockNs) ? fileId : undefined)
  })
})
