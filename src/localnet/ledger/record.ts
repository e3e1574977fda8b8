/** What the ledger's log and snapshots contain, and its byte form.
 *
 *  Records hold results (objects written, effects), not only requests: opening a ledger re-executes nothing, so a
 *  change of the interpreter never changes a past. Layout: kind u8, then the fields in the order below with BCS
 *  primitives. Bounds here are those of the file's own frames; a record that does not parse is damage. */

import { ByteReader, ByteWriter, CodecError } from '../../codec/cursor.ts'
import { stateCorrupt } from './errors.ts'
import type { ChangedObject } from './handle.ts'
import { MAX_RECORD_BYTES } from './log.ts'

/** First record of every file. */
export interface HeaderRecord {
  kind: 'header'
  format: number
  /** Base58 of 32 bytes. */
  chainId: string
  genesisMs: number
  referenceGasPrice: bigint
  epochDurationMs: number
}

/** State that is neither an object nor a transaction; the last one counts. */
export interface StatusRecord {
  kind: 'status'
  epoch: bigint
  epochStartMs: number
  /** First checkpoint of the epoch. */
  epochFirstCheckpoint: bigint
  clockOffsetMs: number
  initialised: boolean
}

/** Objects set outside of any transaction (genesis, the clock), or the live objects of a snapshot. BCS each. */
export interface ObjectsRecord {
  kind: 'objects'
  objects: readonly Uint8Array[]
}

/** Former versions that a snapshot keeps readable, oldest first. BCS each. */
export interface VersionsRecord {
  kind: 'versions'
  objects: readonly Uint8Array[]
}

/** An event as it is filtered and shown; the order is that of emission. */
export interface RecordedEvent {
  packageId: string
  module: string
  sender: string
  type: string
  contents: Uint8Array
}

export interface BalanceChange {
  address: string
  coinType: string
  amount: bigint
}

/** A committed transaction with everything that reading it back needs. */
export interface TransactionRecord {
  kind: 'transaction'
  digest: string
  checkpoint: bigint
  timestampMs: number
  epoch: bigint
  sender: string
  gasOwner: string
  success: boolean
  /** Empty if successful. */
  error: string
  /** BCS of TransactionData. */
  bytes: Uint8Array
  /** Serialized signatures; none for privileged transactions. */
  signatures: readonly Uint8Array[]
  effects: Uint8Array
  effectsDigest: string
  /** BCS of TransactionEvents; empty if there are none. */
  eventsBytes: Uint8Array
  events: readonly RecordedEvent[]
  /** `package::module::function` of each Move call. */
  calls: readonly string[]
  changed: readonly ChangedObject[]
  balanceChanges: readonly BalanceChange[]
  /** BCS of the objects written; empty in a snapshot, which holds live objects on their own. */
  written: readonly Uint8Array[]
  /** Ids of objects that are no longer live (deleted or wrapped). */
  removed: readonly string[]
}

/** Last record of a snapshot: without it the snapshot is incomplete. */
export interface EndRecord {
  kind: 'end'
  records: number
}

export type LogRecord = HeaderRecord | StatusRecord | ObjectsRecord | VersionsRecord | TransactionRecord | EndRecord

export const RECORD_FORMAT = 1

const KINDS = { header: 1, status: 2, objects: 3, versions: 4, transaction: 5, end: 6 } as const
const CHANGES = ['created', 'mutated', 'deleted'] as const
/** Items in any list of a record: above Sui's limits on objects and events of a transaction, below harm. */
const MAX_ITEMS = 1 << 20
/** Names and types of a transaction stay below its own size; what is written must also be readable. */
const MAX_TEXT_BYTES = 1 << 20

function writeList<T>(out: ByteWriter, items: readonly T[], write: (item: T) => void): void {
  out.uleb(items.length)
  for (const item of items) write(item)
}

function readList<T>(input: ByteReader, read: () => T): T[] {
  const count = input.length(MAX_ITEMS)
  const items: T[] = []
  for (let i = 0; i < count; i++) items.push(read())
  return items
}

/** Two's complement over 128 bits: low and high half. */
function writeI128(out: ByteWriter, value: bigint): void {
  const bits = BigInt.asUintN(128, value)
  out.u64(BigInt.asUintN(64, bits)).u64(bits >> 64n)
}

function readI128(input: ByteReader): bigint {
  const low = input.u64()
  return BigInt.asIntN(128, (input.u64() << 64n) | low)
}

