import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createRng } from '../../src/base/rng.ts'
import { createLedgerClient } from '../../src/ledger/client.ts'
import { createRepositoryReader } from '../../src/ledger/repository-state.ts'
import { type ObjectId, objectIdFor } from '../../src/objects/id.ts'
import { grantAccess } from '../../src/repo/access.ts'
import { clone } from '../../src/repo/clone.ts'
import { deleteBranchThere } from '../../src/repo/delete-branch-there.ts'
import { evict } from '../../src/repo/evict.ts'
import { requestFaucet } from '../../src/repo/faucet.ts'
import { fetchRemote } from '../../src/repo/fetch.ts'
import { gcRemote } from '../../src/repo/gc-remote.ts'
import { generateKey } from '../../src/repo/key.ts'
import { pull } from '../../src/repo/pull.ts'
import { purge } from '../../src/repo/purge.ts'
import { push } from '../../src/repo/push.ts'
import { abortLockPath, abortPush, pushStatus } from '../../src/repo/push-abort.ts'
import { readRemotePosition } from '../../src/repo/push-target.ts'
import { showRemote } from '../../src/repo/remote.ts'
import { openRemoteContext } from '../../src/repo/remote-context.ts'
import { verifyLocal } from '../../src/repo/verify-local.ts'
import { verifyRemote } from '../../src/repo/verify-remote.ts'
import { showWallet } from '../../src/repo/wallet.ts'
import { openWorkspace } from '../../src/store/workspace.ts'
import { failure, type LocalWorld, noise, snapshot, startLocalWorld } from './local-world.ts'
import { lyingPush } from './lying-push.ts'
import { createGrpcClient } from './time.ts'

let world: LocalWorld
beforeAll(async () => {
  world = await startLocalWorld({ nodes: 4 })
})
afterAll(() => world[Symbol.asyncDispose]())

const create = (name: string) => ({ name, network: 'local' })

async function packsOf(repository: string) {
  const reader = createRepositoryReader(createLedgerClient(world.profile), repository, world.profile.floePackageIds)
  const state = await reader.fetchState()
  return reader.fetchPacks(
    state,
    Array.from({ length: state.packs.size }, (_, i) => i),
  )
}

describe('a pack whose index lies, and a locator that says so too', () => {
  it('keep nothing out of an honest push of the same content, and have nothing deleted', async () => {
    const dir = await world.workspace('lied-to', { 'a.bin': noise(20_000, 5) })
    const { repository } = await push(dir, { ...world.options, create: create('lied-to') })
    const liar = world.path('liar')
    await clone(`local:${repository}`, liar, world.options)
    const { address } = await generateKey(world.options.homeDir, { alias: 'liar' })
    await requestFaucet({ ...world.options, network: 'local', address })
    await grantAccess(dir, { ...world.options, address, role: 'writer' })
    await world.change(liar, { 'm.txt': 'm\n' })
    const content = noise(9_000, 6)
    const key = { $kind: 'alias' as const, name: 'liar' }
    await lyingPush(liar, repository, {
      options: { ...world.options, key },
      lie: { id: objectIdFor('chunk', content), bytes: noise(9_000, 7) },
    })
    await pull(dir, { ...world.options, author: { name: 'Test', email: '' } })
    await world.change(dir, { 'c.bin': content })
    const result = await push(dir, world.options)
    expect(result.packs.filter(({ kind, reused }) => kind === 'data' && !reused)).toHaveLength(1)
    const { number } = (await packsOf(repository)).findLast(({ kind }) => kind === 'data')!
    expect((await gcRemote(dir, { ...world.options, dryRun: true })).proposed).not.toContainEqual(
      expect.objectContaining({ number }),
    )
    await clone(`local:${repository}`, world.path('lied-clone'), world.options)
    expect(await snapshot(world.path('lied-clone'))).toEqual(await snapshot(dir))
  })
})

