/** A Walrus network of four nodes with real keys, and Floe on it, in a ledger of a Map: for tests of whole transactions. */

import { bcs } from '@mysten/sui/bcs'
import type { Transaction, TransactionArgument, TransactionResult } from '@mysten/sui/transactions'
import { concatBytes } from '../../src/base/bytes.ts'
import { blsAggregateSignatures, blsPublicKey, blsSign } from '../../src/crypto/bls.ts'
import { blake2b256 } from '../../src/crypto/hash.ts'
import type { ExecutionResult } from '../../src/localnet/ledger/execution.ts'
import type { LedgerObject } from '../../src/localnet/ledger/object.ts'
import { addressBytes, addressFromBytes, normalizeAddress } from '../../src/localnet/movevm/types.ts'
import { PACKAGE_ADDRESSES } from '../../src/move/packages.ts'
import {
  ALICE,
  CLOCK_ID,
  expectSuccess,
  failureOf,
  type RunOptions,
  TestLedger,
} from '../localnet/ledger/execution-fixture.ts'

export const { walrus: WALRUS, wal: WAL, floe: FLOE } = PACKAGE_ADDRESSES
export const WAL_COIN = `${normalizeAddress('0x2')}::coin::Coin<${WAL}::wal::WAL>`
export const MAIN = 'refs/heads/main'
export const ID = (byte: number) => new Array<number>(32).fill(byte)

/** Of the first node 4, of the others 2 of 10. */
const SHARDS = [
  [0, 1, 2, 3],
  [4, 5],
  [6, 7],
  [8, 9],
]
const SIZE = 100_000n
/** More than a blob of SIZE takes when encoded: 1 MiB, one unit. */
const RESERVED = 1n << 20n
const RED_STUFF = 1
/** FROST per MiB and epoch. */
export const STORAGE_PRICE = 1_000n

export interface Certificate {
  signature: Uint8Array
  bitmap: number[]
  message: Uint8Array
}

export interface RegisteredBlob {
  object: LedgerObject
  /** 32 bytes. */
  id: Uint8Array
}

type Build = (tx: Transaction) => void

/** Nothing as regular as 1, 2, 3, 4: sums of such keys coincide. */
const secretOf = (node: number): Uint8Array => {
  const secret = blake2b256(Uint8Array.of(node))
  secret[0] = 0
  return secret
}

const u256 = (bytes: Uint8Array) => BigInt(bcs.u256().parse(bytes))

/** Code and module of the abort that a transaction must have ended with. */
export function abortOf(result: ExecutionResult): string {
  const { abort, message } = failureOf(result)
  return abort ? `${abort.location.module}::${abort.code}` : message
}

export class Chain {
  readonly ledger = new TestLedger()
  /** Package that walrus calls go to. */
  walrus = WALRUS
  floe = FLOE
  /** Secrets in committee order. */
  #members: Uint8Array[] = []
  nodeIds: string[] = []
  epoch = 1
  #seeds = 0

  async start(): Promise<this> {
    for (const name of ['wal', 'walrus', 'floe'] as const) await this.ledger.install(name)
    const result = await this.ledger.run((tx) => {
      const { pure } = tx
      const [setup] = this.call(
        tx,
        `${WALRUS}::genesis::begin`,
        this.owned(tx, `${WALRUS}::genesis::AdminCap`),
        pure.address(WALRUS),
        pure.u16(10),
        pure.u32(53),
        pure.u32(1),
        pure.u64(60_000),
        pure.u64(1n << 40n),
        pure.u64(STORAGE_PRICE),
        pure.u64(10n),
      )
      for (const [i, shards] of SHARDS.entries()) {
        this.call(
          tx,
          `${WALRUS}::genesis::add_node`,
          setup!,
          pure.string(`node-${i}`),
          pure.string(`127.0.0.1:${9000 + i}`),
          pure.vector('u8', [...blsPublicKey(secretOf(i))]),
          pure.vector('u8', new Array<number>(33).fill(2)),
          pure.vector('u16', shards),
        )
      }
      this.call(tx, `${WALRUS}::genesis::finish`, setup!, tx.object(this.ledger.clock()))
    })
    expectSuccess(result)
    const nodes = result.events
      .filter((event) => event.type.endsWith('::NodeAdded'))
      .map((event, i) => ({ id: addressFromBytes(event.contents.subarray(-32)), secret: secretOf(i) }))
      .sort((a, b) => (a.id < b.id ? -1 : 1))
    this.#members = nodes.map(({ secret }) => secret)
    this.nodeIds = nodes.map(({ id }) => id)
    return this
  }

