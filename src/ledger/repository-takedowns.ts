/** Takedowns of packs: proposals that no promise delays, each with the status record that is its ground.
 *  @see src/move/floe/sources/takedown.move */

import { NumberedLog } from './bindings/floe/numbered-log.ts'
import { TakedownRecord as TakedownLayout } from './bindings/floe/takedown.ts'
import { KEY_TYPES, u64Key } from './dynamic-field.ts'
import { u64 } from './layout.ts'
import { safeNumber } from './record-values.ts'
import { fetchLog, fetchStatusesAt, type StatusRecord } from './repository-marks.ts'
import type { PackRecord } from './repository-records.ts'
import type { ReadOptions, RepositoryReader, RepositoryState } from './repository-state.ts'

export interface TakedownRecord {
  number: number
  pack: number
  /** Number of the status record that is the ground, and the record. */
  status: number
  ground: StatusRecord | null
  removableMs: number
  by: string
  timeMs: number
}

/** Whether anything was ever taken down in the repository. */
export async function hasTakedowns(
  reader: RepositoryReader,
  state: RepositoryState,
  options: ReadOptions = {},
): Promise<boolean> {
  return (await fetchLog(reader, state, 'takedown', NumberedLog, options)) !== null
}

/** The newest takedown of each pack, by pack number. */
export async function fetchTakedowns(
  reader: RepositoryReader,
  state: RepositoryState,
  packs: readonly number[],
  options: ReadOptions = {},
): Promise<Map<number, TakedownRecord>> {
  const log = packs.length === 0 ? null : await fetchLog(reader, state, 'takedown', NumberedLog, options)
  if (!log) return new Map()
  const read = <T>(table: string, keys: readonly number[], what: string, of: (row: Reader, i: number) => T) =>
    reader.fetchFields(table, KEY_TYPES.u64, keys.map(u64Key), what, of, options)
  const newest = await read(log.newest.id, packs, 'newest takedown', (row) => {
    const number = safeNumber(u64.read(row))
    row.end()
    return number
  })
  const numbers = newest.filter((number) => number !== null)
  const rows = await read(log.records.id, numbers, 'takedown', (row) => {
    const record = TakedownLayout.read(row)
    row.end()
    return record
  })
  const grounds = await fetchStatusesAt(
    reader,
    state,
    [...new Set(rows.flatMap((row) => (row ? [safeNumber(row.status)] : [])))],
    options,
  )
  const found = new Map<number, TakedownRecord>()
  for (const [i, row] of rows.entries()) {
    if (!row) continue
    const status = safeNumber(row.status)
    const ground = grounds.find((record) => record.number === status) ?? null
    const pack = safeNumber(row.pack)
    found.set(pack, {
      number: numbers[i]!,
      pack,
      status,
      ground,
      removableMs: safeNumber(row.removableMs),
      by: row.by,
      timeMs: safeNumber(row.timeMs),
    })
  }
  return found
}

type Reader = Parameters<typeof u64.read>[0]

/** Whether the removal that is proposed for a pack is the takedown: the contract tells them apart the same way. */
export function isOpenTakedown(pack: PackRecord, takedown: TakedownRecord | undefined): boolean {
  return pack.state === 'removal-proposed' && takedown !== undefined && takedown.removableMs === pack.removableMs
}
