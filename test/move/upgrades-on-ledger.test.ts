/** Packages that change under a repository: Walrus one version on, Floe by its delayed policy, a new committee; and what
 *  only the newest Walrus has, storage pools, with real certificates. */

import type { Transaction } from '@mysten/sui/transactions'
import { toBase64 } from '@mysten/sui/utils'
import { beforeAll, describe, expect, it } from 'vitest'
import { concatBytes, fromHex } from '../../src/base/bytes.ts'
import { blake2b256 } from '../../src/crypto/hash.ts'
import type { LedgerObject } from '../../src/localnet/ledger/object.ts'
import { packageDigest } from '../../src/localnet/ledger/ptb-publish.ts'
import { buildPackageFile, raiseVersion } from '../../src/move/package-files.ts'
import { loadNextWalrus, loadPackage, relocatePackage } from '../../src/move/packages.ts'
import { ALICE, BOB, failureOf } from '../localnet/ledger/execution-fixture.ts'
import { Chain, FLOE, MAIN, WALRUS } from './chain.ts'

const UPGRADE_CAP = '::package::UpgradeCap'

let chain: Chain
let repository: LedgerObject

beforeAll(async () => {
  chain = await new Chain().start()
  repository = await chain.createRepository()
})

/** The upgrade capability of a package: id, package, version, policy. */
function upgradeCap(packageId: string): LedgerObject | undefined {
  const wanted = Buffer.from(fromHex(packageId.slice(2)))
  const caps = [...chain.ledger.objects.values()].filter(
    ({ data }) =>
      data.kind === 'move' && data.type.endsWith(UPGRADE_CAP) && wanted.equals(data.contents.subarray(32, 64)),
  )
  return caps[0]
}

const renew = (walrus: string) => (tx: Transaction) => {
  const lent = chain.floeCall(tx, 'packs::lend', chain.repo(tx, repository), tx.pure.u64(0))
  chain.call(tx, `${walrus}::system::extend_blob`, chain.system(tx), lent[0]!, tx.pure.u32(1), chain.wal(tx))
  chain.floeCall(tx, 'packs::restore', chain.repo(tx, repository), lent[0]!, lent[1]!)
}

describe('another committee', () => {
  it('takes the shards over, certifies from then on, and reports when it is ready', async () => {
    const before = await chain.register(5)
    const old = chain.sign(chain.message(before))
    const admin = `${WALRUS}::genesis`
    // The first node leaves; the others take its shards.
    const nodes = chain.nodeIds.slice(1)
    await chain.must((tx) => {
      const cap = chain.owned(tx, `${WALRUS}::genesis::AdminCap`)
      const ids = tx.makeMoveVec({ elements: nodes.map((id) => tx.pure.id(id)), type: '0x2::object::ID' })
      const list = (shards: number[]) => tx.pure.vector('u16', shards)
      const shards = tx.makeMoveVec({
        elements: [list([0, 1, 2, 3]), list([4, 5, 6]), list([7, 8, 9])],
        type: 'vector<u16>',
      })
      chain.call(tx, `${admin}::select_committee`, cap, chain.system(tx), chain.staking(tx), ids, shards)
      chain.call(tx, `${admin}::start_epoch_change`, cap, chain.system(tx), chain.staking(tx))
    })
    chain.epoch++
    const after = await chain.register(5)
    expect(await chain.aborts((tx) => chain.certify(tx, before, old))).toMatch(/^(bls_aggregate|messages)::/)
    const message = chain.message(after)
    // Members are counted anew: all four of before are one too many.
    expect(await chain.aborts((tx) => chain.certify(tx, after, chain.sign(message)))).toBe('bls_aggregate::0')
    const members = { ...chain.sign(message, [1, 2, 3]), bitmap: [0b111] }
    await chain.must((tx) => chain.certify(tx, after, members))
    const reports: string[] = []
    for (const id of nodes) {
      const wanted = Buffer.from(fromHex(id.slice(2)))
      const cap = chain.ledger
        .ofType(`${WALRUS}::storage_node::StorageNodeCap`)
        .find(({ data }) => data.kind === 'move' && wanted.equals(data.contents.subarray(32, 64)))!
      const { events } = await chain.must((tx) => {
        const argument = tx.object(chain.ledger.owned(cap))
        chain.call(
          tx,
          `${WALRUS}::staking::epoch_sync_done`,
          chain.staking(tx),
          argument,
          tx.pure.u32(chain.epoch),
          chain.clock(tx),
        )
      })
      reports.push(events.map(({ type }) => type.split('::').at(-1)).join())
    }
    // 4, 7 and 10 of 10 shards: the second report decides.
    expect(reports).toEqual(['ShardsReceived', 'ShardsReceived,EpochChangeDone', 'ShardsReceived'])
    chain.nodeIds = nodes
    chain.leave(0)
  })
})