  // Arguments

  call(tx: Transaction, target: string, ...parameters: TransactionArgument[]): TransactionResult {
    return tx.moveCall({ target, arguments: parameters })
  }

  /** The first owned object of a type. */
  owned(tx: Transaction, type: string): TransactionArgument {
    const [object] = this.ledger.ofType(type).filter(({ owner }) => owner.kind === 'address')
    if (!object) throw new Error(`nobody owns a ${type}`)
    return tx.object(this.ledger.owned(object))
  }

  shared(tx: Transaction, type: string): TransactionArgument {
    const [object] = this.ledger.ofType(type)
    return tx.object(this.ledger.shared(object!, true))
  }

  system(tx: Transaction): TransactionArgument {
    return this.shared(tx, `${WALRUS}::system::System`)
  }

  staking(tx: Transaction): TransactionArgument {
    return this.shared(tx, `${WALRUS}::staking::Staking`)
  }

  clock(tx: Transaction): TransactionArgument {
    return tx.object(this.ledger.clock())
  }

  /** Alice's WAL: the largest coin. */
  wal(tx: Transaction): TransactionArgument {
    const value = (coin: LedgerObject) => this.coinValue(coin)
    const [largest] = this.ledger.ofType(WAL_COIN).sort((a, b) => (value(a) < value(b) ? 1 : -1))
    return tx.object(this.ledger.owned(largest!))
  }

  coinValue(coin: LedgerObject): bigint {
    if (coin.data.kind !== 'move') throw new Error('not a coin')
    return new DataView(coin.data.contents.buffer, coin.data.contents.byteOffset).getBigUint64(32, true)
  }

  run(build: Build, options: RunOptions = {}): Promise<ExecutionResult> {
    return this.ledger.run(build, options)
  }

  /** Runs what must succeed. */
  async must(build: Build, options: RunOptions = {}): Promise<ExecutionResult> {
    return expectSuccess(await this.run(build, options))
  }

  /** Runs what must abort; returns `module::code`. */
  async aborts(build: Build, options: RunOptions = {}): Promise<string> {
    return abortOf(await this.run(build, options))
  }

  setTime(ms: bigint): void {
    const contents = concatBytes(addressBytes(CLOCK_ID), bcs.u64().serialize(ms).toBytes())
    const owner = { kind: 'shared', initialVersion: 1n } as const
    this.ledger.put(this.ledger.move(CLOCK_ID, '0x2::clock::Clock', owner, contents))
  }

  // Walrus

  async nextEpoch(): Promise<void> {
    await this.must((tx) => {
      const cap = this.owned(tx, `${WALRUS}::genesis::AdminCap`)
      this.call(tx, `${this.walrus}::genesis::advance_epoch`, cap, this.system(tx), this.staking(tx), this.clock(tx))
    })
    this.epoch++
  }