describe('a broken locator segment', () => {
  it('stops nobody: the next push makes the locator anew from the packs', async () => {
    const dir = await world.workspace('broken', { 'a.bin': noise(50_000, 2), 'b.txt': 'b\n' })
    const { repository } = await push(dir, { ...world.options, create: create('broken') })
    await lyingPush(dir, repository, { options: world.options, segments: [{ pack: 1, offset: 10, bytes: 200 }] })
    await expect(clone(`local:${repository}`, world.path('broken-0'), world.options)).rejects.toMatchObject({
      exitCode: 13,
    })
    await world.change(dir, { 'c.txt': 'c\n' })
    expect(await push(dir, world.options)).toMatchObject({ $kind: 'pushed' })
    await clone(`local:${repository}`, world.path('broken-1'), world.options)
    expect(await snapshot(world.path('broken-1'))).toEqual(await snapshot(dir))
  })
})

describe('a broken locator segment of another branch', () => {
  it('keeps packs from being folded, and stops no push', async () => {
    const dir = await world.workspace('broken-beside', { 'a.txt': 'a\n' })
    const limits = { smallPacks: 2 }
    const { repository } = await push(dir, { ...world.options, create: create('broken-beside') })
    const segments = [{ pack: 1, offset: 10, bytes: 200 }]
    await lyingPush(dir, repository, { options: world.options, ref: 'heads/beside', segments })
    await world.change(dir, { 'b.txt': 'b\n' })
    expect(await push(dir, { ...world.options, limits })).toMatchObject({ $kind: 'pushed' })
    expect((await packsOf(repository)).every(({ state }) => state === 'live')).toBe(true)
    expect(await verifyRemote(dir, { ...world.options, full: true })).toMatchObject({ ok: true })
    const error = await failure(gcRemote(dir, { ...world.options, dryRun: true }))
    expect(error).toMatchObject({ code: 'GC_REMOTE_UNREADABLE', exitCode: 13 })
    // What the hint says to type.
    expect((await fetchRemote(dir, world.options)).unread).toMatchObject([{ ref: 'heads/beside' }])
    await deleteBranchThere(dir, { ...world.options, remote: 'origin', branch: 'beside', force: true })
    expect(await gcRemote(dir, { ...world.options, dryRun: true })).toMatchObject({ $kind: 'dry-run' })
  })
})

describe('a ref that another writer has moved to a commit whose objects nobody has', () => {
  it('stops nobody: the honest push of that commit brings them, and the next finds all of it there', async () => {
    const dir = await world.workspace('hollow', { 'a.bin': noise(50_000, 3) })
    const { repository } = await push(dir, { ...world.options, create: create('hollow') })
    await clone(`local:${repository}`, world.path('hollow-other'), world.options)
    const { address } = await generateKey(world.options.homeDir, { alias: 'hollow' })
    await requestFaucet({ ...world.options, network: 'local', address })
    await grantAccess(dir, { ...world.options, address, role: 'writer' })
    await world.change(dir, { 'b.bin': noise(30_000, 4) })
    const context = await openRemoteContext('local', world.options)
    const before = await readRemotePosition(context.repository(repository), 'heads/main', {})
    const { segments } = before.pushes.get(before.current!.push)!
    const key = { $kind: 'alias' as const, name: 'hollow' }
    await lyingPush(dir, repository, { segments, options: { ...world.options, key } })
    expect(await push(dir, { ...world.options, dryRun: true })).toMatchObject({ $kind: 'dry-run' })
    expect(await push(dir, world.options)).toMatchObject({ $kind: 'pushed', forced: false })
    await clone(`local:${repository}`, world.path('hollow-clone'), world.options)
    expect(await snapshot(world.path('hollow-clone'))).toEqual(await snapshot(dir))
    expect(await push(dir, world.options)).toMatchObject({ $kind: 'up-to-date' })
  })
})

