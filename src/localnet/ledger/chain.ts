/** The ledger itself: validates, executes and commits transactions one after the other, and simulates them.
 *
 *  Execution and commit happen in one synchronous step, so transactions are serial without a lock; only signature
 *  checks run between requests. */

import type { Clock } from '../../base/clock.ts'
import { normalizeAddress } from '../movevm/types.ts'
import { type CheckContext, checkTransaction, MAX_GAS_BUDGET } from './checks.ts'
import { CLOCK_ID, tickClock } from './clock-object.ts'
import { transactionRecord } from './committed.ts'
import { GRPC, invalidArgument, LedgerError } from './errors.ts'
import {
  type ExecutionMode,
  type ExecutionResult,
  executeTransaction,
  type ObjectSource,
  type TransactionDataV1,
} from './execution.ts'
import { estimateBudget, freeFunds, payWith, replayWindow, selectableCoins, usesGasCoin } from './gas-selection.ts'
import type { LedgerObject } from './object.ts'
import type { PartialTransaction } from './partial-transaction.ts'
import type { HeaderRecord, StatusRecord, TransactionRecord } from './record.ts'
import { resolveInputs } from './resolver.ts'
import { checkSignatures } from './signatures.ts'
import type { LedgerState } from './state.ts'
import type { LedgerStore } from './store.ts'
import { encodeTransaction, inputObjectId, parseTransaction, programmable, transactionDigest } from './transaction.ts'

/** A thousand years: any storage epoch is in reach, and sums of times stay safe integers. */
const MAX_CLOCK_OFFSET_MS = 1000 * 365 * 86_400_000

export interface SimulationOptions {
  /** False: inspect freely (any function, any owner), and never fail on what a transaction may not do. */
  checks: boolean
  /** Fill in the budget if it is open and coins if there are none. Needs `checks`. */
  selectGas: boolean
}

export interface Simulation {
  data: TransactionDataV1
  bytes: Uint8Array
  digest: string
  result: ExecutionResult
}

export type CommitListener = (record: TransactionRecord) => void

export class Chain {
  readonly #store: LedgerStore
  readonly #clock: Clock
  readonly #onWarning: (warning: Error) => void
  readonly #listeners = new Set<CommitListener>()
  #closed = false

  constructor(store: LedgerStore, clock: Clock, onWarning: (warning: Error) => void) {
    this.#store = store
    this.#clock = clock
    this.#onWarning = onWarning
  }

  get state(): LedgerState {
    return this.#store.state
  }

  get chainId(): string {
    if (!this.state.header) throw notInitialised()
    return this.state.header.chainId
  }

  get referenceGasPrice(): bigint {
    if (!this.state.header) throw notInitialised()
    return this.state.header.referenceGasPrice
  }

  /** Ledger time in milliseconds; never runs backwards across commits. */
  nowMs(): number {
    const wall = Math.trunc(this.#clock.now()) + this.state.status.clockOffsetMs
    const last = this.state.transactions.at(-1)?.timestampMs ?? 0
    return Math.max(wall, last)
  }

  onCommit(listener: CommitListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Live objects as the next transaction sees them: with the clock, if it is asked for, at the present time. */
  #view(): ObjectSource & { tickedClock(): LedgerObject | undefined } {
    const { state } = this
    let ticked: LedgerObject | undefined
    return {
      getObject: (id) => {
        const object = state.getObject(id)
        if (id !== CLOCK_ID || !object) return object
        ticked ??= tickClock(object, this.nowMs())
        return ticked
      },
      tickedClock: () => ticked,
    }
  }

  #checkContext(source: ObjectSource): CheckContext {
    return {
      source,
      chainId: this.chainId,
      epoch: this.state.status.epoch,
      nowMs: this.nowMs(),
      referenceGasPrice: this.referenceGasPrice,
    }
  }