function writeTransaction(out: ByteWriter, record: TransactionRecord): void {
  out.string(record.digest).u64(record.checkpoint).u64(record.timestampMs).u64(record.epoch)
  out.string(record.sender).string(record.gasOwner).bool(record.success).string(record.error.slice(0, 4096))
  out.byteVector(record.bytes)
  writeList(out, record.signatures, (signature) => out.byteVector(signature))
  out.byteVector(record.effects).string(record.effectsDigest).byteVector(record.eventsBytes)
  writeList(out, record.events, (event) => {
    out.string(event.packageId).string(event.module).string(event.sender).string(event.type).byteVector(event.contents)
  })
  writeList(out, record.calls, (call) => out.string(call))
  writeList(out, record.changed, (object) => {
    out.string(object.id).string(object.type).u8(CHANGES.indexOf(object.change)).u64(object.version)
  })
  writeList(out, record.balanceChanges, (change) => {
    out.string(change.address).string(change.coinType)
    writeI128(out, change.amount)
  })
  writeList(out, record.written, (object) => out.byteVector(object))
  writeList(out, record.removed, (id) => out.string(id))
}

function readTransaction(input: ByteReader): TransactionRecord {
  const text = () => input.string(MAX_TEXT_BYTES)
  const bytes = () => input.byteVector(MAX_RECORD_BYTES).slice()
  return {
    kind: 'transaction',
    digest: text(),
    checkpoint: input.u64(),
    timestampMs: input.safeU64(),
    epoch: input.u64(),
    sender: text(),
    gasOwner: text(),
    success: input.bool(),
    error: text(),
    bytes: bytes(),
    signatures: readList(input, bytes),
    effects: bytes(),
    effectsDigest: text(),
    eventsBytes: bytes(),
    events: readList(input, () => ({
      packageId: text(),
      module: text(),
      sender: text(),
      type: text(),
      contents: bytes(),
    })),
    calls: readList(input, text),
    changed: readList(input, () => ({ id: text(), type: text(), change: readChange(input), version: input.u64() })),
    balanceChanges: readList(input, () => ({ address: text(), coinType: text(), amount: readI128(input) })),
    written: readList(input, bytes),
    removed: readList(input, text),
  }
}

function readChange(input: ByteReader): ChangedObject['change'] {
  const change = CHANGES[input.u8()]
  if (change === undefined) throw new CodecError('unknown kind of change')
  return change
}

export function encodeRecord(record: LogRecord): Uint8Array {
  const out = new ByteWriter(1024).u8(KINDS[record.kind])
  switch (record.kind) {
    case 'header':
      out.u32(record.format).string(record.chainId).u64(record.genesisMs).u64(record.referenceGasPrice)
      return out.u64(record.epochDurationMs).finish()
    case 'status':
      out.u64(record.epoch).u64(record.epochStartMs).u64(record.epochFirstCheckpoint).u64(record.clockOffsetMs)
      return out.bool(record.initialised).finish()
    case 'objects':
    case 'versions':
      writeList(out, record.objects, (object) => out.byteVector(object))
      return out.finish()
    case 'transaction':
      writeTransaction(out, record)
      return out.finish()
    case 'end':
      return out.u64(record.records).finish()
  }
}

function readRecord(input: ByteReader): LogRecord {
  const kind = input.u8()
  switch (kind) {
    case KINDS.header: {
      const format = input.u32()
      if (format !== RECORD_FORMAT) throw new CodecError('unknown format of the ledger state', { format })
      return {
        kind: 'header',
        format,
        chainId: input.string(MAX_TEXT_BYTES),
        genesisMs: input.safeU64(),
        referenceGasPrice: input.u64(),
        epochDurationMs: input.safeU64(),
      }
    }
    case KINDS.status:
      return {
        kind: 'status',
        epoch: input.u64(),
        epochStartMs: input.safeU64(),
        epochFirstCheckpoint: input.u64(),
        clockOffsetMs: input.safeU64(),
        initialised: input.bool(),
      }
    case KINDS.objects:
    case KINDS.versions: {
      const objects = readList(input, () => input.byteVector(MAX_RECORD_BYTES).slice())
      return { kind: kind === KINDS.objects ? 'objects' : 'versions', objects }
    }
    case KINDS.transaction:
      return readTransaction(input)
    case KINDS.end:
      return { kind: 'end', records: input.safeU64() }
    default:
      throw new CodecError('unknown kind of record', { kind })
  }
}

/** Every array of the result is a copy.
 *  @throws {LedgerError} LEDGER_STATE_CORRUPT if the bytes are not a record */
export function parseRecord(bytes: Uint8Array): LogRecord {
  const input = new ByteReader(bytes)
  try {
    const record = readRecord(input)
    input.end()
    return record
  } catch (error) {
    if (!(error instanceof CodecError)) throw error
    throw stateCorrupt(`a record does not parse: ${error.message}`, error.data)
  }
}