describe('a push under way', () => {
  it('is relied on by nobody else: what it deposited can be taken back', async () => {
    const files = Object.fromEntries(Array.from({ length: 4 }, (_, i) => [`${i}.bin`, noise(20_000, 300 + i)]))
    const dir = await world.workspace('under-way', { 'a.txt': 'a\n' })
    const { repository } = await push(dir, { ...world.options, create: create('under-way') })
    await clone(`local:${repository}`, world.path('other'), world.options)
    const { address } = await generateKey(world.options.homeDir, { alias: 'other' })
    await requestFaucet({ ...world.options, network: 'local', address })
    await grantAccess(dir, { ...world.options, address, role: 'writer' })
    const limits = { packBytes: 50_000, packsPerTransaction: 1 }
    let executions = 0
    const flaky: typeof fetch = async (input, init) => {
      if (String(input).endsWith('/ExecuteTransaction') && ++executions >= 4) throw new TypeError('fetch failed')
      return fetch(input, init)
    }
    await world.change(dir, files)
    await expect(push(dir, { ...world.options, limits, fetch: flaky })).rejects.toMatchObject({ exitCode: 14 })
    expect((await packsOf(repository)).length).toBeGreaterThan(2)
    expect(await pushStatus(dir)).toMatchObject([{ ref: 'heads/main', repository, packs: [{}, {}, {}] }])

    await world.change(world.path('other'), files)
    const key = { $kind: 'alias' as const, name: 'other' }
    const result = await push(world.path('other'), { ...world.options, limits, key })
    expect(result.packs.filter((pack) => pack.reused)).toEqual([])

    const before = await suiObjects(dir)
    const aborted = await abortPush(dir, world.options)
    expect(aborted.pushes).toBe(1)
    expect(aborted.blobs.length).toBeGreaterThan(1)
    expect(await pushStatus(dir)).toEqual([])
    expect(await suiObjects(dir)).toEqual({ blobs: 0, storage: before.storage + aborted.blobs.length })
    expect(await abortPush(dir, world.options)).toMatchObject({ pushes: 0, blobs: [] })
    await clone(`local:${repository}`, world.path('under-way-clone'), world.options)
    expect(await snapshot(world.path('under-way-clone'))).toEqual(await snapshot(world.path('other')))
  })
})

