import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createLedgerClient } from '../../src/ledger/client.ts'
import { walCoinType } from '../../src/ledger/networks.ts'
import { clone } from '../../src/repo/clone.ts'
import { expiry } from '../../src/repo/expiry.ts'
import { addToFund, clearFundRule, setFundRule, showFund, withdrawFromFund } from '../../src/repo/fund.ts'
import { generateKey, showAddress } from '../../src/repo/key.ts'
import { pull } from '../../src/repo/pull.ts'
import { push } from '../../src/repo/push.ts'
import { promiseBatches, splitReuse } from '../../src/repo/push-transaction.ts'
import { openRemoteContext } from '../../src/repo/remote-context.ts'
import { type RenewOptions, renew } from '../../src/repo/renew.ts'
import { statusOf } from '../../src/repo/status.ts'
import { openWorkspace } from '../../src/store/workspace.ts'
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

describe('the fund of a repository', { timeout: 60_000 }, () => {
  let funded: string
  const friend = () => ({ ...world.options, key: { $kind: 'alias', name: 'friend' } as const })
  const fundEnds = async () => (await expiry(funded, world.options)).refs[0]!.packs.map((pack) => pack.endEpoch)
  const balance = async () => BigInt((await showFund(funded, world.options)).balanceFrost)

  it('pays for nothing before an administrator has set a rule', async () => {
    funded = await world.workspace('funded', { 'a.bin': noise(30_000, 3) })
    await push(funded, { ...world.options, create: { name: 'funded', network: 'local' }, epochs: 3 })
    expect(await showFund(funded, world.options)).toMatchObject({
      balanceFrost: '0',
      rule: null,
      epoch: 8,
      knownEpoch: 8,
    })
    await expect(renew(funded, withOptions({ fromFund: true }))).rejects.toMatchObject({ code: 'FUND_NO_RULE' })
  })

  it('takes gifts from anyone, and orders from administrators only', async () => {
    expect(await addToFund(funded, { ...friend(), amount: '0.5' })).toMatchObject({ balanceFrost: '500000000' })
    const rule = { renewBelow: 5, renewTo: 8 }
    await expect(setFundRule(funded, { ...friend(), ...rule })).rejects.toMatchObject({ code: 'ACCESS_NOT_ADMIN' })
    await expect(withdrawFromFund(funded, { ...friend(), amount: '0.1' })).rejects.toMatchObject({
      code: 'ACCESS_NOT_ADMIN',
      exitCode: 12,
    })
    for (const bad of [
      { renewBelow: 0, renewTo: 8 },
      { renewBelow: 9, renewTo: 8 },
      { renewBelow: 5, renewTo: 54 },
    ])
      await expect(setFundRule(funded, { ...world.options, ...bad })).rejects.toMatchObject({ code: 'FUND_RULE_BAD' })
    for (const amount of ['0', '-1', '1e3', '0.0000000001', '99999999999'])
      await expect(addToFund(funded, { ...world.options, amount })).rejects.toMatchObject({ code: 'AMOUNT_MALFORMED' })
    await setFundRule(funded, { ...world.options, ...rule })
    expect((await showFund(funded, world.options)).rule).toMatchObject({ ...rule, maxPerPackFrost: null })
  })

  it('renews what is due for whoever asks, and pays exactly the price', async () => {
    const mine = await wal(friend())
    const { cost } = await renew(funded, { ...friend(), fromFund: true, dryRun: true })
    expect(cost).toMatchObject({ packs: 2, endEpoch: 16, from: 'fund', proofFrost: '0', unpaid: [] })
    const below = `0.${String(BigInt(cost.walFrost) - 1n).padStart(9, '0')}`
    await expect(renew(funded, { ...friend(), fromFund: true, maxWal: below })).rejects.toMatchObject({
      code: 'RENEW_MAX_WAL',
    })
    expect([await balance(), await fundEnds()]).toEqual([500_000_000n, [11, 11]])
    const exact = `0.${cost.walFrost.padStart(9, '0')}`
    const done = await renew(funded, { ...friend(), fromFund: true, maxWal: exact, packsPerTransaction: 1 })
    expect(done).toMatchObject({ $kind: 'renewed', digests: { length: 2 }, paidFrost: cost.walFrost })
    expect([await balance(), await fundEnds()]).toEqual([500_000_000n - BigInt(cost.walFrost), [16, 16]])
    expect(await wal(friend())).toBe(mine)
    expect(await showFund(funded, world.options)).toMatchObject({ spentFrost: cost.walFrost })
    expect(await renew(funded, { ...friend(), fromFund: true })).toMatchObject({ $kind: 'up-to-date', digests: [] })
  })

  it('is shown which epoch it is, for a little WAL of the caller, when it cannot know', async () => {
    for (let epoch = 8; epoch < 12; epoch++) await world.net.advanceEpoch()
    const before = await balance()
    const mine = await wal(friend())
    const { cost } = await renew(funded, { ...friend(), fromFund: true, dryRun: true })
    expect(BigInt(cost.proofFrost)).toBeGreaterThan(0n)
    const done = await renew(funded, { ...friend(), fromFund: true })
    expect(await fundEnds()).toEqual([20, 20])
    expect(done.paidFrost).toBe(cost.walFrost)
    expect(mine - (await wal(friend()))).toBe(BigInt(cost.proofFrost))
    expect(before - (await balance())).toBe(BigInt(cost.walFrost) - BigInt(cost.proofFrost))
    expect(await showFund(funded, world.options)).toMatchObject({ knownEpoch: 12 })
  })

  it('stops at its price, gives back what an administrator takes, and ends with its rule', async () => {
    await setFundRule(funded, { ...world.options, renewBelow: 9, renewTo: 9, maxPrice: '0.000000001' })
    await expect(renew(funded, { ...friend(), fromFund: true })).rejects.toMatchObject({
      code: 'FUND_PRICE_ABOVE_RULE',
    })
    const [mine, left] = [await wal(), await balance()]
    await expect(withdrawFromFund(funded, { ...world.options, amount: '1' })).rejects.toMatchObject({
      code: 'FUND_SHORT',
    })
    await withdrawFromFund(funded, { ...world.options, amount: `0.${String(left).padStart(9, '0')}` })
    expect([(await wal()) - mine, await balance()]).toEqual([left, 0n])
    await setFundRule(funded, { ...world.options, renewBelow: 9, renewTo: 9 })
    const empty = await renew(funded, { ...friend(), fromFund: true })
    expect(empty).toMatchObject({ $kind: 'up-to-date', cost: { packs: 0, unpaid: [0, 1] } })
    await clearFundRule(funded, world.options)
    await expect(renew(funded, withOptions({ fromFund: true }))).rejects.toMatchObject({ code: 'FUND_NO_RULE' })
  })
})

