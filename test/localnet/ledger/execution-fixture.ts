/** A ledger of a Map for tests of the executor: system packages, a clock, coins, and transactions built by `@mysten/sui`. */

import { bcs } from '@mysten/sui/bcs'
import { Inputs, Transaction } from '@mysten/sui/transactions'
import { toBase64 } from '@mysten/sui/utils'
import {
  type ExecutionMode,
  type ExecutionResult,
  executeTransaction,
  type TransactionDataV1,
} from '../../../src/localnet/ledger/execution.ts'
import {
  coinContents,
  createObject,
  type LedgerObject,
  type Owner,
  SUI_COIN_TYPE,
  storageBytes,
  ZERO_DIGEST,
} from '../../../src/localnet/ledger/object.ts'
import { encodeTransaction, transactionDigest } from '../../../src/localnet/ledger/transaction.ts'
import { readModule } from '../../../src/localnet/movevm/module-reader.ts'
import { addressBytes, normalizeAddress } from '../../../src/localnet/movevm/types.ts'
import { loadPackage, type PackageName } from '../../../src/move/packages.ts'

export const ALICE = normalizeAddress('0xa11ce')
export const BOB = normalizeAddress('0xb0b')
export const CLOCK_ID = normalizeAddress('0x6')

export function systemPackage(name: PackageName): LedgerObject {
  const { address, modules, dependencies } = loadPackage(name)
  const typeOrigins = modules.flatMap(({ bytes }) => {
    const module = readModule(bytes)
    return [...module.structDefinitions, ...module.enumDefinitions].map(({ handle }) => ({
      module: module.name,
      datatype: module.identifiers[module.datatypeHandles[handle]!.name]!,
      packageId: address,
    }))
  })
  return createObject({
    id: address,
    version: 1n,
    owner: { kind: 'immutable' },
    previousTransaction: ZERO_DIGEST,
    storageRebate: 0n,
    data: {
      kind: 'package',
      modules: new Map(modules.map(({ name: module, bytes }) => [module, bytes])),
      typeOrigins,
      linkage: new Map(dependencies.map((id) => [id, { packageId: id, version: 1n }])),
    },
  })
}

const SYSTEM = [systemPackage('move-stdlib'), systemPackage('sui-framework')]

export interface RunOptions {
  sender?: string
  mode?: ExecutionMode
  payment?: LedgerObject[]
  budget?: bigint
  price?: bigint
  gasOwner?: string
}

export class TestLedger {
  readonly objects = new Map<string, LedgerObject>()
  #coins = 0
  #nonce = 0
  epoch = 3n

  constructor() {
    for (const stored of SYSTEM) this.put(stored)
    this.put(this.move(CLOCK_ID, '0x2::clock::Clock', { kind: 'shared', initialVersion: 1n }, clockContents(1000n)))
  }

  put(object: LedgerObject): LedgerObject {
    this.objects.set(object.id, object)
    return object
  }

  getObject(id: string): LedgerObject | undefined {
    return this.objects.get(id)
  }

  move(id: string, type: string, owner: Owner, contents: Uint8Array, hasPublicTransfer = false): LedgerObject {
    const normalized = type.replace(/0x2::/g, `${normalizeAddress('0x2')}::`)
    const data = { kind: 'move', type: normalized, hasPublicTransfer, contents } as const
    return createObject({
      id,
      version: 1n,
      owner,
      previousTransaction: ZERO_DIGEST,
      storageRebate: BigInt(storageBytes(data)) * 7600n,
      data,
    })
  }

