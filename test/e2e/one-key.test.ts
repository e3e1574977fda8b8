/** One key, two commands at once: a training job and a person, or two workspaces of one. Both use the same coins, whose
 *  versions the other one uses up. Both are done, or a compare-and-swap says who was first; nobody pays twice. More of it in
 *  `one-key.slow.ts`. */

import type { Transaction } from '@mysten/sui/transactions'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fetchOwnedBlobs } from '../../src/ledger/blob-object.ts'
import { createLedgerClient, type LedgerClient } from '../../src/ledger/client.ts'
import { walCoinType } from '../../src/ledger/networks.ts'
import { fetchWalrusState } from '../../src/ledger/system-state.ts'
import { expiry } from '../../src/repo/expiry.ts'
import { showAddress } from '../../src/repo/key.ts'
import { push } from '../../src/repo/push.ts'
import { abortPush } from '../../src/repo/push-abort.ts'
import { openKey } from '../../src/repo/remote-context.ts'
import { renew } from '../../src/repo/renew.ts'
import { showWallet } from '../../src/repo/wallet.ts'
import { type LocalWorld, noise, startLocalWorld } from './local-world.ts'
import { meeting } from './meeting.ts'

let world: LocalWorld
let ledger: LedgerClient
let address: string
let coinType: string
let first: string
beforeAll(async () => {
  world = await startLocalWorld({ nodes: 4 })
  ledger = createLedgerClient(world.profile)
  coinType = walCoinType(world.profile)
  first = await world.workspace('first', { 'a.bin': noise(20_000, 1) })
  await push(first, { ...world.options, create: { name: 'first', network: 'local' }, epochs: 3 })
  address = (await showAddress(world.options)).address
})
afterAll(() => world[Symbol.asyncDispose]())

const wal = () => ledger.fetchBalance(address, coinType)
const blobsLeft = async () =>
  (await fetchOwnedBlobs(ledger, await fetchWalrusState(ledger, world.profile), address)).length

describe('two commands at once with one key', () => {
  it('both push, whichever transactions meet, and pay what each of them costs', async () => {
    const second = await world.workspace('second', { 'b.bin': noise(20_000, 2) })
    await world.change(first, { 'a.bin': noise(20_000, 3) })
    const before = await wal()
    const created = { ...world.options, create: { name: 'second', network: 'local' } }
    const others: Awaited<ReturnType<typeof push>>[] = []
    const options = meeting(world, {
      1: async () => others.push(await push(second, created)),
      3: async () => {
        await world.change(second, { 'b.bin': noise(20_000, 4) })
        others.push(await push(second, world.options))
      },
    })
    const ours = await push(first, { ...options, epochs: 3 })
    expect([ours.$kind, ...others.map(({ $kind }) => $kind)]).toEqual(['pushed', 'pushed', 'pushed'])
    // Register and publish, each refused once.
    expect(options.sent()).toBe(4)
    const paid = [ours, ...others].reduce((sum, { cost }) => sum + BigInt(cost.walFrost), 0n)
    expect(before - (await wal())).toBe(paid)
    expect(await blobsLeft()).toBe(0)
  })

  it('renew: the packs end where both wanted them to, and are paid for once', async () => {
    const before = await wal()
    const { cost } = await renew(first, { ...world.options, epochs: 9, dryRun: true })
    // (Two alike would be one transaction.)
    const options = meeting(world, { 1: () => renew(first, { ...world.options, epochs: 9, packsPerTransaction: 2 }) })
    const late = await renew(first, { ...options, epochs: 9 })
    expect(late).toMatchObject({ $kind: 'up-to-date', paidFrost: '0', digests: [] })
    const ends = (await expiry(first, world.options)).refs.flatMap(({ packs }) => packs.map(({ endEpoch }) => endEpoch))
    expect(new Set(ends)).toEqual(new Set([10]))
    expect(before - (await wal())).toBe(BigInt(cost.walFrost))
  })

  it('wait for validators that hold an object for another transaction', async () => {
    const held = {
      status: 200,
      headers: {
        'content-type': 'application/grpc-web+proto',
        'grpc-status': '9',
        'grpc-message': 'Object already locked by a different transaction',
      },
    }
    let refused = 0
    const holding: typeof fetch = async (input, init) => {
      if (!String(input).endsWith('/ExecuteTransaction') || refused++ > 0) return fetch(input, init)
      // The other transaction goes through a little later.
      setTimeout(() => void send(ledger, 2n), 200)
      return new Response(null, held)
    }
    const before = await ledger.fetchBalance(address, coinType)
    await send(createLedgerClient(world.profile, { fetch: holding }), 1n)
    expect(before - (await ledger.fetchBalance(address, coinType))).toBe(3n)
  })
})

