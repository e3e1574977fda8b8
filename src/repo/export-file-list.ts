/** `ls --arrow`: the files of a revision as an Arrow IPC file, for DuckDB, pandas and polars.
 *
 *  Columns: path utf8, kind utf8 (`file`, `symlink`), executable bool, bytes uint64, file_id utf8 (64 hex digits, the
 *  SHA-256 that sha256sum prints). Ids are text, because equality on binary columns is broken in some readers. */

import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import type { FileRecord } from './file-record.ts'

/** Rows per record batch: about 10 MB, so that a list of any length is written in bounded memory. */
const BATCH_ROWS = 65_536

/** Writes the list to `file`, which appears complete or not at all.
 *  @returns how many rows were written */
export async function exportFileList(
  files: AsyncIterable<FileRecord>,
  file: string,
): Promise<{ file: string; rows: number }> {
  const arrow = await import('apache-arrow')
  let rows = 0
  const batches = async function* () {
    let batch: FileRecord[] = []
    const flush = () => {
      rows += batch.length
      const column = <T>(type: T, pick: (record: FileRecord) => unknown) =>
        arrow.vectorFromArray(batch.map(pick), type as never)
      const table = new arrow.Table({
        path: column(new arrow.Utf8(), (record) => record.path),
        kind: column(new arrow.Utf8(), (record) => record.kind),
        executable: column(new arrow.Bool(), (record) => record.executable),
        bytes: column(new arrow.Uint64(), (record) => BigInt(record.bytes)),
        file_id: column(new arrow.Utf8(), (record) => record.fileId),
      })
      batch = []
      return table.batches
    }
    for await (const record of files) if (batch.push(record) === BATCH_ROWS) yield* flush()
    // An empty list still has a schema.
    if (batch.length > 0 || rows === 0) yield* flush()
  }
  const partial = `${file}.partial`
  try {
    const writer = new arrow.RecordBatchFileWriter()
    const feed = async () => {
      for await (const batch of batches()) writer.write(batch)
      writer.finish()
    }
    await Promise.all([pipeline(writer, createWriteStream(partial)), feed()])
    await rename(partial, file)
  } finally {
    await rm(partial, { force: true })
  }
  return { file, rows }
}
