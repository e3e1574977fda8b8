import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { parquetReadObjects } from 'hyparquet'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { toHex } from '../../src/base/bytes.ts'
import { createRng } from '../../src/base/rng.ts'
import { exportPushLog, type PushLogRow } from '../../src/repo/export-push-log.ts'

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'floe-push-log-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

/** Enough rows for several pages, with ids, gaps, non-ASCII refs and values near 2^53. */
function makeRows(count: number): PushLogRow[] {
  const rng = createRng(11)
  const id = () => toHex(rng.fill(new Uint8Array(32)))
  return Array.from({ length: count }, (_, number) => ({
    number,
    ref: number % 3 === 0 ? 'refs/heads/main' : `refs/heads/größe-😀-${number}`,
    old: number === 0 ? null : id(),
    new: number === 7 ? null : id(),
    tree: number === 7 ? null : id(),
    statement: number % 4 === 0 ? null : id(),
    pusher: `0x${id()}`,
    packs: `${number * 2}+2`,
    packCount: 2,
    commitPack: number * 2 + 1,
    timeMs: Number.MAX_SAFE_INTEGER - number,
    epoch: number,
    forced: number % 5 === 0,
  }))
}

const source = { network: 'local', repository: '0x12' }

describe('exportPushLog', () => {
  it('writes rows that hyparquet reads back unchanged', async () => {
    const rows = makeRows(3000)
    const file = join(dir, 'log.parquet')
    expect(await exportPushLog(rows, file, source)).toEqual({ file, rows: 3000 })
    const bytes = readFileSync(file)
    const read = await parquetReadObjects({
      file: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length),
    })
    expect(read.length).toBe(3000)
    expect(
      read.map((row) => ({
        number: Number(row.number),
        ref: row.ref,
        old: row.old ?? null,
        new: row.new ?? null,
        tree: row.tree ?? null,
        statement: row.statement ?? null,
        pusher: row.pusher,
        packs: row.packs,
        packCount: Number(row.pack_count),
        commitPack: Number(row.commit_pack),
        timeMs: Number(row.time_ms),
        epoch: Number(row.epoch),
        forced: row.forced,
      })),
    ).toEqual(rows)
  })

  it('lets DuckDB find every row by id, ref and number', async () => {
    const rows = makeRows(500)
    const file = join(dir, 'log.parquet')
    await exportPushLog(rows, file, source)
    const instance = await DuckDBInstance.create(':memory:')
    const connection = await instance.connect()
    try {
      const count = async (where: string) =>
        Number(
          (
            await connection.runAndReadAll(`select count(*) from read_parquet('${file}') where ${where}`)
          ).getRows()[0]![0],
        )
      let found = 0
      for (const row of rows)
        found += await count(`pusher = '${row.pusher}' and number = ${row.number} and ref = '${row.ref}'`)
      expect(found).toBe(500)
      expect(await count('old is null')).toBe(1)
      expect(await count('forced')).toBe(100)
    } finally {
      connection.closeSync()
      instance.closeSync()
    }
  })

  it('refuses an integer that would change silently, and leaves no file', async () => {
    const [row] = makeRows(1)
    await expect(exportPushLog([{ ...row!, timeMs: 2 ** 53 }], join(dir, 'bad.parquet'), source)).rejects.toMatchObject(
      {
        code: 'PUSH_LOG_INTEGER',
      },
    )
    expect(() => readFileSync(join(dir, 'bad.parquet'))).toThrow('ENOENT')
    expect(() => readFileSync(join(dir, 'bad.parquet.partial'))).toThrow('ENOENT')
  })
})