/** Gives WAL away. */
async function send(client: LedgerClient, frost: bigint): Promise<void> {
  const signer = await openKey(world.profile, world.options)
  await client.execute(async (transaction) => {
    const [coin] = await client.fetchCoins(address, coinType, 1)
    const [part] = transaction.splitCoins(transaction.object(coin!.id), [frost])
    transaction.transferObjects([part!], `0x${'7'.repeat(64)}`)
  }, signer)
}

describe('money in the address balance', () => {
  /** Moves coins to the address balance, all but `leave`. */
  async function toAddressBalance(type: string, leave: bigint): Promise<void> {
    const signer = await openKey(world.profile, world.options)
    await ledger.execute(async (transaction: Transaction) => {
      const coins = await ledger.fetchCoins(address, type, 100)
      const target = '0x2::coin::send_funds'
      const isGas = type.endsWith('::SUI')
      const [whole, ...others] = isGas ? [transaction.gas] : coins.map(({ id }) => transaction.object(id))
      if (others.length > 0) transaction.mergeCoins(whole!, others)
      const sum = coins.reduce((total, { balance }) => total + balance, 0n)
      const [moved] = transaction.splitCoins(whole!, [sum - leave])
      transaction.moveCall({
        target,
        typeArguments: [type],
        arguments: [moved!, transaction.pure.address(address)],
      })
    }, signer)
  }

  it('pays for pushes and renewals, change and all, within --max-wal, and the wallet shows it', async () => {
    await toAddressBalance(coinType, 0n)
    await toAddressBalance('0x2::sui::SUI', 1_000_000_000n)
    const start = await ledger.fetchHolding(address, coinType)
    expect(start.coins).toBe(0n)
    const suiBefore = await ledger.fetchHolding(address, '0x2::sui::SUI')
    await world.change(first, { 'c.bin': noise(20_000, 6) })
    const dry = await push(first, { ...world.options, dryRun: true })
    const below = `0.${String(BigInt(dry.cost.walFrost) - 1n).padStart(9, '0')}`
    await expect(push(first, { ...world.options, maxWal: below })).rejects.toMatchObject({ code: 'PUSH_MAX_WAL' })
    const pushed = await push(first, { ...world.options, maxWal: '1' })
    const renewed = await renew(first, { ...world.options, epochs: 30 })
    const end = await ledger.fetchHolding(address, coinType)
    const paid = BigInt(pushed.cost.walFrost) + BigInt(renewed.cost.walFrost)
    expect(end).toEqual({ coins: 0n, address: start.address - paid })
    // Gas as well.
    const suiAfter = await ledger.fetchHolding(address, '0x2::sui::SUI')
    expect(suiAfter.coins).toBe(suiBefore.coins)
    expect(suiAfter.address).toBeLessThan(suiBefore.address)
    const [wallet] = await showWallet({ ...world.options, names: ['local'] })
    expect(wallet).toMatchObject({
      walFrost: String(end.address),
      addressWalFrost: String(end.address),
      suiMist: String(suiAfter.coins + suiAfter.address),
      addressSuiMist: String(suiAfter.address),
    })
  })
})

describe('free storage of the key', () => {
  // Last: what it leaves makes later pushes cheaper than their plans say.
  it('both push where free storage is there for one of them, and nobody pays for what did not go through', async () => {
    let executions = 0
    const cut: typeof fetch = async (input, init) => {
      if (String(input).endsWith('/ExecuteTransaction') && ++executions >= 2) throw new TypeError('fetch failed')
      return fetch(input, init)
    }
    await world.change(first, { 'c.bin': noise(20_000, 5) })
    await expect(push(first, { ...world.options, epochs: 3, fetch: cut })).rejects.toMatchObject({ exitCode: 14 })
    expect((await abortPush(first, world.options)).blobs.length).toBe(2)
    const second = world.path('second')
    await world.change(second, { 'd.bin': noise(10_000, 6) })
    const before = await wal()
    const others: Awaited<ReturnType<typeof push>>[] = []
    const options = meeting(world, { 1: async () => others.push(await push(second, { ...world.options, epochs: 3 })) })
    await world.change(first, { 'c.bin': noise(10_000, 7) })
    const ours = await push(first, { ...options, epochs: 3 })
    expect([ours.$kind, others[0]!.$kind]).toEqual(['pushed', 'pushed'])
    const paid = BigInt(ours.cost.walFrost) + BigInt(others[0]!.cost.walFrost)
    expect(before - (await wal())).toBe(paid)
    expect(await blobsLeft()).toBe(0)
  })
})
