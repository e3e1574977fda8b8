import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createBranch } from '../../src/repo/branch.ts'
import { bringRevision } from '../../src/repo/bring-revision.ts'
import { clone } from '../../src/repo/clone.ts'
import { fetchRemote } from '../../src/repo/fetch.ts'
import { gc } from '../../src/repo/gc.ts'
import { logOf } from '../../src/repo/log.ts'
import { merge } from '../../src/repo/merge.ts'
import { pull } from '../../src/repo/pull.ts'
import { push } from '../../src/repo/push.ts'
import { statusOf } from '../../src/repo/status.ts'
import { switchTo } from '../../src/repo/switch.ts'
import { verifyLocal } from '../../src/repo/verify-local.ts'
import { openWorkspace } from '../../src/store/workspace.ts'
import { type LocalWorld, noise, startLocalWorld } from './local-world.ts'

const AUTHOR = { author: { name: 'Test', email: '' } }
let world: LocalWorld
let origin: string
let address: string

beforeAll(async () => {
  world = await startLocalWorld()
  const files: Record<string, string | Uint8Array> = { 'README.md': '# data\n', 'val/big.bin': noise(400_000, 1) }
  for (let i = 0; i < 30; i++) files[`train/${i}.bin`] = noise(1000 + i, i)
  for (let i = 0; i < 30; i++) files[`val/${i}.bin`] = noise(1000 + i, 100 + i)
  origin = await world.workspace('origin', files)
  await world.change(origin, { 'notes.txt': 'second\n' }, 'second')
  await world.change(origin, { 'notes.txt': 'third\n' }, 'third')
  const pushed = await push(origin, { ...world.options, create: { name: 'demo', network: 'local' } })
  address = `local:${pushed.repository}`
}, 60_000)
afterAll(() => world[Symbol.asyncDispose]())

const inside = async <T>(dir: string, work: (workspace: Awaited<ReturnType<typeof openWorkspace>>) => Promise<T>) => {
  await using workspace = await openWorkspace(dir)
  return await work(workspace)
}

describe('a clone with a filter', () => {
  it('merges what others changed in paths that it does not have', async () => {
    const dir = world.path('merging')
    await clone(address, dir, { ...world.options, filter: ['train/**'] })
    await inside(dir, async (workspace) => {
      await createBranch(workspace, { name: 'side' })
      await switchTo(workspace, { target: 'side' })
    })
    await world.change(dir, { 'train/2.bin': 'on the side' })
    await inside(dir, (workspace) => switchTo(workspace, { target: 'main' }))
    await world.change(origin, { 'val/5.bin': 'theirs' })
    await push(origin, world.options)
    await pull(dir, world.options)
    await inside(dir, async (workspace) => {
      expect(await merge(workspace, { revision: 'side', ...AUTHOR })).toMatchObject({ $kind: 'merged' })
      expect((await statusOf(workspace)).clean).toBe(true)
    })
    await push(dir, world.options)
    await pull(origin, world.options)
    expect(await readFile(join(origin, 'train/2.bin'), 'utf8')).toBe('on the side')
    expect(await readFile(join(origin, 'val/5.bin'), 'utf8')).toBe('theirs')
  })
})

describe('a version that a clone has not got', () => {
  it('is brought, in the workspace’s part of it, and then needs no network', async () => {
    await pull(origin, world.options)
    await inside(origin, async (workspace) => {
      await createBranch(workspace, { name: 'other' })
      await switchTo(workspace, { target: 'other' })
    })
    await world.change(origin, { 'train/other.bin': noise(3000, 77), 'val/other.bin': noise(3000, 78) })
    await push(origin, { ...world.options, ref: 'other' })
    await inside(origin, (workspace) => switchTo(workspace, { target: 'main' }))
    const dir = world.path('lazy')
    await clone(address, dir, { ...world.options, filter: ['train'] })
    await inside(dir, async (workspace) => {
      await expect(switchTo(workspace, { target: 'other' })).rejects.toMatchObject({ code: 'OBJECT_MISSING' })
      expect((await bringRevision(dir, 'origin/other', world.options)).downloadedBytes).toBeGreaterThan(0)
      workspace.store.refresh()
      await switchTo(workspace, { target: 'other' })
      expect((await statusOf(workspace)).clean).toBe(true)
    })
    expect(await readFile(join(dir, 'train/other.bin'))).toEqual(Buffer.from(noise(3000, 77)))
    await expect(stat(join(dir, 'val'))).rejects.toMatchObject({ code: 'ENOENT' })
  })
})

describe('a shallow clone', () => {
  it('has so many commits of each ref, works on them, and goes on from there', async () => {
    const dir = world.path('shallow')
    await clone(address, dir, { ...world.options, depth: 1 })
    expect(await inside(dir, (workspace) => logOf(workspace))).toHaveLength(1)
    await inside(dir, async (workspace) => {
      await gc(workspace, { graceMs: 0 })
      await verifyLocal(workspace, { full: true })
    })
    await world.change(dir, { 'from-shallow.txt': 'x' })
    await push(dir, world.options)
    await pull(origin, { ...world.options, ...AUTHOR })
    await world.change(origin, { 'notes.txt': 'later' })
    await push(origin, world.options)
    expect(await fetchRemote(dir, world.options)).toMatchObject({ updated: [{ forced: false }] })
    await pull(dir, world.options)
    expect((await inside(dir, (workspace) => logOf(workspace))).length).toBeLessThan(8)
    for (const depth of [0, -1, 1.5, Number.NaN])
      await expect(clone(address, world.path('x'), { ...world.options, depth })).rejects.toMatchObject({
        code: 'DEPTH_MALFORMED',
      })
  })
})
