/** More of what one key meets itself in: one branch, the same files, the fund, money in two places, and always losing. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fetchOwnedBlobs } from '../../src/ledger/blob-object.ts'
import { createLedgerClient, type LedgerClient } from '../../src/ledger/client.ts'
import { walCoinType } from '../../src/ledger/networks.ts'
import { fetchWalrusState } from '../../src/ledger/system-state.ts'
import { clone } from '../../src/repo/clone.ts'
import { addToFund, setFundRule, showFund } from '../../src/repo/fund.ts'
import { showAddress } from '../../src/repo/key.ts'
import { pull } from '../../src/repo/pull.ts'
import { push } from '../../src/repo/push.ts'
import { openKey } from '../../src/repo/remote-context.ts'
import { renew } from '../../src/repo/renew.ts'
import { verifyRemote } from '../../src/repo/verify-remote.ts'
import { type LocalWorld, noise, snapshot, startLocalWorld } from './local-world.ts'
import { meeting } from './meeting.ts'

let world: LocalWorld
let ledger: LedgerClient
let address: string
let coinType: string
let first: string
let firstAddress: string
beforeAll(async () => {
  world = await startLocalWorld({ nodes: 4 })
  ledger = createLedgerClient(world.profile)
  coinType = walCoinType(world.profile)
  first = await world.workspace('first', { 'a.bin': noise(20_000, 1) })
  const pushed = await push(first, { ...world.options, create: { name: 'first', network: 'local' }, epochs: 3 })
  firstAddress = `local:${pushed.repository}`
  address = (await showAddress(world.options)).address
}, 120_000)
afterAll(() => world[Symbol.asyncDispose]())

const STRANGER = `0x${'7'.repeat(64)}`
const wal = () => ledger.fetchBalance(address, coinType)
const blobsLeft = async () =>
  (await fetchOwnedBlobs(ledger, await fetchWalrusState(ledger, world.profile), address)).length

describe('two commands at once with one key', () => {
  it('push one branch: the first wins, the other gets the compare-and-swap error and goes on from there', async () => {
    const copy = world.path('copy')
    await clone(firstAddress, copy, world.options)
    await world.change(first, { 'mine.txt': '1\n' })
    const theirs = await world.change(copy, { 'theirs.txt': '1\n' })
    const epochs = 3
    const options = meeting(world, { 2: () => push(copy, { ...world.options, epochs }) })
    await expect(push(first, { ...options, epochs })).rejects.toMatchObject({
      code: 'PUSH_STALE',
      exitCode: 1,
      data: { remote: theirs },
    })
    await pull(first, { ...world.options, author: { name: 'First', email: '' } })
    await push(first, { ...world.options, epochs })
    const after = world.path('after')
    await clone(firstAddress, after, world.options)
    expect([...(await snapshot(after)).keys()].sort()).toEqual(['a.bin', 'mine.txt', 'theirs.txt'])
  })

  it('push the same files: what one has taken from under the other is looked for anew', async () => {
    const files = { 'same.bin': noise(30_000, 5) }
    const [one, two] = [await world.workspace('one', files), await world.workspace('two', files)]
    const [before, left] = [await wal(), await blobsLeft()]
    const create = { create: { name: 'same', network: 'local' } }
    let other: Awaited<ReturnType<typeof push>> | undefined
    // Registered by one; the other finds the blobs, uses them and has them deposited before the first one gets there.
    const options = meeting(world, {
      2: async () => {
        other = await push(two, { ...world.options, ...create })
      },
    })
    const ours = await push(one, { ...options, ...create })
    expect(before - (await wal())).toBe(BigInt(ours.cost.walFrost) + BigInt(other!.cost.walFrost))
    for (const { repository } of [ours, other!])
      expect(await verifyRemote(`local:${repository}`, { ...world.options, full: true })).toMatchObject({ ok: true })
    expect(await blobsLeft()).toBe(left)
  })

  it('renew from the fund: it pays once', async () => {
    await addToFund(first, { ...world.options, amount: '1' })
    await setFundRule(first, { ...world.options, renewBelow: 20, renewTo: 20 })
    const { cost } = await renew(first, { ...world.options, fromFund: true, epochs: 12, dryRun: true })
    const again = () => renew(first, { ...world.options, fromFund: true, epochs: 12, packsPerTransaction: 1 })
    const late = await renew(first, { ...meeting(world, { 1: again }), fromFund: true, epochs: 12 })
    expect(late).toMatchObject({ $kind: 'up-to-date', digests: [] })
    expect(1_000_000_000n - BigInt((await showFund(first, world.options)).balanceFrost)).toBe(BigInt(cost.walFrost))
  })

  it('give up when another is always faster, with nothing done', async () => {
    const signer = await openKey(world.profile, world.options)
    const give = (client: LedgerClient, frost: bigint) =>
      client.execute(async (transaction) => {
        const [coin] = await client.fetchCoins(address, coinType, 1)
        const [part] = transaction.splitCoins(transaction.object(coin!.id), [frost])
        transaction.transferObjects([part!], STRANGER)
      }, signer)
    let lost = 0
    const slow: typeof fetch = async (input, init) => {
      if (String(input).endsWith('/ExecuteTransaction')) {
        lost++
        await give(ledger, 1n)
      }
      return fetch(input, init)
    }
    const before = await wal()
    const losing = createLedgerClient(world.profile, { fetch: slow, random: () => 0 })
    await expect(give(losing, 1_000n)).rejects.toMatchObject({ code: 'LEDGER_CONTENDED', retryable: true })
    expect(before - (await wal())).toBe(BigInt(lost))
  })
})

describe('money in the address balance', () => {
  it('adds what coins lack', async () => {
    await world.change(first, { 'd.bin': noise(20_000, 7) })
    const { cost } = await push(first, { ...world.options, dryRun: true, extendReused: false })
    const part = (BigInt(cost.walFrost) * 6n) / 10n
    await keepOnly(part)
    expect(await ledger.fetchHolding(address, coinType)).toEqual({ coins: part, address: part })
    const pushed = await push(first, { ...world.options, maxWal: '1', extendReused: false })
    expect(pushed.cost.walFrost).toBe(cost.walFrost)
    // With the slack 1.1 of the cost were set aside, the coin's 0.6 and 0.5 of the address balance; change is in the coin.
    const tenth = BigInt(cost.walFrost) / 10n
    expect(await ledger.fetchHolding(address, coinType)).toEqual({ coins: tenth, address: tenth })
  })

  /** Leaves one coin and an address balance of so much each; the rest is given away. */
  async function keepOnly(part: bigint): Promise<void> {
    await ledger.execute(
      async (transaction) => {
        const [first, ...others] = await ledger.fetchCoins(address, coinType, 100)
        const coin = transaction.object(first!.id)
        if (others.length > 0)
          transaction.mergeCoins(
            coin,
            others.map(({ id }) => transaction.object(id)),
          )
        const [kept, small] = transaction.splitCoins(coin, [part, part])
        transaction.transferObjects([kept!], address)
        transaction.transferObjects([coin], STRANGER)
        transaction.moveCall({
          target: '0x2::coin::send_funds',
          typeArguments: [coinType],
          arguments: [small!, transaction.pure.address(address)],
        })
      },
      await openKey(world.profile, world.options),
    )
  }
})
