/** Records of the `floe` contract in the client's terms: numbers instead of u64, hex ids, named kinds. Layouts are
 *  generated (`bindings/floe`); the bounds that the contract keeps are checked here.
 *  @see src/move/floe/sources: repository, pack_table, ref_table, push_log, attestation_list */

import type { ByteReader } from '../codec/cursor.ts'
import { Attestation } from './bindings/floe/attestation-list.ts'
import { PackRecord as PackLayout } from './bindings/floe/pack-table.ts'
import { Push as PushLayout } from './bindings/floe/push.ts'
import { type PackRange as PackRangeLayout, PushRecord as PushRecordLayout } from './bindings/floe/push-log.ts'
import { Ref } from './bindings/floe/ref-table.ts'
import { Repository } from './bindings/floe/repository.ts'
import { type Layout, string, u64, vector } from './layout.ts'
import { bounded, boundedText, hexId, optionalHexId, safeNumber, variantOf } from './record-values.ts'

const MAX_NAME_BYTES = 512
/** The contract's 200 bytes and the longer of the prefixes, `refs/heads/`. */
const MAX_REF_BYTES = 211
const MAX_MEMBERS = 256
const MAX_ADMINS = 10_000
const MAX_RANGES = 1_024
const MAX_SEGMENTS = 64
const MAX_TEXT_BYTES = 512
const MAX_PER_COMMIT = 1_000

export interface TableRecord {
  id: string
  size: number
}

/** The shared object, without its tables' rows. */
export interface RepositoryRecord {
  id: string
  version: number
  name: string
  createdMs: number
  graceMs: number
  /** Address → sum of roles: 1 writer, 2 attester, 4 revoker. */
  roles: Map<string, number>
  /** Ids of admin capabilities in force. */
  admins: string[]
  packs: TableRecord
  packNumbers: TableRecord
  packBlobs: TableRecord
  /** Pushes over several transactions that have not ended. */
  openPushes: TableRecord
  /** Raised when a pack ceases to be something a push may rely on. */
  generation: bigint
  seenEpoch: number
  refs: TableRecord
  refNames: TableRecord
  forbidForce: boolean
  log: TableRecord
  attestations: TableRecord
  attestationsByCommit: TableRecord
  fundFrost: bigint
}

/** A value that takes all the bytes. */
function readAll<T>(reader: ByteReader, layout: Layout<T>): T {
  const value = layout.read(reader)
  reader.end()
  return value
}

function tableRecord({ id, size }: { id: string; size: bigint }): TableRecord {
  return { id, size: safeNumber(size) }
}

export function readRepositoryRecord(reader: ByteReader): RepositoryRecord {
  const { id, version, name, createdMs, graceMs, members, packs, refs, log, attestations, fund } = readAll(
    reader,
    Repository,
  )
  return {
    id,
    version: safeNumber(version),
    name: boundedText(name, MAX_NAME_BYTES),
    createdMs: safeNumber(createdMs),
    graceMs: safeNumber(graceMs),
    roles: new Map(bounded(members.roles, MAX_MEMBERS)),
    admins: bounded(members.admins, MAX_ADMINS),
    packs: tableRecord(packs.records),
    packNumbers: tableRecord(packs.numbers),
    packBlobs: tableRecord(packs.blobs),
    openPushes: tableRecord(packs.openPushes),
    generation: packs.generation,
    seenEpoch: packs.seenEpoch,
    refs: tableRecord(refs.refs),
    refNames: tableRecord(refs.names),
    forbidForce: refs.forbidForce,
    log: tableRecord(log.records),
    attestations: tableRecord(attestations.records),
    attestationsByCommit: tableRecord(attestations.byCommit),
    fundFrost: fund,
  }
}

export interface PackRecord {
  number: number
  /** 32 bytes. */
  blobId: Uint8Array
  objectId: string
  /** Unencoded. */
  bytes: number
  kind: 'data' | 'meta'
  certifiedEpoch: number
  /** First Walrus epoch without it, as of the last deposit or renewal through the repository. */
  endEpoch: number
  permanent: boolean
  pusher: string
  /** Id of the `Push` it was deposited by. */
  pushId: string
  depositedMs: number
  retainUntilMs: number
  state: 'live' | 'removal-proposed' | 'removed'
  removableMs: number
}

const PACK_STATES = ['live', 'removal-proposed', 'removed'] as const
const PACK_KIND_NAMES = ['data', 'meta'] as const