  #run(
    data: TransactionDataV1,
    digest: string,
    source: ObjectSource,
    mode: ExecutionMode,
    paysFromFunds = false,
  ): ExecutionResult {
    const { status } = this.state
    return executeTransaction({
      data,
      digest,
      source,
      epoch: status.epoch,
      epochTimestampMs: BigInt(status.epochStartMs),
      referenceGasPrice: this.referenceGasPrice,
      mode,
      paysFromFunds,
    })
  }

  /** Executes a signed transaction. Bytes that were committed before return what was committed then.
   *  @param signatures - serialized: flag ‖ signature ‖ public key
   *  @throws {LedgerError} if the transaction is refused; a failed execution is a result */
  async execute(bytes: Uint8Array, signatures: readonly Uint8Array[]): Promise<TransactionRecord> {
    const data = parseTransaction(bytes)
    const digest = transactionDigest(bytes)
    const earlier = this.state.getTransaction(digest)
    if (earlier) return earlier
    await checkSignatures(bytes, data, signatures)
    // The same transaction may have been committed while the signatures were checked.
    return this.state.getTransaction(digest) ?? this.#executeNow(data, { digest, bytes, signatures }, 'commit')
  }

  /** Executes without signatures or gas, as any sender; commits also if the execution fails. */
  executePrivileged(transaction: PartialTransaction): TransactionRecord {
    const data = this.#complete(transaction, Number.POSITIVE_INFINITY)
    const bytes = encodeTransaction(data)
    return this.#executeNow(data, { digest: transactionDigest(bytes), bytes, signatures: [] }, 'genesis')
  }

  #executeNow(
    data: TransactionDataV1,
    request: { digest: string; bytes: Uint8Array; signatures: readonly Uint8Array[] },
    mode: 'commit' | 'genesis',
  ): TransactionRecord {
    if (this.#closed) throw new LedgerError('LEDGER_CLOSED', GRPC.UNAVAILABLE, 'the ledger is shutting down')
    const view = this.#view()
    if (mode === 'commit') checkTransaction(data, this.#checkContext(view), { payment: true })
    const result = this.#run(data, request.digest, view, mode)
    const record = transactionRecord(data, result, {
      ...request,
      checkpoint: this.state.checkpoint + 1n,
      timestampMs: this.nowMs(),
      epoch: this.state.status.epoch,
    })
    const clock = view.tickedClock()
    const usesClock = programmable(data).inputs.some((input) => inputObjectId(input) === CLOCK_ID)
    if (clock && usesClock) this.setObjects([clock])
    this.#store.append(record, result.written)
    const committed = this.state.getTransaction(record.digest)!
    this.#notify(committed)
    return committed
  }

  #notify(record: TransactionRecord): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(record)
      } catch (error) {
        this.#onWarning(error as Error)
      }
    }
  }

  /** Resolved data with gas fields as stated, or their defaults. */
  #complete(transaction: PartialTransaction, maxBytes?: number): TransactionDataV1 {
    const inputs = resolveInputs(transaction, this.#view())
    const { gas, commands, expiration } = transaction
    const data: TransactionDataV1 = {
      kind: { $kind: 'ProgrammableTransaction', ProgrammableTransaction: { inputs, commands: [...commands] } },
      sender: normalizeAddress(transaction.sender),
      gasData: {
        payment: gas.payment,
        owner: normalizeAddress(gas.owner ?? transaction.sender),
        price: String(gas.price ?? this.referenceGasPrice),
        budget: String(gas.budget ?? MAX_GAS_BUDGET),
      },
      expiration,
    }
    // Through bytes and back, so that what runs is exactly what the digest stands for, and passes the same bounds.
    return parseTransaction(encodeTransaction(data), maxBytes)
  }

  /** Runs a transaction without committing it.
   *  @param request - bytes of a complete transaction, or one to be resolved
   *  @throws {LedgerError} as `execute` would, unless checks are off */
  simulate(request: Uint8Array | PartialTransaction, options: SimulationOptions): Simulation {
    const partial = request instanceof Uint8Array ? undefined : request
    let data = partial ? this.#complete(partial) : parseTransaction(request as Uint8Array)
    const view = this.#view()
    const selectGas = options.checks && options.selectGas
    if (selectGas)
      data = this.#withGas(data, { budgetOpen: partial !== undefined && partial.gas.budget === undefined, view })
    const payment = data.gasData.payment.length > 0 || selectGas
    if (options.checks) checkTransaction(data, this.#checkContext(view), { payment })
    const bytes = encodeTransaction(data)
    const digest = transactionDigest(bytes)
    const result = this.#run(data, digest, view, options.checks ? 'simulate' : 'dev-inspect', selectGas)
    return { data, bytes, digest, result }
  }

  #withGas(
    data: TransactionDataV1,
    { budgetOpen, view }: { budgetOpen: boolean; view: ObjectSource },
  ): TransactionDataV1 {
    const { gasData } = data
    const owner = normalizeAddress(gasData.owner)
    const given = gasData.payment.length > 0
    const coins = given ? [] : selectableCoins(data, this.#ownedObjects(owner))
    let budget = BigInt(gasData.budget)
    if (budgetOpen) {
      const trial: TransactionDataV1 = { ...data, gasData: { ...gasData, payment: [], budget: String(MAX_GAS_BUDGET) } }
      checkTransaction(trial, this.#checkContext(view), { payment: false })
      const result = this.#run(trial, transactionDigest(encodeTransaction(trial)), view, 'simulate')
      budget = estimateBudget(result, this.referenceGasPrice, given ? gasData.payment.length : coins.length)
    }
    const filled = { ...gasData, budget: String(budget) }
    const fromFunds = !given && !usesGasCoin(data) && freeFunds(data, view, owner) >= budget
    if (fromFunds) {
      const expiration = replayWindow(data, this.chainId, this.state.status.epoch)
      return { ...data, gasData: { ...filled, payment: [] }, expiration }
    }
    return { ...data, gasData: { ...filled, payment: given ? gasData.payment : payWith(coins, owner, budget) } }
  }

  *#ownedObjects(owner: string): Generator<LedgerObject> {
    for (const id of this.state.ownedIds(owner)) yield this.state.getObject(id)!
  }

  /** Writes the header of an empty ledger. */
  initialise(header: HeaderRecord): void {
    this.#store.append(header)
  }

  /** Puts objects in place outside of any transaction. */
  setObjects(objects: readonly LedgerObject[]): void {
    this.#store.appendObjects(objects)
  }

  setStatus(change: Partial<Omit<StatusRecord, 'kind'>>): void {
    this.#store.append({ ...this.state.status, ...change, kind: 'status' })
  }

  /** Moves ledger time forward and writes it to the clock object.
   *  @throws {LedgerError} LEDGER_INVALID_ARGUMENT if that is not forward, or out of all proportion */
  advanceClock(ms: number): void {
    const clockOffsetMs = this.state.status.clockOffsetMs + ms
    if (!Number.isSafeInteger(ms) || ms < 0 || clockOffsetMs > MAX_CLOCK_OFFSET_MS) {
      throw invalidArgument(
        `time can move forward by whole milliseconds, up to ${MAX_CLOCK_OFFSET_MS} in all, not by ${ms}`,
      )
    }
    this.setStatus({ clockOffsetMs })
    const clock = this.state.getObject(CLOCK_ID)
    if (clock) this.setObjects([tickClock(clock, this.nowMs())])
  }

  advanceEpoch(): bigint {
    const epoch = this.state.status.epoch + 1n
    this.setStatus({ epoch, epochStartMs: this.nowMs(), epochFirstCheckpoint: this.state.checkpoint + 1n })
    return epoch
  }

  /** Refuses further transactions and syncs. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#listeners.clear()
    this.#store.close()
  }
}

function notInitialised(): LedgerError {
  return new LedgerError('LEDGER_NOT_INITIALISED', GRPC.UNAVAILABLE, 'the ledger has no genesis yet')
}