describe('giving pushes up', () => {
  it('is still possible for what an attempt has paid for, once another commit was pushed instead', async () => {
    const dir = await world.workspace('instead', { 'a.txt': 'a\n' })
    const { repository } = await push(dir, { ...world.options, create: create('instead') })
    await world.change(dir, { 'b.bin': noise(20_000, 400) })
    let executions = 0
    const cut: typeof fetch = async (input, init) => {
      if (String(input).endsWith('/ExecuteTransaction') && ++executions >= 2) throw new TypeError('fetch failed')
      return fetch(input, init)
    }
    await expect(push(dir, { ...world.options, fetch: cut })).rejects.toMatchObject({ exitCode: 14 })
    const [first] = await pushStatus(dir)
    expect(first!.packs).toMatchObject([{ kind: 'data' }, { kind: 'meta' }])

    const next = await world.change(dir, { 'c.txt': 'c\n' })
    const pushed = await push(dir, world.options)
    expect(pushed).toMatchObject({ $kind: 'pushed', new: next })
    const used = new Set(pushed.packs.map(({ blobId }) => blobId))
    const unused = first!.packs.filter(({ blobId }) => !used.has(blobId))
    // The pack with the locator; the contents are in the same one.
    expect(unused).toMatchObject([{ kind: 'meta' }])
    expect(pushed.notice).toContain('paid for a pack that')
    expect(await pushStatus(dir)).toEqual([first])

    const aborted = await abortPush(dir, world.options)
    expect(aborted.blobs.map(({ blobId }) => blobId).sort()).toEqual(unused.map(({ blobId }) => blobId).sort())
    expect(await suiObjects(dir)).toMatchObject({ blobs: 0 })
    expect(await pushStatus(dir)).toEqual([])
    // What came back is used before any is bought, and extended where it ends too soon.
    const [purse] = await showWallet({ ...world.options, names: ['local'] })
    expect(purse!.storage!.reduce((sum, { bytes }) => sum + bytes, 0)).toBeGreaterThan(20_000)
    const prices = []
    for (const seed of [401, 402, 403]) {
      if (seed === 403) await world.net.advanceEpoch()
      await world.change(dir, { 'd.bin': noise(3_000, seed) })
      const dry = await push(dir, { ...world.options, dryRun: true })
      const { cost, packs } = await push(dir, world.options)
      const { epoch } = await (await openRemoteContext('local', world.options)).walrus()
      for (const { endEpoch } of packs) expect(endEpoch).toBe(epoch + dry.cost.epochs)
      prices.push({ whole: BigInt(dry.cost.walFrost), paid: BigInt(cost.walFrost) })
    }
    const [same, , later] = prices
    expect(same!.paid).toBeLessThan(same!.whole / 2n)
    expect(later!.paid).toBeLessThan(later!.whole)
    await clone(`local:${repository}`, world.path('instead-clone'), world.options)
    expect(await snapshot(world.path('instead-clone'))).toEqual(await snapshot(dir))
  })

  it('never pulls from under a push that is running what that has paid for', async () => {
    const dir = await world.workspace('running', { 'a.txt': 'a\n' })
    let reached: () => void
    let goOn: () => void
    const atTheEnd = new Promise<void>((resolve) => (reached = resolve))
    const released = new Promise<void>((resolve) => (goOn = resolve))
    let executions = 0
    const waiting: typeof fetch = async (input, init) => {
      if (String(input).endsWith('/ExecuteTransaction') && ++executions === 2) {
        reached()
        await released
      }
      return fetch(input, init)
    }
    const running = push(dir, { ...world.options, create: create('running'), fetch: waiting })
    await atTheEnd
    expect(await pushStatus(dir)).toMatchObject([{ packs: [{ state: 'uploaded' }, { state: 'uploaded' }] }])
    await expect(abortPush(dir, world.options)).rejects.toMatchObject({ code: 'PUSH_RUNNING', exitCode: 11 })
    goOn!()
    const { repository } = await running
    expect(await pushStatus(dir)).toEqual([])
    expect(await abortPush(dir, world.options)).toMatchObject({ pushes: 0, blobs: [] })
    await clone(`local:${repository}`, world.path('running-clone'), world.options)
    expect(await snapshot(world.path('running-clone'))).toEqual(await snapshot(dir))
    // The other way round: a push that begins while an abort goes on.
    await world.change(dir, { 'b.txt': 'b\n' })
    await using workspace = await openWorkspace(dir)
    const lock = workspace.lockFile(abortLockPath(workspace), 'push --abort')
    await expect(push(dir, world.options)).rejects.toMatchObject({ code: 'LOCKED', exitCode: 11 })
    lock.release()
    expect(await push(dir, world.options)).toMatchObject({ $kind: 'pushed' })
    expect((await readdir(join(dir, '.floe', 'pushes'))).filter((name) => name.endsWith('.lock'))).toEqual([])
  })
})

/** Blobs and storage that the local key holds itself. */
async function suiObjects(_dir: string): Promise<{ blobs: number; storage: number }> {
  const context = await openRemoteContext('local', world.options)
  const [state, { address }] = [await context.walrus(), await context.signer()]
  const type = (name: string) => `${state.originalPackageId}::${name}`
  const blobs = await context.ledger.fetchOwnedObjects(address, type('blob::Blob'), 100)
  const storage = await context.ledger.fetchOwnedObjects(address, type('storage_resource::Storage'), 100)
  return { blobs: blobs.length, storage: storage.length }
}