export function readPackRecord(reader: ByteReader, number: number): PackRecord {
  const { push, bytes, kind, depositedMs, retainUntilMs, state, removableMs, ...same } = readAll(reader, PackLayout)
  return {
    ...same,
    number,
    bytes: safeNumber(bytes),
    kind: variantOf(PACK_KIND_NAMES, kind),
    pushId: push,
    depositedMs: safeNumber(depositedMs),
    retainUntilMs: safeNumber(retainUntilMs),
    state: variantOf(PACK_STATES, state),
    removableMs: safeNumber(removableMs),
  }
}

export interface RefRecord {
  /** As on chain: `refs/heads/main`. */
  name: string
  number: number
  /** Hex; `null` after deletion. */
  commit: string | null
  commitPack: number
  /** Push that moved it last. */
  push: number
  updatedMs: number
  forbidForce: boolean
}

export function readRefRecord(reader: ByteReader, name: string): RefRecord {
  const row = readAll(reader, Ref)
  return {
    name,
    number: safeNumber(row.number),
    commit: optionalHexId(row.commit),
    commitPack: safeNumber(row.commitPack),
    push: safeNumber(row.push),
    updatedMs: safeNumber(row.updatedMs),
    forbidForce: row.forbidForce,
  }
}

export function readRefName(reader: ByteReader): string {
  return boundedText(readAll(reader, string), MAX_REF_BYTES)
}

export interface PackRange {
  first: number
  count: number
}

/** A locator segment: bytes of a meta pack. */
export interface SegmentRecord {
  pack: number
  offset: number
  bytes: number
}

export interface PushRecord {
  number: number
  ref: string
  old: string | null
  /** `null`: the ref was deleted. */
  new: string | null
  pusher: string
  packs: PackRange[]
  commitPack: number
  /** Live segments after this push, newest first. */
  segments: SegmentRecord[]
  /** Tree of the commit, as the pusher said; `''` for a deletion. */
  tree: string
  /** SHA-256 of the commit's statement. */
  statement: string | null
  forced: boolean
  retainUntilMs: number
  generation: bigint
  timeMs: number
  suiEpoch: number
  walrusEpoch: number
}

function rangesOf(ranges: readonly PackRangeLayout[]): PackRange[] {
  return bounded(ranges, MAX_RANGES).map(({ first, count }) => ({ first: safeNumber(first), count: safeNumber(count) }))
}

export function readPushRecord(reader: ByteReader, number: number): PushRecord {
  const row = readAll(reader, PushRecordLayout)
  return {
    number,
    ref: boundedText(row.ref, MAX_REF_BYTES),
    old: optionalHexId(row.old),
    new: optionalHexId(row.new),
    pusher: row.pusher,
    packs: rangesOf(row.packs),
    commitPack: safeNumber(row.commitPack),
    segments: bounded(row.segments, MAX_SEGMENTS).map((segment) => ({
      pack: safeNumber(segment.pack),
      offset: safeNumber(segment.offset),
      bytes: safeNumber(segment.bytes),
    })),
    tree: row.tree.length === 0 ? '' : hexId(row.tree),
    statement: optionalHexId(row.statement),
    forced: row.forced,
    retainUntilMs: safeNumber(row.retainUntilMs),
    generation: row.generation,
    timeMs: safeNumber(row.timeMs),
    suiEpoch: safeNumber(row.suiEpoch),
    walrusEpoch: row.walrusEpoch,
  }
}

export interface AttestationRecord {
  number: number
  commit: string
  predicateType: string
  /** SHA-256 of the statement. */
  statement: string
  location: string
  attester: string
  timeMs: number
  suiEpoch: number
}

export function readAttestationRecord(reader: ByteReader, number: number): AttestationRecord {
  const row = readAll(reader, Attestation)
  return {
    number,
    commit: hexId(row.commit),
    predicateType: boundedText(row.predicateType, MAX_TEXT_BYTES),
    statement: hexId(row.statement),
    location: boundedText(row.location, MAX_TEXT_BYTES),
    attester: row.attester,
    timeMs: safeNumber(row.timeMs),
    suiEpoch: safeNumber(row.suiEpoch),
  }
}

export function readNumbers(reader: ByteReader): number[] {
  return bounded(readAll(reader, vector(u64)), MAX_PER_COMMIT).map(safeNumber)
}

/** A push over several transactions that has not ended; owned by whoever goes on with it. */
export interface OpenPushRecord {
  id: string
  repository: string
  ref: string
  /** What it has deposited. */
  packs: PackRange[]
}

/** A `Push` object. */
export function readOpenPush(reader: ByteReader): OpenPushRecord {
  const { id, repository, ref, packs } = readAll(reader, PushLayout)
  return { id, repository, ref: boundedText(ref, MAX_REF_BYTES), packs: rangesOf(packs) }
}
