import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createLedgerClient } from '../../src/ledger/client.ts'
import { walCoinType } from '../../src/ledger/networks.ts'
import { clone } from '../../src/repo/clone.ts'
import { expiry } from '../../src/repo/expiry.ts'
import { generateKey, showAddress } from '../../src/repo/key.ts'
import { push } from '../../src/repo/push.ts'
import { type RenewOptions, renew } from '../../src/repo/renew.ts'
import { type LocalWorld, noise, snapshot, startLocalWorld } from './local-world.ts'

let world: LocalWorld
let dir: string
let repository: string
beforeAll(async () => {
  world = await startLocalWorld()
  dir = await world.workspace('renew', { 'a.bin': noise(30_000, 1) })
  const create = { name: 'renew', network: 'local' }
  repository = (await push(dir, { ...world.options, create, epochs: 6 })).repository!
  await world.change(dir, { 'b.bin': noise(30_000, 2) })
  await push(dir, { ...world.options, epochs: 3 })
}, 60_000)
afterAll(() => world[Symbol.asyncDispose]())

const withOptions = (more: Partial<RenewOptions>): RenewOptions => ({ ...world.options, ...more })
const ends = async () => (await expiry(dir, world.options)).refs[0]!.packs.map((pack) => pack.endEpoch)

async function wal(options = world.options): Promise<bigint> {
  const { address } = await showAddress(options)
  return createLedgerClient(world.profile).fetchBalance(address, walCoinType(world.profile))
}

describe('a renewal', { timeout: 60_000 }, () => {
  it('says its cost before it spends anything', async () => {
    const before = await wal()
    const costs: string[] = []
    const planned = await renew(
      dir,
      withOptions({ epochs: 8, dryRun: true, onCost: ({ walFrost }) => costs.push(walFrost) }),
    )
    expect(planned).toMatchObject({ $kind: 'dry-run', cost: { packs: 4, expired: [], endEpoch: 9, transactions: 1 } })
    expect(costs).toEqual([planned.cost.walFrost])
    expect([await wal(), await ends()]).toEqual([before, [4, 4, 7, 7]])
  })

  it('refuses to spend more than it is allowed to', async () => {
    const before = await wal()
    const { cost } = await renew(dir, withOptions({ epochs: 8, dryRun: true }))
    const below = `0.${String(BigInt(cost.walFrost) - 1n).padStart(9, '0')}`
    await expect(renew(dir, withOptions({ epochs: 8, maxWal: below }))).rejects.toMatchObject({
      code: 'RENEW_MAX_WAL',
      exitCode: 12,
    })
    expect([await wal(), await ends()]).toEqual([before, [4, 4, 7, 7]])
  })

  it('takes exactly the cost, in as many transactions as it needs, and nothing when there is nothing to do', async () => {
    const before = await wal()
    const { cost } = await renew(dir, withOptions({ epochs: 8, dryRun: true }))
    const exact = `0.${cost.walFrost.padStart(9, '0')}`
    const done = await renew(dir, withOptions({ epochs: 8, packsPerTransaction: 3, maxWal: exact }))
    expect(done).toMatchObject({ $kind: 'renewed', cost: { ...cost, transactions: 2 } })
    expect(done.digests).toHaveLength(2)
    expect(before - (await wal())).toBe(BigInt(cost.walFrost))
    expect(await ends()).toEqual([9, 9, 9, 9])
    const again = await renew(dir, withOptions({ epochs: 8 }))
    expect(again).toMatchObject({ $kind: 'up-to-date', digests: [], cost: { walFrost: '0' } })
  })

  it('is open to anyone, by address, with a key that has no role and no workspace', async () => {
    await generateKey(world.options.homeDir, { alias: 'friend' })
    const friend = { ...world.options, key: { $kind: 'alias', name: 'friend' } as const }
    const owner = await wal()
    const done = await renew(world.root, { ...friend, remote: `local:${repository}`, epochs: 10 })
    expect(done).toMatchObject({ $kind: 'renewed', cost: { packs: 4, endEpoch: 11 } })
    expect(await wal()).toBe(owner)
    expect(await wal(friend)).toBeGreaterThan(0n)
    expect(await ends()).toEqual([11, 11, 11, 11])
  })

  it('reaches a date, by the first epoch that begins after it', async () => {
    const { refs, epochDays } = await expiry(dir, world.options)
    const until = new Date(Date.parse(refs[0]!.endDate!) + 2 * epochDays * 86_400_000).toISOString().slice(0, 10)
    const { cost } = await renew(dir, withOptions({ until }))
    expect(Date.parse(cost.endDate)).toBeGreaterThan(Date.parse(until))
    expect(await ends()).toEqual(Array(4).fill(cost.endEpoch))
    for (const bad of ['tomorrow', '2027-02-30', '2027-1-1'])
      await expect(renew(dir, withOptions({ until: bad }))).rejects.toMatchObject({ code: 'DATE_MALFORMED' })
    for (const far of [{ until: '2000-01-01' }, { until: '9999-12-31' }, { epochs: 54 }, { epochs: 0 }])
      await expect(renew(dir, withOptions(far))).rejects.toMatchObject({ code: 'WALRUS_EPOCHS_OUT_OF_RANGE' })
    await expect(renew(dir, withOptions({ until, epochs: 3 }))).rejects.toMatchObject({ code: 'OPTIONS_EXCLUSIVE' })
  })

  it('keeps data readable past its first end', async () => {
    for (let epoch = 1; epoch < 8; epoch++) await world.net.advanceEpoch()
    await clone(`local:${repository}`, world.path('copy'), world.options)
    expect(await snapshot(world.path('copy'))).toEqual(await snapshot(dir))
  })

  it('outside the local network wants a limit and a yes', async () => {
    const elsewhere = { ...world.profile, local: false }
    const options = withOptions({ networks: [elsewhere], epochs: 30, key: { $kind: 'alias', name: 'friend' } })
    for (const half of [{}, { yes: true }, { maxWal: '1' }])
      await expect(renew(dir, { ...options, ...half })).rejects.toMatchObject({ code: 'RENEW_LIMIT_MISSING' })
  })
})