describe('a push', { timeout: 60_000 }, () => {
  let reusing: string
  const packEnds = async () => {
    const { refs } = await expiry(reusing, world.options)
    return refs[0]!.packs.map((pack) => pack.endEpoch)
  }

  it('extends the packs it reuses as far as it is stored itself, within its limit', async () => {
    reusing = await world.workspace('reusing', { 'a.bin': noise(30_000, 5) })
    const first = await push(reusing, { ...world.options, create: { name: 'reusing', network: 'local' }, epochs: 3 })
    await world.change(reusing, { 'b.bin': noise(3_000, 6) })
    const dry = await push(reusing, { ...world.options, epochs: 6, dryRun: true })
    expect(dry.cost).toMatchObject({ packs: 2, extendedPacks: 2 })
    expect(BigInt(dry.cost.walFrost)).toBeGreaterThan(BigInt(dry.cost.extendFrost))
    const before = await wal()
    // Enough for the new packs, or for the old ones, but not for both: found out before anything is paid.
    const below = `0.${String(BigInt(dry.cost.extendFrost) + 1n).padStart(9, '0')}`
    await expect(push(reusing, { ...world.options, epochs: 6, maxWal: below })).rejects.toMatchObject({
      code: 'PUSH_MAX_WAL',
    })
    expect(await wal()).toBe(before)
    const { cost } = await push(reusing, { ...world.options, epochs: 6 })
    expect(cost).toMatchObject({ extendedPacks: 2, extendFrost: dry.cost.extendFrost })
    expect(before - (await wal())).toBe(BigInt(cost.walFrost))
    expect(await packEnds()).toEqual(Array(4).fill(first.packs[0]!.endEpoch + 3))
  })

  it('leaves them as they are when told to, and promises even so that nobody removes them', async () => {
    await world.change(reusing, { 'c.bin': noise(3_000, 7) })
    const ends = await packEnds()
    const { cost } = await push(reusing, { ...world.options, epochs: 9, retainEpochs: 7, extendReused: false })
    expect(cost).toMatchObject({ extendedPacks: 0, extendFrost: '0' })
    expect(await packEnds()).toEqual([...ends, ends[0]! + 3, ends[0]! + 3])
    const context = await openRemoteContext('local', world.options)
    const { repository: id } = await push(reusing, world.options)
    const reader = context.repository(id)
    const packs = await reader.fetchPacks(await reader.fetchState(), [0, 1, 2, 3, 4, 5])
    expect(new Set(packs.map((pack) => pack.retainUntilMs)).size).toBe(1)
  })

  it('warns when what it needs ends soon, as clone, pull and status do, until somebody renews', async () => {
    const expiring = async (dir: string) => {
      await using workspace = await openWorkspace(dir)
      return (await statusOf(workspace)).expiring
    }
    const soon = await world.workspace('soon', { 'a.txt': 'a\n' })
    const first = await push(soon, { ...world.options, create: { name: 'soon', network: 'local' }, epochs: 3 })
    expect([first.expiring, await expiring(soon)]).toEqual([[], []])
    const copy = await clone(`local:${first.repository}`, world.path('soon-copy'), world.options)
    expect(copy.expiring).toEqual([])
    await world.net.advanceEpoch()
    await world.change(soon, { 'b.txt': 'b\n' })
    const warning = { remote: 'origin', ref: 'heads/main', endEpoch: first.packs[0]!.endEpoch, epochsLeft: 2 }
    expect((await push(soon, { ...world.options, extendReused: false })).expiring).toMatchObject([warning])
    expect((await pull(world.path('soon-copy'), world.options)).expiring).toMatchObject([warning])
    expect(await expiring(world.path('soon-copy'))).toMatchObject([warning])
    await renew(soon, world.options)
    expect(await expiring(soon)).toEqual([])
    expect((await pull(world.path('soon-copy'), world.options)).expiring).toEqual([])
    expect(await expiring(world.path('soon-copy'))).toEqual([])
  })

  it('extends and promises many packs in transactions of their own, before the ref moves', async () => {
    const { extensions, promises } = { extensions: [], promises: Array.from({ length: 1_900 }, (_, i) => i) }
    const { before, last } = splitReuse({ extensions, promises })
    expect(last).toEqual({ extensions: [], promises: [] })
    expect(before.promises.map(({ count }) => count)).toEqual([500, 500, 500, 400])
    expect(promiseBatches(before.promises).map((ranges) => ranges.length)).toEqual([1, 1, 1, 1])
    const gaps = splitReuse({ extensions, promises: [1, 2, 4, 9] }).last.promises
    expect(gaps).toEqual([
      { first: 1, count: 2 },
      { first: 4, count: 1 },
      { first: 9, count: 1 },
    ])
    expect(promiseBatches(gaps)).toEqual([gaps])
  })
})

