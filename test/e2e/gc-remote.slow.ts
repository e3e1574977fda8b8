import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createBranch } from '../../src/repo/branch.ts'
import { clone } from '../../src/repo/clone.ts'
import { gcRemote } from '../../src/repo/gc-remote.ts'
import { push } from '../../src/repo/push.ts'
import { reset } from '../../src/repo/reset.ts'
import { verifyRemote } from '../../src/repo/verify-remote.ts'
import { openWorkspace } from '../../src/store/workspace.ts'
import { failure, type LocalWorld, noise, snapshot, startLocalWorld } from './local-world.ts'
import { createGrpcClient } from './time.ts'

const DAY_MS = 86_400_000

let world: LocalWorld
let dir: string
let address: string
/** Newest commit on the branch, and the one before. */
let dropped: string
beforeAll(async () => {
  world = await startLocalWorld()
  dir = await world.workspace('source', { 'a.bin': noise(30_000, 1), 'b.txt': 'one\n' })
  const pushed = await push(dir, { ...world.options, create: { name: 'gc', network: 'local' } })
  address = `local:${pushed.repository}`
  dropped = await world.change(dir, { 'big.bin': noise(50_000, 2) })
  await push(dir, world.options)
}, 90_000)
afterAll(() => world[Symbol.asyncDispose]())

const collect = (more = {}) => gcRemote(dir, { ...world.options, ...more })
async function resetTo(revision: string) {
  await using workspace = await openWorkspace(dir)
  await reset(workspace, { revision, mode: 'hard' })
}
async function passDays(days: number) {
  await createGrpcClient(world.profile).forkingService.advanceClock({ durationMs: BigInt(days * DAY_MS) })
}
let clones = 0
async function cloned() {
  const target = world.path(`clone-${++clones}`)
  await clone(address, target, world.options)
  return snapshot(target)
}

describe('gc --remote', { timeout: 90_000 }, () => {
  it('finds nothing while a branch needs everything', async () => {
    expect(await collect()).toMatchObject({ $kind: 'nothing', packs: { stored: 4, needed: 4 }, kept: [] })
  })

  it('says what could go after a forced push, from when on, and changes nothing in a dry run', async () => {
    await resetTo('HEAD~1')
    await push(dir, { ...world.options, force: true })
    const dry = await collect({ dryRun: true })
    // The meta pack holds the locator that the branch is read by.
    expect(dry.proposed.map(({ kind }) => kind)).toEqual(['data'])
    expect(dry.proposed.every(({ bytes, storedBytes }) => storedBytes > bytes)).toBe(true)
    expect(Date.parse(dry.proposed[0]!.removableAt)).toBeGreaterThan(Date.now() + DAY_MS / 2)
    expect(dry.digests).toEqual([])
    expect(await collect({ dryRun: true })).toMatchObject({ proposed: [{}], waiting: [] })
  })

  it('proposes first, waits for the grace period and the promises, and can take it back', async () => {
    const { proposed } = await collect({ perTransaction: 1 })
    expect(proposed).toHaveLength(1)
    expect(await collect()).toMatchObject({ $kind: 'nothing', proposed: [], waiting: [{}], taken: [] })
    const numbers = proposed.map(({ number }) => number)
    expect(await collect({ cancel: numbers })).toMatchObject({ $kind: 'changed', cancelled: numbers })
    expect(await failure(collect({ cancel: numbers }))).toMatchObject({ code: 'GC_REMOTE_NOT_PROPOSED' })
    expect(await collect()).toMatchObject({ proposed: [{ number: numbers[0] }] })
  })

  it('leaves a proposed pack in use when a push needs just that pack again', async () => {
    await resetTo(dropped)
    await push(dir, world.options)
    expect(await verifyRemote(address, { ...world.options, full: true })).toMatchObject({ ok: true })
    expect((await cloned()).get('big.bin')).toBeDefined()
    const after = await collect()
    expect(after.waiting.filter(({ kind }) => kind === 'data')).toEqual([])
  })

  it('takes a proposal back when a ref needs the pack after all', async () => {
    await resetTo('HEAD~1')
    await push(dir, { ...world.options, force: true })
    const { proposed } = await collect()
    expect(proposed.length).toBeGreaterThan(0)
    // A branch at the old version: what it needs is proposed, so it is brought anew or recalled.
    await using workspace = await openWorkspace(dir)
    await createBranch(workspace, { name: 'kept', at: dropped })
    await push(dir, { ...world.options, ref: 'kept' })
    await passDays(60)
    await collect()
    expect(await verifyRemote(address, { ...world.options, ref: 'kept', full: true })).toMatchObject({ ok: true })
    expect(await cloned()).toEqual(await snapshot(dir))
  })

  it('deletes what is due on a later run, and the repository stays whole', async () => {
    await world.change(dir, { 'c.bin': noise(40_000, 3) })
    await push(dir, world.options)
    await resetTo('HEAD~1')
    await push(dir, { ...world.options, force: true })
    const { proposed } = await collect()
    expect(await collect()).toMatchObject({ taken: [] })
    await passDays(60)
    const { taken, digests } = await collect()
    expect(taken.map(({ number }) => number)).toEqual(expect.arrayContaining(proposed.map(({ number }) => number)))
    expect(digests).toHaveLength(1)
    for (const ref of ['main', 'kept'])
      expect(await verifyRemote(address, { ...world.options, ref, full: true })).toMatchObject({ ok: true })
    expect(await cloned()).toEqual(await snapshot(dir))
    expect(await collect()).toMatchObject({ $kind: 'nothing', waiting: [], taken: [] })
  })

  it('is refused by the contract for a stranger, and then says whose the packs are', async () => {
    const stranger = { ...world.options, homeDir: world.path('stranger') }
    await resetTo(dropped)
    await push(dir, { ...world.options, force: true })
    await resetTo('HEAD~1')
    await push(dir, { ...world.options, force: true })
    expect(await gcRemote(dir, { ...stranger, remote: address })).toMatchObject({ $kind: 'nothing', proposed: [] })
  })
})
