import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createLedgerClient } from '../../src/ledger/client.ts'
import { walCoinType } from '../../src/ledger/networks.ts'
import { createBranch, createTag } from '../../src/repo/branch.ts'
import { clone } from '../../src/repo/clone.ts'
import { expiry } from '../../src/repo/expiry.ts'
import { showAddress } from '../../src/repo/key.ts'
import { push } from '../../src/repo/push.ts'
import { revive } from '../../src/repo/revive.ts'
import { verifyRemote } from '../../src/repo/verify-remote.ts'
import { openWorkspace } from '../../src/store/workspace.ts'
import { type LocalWorld, noise, snapshot, startLocalWorld } from './local-world.ts'

let world: LocalWorld
let dir: string
let address: string
let first: string
beforeAll(async () => {
  world = await startLocalWorld()
  dir = await world.workspace('source', { 'a.bin': noise(30_000, 1), 'b.txt': 'one\n' })
  const options = { ...world.options, epochs: 2 }
  const pushed = await push(dir, { ...options, create: { name: 'revive', network: 'local' } })
  first = pushed.new
  address = `local:${pushed.repository}`
  {
    await using workspace = await openWorkspace(dir)
    await createBranch(workspace, { name: 'old' })
  }
  await push(dir, { ...options, ref: 'old' })
  await world.change(dir, { 'b.txt': 'two\n' })
  await push(dir, options)
  {
    await using workspace = await openWorkspace(dir)
    await createTag(workspace, { name: 'v2' })
  }
  await push(dir, { ...options, ref: 'v2' })
  await clone(address, world.path('copy'), world.options)
  for (let epoch = 0; epoch < 2; epoch++) await world.net.advanceEpoch()
}, 90_000)
afterAll(() => world[Symbol.asyncDispose]())

let clones = 0
async function cloned(revision = '') {
  const target = world.path(`clone-${++clones}`)
  await clone(`${address}${revision}`, target, { ...world.options, useCache: false })
  return snapshot(target)
}
async function wal(): Promise<bigint> {
  const { address: owner } = await showAddress(world.options)
  return createLedgerClient(world.profile).fetchBalance(owner, walCoinType(world.profile))
}