  /** A new SUI coin. */
  coin(address: string, value: bigint): LedgerObject {
    const id = normalizeAddress((0xc0_0000 + ++this.#coins).toString(16))
    return this.put(this.move(id, SUI_COIN_TYPE, { kind: 'address', address }, coinContents(id, value), true))
  }

  ref(object: string | LedgerObject) {
    const live = this.objects.get(typeof object === 'string' ? object : object.id)!
    return { objectId: live.id, version: String(live.version), digest: live.digest }
  }

  /** An owned or immutable input. */
  owned(object: string | LedgerObject) {
    return Inputs.ObjectRef(this.ref(object))
  }

  shared(object: string | LedgerObject, mutable: boolean) {
    const live = this.objects.get(typeof object === 'string' ? object : object.id)!
    if (live.owner.kind !== 'shared') throw new Error(`${live.id} is not shared`)
    const initialSharedVersion = String(live.owner.initialVersion)
    return Inputs.SharedObjectRef({ objectId: live.id, initialSharedVersion, mutable })
  }

  clock() {
    return this.shared(CLOCK_ID, false)
  }

  /** The transaction of the commands that `build` adds. */
  async build(build: (tx: Transaction) => void, options: RunOptions = {}): Promise<TransactionDataV1> {
    const { sender = ALICE, mode = 'commit', budget = 5_000_000_000n, price = 1000n } = options
    const tx = new Transaction()
    build(tx)
    tx.setSender(sender)
    tx.setGasPrice(price)
    tx.setGasBudget(budget)
    tx.setExpiration({ Epoch: 1000 + this.#nonce++ })
    if (options.gasOwner) tx.setGasOwner(options.gasOwner)
    // The builder wants a payment even where none is meant.
    const payment = options.payment?.length
      ? options.payment
      : [this.coin(options.gasOwner ?? sender, 100_000_000_000n)]
    tx.setGasPayment(payment.map((coin) => this.ref(coin)))
    const data = bcs.TransactionData.parse(await tx.build()).V1!
    if (options.payment?.length === 0 || mode === 'genesis') data.gasData.payment = []
    return data
  }

  /** Runs the commands that `build` adds. In mode `commit` and `genesis` the result is applied. */
  async run(build: (tx: Transaction) => void, options: RunOptions = {}): Promise<ExecutionResult> {
    return this.execute(await this.build(build, options), options.mode ?? 'commit')
  }

  execute(data: TransactionDataV1, mode: ExecutionMode): ExecutionResult {
    const result = executeTransaction({
      data,
      digest: transactionDigest(encodeTransaction(data)),
      source: this,
      epoch: this.epoch,
      epochTimestampMs: 777n,
      referenceGasPrice: 1000n,
      mode,
    })
    if (mode === 'commit' || mode === 'genesis') this.apply(result)
    return result
  }

  apply(result: ExecutionResult): void {
    for (const id of result.deleted) this.objects.delete(id)
    for (const object of result.written) this.put(object)
  }

  /** Publishes compiled modules (at 0x0) and returns the package id and result. */
  async publish(modules: readonly Uint8Array[], dependencies = ['0x1', '0x2'], sender = ALICE) {
    const result = await this.run(
      (tx) => {
        const cap = tx.publish({ modules: modules.map((bytes) => toBase64(bytes)), dependencies })
        tx.transferObjects([cap], sender)
      },
      { sender },
    )
    expectSuccess(result)
    const stored = result.written.find((object) => object.data.kind === 'package')!
    return { packageId: stored.id, result }
  }

  /** Installs a package of ours at its fixed address, as genesis does. */
  async install(name: PackageName, sender = ALICE): Promise<ExecutionResult> {
    const { modules, dependencies } = loadPackage(name)
    const result = await this.run(
      (tx) => {
        const cap = tx.publish({
          modules: modules.map(({ bytes }) => toBase64(bytes)),
          dependencies: [...dependencies],
        })
        tx.transferObjects([cap], sender)
      },
      { sender, mode: 'genesis' },
    )
    expectSuccess(result)
    return result
  }

  /** Live objects whose type starts with the text. */
  ofType(type: string): LedgerObject[] {
    return [...this.objects.values()].filter(({ data }) => data.kind === 'move' && data.type.startsWith(type))
  }
}

function clockContents(ms: bigint): Uint8Array {
  const contents = new Uint8Array(40)
  contents.set(addressBytes(CLOCK_ID))
  new DataView(contents.buffer).setBigUint64(32, ms, true)
  return contents
}

/** Throws with the failure's text unless the transaction succeeded. */
export function expectSuccess(result: ExecutionResult): ExecutionResult {
  if (!result.status.success) throw new Error(`transaction failed: ${result.status.error.message}`)
  return result
}

/** The error of a failed transaction. */
export function failureOf(result: ExecutionResult) {
  if (result.status.success) throw new Error('transaction succeeded')
  return result.status.error
}

/** A u64 at a place of an object's contents. */
export function u64At(object: LedgerObject, offset: number): bigint {
  if (object.data.kind !== 'move') throw new Error('not a Move object')
  const { contents } = object.data
  return new DataView(contents.buffer, contents.byteOffset).getBigUint64(offset, true)
}
