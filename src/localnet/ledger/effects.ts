/** Effects (version 2) and events of a transaction, with their digests. */

import { bcs } from '@mysten/sui/bcs'
import { fromBase58, toBase58 } from '@mysten/sui/utils'
import { compareBytes } from '../../base/bytes.ts'
import { InternalError } from '../../base/errors.ts'
import { ByteWriter } from '../../codec/cursor.ts'
import { saltedBlake2b256 } from '../../crypto/hash.ts'
import { addressBytes, parseType, writeStructTag } from '../movevm/types.ts'
import type { BalanceChange, ExecutionEvent, GasUsed, TransactionEffectsV2 } from './execution.ts'
import { balanceType, type FundsAmount } from './funds.ts'
import { coinType, coinValue, isMoveObject, type LedgerMoveObject, type LedgerObject, ownerJson } from './object.ts'
import type { FailureInput } from './ptb-failure.ts'

export interface EffectsParts {
  /** Absent if the transaction succeeded. */
  failure: { status: FailureInput; command: number | undefined } | undefined
  epoch: bigint
  gasUsed: GasUsed
  digest: string
  gasObjectId: string | undefined
  eventsDigest: string | undefined
  dependencies: Iterable<string>
  lamportVersion: bigint
  /** Objects that existed before and were rewritten or consumed. */
  modified: ReadonlyMap<string, LedgerObject>
  written: ReadonlyMap<string, LedgerObject>
  newIds: ReadonlySet<string>
  deletedIds: ReadonlySet<string>
  readOnlyShared: readonly LedgerObject[]
  /** Changes of funds, by id of their field. */
  funds: readonly (readonly [string, FundsAmount])[]
}

export interface EncodedEffects {
  effects: TransactionEffectsV2
  effectsBytes: Uint8Array
  effectsDigest: string
}

