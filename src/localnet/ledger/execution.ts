/** Executes one fully resolved transaction on a read-only view of the ledger. Pure: nothing is stored; the caller applies
 *  `written` and `deleted`. The same input gives the same output.
 *
 *  A transaction that cannot be executed at all (stale reference, wrong owner, malformed gas) throws a `LedgerError`. One
 *  that fails while running has failure effects: gas is charged, all else is reverted. */

import type { bcs } from '@mysten/sui/bcs'
import type { CodeLocation } from '../movevm/errors.ts'
import { Loader } from '../movevm/loader.ts'
import { normalizeAddress } from '../movevm/types.ts'
import { type LoadedInputs, loadInputs } from './execution-inputs.ts'
import { ObjectRuntime } from './execution-objects.ts'
import { failedOutcome, type Outcome, settle, succeededOutcome } from './execution-settlement.ts'
import { FundsRuntime } from './funds.ts'
import { affordableInstructions } from './gas.ts'
import type { TransactionContext } from './natives.ts'
import type { LedgerObject } from './object.ts'
import { requireFailure, runCommands } from './ptb.ts'
import { Run } from './ptb-run.ts'
import { type Command, programmable } from './transaction.ts'

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
  /** No payment coins means that the gas owner's funds pay, also in a simulation; else a mock coin does. */
  paysFromFunds?: boolean
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
export function executeTransaction(request: ExecutionRequest): ExecutionResult {
  const { data, digest, source, mode } = request
  const transaction = programmable(data)
  const loader = new Loader(source)
  const runtime = new ObjectRuntime(source, loader, digest)
  const inputs = loadInputs(request, transaction, runtime, loader)
  const run = new Run({
    loader,
    context: transactionContext(request, runtime),
    gas: inputs.gas?.slot,
    inputs: inputs.slots,
    mode,
    isGasTemporary: inputs.gas !== undefined && !inputs.gas.coin,
    maxInstructions: inputs.gas
      ? affordableInstructions(inputs.gas.budget, BigInt(data.gasData.price))
      : Number.POSITIVE_INFINITY,
  })
  return settle(request, run, inputs, attempt(run, transaction.commands, inputs))
}

function transactionContext(request: ExecutionRequest, objects: ObjectRuntime): TransactionContext {
  const { gasData } = request.data
  const sender = normalizeAddress(request.data.sender)
  const gasOwner = normalizeAddress(gasData.owner ?? sender)
  return {
    objects,
    funds: new FundsRuntime(request.source, request.mode === 'dev-inspect'),
    sender,
    sponsor: gasOwner === sender || request.mode === 'genesis' ? undefined : gasOwner,
    epoch: request.epoch,
    epochTimestampMs: request.epochTimestampMs,
    referenceGasPrice: request.referenceGasPrice,
    gasPrice: BigInt(gasData.price),
    gasBudget: BigInt(gasData.budget),
  }
}

/** Runs the commands. Whatever fails, limits on objects included, is an outcome. */
function attempt(run: Run, commands: readonly Command[], inputs: LoadedInputs): Outcome {
  try {
    const published = runCommands(run, commands)
    return succeededOutcome(run, inputs, published)
  } catch (error) {
    return failedOutcome(inputs, requireFailure(error))
  }
}
