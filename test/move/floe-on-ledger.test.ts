/** The floe package as users meet it: published, called by transactions, attacked between lending and giving back.
 *  What single calls may and may not do is tested in Move (`src/move/floe/tests`). */

import { bcs } from '@mysten/sui/bcs'
import type { Transaction, TransactionArgument, TransactionResult } from '@mysten/sui/transactions'
import { deriveDynamicFieldID } from '@mysten/sui/utils'
import { beforeAll, describe, expect, it } from 'vitest'
import type { LedgerObject } from '../../src/localnet/ledger/object.ts'
import { normalizeAddress } from '../../src/localnet/movevm/types.ts'
import { loadPackage, PACKAGE_ADDRESSES, relocatePackage } from '../../src/move/packages.ts'
import { ALICE, BOB, expectSuccess, failureOf, TestLedger } from '../localnet/ledger/execution-fixture.ts'

const WALRUS = PACKAGE_ADDRESSES.walrus
const ID = (byte: number) => new Array<number>(32).fill(byte)
const MAIN = 'refs/heads/main'

const BlobLayout = bcs.struct('Blob', {
  id: bcs.Address,
  registeredEpoch: bcs.u32(),
  blobId: bcs.u256(),
  size: bcs.u64(),
  encodingType: bcs.u8(),
  certifiedEpoch: bcs.option(bcs.u32()),
  storage: bcs.struct('Storage', { id: bcs.Address, start: bcs.u32(), end: bcs.u32(), size: bcs.u64() }),
  deletable: bcs.bool(),
})

/** A ledger with one certified blob after another, and a published floe. */
class World {
  readonly ledger = new TestLedger()
  floe = ''
  #blobs = 0

  async start(): Promise<this> {
    await this.ledger.install('wal')
    await this.ledger.install('walrus')
    this.floe = await this.publishFloe()
    return this
  }

  /** As on a real network: modules at 0x0, dependencies by their ids there. */
  async publishFloe(): Promise<string> {
    const { modules, dependencies } = relocatePackage(loadPackage('floe'), { floe: '0x0' })
    const { packageId } = await this.ledger.publish(
      modules.map((module) => module.bytes),
      [...dependencies],
    )
    return packageId
  }

