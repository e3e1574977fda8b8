/** Layouts of the `floe` contract, parsed from BCS with bounds. Field order is that of the Move sources.
 *  @see src/move/floe/sources: repository, pack_table, ref_table, push_log, attestation_list */

import { toHex } from '../base/bytes.ts'
import { type ByteReader, CodecError } from '../codec/cursor.ts'
import { addressFromBytes } from './object-id.ts'

const ID_BYTES = 32
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

function readTable(reader: ByteReader): TableRecord {
  return { id: addressFromBytes(reader.bytes(ID_BYTES)), size: reader.safeU64() }
}

export function readRepositoryRecord(reader: ByteReader): RepositoryRecord {
  const id = addressFromBytes(reader.bytes(ID_BYTES))
  const version = reader.safeU64()
  const name = reader.string(MAX_NAME_BYTES)
  const createdMs = reader.safeU64()
  const graceMs = reader.safeU64()
  const roles = new Map<string, number>()
  const memberCount = reader.length(MAX_MEMBERS, ID_BYTES + 1)
  for (let i = 0; i < memberCount; i++) roles.set(addressFromBytes(reader.bytes(ID_BYTES)), reader.u8())
  const admins = Array.from({ length: reader.length(MAX_ADMINS, ID_BYTES) }, () =>
    addressFromBytes(reader.bytes(ID_BYTES)),
  )
  const record: RepositoryRecord = {
    id,
    version,
    name,
    createdMs,
    graceMs,
    roles,
    admins,
    packs: readTable(reader),
    packNumbers: readTable(reader),
    packBlobs: readTable(reader),
    openPushes: readTable(reader),
    generation: reader.u64(),
    seenEpoch: reader.u32(),
    refs: readTable(reader),
    refNames: readTable(reader),
    forbidForce: reader.bool(),
    log: readTable(reader),
    attestations: readTable(reader),
    attestationsByCommit: readTable(reader),
    fundFrost: reader.u64(),
  }
  reader.end()
  return record
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

function variantOf<T>(names: readonly T[], index: number): T {
  const name = names[index]
  if (name === undefined) throw new CodecError('unknown variant', { index })
  return name
}

export function readPackRecord(reader: ByteReader, number: number): PackRecord {
  const record: PackRecord = {
    number,
    blobId: reader.bytes(ID_BYTES).slice(),
    objectId: addressFromBytes(reader.bytes(ID_BYTES)),
    bytes: reader.safeU64(),
    kind: variantOf(PACK_KIND_NAMES, reader.u8()),
    certifiedEpoch: reader.u32(),
    endEpoch: reader.u32(),
    permanent: reader.bool(),
    pusher: addressFromBytes(reader.bytes(ID_BYTES)),
    pushId: addressFromBytes(reader.bytes(ID_BYTES)),
    depositedMs: reader.safeU64(),
    retainUntilMs: reader.safeU64(),
    state: variantOf(PACK_STATES, reader.u8()),
    removableMs: reader.safeU64(),
  }
  reader.end()
  return record
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

function readId(reader: ByteReader): string {
  const bytes = reader.byteVector(ID_BYTES)
  if (bytes.length !== ID_BYTES) throw new CodecError('an id has 32 bytes', { got: bytes.length })
  return toHex(bytes)
}

function readOptionalId(reader: ByteReader): string | null {
  return reader.bool() ? readId(reader) : null
}

export function readRefRecord(reader: ByteReader, name: string): RefRecord {
  const record: RefRecord = {
    name,
    number: reader.safeU64(),
    commit: readOptionalId(reader),
    commitPack: reader.safeU64(),
    push: reader.safeU64(),
    updatedMs: reader.safeU64(),
    forbidForce: reader.bool(),
  }
  reader.end()
  return record
}

export function readRefName(reader: ByteReader): string {
  const name = reader.string(MAX_REF_BYTES)
  reader.end()
  return name
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

function readRanges(reader: ByteReader): PackRange[] {
  return Array.from({ length: reader.length(MAX_RANGES, 16) }, () => ({
    first: reader.safeU64(),
    count: reader.safeU64(),
  }))
}

export function readPushRecord(reader: ByteReader, number: number): PushRecord {
  const record: PushRecord = {
    number,
    ref: reader.string(MAX_REF_BYTES),
    old: readOptionalId(reader),
    new: readOptionalId(reader),
    pusher: addressFromBytes(reader.bytes(ID_BYTES)),
    packs: readRanges(reader),
    commitPack: reader.safeU64(),
    segments: Array.from({ length: reader.length(MAX_SEGMENTS, 24) }, () => ({
      pack: reader.safeU64(),
      offset: reader.safeU64(),
      bytes: reader.safeU64(),
    })),
    tree: toHex(reader.byteVector(ID_BYTES)),
    statement: readOptionalId(reader),
    forced: reader.bool(),
    retainUntilMs: reader.safeU64(),
    generation: reader.u64(),
    timeMs: reader.safeU64(),
    suiEpoch: reader.safeU64(),
    walrusEpoch: reader.u32(),
  }
  reader.end()
  return record
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
  const record: AttestationRecord = {
    number,
    commit: readId(reader),
    predicateType: reader.string(MAX_TEXT_BYTES),
    statement: readId(reader),
    location: reader.string(MAX_TEXT_BYTES),
    attester: addressFromBytes(reader.bytes(ID_BYTES)),
    timeMs: reader.safeU64(),
    suiEpoch: reader.safeU64(),
  }
  reader.end()
  return record
}

export function readNumbers(reader: ByteReader): number[] {
  const numbers = Array.from({ length: reader.length(MAX_PER_COMMIT, 8) }, () => reader.safeU64())
  reader.end()
  return numbers
}

/** A push over several transactions that has not ended; owned by whoever goes on with it. */
export interface OpenPushRecord {
  id: string
  repository: string
  ref: string
  /** What it has deposited. */
  packs: PackRange[]
}

/** A `Push` object up to its packs. */
export function readOpenPush(reader: ByteReader): OpenPushRecord {
  const id = addressFromBytes(reader.bytes(ID_BYTES))
  const repository = addressFromBytes(reader.bytes(ID_BYTES))
  const ref = reader.string(MAX_REF_BYTES)
  readOptionalId(reader) // where the ref was expected
  reader.u64() // generation
  reader.u64() // promise
  return { id, repository, ref, packs: readRanges(reader) }
}