describe('small packs', () => {
  it('are folded, everything stays readable, and their removal is proposed', async () => {
    const dir = await world.workspace('small', { 'base.bin': noise(20_000, 1) })
    const limits = { smallPacks: 6 }
    const { repository } = await push(dir, { ...world.options, create: create('small') })
    for (let i = 0; i < 5; i++) {
      await world.change(dir, { [`f${i}.txt`]: `small file ${i}\n` })
      await push(dir, { ...world.options, limits })
      const live = (await packsOf(repository)).filter((pack) => pack.state === 'live')
      expect(live.length).toBeLessThanOrEqual(6)
    }
    const packs = await packsOf(repository)
    const proposed = packs.filter((pack) => pack.state === 'removal-proposed').length
    expect(proposed).toBeGreaterThan(5)
    const shown = await showRemote(dir, 'origin', world.options)
    expect(shown).toMatchObject({ packs: packs.length, stored: { live: packs.length - proposed, proposed } })
    await clone(`local:${repository}`, world.path('small-clone'), world.options)
    expect(await snapshot(world.path('small-clone'))).toEqual(await snapshot(dir))
    // Nothing that the ref needs stands in a pack that is to go.
    const report = await verifyRemote(`local:${repository}`, { ...world.options, full: true })
    expect(report.packs).toBeLessThanOrEqual(6)
    const old = await clone(`local:${repository}`, world.path('small-old'), { ...world.options, atLog: 3 })
    expect(old.files).toBe(4)
  })
})

describe('a secret that was committed and reset away', () => {
  it('is in no sliver of any node', async () => {
    const secret = createRng(4711).fill(new Uint8Array(40_000))
    const dir = await world.workspace('secret', { 'a.txt': 'a\n' })
    const first = await world.change(dir, { 'b.txt': 'b\n' })
    await world.change(dir, { 'secret.bin': secret })
    {
      await using workspace = await openWorkspace(dir)
      await workspace.refs.update({ name: 'heads/main', next: first as ObjectId, reason: 'reset' })
    }
    await rm(join(dir, 'secret.bin'))
    await world.change(dir, { 'c.txt': 'c\n' })
    const { repository } = await push(dir, { ...world.options, create: create('secret') })
    // The search would find what is there: a file that was pushed.
    const pushed = createRng(4712).fill(new Uint8Array(40_000))
    await world.change(dir, { 'open.bin': pushed })
    await push(dir, world.options)
    // 13 shards: a row of a 40 kB pack is some 5 kB, so a piece of 64 bytes lies whole in one of them.
    expect(await isStored(pushed)).toBe(true)
    expect(await isStored(secret)).toBe(false)
    expect(repository).toMatch(/^0x/)
  })
})

describe('a secret that was pushed', () => {
  it('is in no sliver any more once it is purged and its packs are due', async () => {
    const secret = createRng(4713).fill(new Uint8Array(40_000))
    const dir = await world.workspace('purged', { 'a.bin': noise(20_000, 31), 'secret.bin': secret })
    const { repository, new: before } = await push(dir, { ...world.options, create: create('purged') })
    const { refs, remote } = await purge(dir, { ...world.options, paths: ['secret.bin'], yes: true })
    expect(refs).toMatchObject([{ ref: 'heads/main', from: before }])
    expect(remote).toMatchObject({ pushed: [{ from: before }], skipped: [], packs: [{ kind: 'data' }], inUse: [] })
    expect(await isStored(secret)).toBe(true)
    await createGrpcClient(world.profile).forkingService.advanceClock({ durationMs: 60n * 86_400_000n })
    expect((await gcRemote(dir, world.options)).taken.length).toBeGreaterThan(0)
    expect(await isStored(secret)).toBe(false)
    await clone(`local:${repository}`, world.path('purged-clone'), world.options)
    expect(await snapshot(world.path('purged-clone'))).toEqual(await snapshot(dir))
    // What is certified need not be in local packs as well.
    expect(await evict(dir, { ...world.options, limitBytes: 0 })).toMatchObject({ $kind: 'evicted', uncertified: 0 })
    await using workspace = await openWorkspace(dir)
    expect(await verifyLocal(workspace, { full: true })).toMatchObject({ ok: true, absent: 1 })
  })
})

/** True if a file below the network's folder contains one of the pieces of 64 bytes. */
async function isStored(bytes: Uint8Array): Promise<boolean> {
  const pieces = Array.from({ length: 20 }, (_, i) => Buffer.from(bytes.subarray(i * 2000 + 500, i * 2000 + 564)))
  for (const entry of await readdir(join(world.root, 'net'), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const content = await readFile(join(entry.parentPath, entry.name))
    if (pieces.some((piece) => content.includes(piece))) return true
  }
  return false
}