describe('a storage pool', () => {
  it('keeps, certifies and deletes a blob with real signatures', async () => {
    const root = new Uint8Array(32).fill(0x77)
    const id = blake2b256(Uint8Array.of(1), Uint8Array.of(100, 0, 0, 0, 0, 0, 0, 0), root)
    const number = (bytes: Uint8Array) => BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`)
    const created = await chain.must((tx) => {
      const [system, wal] = [chain.system(tx), chain.wal(tx)]
      const size = tx.pure.u64(1 << 21)
      const [pool] = chain.call(tx, `${WALRUS}::system::create_storage_pool`, system, size, tx.pure.u32(3), wal)
      chain.call(
        tx,
        `${WALRUS}::system::register_pooled_blob`,
        system,
        pool!,
        tx.pure.u256(number(id)),
        tx.pure.u256(number(root)),
        tx.pure.u64(100),
        tx.pure.u8(1),
        tx.pure.bool(true),
        wal,
      )
      tx.transferObjects([pool!], ALICE)
    })
    const type = (name: string) => (object: LedgerObject) =>
      object.data.kind === 'move' && object.data.type === `${WALRUS}::storage_pool::${name}`
    const pool = created.written.find(type('StoragePool'))!
    const blob = created.written.find(type('PooledBlob'))!
    const certificate = chain.sign(chain.message({ object: blob, id }))
    const call = (name: string, extra: Uint8Array[]) => (tx: Transaction) => {
      const argument = tx.object(chain.ledger.owned(pool))
      const parts = extra.map((bytes) => tx.pure.vector('u8', [...bytes]))
      chain.call(tx, `${WALRUS}::system::${name}`, chain.system(tx), argument, tx.pure.u256(number(id)), ...parts)
    }
    const { signature, bitmap, message } = certificate
    const parts = [signature, Uint8Array.from(bitmap), message]
    const forged = [signature, Uint8Array.from(bitmap), concatBytes(message.subarray(0, -1), Uint8Array.of(0xee))]
    expect(await chain.aborts(call('certify_pooled_blob', forged))).toBe('bls_aggregate::1')
    await chain.must(call('certify_pooled_blob', parts))
    expect(await chain.aborts(call('certify_pooled_blob', parts))).toBe('storage_pool::2')
    const { events } = await chain.must(call('delete_pooled_blob', []))
    expect(events.map((event) => event.type)).toEqual([`${WALRUS}::events::PooledBlobDeleted`])
  })
})

describe('Walrus, upgraded', () => {
  let next = ''

  it('is published as an upgrade, and its objects learn the new id', async () => {
    const { modules, dependencies } = relocatePackage(loadNextWalrus(), { walrus: '0x0' })
    const bytes = modules.map((module) => module.bytes)
    const cap = upgradeCap(WALRUS)!
    const result = await chain.must((tx) => {
      const capability = tx.object(chain.ledger.owned(cap))
      const digest = tx.pure.vector('u8', [...packageDigest(bytes, dependencies)])
      const ticket = chain.call(tx, '0x2::package::authorize_upgrade', capability, tx.pure.u8(0), digest)
      const receipt = tx.upgrade({
        modules: bytes.map((module) => toBase64(module)),
        dependencies: [...dependencies],
        package: WALRUS,
        ticket,
      })
      const admin = chain.owned(tx, `${WALRUS}::genesis::AdminCap`)
      chain.call(
        tx,
        `${WALRUS}::genesis::commit_upgrade`,
        admin,
        capability,
        chain.system(tx),
        chain.staking(tx),
        receipt,
      )
    })
    next = result.written.find(({ data }) => data.kind === 'package')!.id
    // Until the states move, the old package works and the new one does not.
    await chain.must(renew(WALRUS))
    expect(await chain.aborts(renew(next))).toBe('system::1')
    const { events } = await chain.must(
      (tx) => {
        chain.call(tx, `${next}::init::migrate_v2`, chain.staking(tx), chain.system(tx))
      },
      { sender: BOB },
    )
    expect(events.map(({ type }) => type)).toEqual([`${WALRUS}::events::ContractUpgraded`])
  })

  it('is refused to old callers and serves new ones, with the same floe', async () => {
    expect(await chain.aborts(renew(WALRUS))).toBe('system::1')
    await chain.must(renew(next))
    chain.walrus = next
    const blob = await chain.certified(4)
    await chain.must((tx) => {
      const push = chain.begin(tx, chain.repo(tx, repository), 1)
      const pack = chain.deposit(tx, push, chain.repo(tx, repository), blob.object)
      chain.finish(tx, push, chain.repo(tx, repository), 2, pack)
    })
    await chain.nextEpoch()
    expect(
      await chain.aborts((tx) => {
        chain.call(tx, `${next}::init::migrate_v2`, chain.staking(tx), chain.system(tx))
      }),
    ).toBe('staking::0')
  })
})

describe('Floe, upgraded by its policy', () => {
  const DELAY_MS = 5_000n
  let policy: LedgerObject
  let bytes: Uint8Array[]
  let dependencies: readonly string[]
  let next = ''

  const key = `${FLOE}::upgrade_policy::UpgradeKey`
  const shared = (tx: Transaction) => tx.object(chain.ledger.shared(policy, true))

  const upgrade = (modules: Uint8Array[]) => (tx: Transaction) => {
    const ticket = chain.call(
      tx,
      `${FLOE}::upgrade_policy::authorize`,
      shared(tx),
      chain.owned(tx, key),
      chain.clock(tx),
    )
    const receipt = tx.upgrade({
      modules: modules.map((module) => toBase64(module)),
      dependencies: [...dependencies],
      package: FLOE,
      ticket,
    })
    chain.call(tx, `${FLOE}::upgrade_policy::commit`, shared(tx), receipt)
  }

  beforeAll(async () => {
    const file = await buildPackageFile('floe', raiseVersion('floe', ['sources/repository.move']))
    const compiled = {
      ...loadPackage('floe'),
      modules: file.modules.map((module, i) => ({
        name: file.names[i]!,
        bytes: new Uint8Array(Buffer.from(module, 'base64')),
      })),
    }
    const moved = relocatePackage(compiled, { floe: '0x0' })
    bytes = moved.modules.map((module) => module.bytes)
    dependencies = moved.dependencies
    const result = await chain.must((tx) => {
      const cap = tx.object(chain.ledger.owned(upgradeCap(FLOE)!))
      const made = chain.call(tx, `${FLOE}::upgrade_policy::lock`, cap, tx.pure.u64(DELAY_MS))
      tx.transferObjects([made], ALICE)
    })
    policy = result.written.find(({ owner }) => owner.kind === 'shared')!
  })

  it('waits in public for the delay', async () => {
    chain.setTime(100_000n)
    expect(await chain.aborts(upgrade(bytes))).toBe('upgrade_policy::4')
    const digest = packageDigest(bytes, dependencies)
    const { events } = await chain.must((tx) => {
      const value = tx.pure.vector('u8', [...digest])
      chain.call(tx, `${FLOE}::upgrade_policy::propose`, shared(tx), chain.owned(tx, key), value, chain.clock(tx))
    })
    expect(events.map(({ type }) => type)).toEqual([`${FLOE}::events::UpgradeProposed`])
    chain.setTime(104_999n)
    expect(await chain.aborts(upgrade(bytes))).toBe('upgrade_policy::5')
    // The capability itself is locked up: nobody owns it any more.
    expect(upgradeCap(FLOE)).toBeUndefined()
  })

  it('becomes what was proposed and nothing else', async () => {
    chain.setTime(105_000n)
    const other = relocatePackage(loadPackage('floe'), { floe: '0x0' }).modules.map((module) => module.bytes)
    expect(failureOf(await chain.run(upgrade(other))).kind).toBe('PackageUpgradeError')
    const result = await chain.must(upgrade(bytes))
    next = result.written.find(({ data }) => data.kind === 'package')!.id
    expect(result.events.map(({ type }) => type)).toEqual([`${FLOE}::events::Upgraded`])
    expect(await chain.aborts(upgrade(bytes))).toBe('upgrade_policy::4')
  })

  it('serves a repository once that has moved, and the old version refuses it', async () => {
    const begin = (floe: string) => (tx: Transaction) => {
      chain.floe = floe
      const push = chain.begin(tx, chain.repo(tx, repository), 2, 0n, MAIN)
      chain.finish(tx, push, chain.repo(tx, repository), 2, tx.pure.u64(0))
    }
    expect(await chain.aborts(begin(next))).toBe('repository::0')
    await chain.must((tx) => {
      chain.call(tx, `${next}::repository::migrate`, chain.repo(tx, repository), chain.adminCap(tx, repository))
    })
    expect(await chain.aborts(begin(FLOE))).toBe('repository::0')
    await chain.must(begin(next))
  })
})