export function buildEffects(parts: EffectsParts): EncodedEffects {
  const { gasUsed, modified, written, newIds, deletedIds } = parts
  const funds = new Map(parts.funds)
  const ids = [...new Set([...written.keys(), ...modified.keys(), ...newIds, ...deletedIds, ...funds.keys()])].sort()
  const changedObjects = ids.map((id) => {
    const moved = funds.get(id)
    if (moved) return [id, accumulatorWrite(moved)] as const
    const change = {
      inputState: inputState(modified.get(id)),
      outputState: outputState(written.get(id)),
      idOperation: newIds.has(id) ? { Created: true } : deletedIds.has(id) ? { Deleted: true } : { None: true },
    }
    return [id, change] as const
  })
  const input = {
    status: parts.failure
      ? { Failure: { error: parts.failure.status, command: parts.failure.command ?? null } }
      : { Success: true },
    executedEpoch: parts.epoch,
    gasUsed,
    transactionDigest: parts.digest,
    gasObjectIndex: parts.gasObjectId === undefined ? null : ids.indexOf(parts.gasObjectId),
    eventsDigest: parts.eventsDigest ?? null,
    dependencies: sortDigests(parts.dependencies),
    lamportVersion: parts.lamportVersion,
    changedObjects,
    unchangedConsensusObjects: parts.readOnlyShared
      .map((object) => [object.id, { ReadOnlyRoot: [object.version, object.digest] }] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
    auxDataDigest: null,
  }
  // The variants are built from data, so their names are not literals to the type checker.
  const encoded = bcs.TransactionEffects.serialize({
    V2: input,
  } as unknown as typeof bcs.TransactionEffects.$inferInput)
  const effectsBytes = encoded.toBytes()
  return {
    effects: parseEffects(effectsBytes),
    effectsBytes,
    effectsDigest: toBase58(saltedBlake2b256('TransactionEffects::', effectsBytes)),
  }
}

function inputState(object: LedgerObject | undefined) {
  if (!object) return { NotExist: true }
  return { Exist: [[object.version, object.digest], ownerJson(object.owner)] }
}

function outputState(object: LedgerObject | undefined) {
  if (!object) return { NotExist: true }
  if (!isMoveObject(object)) return { PackageWrite: [object.version, object.digest] }
  return { ObjectWrite: [object.digest, ownerJson(object.owner)] }
}

/** Effects are read right after they were written: by the record, and by the answer to the client. */
const MAX_RECENT = 16
const recent = new Map<Uint8Array, TransactionEffectsV2>()

/** Effects from their BCS. The same array gives the same object while it is recent; nobody may change it.
 *  @throws {InternalError} LEDGER_EFFECTS_VERSION */
export function parseEffects(bytes: Uint8Array): TransactionEffectsV2 {
  let effects = recent.get(bytes)
  if (!effects) {
    effects = bcs.TransactionEffects.parse(bytes).V2
    if (!effects) throw new InternalError('LEDGER_EFFECTS_VERSION', 'effects are not of version 2')
    recent.set(bytes, effects)
    if (recent.size > MAX_RECENT) recent.delete(recent.keys().next().value!)
  }
  return effects
}

/** Funds are not written as objects by the transaction itself: it says what is to be added or taken. */
function accumulatorWrite({ owner, coinType, amount }: FundsAmount) {
  const write = {
    address: { address: owner, ty: balanceType(coinType) },
    operation: amount < 0n ? { Split: true } : { Merge: true },
    value: { Integer: amount < 0n ? -amount : amount },
  }
  return { inputState: { NotExist: true }, outputState: { AccumulatorWriteV1: write }, idOperation: { None: true } }
}

function sortDigests(digests: Iterable<string>): string[] {
  return Array.from(digests, (digest) => ({ digest, bytes: fromBase58(digest) }))
    .sort((a, b) => compareBytes(a.bytes, b.bytes))
    .map(({ digest }) => digest)
}

/** BCS of TransactionEvents and its base58 digest. */
export function encodeEvents(events: readonly ExecutionEvent[]): { bytes: Uint8Array; digest: string } {
  const out = new ByteWriter(512).uleb(events.length)
  for (const event of events) {
    const type = parseType(event.type)
    if (type.kind !== 'datatype') throw new TypeError('an event has a struct type')
    out.bytes(addressBytes(event.packageId)).string(event.module).bytes(addressBytes(event.sender))
    writeStructTag(out, type).byteVector(event.contents)
  }
  const bytes = out.finish()
  return { bytes, digest: toBase58(saltedBlake2b256('TransactionEvents::', bytes)) }
}

/** What the transaction gave and took of each coin type, per address.
 *  @param funds - changes of funds, by id
 *  @param ignoredId - a coin that is not real */
export function balanceChanges(
  modified: Iterable<LedgerMoveObject>,
  written: Iterable<LedgerObject>,
  funds: readonly (readonly [string, FundsAmount])[],
  ignoredId: string | undefined,
): BalanceChange[] {
  const amounts = new Map<string, BalanceChange>()
  const change = (address: string, coin: string, amount: bigint) => {
    const key = `${address} ${coin}`
    const sum = (amounts.get(key)?.amount ?? 0n) + amount
    amounts.set(key, { address, coinType: coin, amount: sum })
  }
  const add = (object: LedgerObject, sign: bigint) => {
    if (!isMoveObject(object) || object.id === ignoredId) return
    const { owner } = object
    const coin = coinType(object.data.type)
    if (coin === undefined || (owner.kind !== 'address' && owner.kind !== 'consensus-address')) return
    change(owner.address, coin, sign * coinValue(object))
  }
  for (const [, { owner, coinType: coin, amount }] of funds) change(owner, coin, amount)
  for (const object of modified) add(object, -1n)
  for (const object of written) add(object, 1n)
  return [...amounts]
    .filter(([, { amount }]) => amount !== 0n)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, change]) => change)
}
