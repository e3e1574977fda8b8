/** Opens the state, starts the server, and returns the handle. */

import { fromBase64 } from '@mysten/sui/utils'
import { systemClock } from '../../base/clock.ts'
import { normalizeAddress, parseType } from '../movevm/types.ts'
import { faucetRoutes } from '../rpc/faucet.ts'
import { type RpcServer, startRpcServer } from '../rpc/server.ts'
import { createServices } from '../rpc/services.ts'
import { Chain } from './chain.ts'
import { committedEvents, committedTransaction } from './committed.ts'
import { GRPC, LedgerError } from './errors.ts'
import { runGenesis } from './genesis.ts'
import {
  type CommittedEvent,
  type CommittedTransaction,
  type GenesisOptions,
  type GenesisResult,
  type LedgerHandle,
  type LedgerOptions,
  SYSTEM_ADDRESS,
  type TransactionPlan,
  type Unsubscribe,
} from './handle.ts'
import type { LedgerObject } from './object.ts'
import { privilegedTransaction } from './partial-transaction.ts'
import type { TransactionRecord } from './record.ts'
import { LedgerStore } from './store.ts'
import { fundingPlan, walType } from './treasury.ts'

const warn = (warning: Error) => process.emitWarning(warning)

/** Starts a ledger in this process and serves gRPC-web and the faucet on 127.0.0.1.
 *  @throws {LedgerError} LEDGER_STATE_CORRUPT if the folder holds a damaged ledger */
export async function startLedger(options: LedgerOptions): Promise<LedgerHandle> {
  const onWarning = options.onWarning ?? warn
  const store = new LedgerStore(options.dir, {
    durability: options.durability ?? 'interval',
    snapshotAfterBytes: options.snapshotAfterBytes,
    onWarning,
  })
  const chain = new Chain(store, options.clock ?? systemClock, onWarning)
  const handle = new Ledger(chain, onWarning)
  try {
    await handle.serve(options.port ?? 0)
  } catch (error) {
    chain.close()
    throw error
  }
  return handle
}

class Ledger implements LedgerHandle {
  readonly #chain: Chain
  readonly #onWarning: (warning: Error) => void
  #server: RpcServer | undefined

  constructor(chain: Chain, onWarning: (warning: Error) => void) {
    this.#chain = chain
    this.#onWarning = onWarning
  }

