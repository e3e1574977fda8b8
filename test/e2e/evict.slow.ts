import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createBranch } from '../../src/repo/branch.ts'
import { commit } from '../../src/repo/commit.ts'
import { setConfig } from '../../src/repo/config.ts'
import { evict } from '../../src/repo/evict.ts'
import { gc } from '../../src/repo/gc.ts'
import { lazyObjects } from '../../src/repo/lazy-objects.ts'
import { move } from '../../src/repo/mv.ts'
import { push } from '../../src/repo/push.ts'
import { readRemote } from '../../src/repo/remote.ts'
import { reset } from '../../src/repo/reset.ts'
import { restore } from '../../src/repo/restore.ts'
import { statusOf } from '../../src/repo/status.ts'
import { verifyLocal } from '../../src/repo/verify-local.ts'
import { verifyRemote } from '../../src/repo/verify-remote.ts'
import { openWorkspace } from '../../src/store/workspace.ts'
import { failure, type LocalWorld, noise, snapshot, startLocalWorld } from './local-world.ts'

let world: LocalWorld
let dir: string
let address: string
beforeAll(async () => {
  world = await startLocalWorld()
  dir = await world.workspace('source', { 'old.bin': noise(60_000, 1), 'b.txt': 'one\n' })
  const pushed = await push(dir, { ...world.options, create: { name: 'evict', network: 'local' } })
  address = `local:${pushed.repository}`
  await world.change(dir, { 'old.bin': noise(50_000, 2) })
  await push(dir, world.options)
}, 90_000)
afterAll(() => world[Symbol.asyncDispose]())

async function packBytes(): Promise<number> {
  const folder = join(dir, '.floe', 'packs')
  let bytes = 0
  for (const name of await readdir(folder)) if (name.endsWith('.pack')) bytes += (await stat(join(folder, name))).size
  return bytes
}
/** The workspace as the command line opens it: what is missing comes from the remote. */
async function lazily<T>(work: (workspace: Awaited<ReturnType<typeof openWorkspace>>) => Promise<T>): Promise<T> {
  await using objects = lazyObjects(async () => {
    await using plain = await openWorkspace(dir)
    return { ...readRemote(plain, 'origin'), options: world.options }
  })
  await using workspace = await openWorkspace(dir, { fetchObject: objects.read })
  return await work(workspace)
}
const run = (limitBytes: number | undefined, more = {}) => evict(dir, { ...world.options, limitBytes, ...more })

describe('evicting', { timeout: 120_000 }, () => {
  it('needs a limit, and has nothing to do within it', async () => {
    expect(await failure(run(undefined))).toMatchObject({ code: 'EVICT_LIMIT', exitCode: 2 })
    expect(await run(1_000_000)).toMatchObject({ $kind: 'nothing', chunks: 0 })
  })

  it('takes the oldest first, as the dry run says, and leaves files, versions and status as they are', async () => {
    const [before, files] = [await packBytes(), await snapshot(dir)]
    const dry = await run(60_000, { dryRun: true })
    expect(dry).toMatchObject({ $kind: 'dry-run', packs: 1, uncertified: 0 })
    expect(await packBytes()).toBe(before)
    const result = await run(60_000)
    expect(result).toMatchObject({ $kind: 'evicted', packs: 1, bytes: { before: dry.bytes.before } })
    expect(result.bytes.after).toBeLessThanOrEqual(60_000)
    expect(before - (await packBytes())).toBeGreaterThan(55_000)
    expect(await snapshot(dir)).toEqual(files)
    await using workspace = await openWorkspace(dir)
    expect(await statusOf(workspace)).toMatchObject({ clean: true })
    const report = await verifyLocal(workspace, { full: true })
    expect(report.absent).toBeGreaterThan(0)
    expect(await gc(workspace, { graceMs: 0 })).toMatchObject({ packs: { deleted: 0 } })
  })

  it('brings contents back when a command needs them', async () => {
    {
      await using workspace = await openWorkspace(dir)
      expect(await failure(restore(workspace, { paths: ['old.bin'], source: 'HEAD~1' }))).toMatchObject({
        code: 'OBJECT_MISSING',
      })
    }
    await lazily((workspace) => restore(workspace, { paths: ['old.bin'], source: 'HEAD~1' }))
    expect(await readFile(join(dir, 'old.bin'))).toEqual(Buffer.from(noise(60_000, 1)))
    await lazily((workspace) => restore(workspace, { paths: ['old.bin'], source: 'HEAD' }))
  })

  it('never takes what no remote has: commits that are not pushed, what is staged, and other branches', async () => {
    await world.change(dir, { 'new.bin': noise(40_000, 3) })
    {
      await using workspace = await openWorkspace(dir)
      await createBranch(workspace, { name: 'here' })
      await reset(workspace, { revision: 'HEAD~1', mode: 'hard' })
    }
    const { uncertified, $kind } = await run(0)
    expect($kind).toBe('evicted')
    expect(uncertified).toBeGreaterThan(0)
    await using workspace = await openWorkspace(dir)
    await restore(workspace, { paths: ['new.bin'], source: 'here' })
    expect(await readFile(join(dir, 'new.bin'))).toEqual(Buffer.from(noise(40_000, 3)))
    await reset(workspace, { mode: 'hard' })
    expect(await run(0)).toMatchObject({ packs: 0 })
  })

  it('lets versions be made and pushed over contents that were evicted', async () => {
    {
      await using workspace = await openWorkspace(dir)
      await move(workspace, { sources: ['old.bin'], destination: 'moved.bin' })
      await commit(workspace, { message: 'move', author: { name: 'Test', email: '' } })
      expect(await verifyLocal(workspace, { full: true })).toMatchObject({ ok: true })
    }
    expect(await push(dir, world.options)).toMatchObject({ $kind: 'pushed' })
    expect(await verifyRemote(address, { ...world.options, full: true })).toMatchObject({ ok: true })
  })

  it('takes nothing when the remote has let it expire', async () => {
    {
      await using workspace = await openWorkspace(dir)
      await setConfig(workspace, 'store.limit', '0')
    }
    await world.change(dir, { 'late.bin': noise(30_000, 9) })
    await push(dir, { ...world.options, epochs: 1, extendReused: false })
    await world.net.advanceEpoch()
    expect(await evict(dir, world.options)).toMatchObject({ chunks: 0, packs: 0 })
    await using workspace = await openWorkspace(dir)
    expect(await statusOf(workspace)).toMatchObject({ clean: true })
  })
})