  /** A deletable blob of Alice's, certified in epoch 5, until 10. */
  blob(blobId = BigInt(++this.#blobs), end = 10): LedgerObject {
    const id = normalizeAddress((0xb10b_0000 + ++this.#blobs).toString(16))
    const contents = BlobLayout.serialize({
      id,
      registeredEpoch: 5,
      blobId,
      size: 900,
      encodingType: 1,
      certifiedEpoch: 5,
      storage: { id: normalizeAddress((0x5701_0000 + this.#blobs).toString(16)), start: 5, end, size: 1 << 20 },
      deletable: true,
    }).toBytes()
    const owner = { kind: 'address', address: ALICE } as const
    return this.ledger.put(this.ledger.move(id, `${WALRUS}::blob::Blob`, owner, contents, true))
  }

  call(tx: Transaction, target: string, ...parameters: TransactionArgument[]): TransactionResult {
    return tx.moveCall({ target: `${this.floe}::${target}`, arguments: parameters })
  }

  begin(tx: Transaction, repository: TransactionArgument, old: number | null): TransactionResult {
    const expected = tx.pure.option('vector<u8>', old === null ? null : ID(old))
    return this.call(tx, 'push::begin', repository, tx.pure.string(MAIN), expected, tx.pure.u64(0), tx.pure.u64(0))
  }

  deposit(tx: Transaction, push: TransactionArgument, repository: TransactionArgument, blob: LedgerObject, kind = 1) {
    const argument = tx.object(this.ledger.owned(blob))
    return this.call(tx, 'push::deposit', push, repository, argument, tx.pure.u8(kind), tx.object(this.ledger.clock()))
  }

  finish(
    tx: Transaction,
    push: TransactionArgument,
    repository: TransactionArgument,
    to: number,
    pack: TransactionArgument,
  ) {
    const none = tx.pure.option('vector<u8>', null)
    const [commit, tree] = [tx.pure.vector('u8', ID(to)), tx.pure.vector('u8', ID(99))]
    const clock = tx.object(this.ledger.clock())
    this.call(tx, 'push::finish', push, repository, commit, tree, pack, none, tx.pure.bool(false), clock)
  }

  /** A repository whose main is at commit 1, all in one transaction. */
  async createRepository(): Promise<LedgerObject> {
    const blob = this.blob()
    const result = await this.ledger.run((tx) => {
      const clock = tx.object(this.ledger.clock())
      const created = this.call(tx, 'repository::create', tx.pure.string('cats'), tx.pure.u64(1000), clock)
      const [repository, cap] = [created[0]!, created[1]!]
      const push = this.begin(tx, repository, null)
      const pack = this.deposit(tx, push, repository, blob)
      this.finish(tx, push, repository, 1, pack)
      this.call(tx, 'repository::share', repository)
      tx.transferObjects([cap], ALICE)
    })
    expectSuccess(result)
    return result.written.find(({ owner }) => owner.kind === 'shared')!
  }
}

describe('the floe package on the ledger', () => {
  let world: World
  let repository: LedgerObject
  const repo = (tx: Transaction) => tx.object(world.ledger.shared(repository, true))
  const lend = (tx: Transaction) => {
    const lent = world.call(tx, 'packs::lend', repo(tx), tx.pure.u64(0))
    return { blob: lent[0]!, loan: lent[1]! }
  }

  beforeAll(async () => {
    world = await new World().start()
    repository = await world.createRepository()
  })

  it('keeps pack 0 where a reader computes it to be', () => {
    const contents = repository.data.kind === 'move' ? repository.data.contents : new Uint8Array()
    // id 32, version 8, name 1 + 4, created 8, grace 8, one member 1 + 33, one admin 1 + 32: then the table of packs.
    const table = bcs.Address.parse(contents.slice(128, 160))
    const field = deriveDynamicFieldID(table, 'u64', bcs.u64().serialize(0).toBytes())
    const stored = world.ledger.getObject(field)
    expect(stored?.data.kind === 'move' && stored.data.type).toContain('::pack_table::PackRecord>')
  })

  it('takes a push over several transactions and shows it with the last', async () => {
    const other = await world.createRepository()
    const shared = (tx: Transaction) => tx.object(world.ledger.shared(other, true))
    const [data, meta] = [world.blob(), world.blob()]
    const first = await world.ledger.run((tx) => {
      const push = world.begin(tx, shared(tx), 1)
      world.deposit(tx, push, shared(tx), data, 0)
      tx.transferObjects([push], ALICE)
    })
    expectSuccess(first)
    expect(first.events.map((event) => event.type.split('::').at(-1))).toEqual(['PackDeposited'])
    const kept = first.written.find(({ data: d }) => d.kind === 'move' && d.type.endsWith('::push::Push'))!
    const last = await world.ledger.run((tx) => {
      const push = tx.object(world.ledger.owned(kept))
      const pack = world.deposit(tx, push, shared(tx), meta)
      world.finish(tx, push, shared(tx), 2, pack)
    })
    expectSuccess(last)
    expect(last.events.map((event) => event.type.split('::').at(-1))).toEqual(['PackDeposited', 'RefMoved'])
    expect(last.deleted).toContain(kept.id)
  })

  it('lets exactly one of two racing pushes win, and the loser keeps its blob', async () => {
    const other = await world.createRepository()
    const [one, two] = [world.blob(), world.blob()]
    const pushFrom1 = (blob: LedgerObject, to: number) =>
      world.ledger.run((tx) => {
        const shared = tx.object(world.ledger.shared(other, true))
        const push = world.begin(tx, shared, 1)
        const pack = world.deposit(tx, push, shared, blob)
        world.finish(tx, push, shared, to, pack)
      })
    expectSuccess(await pushFrom1(one, 2))
    const lost = await pushFrom1(two, 3)
    expect(failureOf(lost).abort).toMatchObject({ code: 0n, location: { module: 'ref_table' } })
    expect(world.ledger.getObject(two.id)?.owner).toEqual({ kind: 'address', address: ALICE })
  })

  it('refuses a push by somebody without the role', async () => {
    const result = await world.ledger.run((tx) => void world.begin(tx, repo(tx), 1), { sender: BOB })
    expect(failureOf(result).abort).toMatchObject({ code: 0n, location: { module: 'members' } })
  })

  it('lends a blob to anyone and takes the same one back', async () => {
    const result = await world.ledger.run(
      (tx) => {
        const { blob, loan } = lend(tx)
        tx.moveCall({
          target: `${WALRUS}::blob::insert_or_update_metadata_pair`,
          arguments: [blob, tx.pure.string('seen'), tx.pure.string('by Bob')],
        })
        world.call(tx, 'packs::restore', repo(tx), blob, loan)
      },
      { sender: BOB },
    )
    expectSuccess(result)
  })

  it('lets nobody keep a lent blob', async () => {
    const result = await world.ledger.run(
      (tx) => {
        const { blob } = lend(tx)
        tx.transferObjects([blob], BOB)
      },
      { sender: BOB },
    )
    // The loan is left over: no ability lets it be dropped or kept.
    expect(result.status.success).toBe(false)
    expect(failureOf(result).message).toMatch(/unused|drop/i)
    expect(world.ledger.ofType(`${WALRUS}::blob::Blob`).filter(({ owner }) => owner.kind === 'object')).not.toEqual([])
  })

  it('lets nobody keep the loan for later', async () => {
    const result = await world.ledger.run((tx) => {
      const { blob, loan } = lend(tx)
      tx.transferObjects([blob, loan], ALICE)
    })
    expect(result.status.success).toBe(false)
  })

  it('lets nobody burn, wrap or swap a lent blob', async () => {
    const spare = world.blob(1n, 30)
    const attempts = [
      (tx: Transaction) => {
        const { blob } = lend(tx)
        tx.moveCall({ target: `${WALRUS}::blob::burn`, arguments: [blob] })
      },
      (tx: Transaction) => {
        const { blob } = lend(tx)
        tx.moveCall({ target: `${WALRUS}::shared_blob::new`, arguments: [blob] })
      },
      (tx: Transaction) => {
        const { blob, loan } = lend(tx)
        world.call(tx, 'packs::restore', repo(tx), tx.object(world.ledger.owned(spare)), loan)
        tx.transferObjects([blob], ALICE)
      },
    ]
    for (const attempt of attempts) expect((await world.ledger.run(attempt)).status.success).toBe(false)
    const swapped = failureOf(await world.ledger.run(attempts[2]!))
    expect(swapped.abort).toMatchObject({ code: 7n, location: { module: 'pack_table' } })
  })

  it('is not fooled by the same package published by another', async () => {
    const impostor = new World()
    Object.assign(impostor, { ledger: world.ledger, floe: await world.publishFloe() })
    const result = await world.ledger.run((tx) => void impostor.begin(tx, repo(tx), 1))
    expect(result.status.success).toBe(false)
    expect(failureOf(result).abort).toBeUndefined()
  })
})