  async serve(port: number): Promise<void> {
    this.#server = await startRpcServer({
      services: createServices(this.#chain),
      plainRoutes: faucetRoutes({
        sui: (recipient, amount) => this.#fund(recipient, amount),
        wal: (recipient, amount) => this.#fund(recipient, amount, walType(this.#chain.state)),
      }),
      port,
      onWarning: this.#onWarning,
    })
  }

  get port(): number {
    if (!this.#server) throw new TypeError('the ledger is not being served')
    return this.#server.port
  }

  get rpcUrl(): string {
    return `http://127.0.0.1:${this.port}`
  }

  get faucetUrl(): string {
    return this.rpcUrl
  }

  get chainId(): string {
    return this.#chain.chainId
  }

  get initialised(): boolean {
    return this.#chain.state.status.initialised
  }

  get checkpoint(): bigint {
    return this.#chain.state.checkpoint
  }

  get epoch(): bigint {
    return this.#chain.state.status.epoch
  }

  nowMs(): number {
    return this.#chain.nowMs()
  }

  async genesis(options: GenesisOptions): Promise<GenesisResult> {
    return runGenesis(this.#chain, options)
  }

  getObject(id: string): LedgerObject | undefined {
    return this.#chain.state.getObject(normalizeAddress(id))
  }

  ownedObjects(owner: string, type?: string): LedgerObject[] {
    const wanted = type === undefined ? undefined : parseType(type).key
    return this.#objects(this.#chain.state.ownedIds(normalizeAddress(owner))).filter(
      ({ data }) => wanted === undefined || (data.kind === 'move' && data.type === wanted),
    )
  }

  dynamicFields(parent: string): LedgerObject[] {
    return this.#objects(this.#chain.state.childIds(normalizeAddress(parent)))
  }

  #objects(ids: readonly string[]): LedgerObject[] {
    return ids.map((id) => this.#chain.state.getObject(id)!)
  }

  getTransaction(digest: string): CommittedTransaction | undefined {
    const record = this.#chain.state.getTransaction(digest)
    return record && committedTransaction(record)
  }

  async execute(txBytes: Uint8Array, signatures: readonly string[]): Promise<CommittedTransaction> {
    return committedTransaction(await this.#chain.execute(txBytes, signatures.map(fromBase64)))
  }

  async executeAs(sender: string, plan: TransactionPlan): Promise<CommittedTransaction> {
    return committedTransaction(this.#executeAs(sender, plan))
  }

  #executeAs(sender: string, plan: TransactionPlan): TransactionRecord {
    const record = this.#chain.executePrivileged(this.#privileged(sender, plan))
    if (record.success) return record
    throw new LedgerError('LEDGER_PRIVILEGED_FAILED', GRPC.FAILED_PRECONDITION, record.error, {
      data: { digest: record.digest },
    })
  }

  #privileged(sender: string, plan: TransactionPlan) {
    // The checkpoint is a nonce: no two privileged transactions have the same.
    return privilegedTransaction(sender, plan, { chainId: this.chainId, nonce: Number(this.checkpoint) })
  }

  async inspect(sender: string, plan: TransactionPlan): Promise<Uint8Array[][]> {
    // Paid by a mock coin with the usual budget.
    const partial = { ...this.#privileged(sender, plan), gas: { payment: [] } }
    const { result } = this.#chain.simulate(partial, { checks: false, selectGas: false })
    if (!result.status.success) {
      throw new LedgerError('LEDGER_PRIVILEGED_FAILED', GRPC.FAILED_PRECONDITION, result.status.error.message)
    }
    return result.commandOutputs.map(({ returnValues }) => returnValues.map((value) => value.bcs))
  }

  async fund(address: string, amount: bigint, type?: string): Promise<{ coinId: string; digest: string }> {
    return this.#fund(address, amount, type)
  }

  #fund(address: string, amount: bigint, type?: string): { coinId: string; digest: string } {
    const record = this.#executeAs(SYSTEM_ADDRESS, fundingPlan(this.#chain.state, address, amount, type))
    const created = record.changed.find((object) => object.change === 'created')
    return { coinId: created!.id, digest: record.digest }
  }

  onTransaction(callback: (transaction: CommittedTransaction) => void, options: { from?: bigint } = {}): Unsubscribe {
    return this.#follow((record) => callback(committedTransaction(record)), options)
  }

  onEvent(callback: (event: CommittedEvent) => void, options: { from?: bigint } = {}): Unsubscribe {
    return this.#follow((record) => committedEvents(record).forEach(callback), options)
  }

  /** Replays first, then follows. Commits that a callback causes are delivered after the ones before them. */
  #follow(callback: (record: TransactionRecord) => void, { from }: { from?: bigint }): Unsubscribe {
    const { state } = this.#chain
    let next = from === undefined ? state.transactions.length : Math.max(0, Number(from) - 1)
    let delivering = false
    let stopped = false
    const deliver = () => {
      if (delivering) return
      delivering = true
      try {
        while (!stopped && next < state.transactions.length) this.#guarded(callback, state.transactions[next++]!)
      } finally {
        delivering = false
      }
    }
    const stop = this.#chain.onCommit(deliver)
    deliver()
    return () => {
      stopped = true
      stop()
    }
  }

  #guarded(callback: (record: TransactionRecord) => void, record: TransactionRecord): void {
    try {
      callback(record)
    } catch (error) {
      this.#onWarning(error as Error)
    }
  }

  async advanceClock(ms: number): Promise<void> {
    this.#chain.advanceClock(ms)
  }

  async advanceEpoch(): Promise<bigint> {
    return this.#chain.advanceEpoch()
  }

  async close(): Promise<void> {
    await this.#server?.close()
    this.#chain.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