describe('a ledger that fails or lies', { timeout: 60_000 }, () => {
  let place: string
  const withFetch = (altered: typeof fetch) => ({ ...world.options, remote: place, fetch: altered })
  const isCall = (input: Parameters<typeof fetch>[0], method: string) => String(input).endsWith(`/${method}`)
  const ledger = (altered: typeof fetch) => createLedgerClient(world.profile, { fetch: altered })
  /** Passes requests on, and changes bytes of what goes out or comes back. */
  const altering =
    (method: string, change: { request?: (body: Buffer) => void; answer?: (body: Buffer) => void }): typeof fetch =>
    async (input, init) => {
      if (!isCall(input, method)) return fetch(input, init)
      // The client asks in base64 and takes answers in bytes.
      const body = Buffer.from(String(init!.body), 'base64')
      change.request?.(body)
      const answer = await fetch(input, { ...init, body: body.toString('base64') })
      const bytes = Buffer.from(await answer.arrayBuffer())
      change.answer?.(bytes)
      return new Response(bytes, { status: answer.status, headers: answer.headers })
    }

  it('is asked what became of a transaction whose answers are lost', async () => {
    const one = await world.workspace('failing', { 'a.txt': 'a\n' })
    const options = { ...world.options, create: { name: 'failing', network: 'local' }, epochs: 3 }
    place = `local:${(await push(one, options)).repository}`
    const before = await wal()
    const losing: typeof fetch = async (input, init) => {
      const answer = await fetch(input, init)
      if (isCall(input, 'ExecuteTransaction')) throw new TypeError('fetch failed')
      return answer
    }
    const done = await renew(world.root, { ...withFetch(losing), epochs: 4, packsPerTransaction: 1 })
    expect(done).toMatchObject({ $kind: 'renewed', digests: { length: 2 }, paidFrost: done.cost.walFrost })
    expect(before - (await wal())).toBe(BigInt(done.cost.walFrost))
  })

  it('is not trusted to have refused what nobody can look up; run again, nothing is paid twice', async () => {
    const before = await wal()
    const { cost } = await renew(world.root, { ...world.options, remote: place, epochs: 6, dryRun: true })
    let gone = 0
    const dying: typeof fetch = async (input, init) => {
      if (gone > 0) throw new TypeError('fetch failed')
      const answer = await fetch(input, init)
      if (!isCall(input, 'ExecuteTransaction')) return answer
      gone++
      throw new TypeError('fetch failed')
    }
    const half = { ...withFetch(dying), epochs: 6, packsPerTransaction: 1 }
    await expect(renew(world.root, half)).rejects.toMatchObject({
      code: 'LEDGER_OUTCOME_UNKNOWN',
      exitCode: 14,
      retryable: true,
      data: { digest: expect.stringMatching(/^[1-9A-HJ-NP-Za-km-z]{43,44}$/) },
    })
    const rest = await renew(world.root, { ...world.options, remote: place, epochs: 6 })
    expect(rest.cost.packs).toBe(1)
    expect(before - (await wal())).toBe(BigInt(cost.walFrost))
  })

  it('is found out when an object is not what its digest says, or another than was asked for', async () => {
    const id = place.slice('local:'.length)
    const raw = Buffer.from(id.slice(2), 'hex')
    const spoil = (offset: number) => ({
      answer: (body: Buffer) => {
        const at = body.indexOf(raw) + offset
        body[at] = body[at]! ^ 1
      },
    })
    for (const offset of [0, 32, 60]) {
      const lying = ledger(altering('BatchGetObjects', spoil(offset)))
      await expect(lying.fetchObject(id)).rejects.toMatchObject({
        exitCode: 13,
        code: expect.stringMatching(/^LEDGER_OBJECT_(DIGEST|MALFORMED)$/),
      })
    }
    const other = Buffer.from(world.profile.systemObjectId)
    const swap = { request: (body: Buffer) => void other.copy(body, body.indexOf(id)) }
    await expect(ledger(altering('BatchGetObjects', swap)).fetchObject(id)).rejects.toMatchObject({
      code: 'LEDGER_OBJECT_MISMATCH',
    })
    expect((await ledger(fetch).fetchObject(id))!.id).toBe(id)
  })

  it('is found out when it answers about another transaction', async () => {
    const twist = {
      answer: (body: Buffer) => {
        const digest = /[1-9A-HJ-NP-Za-km-z]{43,44}/.exec(body.toString('latin1'))!
        body[digest.index] = body[digest.index] === 0x31 ? 0x32 : 0x31
      },
    }
    const lying = { ...withFetch(altering('ExecuteTransaction', twist)), epochs: 9 }
    await expect(renew(world.root, lying)).rejects.toMatchObject({ code: 'LEDGER_DIGEST_MISMATCH', exitCode: 13 })
  })
})
