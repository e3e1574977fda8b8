/** Executes one fully resolved transaction on a read-only view of the ledger. Pure: nothing is stored; the caller applies
 *  `written` and `deleted`. The same input gives the same output.
 *
 *  A transaction that cannot be executed at all (stale reference, wrong owner, malformed gas) throws a `LedgerError`. One
 *  that fails while running has failure effects: gas is charged, all else is reverted. */

import type { bcs } from '@mysten/sui/bcs'
import type { CodeLocation } from '../movevm/errors.ts'
import type { LedgerObject } from './object.ts'

/** `bcs.TransactionData` version 1 as `bcs.TransactionData.parse(bytes).V1` gives it. */
export type TransactionDataV1 = NonNullable<(typeof bcs.TransactionData.$inferType)['V1']>
/** `bcs.TransactionEffects` version 2 as `bcs.TransactionEffects.parse(bytes).V2` gives it. */
export type TransactionEffectsV2 = NonNullable<(typeof bcs.TransactionEffects.$inferType)['V2']>
/** The `error` of `bcs.ExecutionStatus`'s failure variant. */
export type ExecutionFailureStatus = NonNullable<TransactionEffectsV2['status']['Failure']>['error']

/** Live objects by id (`0x` and 64 hex digits). Must return the same instance for an unchanged package. */
export interface ObjectSource {
  getObject(id: string): LedgerObject | undefined
}

/** - `commit`: as on chain.
 *  - `simulate`: the same; an empty payment list is paid by a mock coin.
 *  - `dev-inspect`: a mock coin if there is no payment; any function may be called with any value, results need no use,
 *    and ownership of inputs is not checked.
 *  - `genesis`: no gas at all, any function may be called; `Publish` accepts modules whose own address is already fixed. */
export type ExecutionMode = 'commit' | 'simulate' | 'dev-inspect' | 'genesis'

export interface ExecutionRequest {
  data: TransactionDataV1
  /** Base58 digest of the transaction: seed of all new object ids. */
  digest: string
  source: ObjectSource
  epoch: bigint
  epochTimestampMs: bigint
  /** MIST per unit. */
  referenceGasPrice: bigint
  mode: ExecutionMode
}

/** Costs in MIST. The gas coin loses computation + storage − rebate. */
export interface GasUsed {
  computationCost: bigint
  storageCost: bigint
  storageRebate: bigint
  nonRefundableStorageFee: bigint
}

export interface ExecutionEvent {
  /** Package (storage id) and module of the top-level call. */
  packageId: string
  module: string
  sender: string
  /** Normalised struct type. */
  type: string
  /** BCS of the event. */
  contents: Uint8Array
}

/** A value that a command returned, or left in an argument passed by mutable reference. */
export interface CommandValue {
  /** Normalised type; references are shown as what they point to. */
  type: string
  bcs: Uint8Array
  /** For mutated arguments: which one, in the form of `bcs.Argument`. */
  argument?: unknown
}

export interface CommandOutput {
  returnValues: CommandValue[]
  mutatedByRef: CommandValue[]
}

export interface BalanceChange {
  address: string
  coinType: string
  amount: bigint
}

export interface ExecutionError {
  /** As in the effects. */
  status: ExecutionFailureStatus
  /** Variant name of the status, e.g. `MoveAbort`. */
  kind: string
  /** Index of the command. */
  command: number | undefined
  /** One line for people, e.g. `MoveAbort(0x…::blob::certify, 3) in command 1`. */
  message: string
  abort?: { location: CodeLocation; code: bigint }
}

export interface ExecutionResult {
  status: { success: true } | { success: false; error: ExecutionError }
  effects: TransactionEffectsV2
  /** BCS of `bcs.TransactionEffects`, and its base58 digest. */
  effectsBytes: Uint8Array
  effectsDigest: string
  events: ExecutionEvent[]
  /** BCS of TransactionEvents; absent if there are no events. */
  eventsBytes: Uint8Array | undefined
  eventsDigest: string | undefined
  /** New versions of objects, by id. */
  written: LedgerObject[]
  /** Ids that no longer exist as objects: deleted, or wrapped into another. */
  deleted: string[]
  /** Type (or `package`) of every object that the effects list as changed and that exists before or after. */
  objectTypes: Map<string, string>
  /** One per command that ran to its end; empty unless mode is `simulate` or `dev-inspect`. */
  commandOutputs: CommandOutput[]
  balanceChanges: BalanceChange[]
  gasUsed: GasUsed
  /** Set when a mock coin paid: its id, and the storage cost it added. */
  mockGas?: { id: string; storageCost: bigint }
}

/** @throws {LedgerError} if the transaction cannot be executed at all */
export declare function executeTransaction(request: ExecutionRequest): ExecutionResult
