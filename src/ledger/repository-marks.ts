/** What a repository says about commits after they were pushed: their status, and what they were made from. Logs that are
 *  dynamic fields of the repository, there once something was recorded; each record names the one before it about the
 *  same commit, so that no indexer is needed.
 *  @see src/move/floe/sources: commit_status, derivation, numbered_log */

import { fromHex } from '../base/bytes.ts'
import { ByteWriter } from '../codec/cursor.ts'
import { StatusRecord as StatusLayout } from './bindings/floe/commit-status.ts'
import { Derivation as DerivationLayout, Derivations } from './bindings/floe/derivation.ts'
import { NumberedLog } from './bindings/floe/numbered-log.ts'
import { KEY_TYPES, structTypeTag, u64Key } from './dynamic-field.ts'
import { type Layout, u64 } from './layout.ts'
import { boundedText, hexId, optionalHexId, safeNumber, variantOf } from './record-values.ts'
import type { ReadOptions, RepositoryReader, RepositoryState } from './repository-state.ts'

export const COMMIT_STATUSES = ['active', 'superseded', 'licence-changed', 'consent-withdrawn', 'takedown'] as const
export type CommitStatus = (typeof COMMIT_STATUSES)[number]

export interface StatusRecord {
  number: number
  commit: string
  status: CommitStatus
  reason: string
  /** SHA-256 of what shows it. */
  evidence: string | null
  /** The commit to use instead of a superseded one. */
  successor: string | null
  by: string
  timeMs: number
  previous: number | null
}

export interface DerivationRecord {
  number: number
  /** Commit of this repository. */
  output: string
  input: { repository: string; commit: string }
  /** Push that brought the input, in its repository: the chain has checked that. `null`: a claim. */
  inputPush: number | null
  /** E.g. `trained-on`. */
  relation: string
  statement: string | null
  attester: string
  timeMs: number
  previous: number | null
}

const MAX_REASON_BYTES = 512
const MAX_RELATION_BYTES = 100
/** Records read about one commit, newest first. */
const MAX_RECORDS = 1_000
const EMPTY_KEY = Uint8Array.of(0)

/** The newest status record of each commit; `null`: nobody said anything, so it is active. */
export async function fetchCommitStatuses(
  reader: RepositoryReader,
  state: RepositoryState,
  commits: readonly string[],
  options: ReadOptions = {},
): Promise<(StatusRecord | null)[]> {
  const log = await fetchLog(reader, state, 'commit_status', NumberedLog, options)
  if (!log) return commits.map(() => null)
  const numbers = await fetchNewest(reader, log.newest.id, commits, options)
  const known = numbers.filter((number) => number !== null)
  const records = await fetchStatusRecords(reader, log.records.id, known, options)
  const byNumber = new Map(records.map((record) => [record.number, record]))
  return numbers.map((number) => (number === null ? null : (byNumber.get(number) ?? null)))
}

/** Status records by number; those that there are. */
export async function fetchStatusesAt(
  reader: RepositoryReader,
  state: RepositoryState,
  numbers: readonly number[],
  options: ReadOptions = {},
): Promise<StatusRecord[]> {
  const log = await fetchLog(reader, state, 'commit_status', NumberedLog, options)
  return log ? fetchStatusRecords(reader, log.records.id, numbers, options) : []
}

/** All status records of a commit, newest first. */
export async function fetchStatusHistory(
  reader: RepositoryReader,
  state: RepositoryState,
  commit: string,
  options: ReadOptions = {},
): Promise<StatusRecord[]> {
  const log = await fetchLog(reader, state, 'commit_status', NumberedLog, options)
  if (!log) return []
  const [first] = await fetchNewest(reader, log.newest.id, [commit], options)
  return follow(first ?? null, (number) => fetchStatusRecords(reader, log.records.id, [number], options))
}