describe('reviving', { timeout: 90_000 }, () => {
  it('is needed when everything has expired: nobody can read it', async () => {
    await expect(cloned()).rejects.toMatchObject({ code: 'PACK_EXPIRED', exitCode: 13 })
    await expect(verifyRemote(address, world.options)).rejects.toMatchObject({ code: 'PACK_EXPIRED', exitCode: 13 })
    const { expiring } = await push(dir, { ...world.options, dryRun: true })
    expect(expiring).toMatchObject([{ ref: 'heads/main', epochsLeft: 0 }])
  })

  it('says its cost, and spends no more than it is allowed to', async () => {
    const before = await wal()
    const dry = await revive(world.path('copy'), { ...world.options, dryRun: true })
    expect(dry).toMatchObject({ $kind: 'dry-run', retired: [], refs: [{ ref: 'heads/main', digest: null }] })
    expect(BigInt(dry.walFrost)).toBeGreaterThan(0n)
    await expect(revive(world.path('copy'), { ...world.options, maxWal: '0.000000001' })).rejects.toMatchObject({
      code: 'PUSH_MAX_WAL',
    })
    expect(await wal()).toBe(before)
  })

  it('brings back from a clone what the clone has, byte by byte, and names what it has not', async () => {
    const before = await wal()
    const result = await revive(world.path('copy'), world.options)
    expect(result).toMatchObject({
      $kind: 'revived',
      refs: [{ ref: 'heads/main', lost: [first] }],
      tags: [{ ref: 'tags/v2', through: 'heads/main' }],
      skipped: [{ ref: 'heads/old', code: 'REVIVE_INCOMPLETE' }],
    })
    expect(before - (await wal())).toBe(BigInt(result.walFrost))
    expect(await cloned()).toEqual(await snapshot(dir))
    expect(await cloned('@v2')).toEqual(await snapshot(dir))
    expect(await verifyRemote(address, { ...world.options, full: true })).toMatchObject({ ok: true })
    expect(await verifyRemote(address, { ...world.options, ref: 'v2', full: true })).toMatchObject({ ok: true })
    await expect(cloned('@old')).rejects.toMatchObject({ exitCode: 13 })
  })

  it('brings back the rest from where it was committed, and then has nothing to do', async () => {
    expect(await revive(dir, world.options)).toMatchObject({
      refs: [
        { ref: 'heads/main', lost: [] },
        { ref: 'heads/old', lost: [] },
      ],
      skipped: [],
    })
    expect(await cloned(`@${first}`)).toHaveLength(2)
    expect((await cloned('@old')).get('b.txt')).toBe(`- ${Buffer.from('one\n').toString('base64')}`)
    expect(await verifyRemote(address, { ...world.options, ref: 'old', full: true })).toMatchObject({ ok: true })
    const before = await wal()
    expect(await revive(dir, world.options)).toMatchObject({ $kind: 'up-to-date', refs: [], walFrost: '0' })
    expect(await wal()).toBe(before)
    const { refs, epoch } = await expiry(dir, world.options)
    for (const ref of refs.filter(({ ref }) => ref !== 'tags/v2')) expect(ref.endEpoch).toBeGreaterThan(epoch)
  })

  it('puts the very same packs in the place of expired ones when it makes them again', async () => {
    const one = await world.workspace('one', { 'a.bin': noise(20_000, 9) })
    const options = { ...world.options, epochs: 1 }
    const { repository, packs } = await push(one, { ...options, create: { name: 'one', network: 'local' } })
    await world.net.advanceEpoch()
    const revived = await revive(one, world.options)
    expect(revived).toMatchObject({ refs: [{ packs: 2 }], retired: [] })
    const report = await verifyRemote(`local:${repository}`, { ...world.options, full: true })
    expect(report.packs).toBe(packs.length)
    await clone(`local:${repository}`, world.path('one-clone'), { ...world.options, useCache: false })
    expect(await snapshot(world.path('one-clone'))).toEqual(await snapshot(one))
  })

  it('brings back what a push has left out that came after the end, and finds nothing more then', async () => {
    const late = await world.workspace('late', { 'a.bin': noise(20_000, 11), 'b.txt': 'one\n' })
    const options = { ...world.options, epochs: 1 }
    const first = await push(late, { ...options, create: { name: 'late', network: 'local' } })
    const address = `local:${first.repository}`
    await world.change(late, { 'a.bin': noise(20_000, 12) })
    await push(late, options)
    await world.net.advanceEpoch()
    await world.change(late, { 'b.txt': 'two\n' })
    // The version itself comes again with the push, and the history; what older versions held does not.
    expect(await push(late, world.options)).toMatchObject({ $kind: 'pushed' })
    const cloneOf = (name: string, at = '') =>
      clone(`${address}${at}`, world.path(name), { ...world.options, useCache: false })
    await cloneOf('late-clone')
    await expect(cloneOf('late-broken', `@${first.new}`)).rejects.toMatchObject({ exitCode: 13 })
    expect(await revive(late, world.options)).toMatchObject({ refs: [{ ref: 'heads/main', lost: [] }], skipped: [] })
    await cloneOf('late-first', `@${first.new}`)
    expect(await verifyRemote(address, { ...world.options, full: true })).toMatchObject({ ok: true })
    expect(await revive(late, world.options)).toMatchObject({ $kind: 'up-to-date', refs: [] })
  })

  it('is for branches, of a remote that has them', async () => {
    await expect(revive(dir, { ...world.options, ref: 'nothing' })).rejects.toMatchObject({
      code: 'REMOTE_REF_UNKNOWN',
    })
    await expect(revive(dir, { ...world.options, ref: 'v2' })).rejects.toMatchObject({
      code: 'REVIVE_TAG',
      exitCode: 2,
    })
  })
})
