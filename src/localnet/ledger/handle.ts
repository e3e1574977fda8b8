/** The in-process view of the local ledger: what storage nodes, genesis and the daemon use instead of gRPC.
 *
 *  Everything here runs in the ledger's own process and is trusted: privileged calls need no signature. Addresses and
 *  ids are `0x` and 64 hex digits on the way out; short forms are accepted on the way in. */

import type { Transaction } from '@mysten/sui/transactions'
import type { Clock } from '../../base/clock.ts'
import type { LedgerObject } from './object.ts'

/** When a committed transaction is safe on disk. All of them survive the death of the process; they differ in what a
 *  power cut may take: nothing (`commit`), the last fraction of a second (`interval`), what the system had not
 *  written (`never`). */
export type Durability = 'commit' | 'interval' | 'never'

export interface LedgerOptions {
  /** Folder of the log and snapshots; created if missing. One ledger process at a time (the caller's lock). */
  dir: string
  /** Port of gRPC-web and faucet on 127.0.0.1; 0 (default) takes a free one. */
  port?: number
  /** Wall clock; `advanceClock` adds to it. */
  clock?: Clock
  /** Default `interval`. */
  durability?: Durability
  /** Size of the log at which a snapshot replaces it (default 64 MiB, and never below the last snapshot's size). */
  snapshotAfterBytes?: number
  /** Told about failures that have no caller: a subscriber that threw, a log tail that was dropped. */
  onWarning?: (warning: Error) => void
}

/** Inputs and commands as `new Transaction()` collects them; object inputs may be bare ids, which the ledger resolves. */
export type TransactionPlan = Pick<ReturnType<Transaction['getData']>, 'inputs' | 'commands'>

/** A package for genesis. */
export interface GenesisPackage {
  name: string
  /** Compiled modules; their own address is `id`, or 0x0 without one. */
  modules: readonly Uint8Array[]
  /** Package ids, or names of packages earlier in the list. */
  dependencies: readonly string[]
  /** Fixed id. 0x1, 0x2 and 0x3 are system packages: installed as they are. Any other is installed at that id by a
   *  transaction of `SYSTEM_ADDRESS` in which `init` runs and the UpgradeCap goes to `SYSTEM_ADDRESS`, as a publish
   *  does. Without an id the package gets the one that a publish derives. */
  id?: string
}

export interface GenesisOptions {
  packages: readonly GenesisPackage[]
  /** Reference gas price in MIST, default 1000. */
  referenceGasPrice?: bigint
  /** Nominal epoch length, reported only (epochs move with `advanceEpoch`), default one day. */
  epochDurationMs?: number
}

export interface GenesisResult {
  /** Package name → id. */
  packages: ReadonlyMap<string, string>
  /** The transaction that published a package, by name; its `created` lists the objects of `init`. */
  publications: ReadonlyMap<string, CommittedTransaction>
}

export interface CommittedEvent {
  /** Checkpoint of the transaction, and the event's index in it: together a total order. */
  checkpoint: bigint
  eventIndex: number
  transactionDigest: string
  /** Package and module of the top-level call. */
  packageId: string
  module: string
  sender: string
  /** Normalised struct type. */
  type: string
  /** BCS of the event. */
  contents: Uint8Array
  timestampMs: number
}

export interface ChangedObject {
  id: string
  /** Normalised type, or `package`. */
  type: string
  change: 'created' | 'mutated' | 'deleted'
  version: bigint
}

export interface CommittedTransaction {
  digest: string
  /** One transaction is one checkpoint; the first after genesis has 1. */
  checkpoint: bigint
  timestampMs: number
  sender: string
  success: boolean
  /** Text of the failure, e.g. `MoveAbort(0x…::blob::certify, 3) in command 1`. */
  error?: string
  events: readonly CommittedEvent[]
  changed: readonly ChangedObject[]
}

export type Unsubscribe = () => void

export interface LedgerHandle extends AsyncDisposable {
  /** `http://127.0.0.1:port`, for `new SuiGrpcClient({ network: 'localnet', baseUrl })`. */
  readonly rpcUrl: string
  /** Host for `requestSuiFromFaucetV2`; `POST /v2/gas`, and `POST /v2/wal` with `{ recipient, amount }`. */
  readonly faucetUrl: string
  readonly port: number
  /** Base58 of 32 bytes, kept over restarts. */
  readonly chainId: string
  /** False until `genesis` has finished; a ledger that was killed during genesis must be deleted and made again. */
  readonly initialised: boolean
  /** Sequence number of the last checkpoint; 0 is genesis. */
  readonly checkpoint: bigint
  readonly epoch: bigint
  /** Ledger time: the wall clock plus what `advanceClock` added. */
  nowMs(): number

  /** Installs framework packages, treasury and clock, and publishes the rest. Once per ledger. */
  genesis(options: GenesisOptions): Promise<GenesisResult>

  /** The live object, or undefined. Includes dynamic fields and packages. */
  getObject(id: string): LedgerObject | undefined
  /** Objects owned by an address (`type`: normalised, exact), in id order. */
  ownedObjects(owner: string, type?: string): LedgerObject[]
  /** Dynamic field objects of a parent, in id order. */
  dynamicFields(parent: string): LedgerObject[]
  getTransaction(digest: string): CommittedTransaction | undefined

  /** Executes a signed transaction, as a client's ExecuteTransaction does. A Move abort is a result, not an error.
   *  @param signatures - serialized (flag ‖ signature ‖ public key), base64
   *  @throws {LedgerError} if the transaction is refused */
  execute(txBytes: Uint8Array, signatures: readonly string[]): Promise<CommittedTransaction>
  /** Resolves and executes without signatures and without gas, as any sender.
   *  @throws {LedgerError} LEDGER_PRIVILEGED_FAILED if the execution aborts (the failed transaction is recorded) */
  executeAs(sender: string, plan: TransactionPlan): Promise<CommittedTransaction>
  /** Runs a plan without committing it and returns each command's return values (BCS). */
  inspect(sender: string, plan: TransactionPlan): Promise<Uint8Array[][]>
  /** Sends coins from the treasury.
   *  @param coinType - default SUI; any other type must have been minted to `SYSTEM_ADDRESS`
   *  @returns id of the new coin */
  fund(address: string, amount: bigint, coinType?: string): Promise<{ coinId: string; digest: string }>

  /** Calls back for every transaction from checkpoint `from` on: first those committed already, then live ones. Live
   *  calls happen before the client that executed gets its answer, so a node knows a registration before its upload.
   *  What a callback throws goes to `onWarning`; it is called for the next transaction all the same.
   *  @param from - inclusive; default: only new ones */
  onTransaction(callback: (transaction: CommittedTransaction) => void, options?: { from?: bigint }): Unsubscribe
  /** The same for events, in order. */
  onEvent(callback: (event: CommittedEvent) => void, options?: { from?: bigint }): Unsubscribe

  /** Moves ledger time forward and writes it to the clock object 0x6. */
  advanceClock(ms: number): Promise<void>
  advanceEpoch(): Promise<bigint>
  /** Ends streams and requests, syncs and closes the log. Idempotent. */
  close(): Promise<void>
}

/** Sender of genesis: owns the treasury coins, upgrade caps and whatever `init` functions send to the publisher. */
export const SYSTEM_ADDRESS = `0x${'f10e'.padStart(64, '0')}`
