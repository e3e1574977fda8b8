/** Pushes to a branch whose packs have expired: it moves to what can be read, or not at all. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createLedgerClient } from '../../src/ledger/client.ts'
import { walCoinType } from '../../src/ledger/networks.ts'
import { createBranch, createTag } from '../../src/repo/branch.ts'
import { bringRevision } from '../../src/repo/bring-revision.ts'
import { clone } from '../../src/repo/clone.ts'
import { commit } from '../../src/repo/commit.ts'
import { deleteBranchThere } from '../../src/repo/delete-branch-there.ts'
import { drop } from '../../src/repo/drop.ts'
import { evict } from '../../src/repo/evict.ts'
import { expiry } from '../../src/repo/expiry.ts'
import { gcRemote } from '../../src/repo/gc-remote.ts'
import { get } from '../../src/repo/get.ts'
import { showAddress } from '../../src/repo/key.ts'
import { merge } from '../../src/repo/merge.ts'
import { purge } from '../../src/repo/purge.ts'
import { push } from '../../src/repo/push.ts'
import { revive } from '../../src/repo/revive.ts'
import { remove } from '../../src/repo/rm.ts'
import { switchTo } from '../../src/repo/switch.ts'
import { verifyRemote } from '../../src/repo/verify-remote.ts'
import { openWorkspace } from '../../src/store/workspace.ts'
import { type LocalWorld, noise, snapshot, startLocalWorld } from './local-world.ts'

let world: LocalWorld
beforeAll(async () => {
  world = await startLocalWorld({ nodes: 4 })
})
afterAll(() => world[Symbol.asyncDispose]())

const brief = () => ({ ...world.options, epochs: 1 })
async function wal(): Promise<bigint> {
  const { address: owner } = await showAddress(world.options)
  return createLedgerClient(world.profile).fetchBalance(owner, walCoinType(world.profile))
}
async function assertCloned(address: string, name: string, dir: string): Promise<void> {
  await clone(address, world.path(name), { ...world.options, useCache: false })
  expect(await snapshot(world.path(name))).toEqual(await snapshot(dir))
  expect(await verifyRemote(address, { ...world.options, full: true })).toMatchObject({ ok: true })
}

it('sends again what the version needs, and says beforehand what that costs', async () => {
  const dir = await world.workspace('again', { 'a.bin': noise(60_000, 1), 'b.txt': 'one\n' })
  const { repository } = await push(dir, { ...brief(), create: { name: 'again', network: 'local' } })
  await world.net.advanceEpoch()
  await world.change(dir, { 'b.txt': 'two\n' })
  const before = await wal()
  const dry = await push(dir, { ...world.options, dryRun: true })
  expect(Number(dry.cost.newBytes)).toBeGreaterThan(60_000)
  const pushed = await push(dir, world.options)
  expect(pushed).toMatchObject({ $kind: 'pushed', expiring: [] })
  expect(pushed.cost.walFrost).toBe(dry.cost.walFrost)
  expect(before - (await wal())).toBe(BigInt(dry.cost.walFrost))
  await assertCloned(`local:${repository}`, 'again-clone', dir)
  // It has nothing to do with what is over, here, there, and on chain.
  const again = await clone(`local:${repository}`, world.path('again-late'), world.options)
  expect(again.expiring).toEqual([])
  const { epoch, refs } = await expiry(dir, world.options)
  expect(refs).toMatchObject([{ ref: 'heads/main', endEpoch: pushed.packs[0]!.endEpoch }])
  expect(refs[0]!.packs.filter(({ wasOver }) => wasOver).map(({ endEpoch }) => endEpoch)).toEqual([epoch, epoch])
  // A file is deleted on the word of what is stored, whatever became of other versions.
  expect(await drop(world.path('again-late'), { ...world.options, paths: ['a.bin'] })).toMatchObject({ files: 1 })
  expect(await revive(dir, world.options)).toMatchObject({ $kind: 'revived', refs: [{ lost: [] }] })
})

it('moves nothing where some of it is nowhere, and goes on without these files', async () => {
  const dir = await world.workspace('lost', { 'a.bin': noise(60_000, 2), 'b.txt': 'one\n' })
  const { repository } = await push(dir, { ...brief(), create: { name: 'lost', network: 'local' } })
  const address = `local:${repository}`
  const partial = world.path('partial')
  await clone(address, partial, { ...world.options, filter: ['b.txt'] })
  await world.net.advanceEpoch()
  await world.change(partial, { 'b.txt': 'two\n' })
  const before = await wal()
  const refused = push(partial, world.options)
  await expect(refused).rejects.toMatchObject({ code: 'PUSH_BASE_EXPIRED', exitCode: 13 })
  expect(await wal()).toBe(before)
  {
    await using workspace = await openWorkspace(partial)
    await remove(workspace, { paths: ['a.bin'], cached: true })
    await commit(workspace, { message: 'without', author: { name: 'Test', email: '' } })
  }
  expect(await push(partial, world.options)).toMatchObject({ $kind: 'pushed', expiring: [] })
  await clone(address, world.path('lost-clone'), { ...world.options, useCache: false })
  expect([...(await snapshot(world.path('lost-clone'))).keys()]).toEqual(['b.txt'])
})

it('leaves alone what only older versions need', async () => {
  const dir = await world.workspace('older', { 'a.bin': noise(60_000, 3) })
  const { repository } = await push(dir, { ...brief(), create: { name: 'older', network: 'local' } })
  await world.change(dir, { 'a.bin': noise(60_000, 4) })
  await push(dir, { ...world.options, extendReused: false })
  await world.net.advanceEpoch()
  await world.change(dir, { 'b.txt': 'two\n' })
  const pushed = await push(dir, { ...world.options, extendReused: false })
  expect(pushed.packs.filter(({ reused }) => !reused).reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThan(20_000)
  await clone(`local:${repository}`, world.path('older-clone'), { ...world.options, useCache: false })
  expect(await snapshot(world.path('older-clone'))).toEqual(await snapshot(dir))
})

it('sends what a branch that has expired brought, once another branch takes it in', async () => {
  const dir = await world.workspace('side', { 'a.txt': 'one\n' })
  const { repository } = await push(dir, { ...world.options, create: { name: 'side', network: 'local' } })
  {
    await using workspace = await openWorkspace(dir)
    await switchTo(workspace, { target: 'side', create: true })
  }
  await world.change(dir, { 'big.bin': noise(50_000, 5) })
  await push(dir, { ...brief(), extendReused: false })
  await world.net.advanceEpoch()
  const side = await snapshot(dir)
  {
    await using workspace = await openWorkspace(dir)
    await switchTo(workspace, { target: 'main' })
  }
  // What main has is stored, and is not looked at.
  await world.change(dir, { 'a.txt': 'two\n' })
  const plain = await push(dir, world.options)
  expect(plain.packs.filter(({ reused }) => !reused).reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThan(10_000)
  {
    await using workspace = await openWorkspace(dir)
    await merge(workspace, { revision: 'side', author: { name: 'Test', email: '' } })
  }
  expect([...(await snapshot(dir)).keys()].sort()).toEqual([...side.keys()].sort())
  await push(dir, world.options)
  await assertCloned(`local:${repository}`, 'side-clone', dir)
})

it('says of a branch that is there already when it ends, or has', async () => {
  const dir = await world.workspace('there', { 'a.bin': noise(20_000, 13) })
  await push(dir, { ...world.options, epochs: 3, create: { name: 'there', network: 'local' } })
  const again = () => push(dir, world.options)
  expect(await again()).toMatchObject({ $kind: 'up-to-date', expiring: [] })
  await world.change(dir, { 'b.txt': 'two\n' })
  await push(dir, { ...world.options, epochs: 10, extendReused: false })
  expect(await again()).toMatchObject({ $kind: 'up-to-date', expiring: [] })
  await world.net.advanceEpoch()
  // Of the push before.
  expect(await again()).toMatchObject({ $kind: 'up-to-date', expiring: [{ ref: 'heads/main', epochsLeft: 2 }] })
  await world.net.advanceEpoch()
  await world.net.advanceEpoch()
  expect(await again()).toMatchObject({ $kind: 'up-to-date', expiring: [{ ref: 'heads/main', epochsLeft: 0 }] })
  await revive(dir, world.options)
  expect(await again()).toMatchObject({ $kind: 'up-to-date', expiring: [] })
})

it('pushes other branches and tags of a version that has come back', async () => {
  const dir = await world.workspace('back', { 'a.bin': noise(20_000, 9) })
  const { repository } = await push(dir, { ...brief(), create: { name: 'back', network: 'local' } })
  await world.change(dir, { 'b.txt': 'two\n' })
  await push(dir, brief())
  const named = async (ref: string, make: typeof createTag | typeof createBranch) => {
    {
      await using workspace = await openWorkspace(dir)
      await make(workspace, { name: ref })
    }
    return push(dir, { ...world.options, epochs: 1, ref })
  }
  // It goes on naming packs that are then retired.
  await named('v1', createTag)
  await world.net.advanceEpoch()
  expect(await revive(dir, world.options)).toMatchObject({ tags: [{ ref: 'tags/v1' }] })
  await named('other', createBranch)
  await named('v2', createTag)
  for (const ref of ['v1', 'v2', 'other']) await assertCloned(`local:${repository}@${ref}`, `back-${ref}`, dir)
})

it('brings what a purged version needs of expired packs, whatever else was in them', async () => {
  const dir = await world.workspace('purged', { 'a.bin': noise(60_000, 10) })
  const { repository } = await push(dir, { ...brief(), create: { name: 'purged', network: 'local' } })
  await world.change(dir, { 's.txt': 'secret\n', 't.bin': noise(20_000, 11) })
  await push(dir, { ...world.options, extendReused: false })
  await world.net.advanceEpoch()
  const purged = await purge(dir, { ...world.options, paths: ['s.txt'] })
  expect(purged).toMatchObject({ remote: { pushed: [{ ref: 'heads/main', nowhere: 0 }], packs: [{ kind: 'data' }] } })
  await assertCloned(`local:${repository}`, 'purged-clone', dir)
  expect([...(await snapshot(dir)).keys()].sort()).toEqual(['a.bin', 't.bin'])
})

it('lets nothing that is lost stop a purge, and says that it is lost', async () => {
  const dir = await world.workspace('half', { 'a.bin': noise(60_000, 12), 's.txt': 'secret\n', 'b.txt': 'one\n' })
  const { repository } = await push(dir, { ...brief(), create: { name: 'half', network: 'local' } })
  const half = world.path('half-clone')
  await clone(`local:${repository}`, half, { ...world.options, filter: ['*.txt'] })
  await world.net.advanceEpoch()
  const purged = await purge(half, { ...world.options, paths: ['s.txt'] })
  expect(purged.remote?.pushed).toMatchObject([{ ref: 'heads/main', nowhere: 1 }])
  const cloned = clone(`local:${repository}`, world.path('half-broken'), { ...world.options, useCache: false })
  await expect(cloned).rejects.toMatchObject({ hints: [expect.stringContaining('floe revive')] })
})

describe('where trees of older versions have expired', () => {
  let dir = ''
  let late = ''
  beforeAll(async () => {
    dir = await world.workspace('gaps', { 'a.bin': noise(60_000, 6), 'b.txt': 'one\n' })
    const { repository } = await push(dir, { ...brief(), create: { name: 'gaps', network: 'local' } })
    await world.change(dir, { 'a.bin': noise(60_000, 7) })
    await push(dir, brief())
    await world.net.advanceEpoch()
    await world.change(dir, { 'b.txt': 'two\n' })
    await push(dir, world.options)
    // Then a pack that no branch needs, and that an older version might.
    {
      await using workspace = await openWorkspace(dir)
      await switchTo(workspace, { target: 'side', create: true })
    }
    await world.change(dir, { 'side.bin': noise(50_000, 8) })
    await push(dir, world.options)
    {
      await using workspace = await openWorkspace(dir)
      await switchTo(workspace, { target: 'main' })
    }
    await deleteBranchThere(dir, { ...world.options, branch: 'side' })
    late = world.path('gaps-late')
    await clone(`local:${repository}`, late, { ...world.options, useCache: false })
  })

  it('says of an object that it may have expired, and how to have it again', async () => {
    const brought = bringRevision(late, 'HEAD~1', { ...world.options, useCache: false })
    await expect(brought).rejects.toMatchObject({
      code: 'REMOTE_TIP_INCOMPLETE',
      hints: [expect.stringMatching(/^4 packs of the repository have expired, .*`floe revive`/)],
    })
  })

  it('collects what no version can need, and leaves the rest', async () => {
    const all = await gcRemote(dir, { ...world.options, dryRun: true })
    expect(all).toMatchObject({ unread: 0, kept: [] })
    const side = all.proposed.filter(({ endEpoch }) => endEpoch > all.epoch)
    expect(side.map(({ kind }) => kind).sort()).toEqual(['data', 'meta'])
    const some = await gcRemote(late, { ...world.options, dryRun: true })
    expect(some.unread).toBe(2)
    expect(some.proposed.map(({ endEpoch }) => endEpoch)).toEqual(all.proposed.slice(0, 4).map(() => some.epoch))
    expect(some.kept).toEqual(side.map(({ number, bytes }) => ({ number, bytes, reason: 'unread' })))
    // What somebody has proposed who could look at all is neither called off nor carried out.
    expect((await gcRemote(dir, world.options)).proposed).toHaveLength(6)
    const after = await gcRemote(late, world.options)
    expect(after).toMatchObject({ $kind: 'nothing', cancelled: [], proposed: [], taken: [] })
    expect(after.waiting).toHaveLength(4)
  })

  it('evicts what the remote holds, and nothing else', async () => {
    const before = await snapshot(late)
    const evicted = await evict(late, { ...world.options, limitBytes: 0 })
    expect(evicted).toMatchObject({ $kind: 'evicted', unread: 2, uncertified: 0, chunks: 2 })
    await drop(late, { ...world.options, paths: ['a.bin'] })
    await get(late, { ...world.options, useCache: false, paths: ['a.bin'] })
    expect(await snapshot(late)).toEqual(before)
    // Here all of it is known to be needed, and what has expired is nowhere else.
    const full = await evict(dir, { ...world.options, limitBytes: 0 })
    expect(full).toMatchObject({ $kind: 'evicted', unread: 0 })
    expect(full.uncertified).toBeGreaterThan(1)
  })

  it('brings older versions back although the packs have been given up since', async () => {
    expect(await revive(late, world.options)).toMatchObject({ $kind: 'up-to-date' })
    const revived = await revive(dir, world.options)
    expect(revived).toMatchObject({ $kind: 'revived', refs: [{ lost: [] }] })
    expect(await gcRemote(late, { ...world.options, dryRun: true })).toMatchObject({ unread: 0 })
  })
})