/** What a commit was made from, newest record first. */
export async function fetchDerivations(
  reader: RepositoryReader,
  state: RepositoryState,
  commit: string,
  options: ReadOptions = {},
): Promise<DerivationRecord[]> {
  const edges = await fetchLog(reader, state, 'derivation', Derivations, options)
  if (!edges) return []
  const { records, newest } = edges.records
  const [first] = await fetchNewest(reader, newest.id, [commit], options)
  return follow(first ?? null, async (number) => {
    const read = await reader.fetchFields(
      records.id,
      KEY_TYPES.u64,
      [u64Key(number)],
      'derivation',
      (row) => derivationRecord(readAll(row, DerivationLayout), number),
      options,
    )
    return read.filter((record) => record !== null)
  })
}

async function follow<T extends { previous: number | null }>(
  first: number | null,
  read: (number: number) => Promise<T[]>,
): Promise<T[]> {
  const found: T[] = []
  for (let at = first; at !== null && found.length < MAX_RECORDS; ) {
    const [record] = await read(at)
    if (!record) break
    found.push(record)
    // Records are only ever added, so the one before has a lower number: anything else would go round.
    at = record.previous !== null && record.previous < at ? record.previous : null
  }
  return found
}

/** A log of a repository that is a dynamic field of it; `null` while nothing was ever recorded. */
export async function fetchLog<T>(
  reader: RepositoryReader,
  state: RepositoryState,
  module: string,
  layout: Layout<T>,
  options: ReadOptions,
): Promise<T | null> {
  const keyType = structTypeTag(state.originalPackageId, module, 'Key')
  const [log] = await reader.fetchFields(state.id, keyType, [EMPTY_KEY], module, (row) => readAll(row, layout), options)
  return log ?? null
}

function fetchNewest(
  reader: RepositoryReader,
  table: string,
  commits: readonly string[],
  options: ReadOptions,
): Promise<(number | null)[]> {
  const keys = commits.map((commit) => new ByteWriter().byteVector(fromHex(commit)).finish())
  const read = (row: Parameters<typeof readAll>[0]) => safeNumber(readAll(row, u64))
  return reader.fetchFields(table, KEY_TYPES.bytes, keys, 'newest record', read, options)
}

async function fetchStatusRecords(
  reader: RepositoryReader,
  table: string,
  numbers: readonly number[],
  options: ReadOptions,
): Promise<StatusRecord[]> {
  const keys = numbers.map(u64Key)
  const rows = await reader.fetchFields(
    table,
    KEY_TYPES.u64,
    keys,
    'status record',
    (row, i) => statusRecord(readAll(row, StatusLayout), numbers[i]!),
    options,
  )
  return rows.filter((record) => record !== null)
}

function readAll<T>(reader: Parameters<Layout<T>['read']>[0], layout: Layout<T>): T {
  const value = layout.read(reader)
  reader.end()
  return value
}

function statusRecord(record: StatusLayout, number: number): StatusRecord {
  return {
    number,
    commit: hexId(record.commit),
    status: variantOf(COMMIT_STATUSES, record.status),
    reason: boundedText(record.reason, MAX_REASON_BYTES),
    evidence: optionalHexId(record.evidence),
    successor: optionalHexId(record.successor),
    by: record.by,
    timeMs: safeNumber(record.timeMs),
    previous: record.previous === null ? null : safeNumber(record.previous),
  }
}

function derivationRecord(record: DerivationLayout, number: number): DerivationRecord {
  return {
    number,
    output: hexId(record.output),
    input: { repository: record.input.repository, commit: hexId(record.input.commit) },
    inputPush: record.inputPush === null ? null : safeNumber(record.inputPush),
    relation: boundedText(record.relation, MAX_RELATION_BYTES),
    statement: optionalHexId(record.statement),
    attester: record.attester,
    timeMs: safeNumber(record.timeMs),
    previous: record.previousOfOutput === null ? null : safeNumber(record.previousOfOutput),
  }
}
