/** `log --parquet`: the push log of a repository as a Parquet table, for an auditor's own tools.
 *
 *  Written with parquetjs-lite inside what it does right (ADR 0001): text columns carry no statistics, because the ones
 *  it writes make other readers skip rows that match; integers stay below 2^53; ids are lower-case hex text. */

import { rename, rm } from 'node:fs/promises'
import { InternalError } from '../base/errors.ts'

/** One entry of the on-chain push log. */
export interface PushLogRow {
  number: number
  ref: string
  old: string | null
  /** Null: the ref was deleted. */
  new: string | null
  tree: string | null
  statement: string | null
  pusher: string
  /** Ranges of pack numbers, `first+count`, comma-separated. */
  packs: string
  packCount: number
  commitPack: number
  timeMs: number
  epoch: number
  forced: boolean
}

/** parquetjs-lite parses integers as doubles; beyond this they would change silently. */
function exact(value: number, column: string): number {
  if (!Number.isSafeInteger(value))
    throw new InternalError('PUSH_LOG_INTEGER', `${column} is not a safe integer: ${value}`)
  return value
}

/** Writes the rows to `file`, which appears complete or not at all.
 *  @returns how many rows were written */
export async function exportPushLog(
  rows: Iterable<PushLogRow> | AsyncIterable<PushLogRow>,
  file: string,
  source: { network: string; repository: string },
): Promise<{ file: string; rows: number }> {
  const { default: parquet } = (await import('parquetjs-lite')) as unknown as {
    default: typeof import('parquetjs-lite')
  }
  const text = { type: 'UTF8', statistics: false } as const
  const integer = { type: 'INT64' } as const
  const schema = new parquet.ParquetSchema({
    number: integer,
    ref: text,
    old: { ...text, optional: true },
    new: { ...text, optional: true },
    tree: { ...text, optional: true },
    statement: { ...text, optional: true },
    pusher: text,
    packs: text,
    pack_count: integer,
    commit_pack: integer,
    time_ms: integer,
    epoch: integer,
    forced: { type: 'BOOLEAN' },
  })
  const partial = `${file}.partial`
  let count = 0
  try {
    const writer = await parquet.ParquetWriter.openFile(schema, partial)
    writer.setMetadata('floe.network', source.network)
    writer.setMetadata('floe.repository', source.repository)
    for await (const row of rows) {
      await writer.appendRow({
        number: exact(row.number, 'number'),
        ref: row.ref,
        ...(row.old === null ? {} : { old: row.old }),
        ...(row.new === null ? {} : { new: row.new }),
        ...(row.tree === null ? {} : { tree: row.tree }),
        ...(row.statement === null ? {} : { statement: row.statement }),
        pusher: row.pusher,
        packs: row.packs,
        pack_count: exact(row.packCount, 'pack_count'),
        commit_pack: exact(row.commitPack, 'commit_pack'),
        time_ms: exact(row.timeMs, 'time_ms'),
        epoch: exact(row.epoch, 'epoch'),
        forced: row.forced,
      })
      count++
    }
    await writer.close()
    await rename(partial, file)
  } finally {
    await rm(partial, { force: true })
  }
  return { file, rows: count }
}