  async register(epochs: number, deletable = true): Promise<RegisteredBlob> {
    const root = new Uint8Array(32).fill(++this.#seeds)
    const size = bcs.u64().serialize(SIZE).toBytes()
    const id = blake2b256(Uint8Array.of(RED_STUFF), size, root)
    const { written } = await this.must((tx) => {
      const [system, wal] = [this.system(tx), this.wal(tx)]
      const [storage] = this.call(
        tx,
        `${this.walrus}::system::reserve_space`,
        system,
        tx.pure.u64(RESERVED),
        tx.pure.u32(epochs),
        wal,
      )
      const [blob] = this.call(
        tx,
        `${this.walrus}::system::register_blob`,
        system,
        storage!,
        tx.pure.u256(u256(id)),
        tx.pure.u256(u256(root)),
        tx.pure.u64(SIZE),
        tx.pure.u8(RED_STUFF),
        tx.pure.bool(deletable),
        wal,
      )
      tx.transferObjects([blob!], ALICE)
    })
    const object = written.find(({ data }) => data.kind === 'move' && data.type === `${WALRUS}::blob::Blob`)!
    return { object, id }
  }

  /** What nodes sign about a blob in an epoch. */
  message(blob: RegisteredBlob, epoch = this.epoch, object: string = blob.object.id): Uint8Array {
    const header = concatBytes(Uint8Array.of(1, 0, 3), bcs.u32().serialize(epoch).toBytes())
    return concatBytes(header, blob.id, Uint8Array.of(1), addressBytes(object))
  }

  /** A member that is in the committee no more. */
  leave(member: number): void {
    this.#members.splice(member, 1)
  }

  /** Signatures of members over a message; of all if not said otherwise. */
  sign(message: Uint8Array, signers: readonly number[] = this.#members.map((_, i) => i)): Certificate {
    const signature = blsAggregateSignatures(signers.map((i) => blsSign(message, this.#members[i]!)))
    const bits = [...new Set(signers)].reduce((bitmap, i) => bitmap | (1 << i), 0)
    return { signature, bitmap: [bits], message }
  }

  certify(tx: Transaction, blob: RegisteredBlob, certificate = this.sign(this.message(blob))): void {
    this.call(
      tx,
      `${this.walrus}::system::certify_blob`,
      this.system(tx),
      tx.object(this.ledger.owned(blob.object)),
      tx.pure.vector('u8', [...certificate.signature]),
      tx.pure.vector('u8', certificate.bitmap),
      tx.pure.vector('u8', [...certificate.message]),
    )
  }

  /** Registered and certified, Alice's, until so many epochs from now. */
  async certified(epochs: number, deletable = true): Promise<RegisteredBlob> {
    const blob = await this.register(epochs, deletable)
    const message = deletable
      ? this.message(blob)
      : concatBytes(Uint8Array.of(1, 0, 3), bcs.u32().serialize(this.epoch).toBytes(), blob.id, Uint8Array.of(0))
    await this.must((tx) => this.certify(tx, blob, this.sign(message)))
    return blob
  }

  // Floe

  floeCall(tx: Transaction, target: string, ...parameters: TransactionArgument[]): TransactionResult {
    return this.call(tx, `${this.floe}::${target}`, ...parameters)
  }

  begin(
    tx: Transaction,
    repository: TransactionArgument,
    old: number | null,
    generation = 0n,
    ref = MAIN,
    retain = 0n,
  ) {
    const expected = tx.pure.option('vector<u8>', old === null ? null : ID(old))
    return this.floeCall(
      tx,
      'push::begin',
      repository,
      tx.pure.string(ref),
      expected,
      tx.pure.u64(generation),
      tx.pure.u64(retain),
    )
  }

  deposit(tx: Transaction, push: TransactionArgument, repository: TransactionArgument, blob: LedgerObject) {
    const argument = tx.object(this.ledger.owned(blob))
    return this.floeCall(tx, 'push::deposit', push, repository, argument, tx.pure.u8(1), this.clock(tx))
  }

  finish(
    tx: Transaction,
    push: TransactionArgument,
    repository: TransactionArgument,
    to: number,
    pack: TransactionArgument,
    forced = false,
  ) {
    const none = tx.pure.option('vector<u8>', null)
    const [commit, tree] = [tx.pure.vector('u8', ID(to)), tx.pure.vector('u8', ID(99))]
    this.floeCall(tx, 'push::finish', push, repository, commit, tree, pack, none, tx.pure.bool(forced), this.clock(tx))
  }

  /** A repository whose main is at commit 1, in pack 0; the sender has its AdminCap. Grace: 1 s. */
  async createRepository(epochs = 5, retain = 0n): Promise<LedgerObject> {
    const blob = await this.certified(epochs)
    const result = await this.must((tx) => {
      const name = tx.pure.string('cats')
      const created = this.floeCall(tx, 'repository::create', name, tx.pure.u64(1000), this.clock(tx))
      const [repository, cap] = [created[0]!, created[1]!]
      const push = this.begin(tx, repository, null, 0n, MAIN, retain)
      const pack = this.deposit(tx, push, repository, blob.object)
      this.finish(tx, push, repository, 1, pack)
      this.floeCall(tx, 'repository::share', repository)
      tx.transferObjects([cap], ALICE)
    })
    return result.written.find(({ owner }) => owner.kind === 'shared')!
  }

  /** The capability of a repository. */
  adminCap(tx: Transaction, repository: LedgerObject): TransactionArgument {
    const wanted = Buffer.from(addressBytes(repository.id))
    const cap = this.ledger
      .ofType(`${FLOE}::repository::AdminCap`)
      .find(({ data }) => data.kind === 'move' && wanted.equals(data.contents.subarray(32, 64)))
    return tx.object(this.ledger.owned(cap!))
  }

  repo(tx: Transaction, repository: LedgerObject): TransactionArgument {
    return tx.object(this.ledger.shared(repository, true))
  }
}
