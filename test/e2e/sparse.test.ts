import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { add } from '../../src/repo/add.ts'
import { clone } from '../../src/repo/clone.ts'
import { commit } from '../../src/repo/commit.ts'
import { drop } from '../../src/repo/drop.ts'
import { gc } from '../../src/repo/gc.ts'
import { gcRemote } from '../../src/repo/gc-remote.ts'
import { get } from '../../src/repo/get.ts'
import { listFiles } from '../../src/repo/ls.ts'
import { pull } from '../../src/repo/pull.ts'
import { push } from '../../src/repo/push.ts'
import { remove } from '../../src/repo/rm.ts'
import { statusOf } from '../../src/repo/status.ts'
import { switchTo } from '../../src/repo/switch.ts'
import { takedown } from '../../src/repo/takedown.ts'
import { verifyLocal } from '../../src/repo/verify-local.ts'
import { openWorkspace } from '../../src/store/workspace.ts'
import { type LocalWorld, noise, snapshot, startLocalWorld } from './local-world.ts'
import { createGrpcClient } from './time.ts'

const AUTHOR = { author: { name: 'Test', email: '' } }
let world: LocalWorld
let origin: string
let address: string

beforeAll(async () => {
  world = await startLocalWorld({ nodes: 4 })
  const files: Record<string, string | Uint8Array> = { 'README.md': '# data\n', 'val/big.bin': noise(400_000, 1) }
  for (let i = 0; i < 30; i++) files[`train/${i}.bin`] = noise(1000 + i, i)
  for (let i = 0; i < 30; i++) files[`val/${i}.bin`] = noise(1000 + i, 100 + i)
  origin = await world.workspace('origin', files)
  await world.change(origin, { 'notes.txt': 'second\n' }, 'second')
  await world.change(origin, { 'notes.txt': 'third\n' }, 'third')
  const pushed = await push(origin, { ...world.options, create: { name: 'demo', network: 'local' } })
  address = `local:${pushed.repository}`
})
afterAll(() => world[Symbol.asyncDispose]())

const inside = async <T>(dir: string, work: (workspace: Awaited<ReturnType<typeof openWorkspace>>) => Promise<T>) => {
  await using workspace = await openWorkspace(dir)
  return await work(workspace)
}
const statusIn = (dir: string) => inside(dir, (workspace) => statusOf(workspace))
const allPaths = (dir: string) =>
  inside(dir, async (workspace) => {
    const paths: string[] = []
    for await (const { path } of listFiles(workspace)) paths.push(path)
    return paths
  })

describe('a clone with a filter', () => {
  let dir: string
  beforeAll(async () => {
    dir = world.path('part')
    const result = await clone(address, dir, { ...world.options, filter: ['train/**', '!train/9.bin'] })
    expect(result).toMatchObject({ files: 29, absent: 34 })
    // The big file was neither written nor fetched.
    expect(result.downloadedBytes).toBeLessThan(400_000)
  })

  it('has the paths that match on disk, knows all the others, and is clean', async () => {
    const expected = [...(await snapshot(origin)).keys()].filter((path) => /^train\/(?!9\.)/.test(path)).sort()
    expect([...(await snapshot(dir)).keys()].sort()).toEqual(expected)
    expect(await allPaths(dir)).toHaveLength(63)
    expect(await statusIn(dir)).toMatchObject({ clean: true, sparse: { absent: 34 } })
    await inside(dir, async (workspace) => {
      expect((await verifyLocal(workspace, { full: true })).absent).toBeGreaterThan(30)
    })
  })

  it('commits and pushes changes, additions and deletions without having the rest', async () => {
    await writeFile(join(dir, 'train/0.bin'), 'changed')
    await rm(join(dir, 'train/1.bin'))
    await mkdir(join(dir, 'extra/deep'), { recursive: true })
    await writeFile(join(dir, 'extra/deep/new.txt'), 'new')
    const made = await inside(dir, async (workspace) => {
      await add(workspace, { all: true })
      return commit(workspace, { message: 'part', ...AUTHOR })
    })
    expect(made.changes).toEqual({ added: 1, modified: 1, deleted: 1 })
    expect(await allPaths(dir)).toHaveLength(63)
    await push(dir, world.options)
    await pull(origin, { ...world.options })
    const whole = await snapshot(origin)
    expect(whole.size).toBe(63)
    expect(whole.has('train/1.bin')).toBe(false)
    expect(whole.has('val/29.bin')).toBe(true)
    // What was added outside the filter is part of the workspace from now on: deleting it is a deletion.
    await rm(join(dir, 'extra/deep/new.txt'))
    expect((await statusIn(dir)).unstaged).toMatchObject([{ path: 'extra/deep/new.txt', status: 'deleted' }])
    await writeFile(join(dir, 'extra/deep/new.txt'), 'new')
    expect((await statusIn(dir)).clean).toBe(true)
  })

  it('follows other versions with its part of them, and loses nothing in gc', async () => {
    const before = (await inside(dir, async (workspace) => workspace.refs.headCommit()))!
    await world.change(origin, { 'train/new.bin': noise(500, 9), 'val/new.bin': noise(500, 10), 'val/0.bin': 'other' })
    await push(origin, world.options)
    expect(await pull(dir, world.options)).toMatchObject({ $kind: 'fast-forward', files: 1 })
    await stat(join(dir, 'train/new.bin'))
    await expect(stat(join(dir, 'val'))).rejects.toMatchObject({ code: 'ENOENT' })
    await inside(dir, async (workspace) => {
      await gc(workspace, { graceMs: 0 })
      await switchTo(workspace, { target: before, detach: true })
      await expect(stat(join(dir, 'train/new.bin'))).rejects.toMatchObject({ code: 'ENOENT' })
      expect((await statusOf(workspace)).clean).toBe(true)
      await switchTo(workspace, { target: 'main' })
      await verifyLocal(workspace, { full: true })
    })
    expect((await statusIn(dir)).clean).toBe(true)
  })

  it('refuses to stage a file over contents that were never seen, unless told to', async () => {
    await mkdir(join(dir, 'val'), { recursive: true })
    await writeFile(join(dir, 'val/3.bin'), 'mine')
    expect((await statusIn(dir)).unstaged).toMatchObject([{ path: 'val/3.bin', status: 'modified' }])
    await inside(dir, async (workspace) => {
      for (const options of [{ all: true }, { paths: ['val/3.bin'] }])
        await expect(add(workspace, options)).rejects.toMatchObject({ code: 'SPARSE_UNSEEN', exitCode: 1 })
      await expect(commit(workspace, { message: 'x', all: true, ...AUTHOR })).rejects.toMatchObject({
        code: 'SPARSE_UNSEEN',
      })
      expect((await add(workspace, { paths: ['val/3.bin'], force: true })).added).toHaveLength(1)
      await commit(workspace, { message: 'forced', ...AUTHOR })
      // It is theirs now: the next change needs no force.
      await writeFile(join(dir, 'val/3.bin'), 'mine again')
      await add(workspace, { paths: ['val/3.bin'] })
      await commit(workspace, { message: 'again', ...AUTHOR })
    })
  })

  it('deletes an absent path from the version without having it', async () => {
    await inside(dir, async (workspace) => {
      expect(await remove(workspace, { paths: ['val/7.bin'] })).toMatchObject({ removed: ['val/7.bin'] })
      expect((await commit(workspace, { message: 'gone', ...AUTHOR })).changes).toMatchObject({ deleted: 1 })
    })
    expect(await allPaths(dir)).not.toContain('val/7.bin')
    expect((await statusIn(dir)).clean).toBe(true)
  })

  it('notices damage to its rules instead of taking everything for deleted', async () => {
    const path = join(dir, '.floe', 'sparse')
    const good = await readFile(path, 'utf8')
    for (const bad of [good.replace('train', 'trian'), good.slice(0, 20), '', 'x\n{}']) {
      await writeFile(path, bad)
      await expect(statusIn(dir)).rejects.toMatchObject({ code: 'STORE_SPARSE_CORRUPT', exitCode: 13 })
    }
    await writeFile(path, good)
    expect((await statusIn(dir)).clean).toBe(true)
  })
})

describe('get and drop', () => {
  it('bring paths to a partial workspace until it has everything', async () => {
    const dir = world.path('growing')
    await clone(address, dir, { ...world.options, filter: ['*.md'] })
    expect(await get(dir, { ...world.options, paths: ['val/big.bin'] })).toMatchObject({ files: 1, bytes: 400_000 })
    expect(await readFile(join(dir, 'val/big.bin'))).toEqual(Buffer.from(noise(400_000, 1)))
    expect(await readdir(join(dir, 'val'))).toEqual(['big.bin'])
    expect((await statusIn(dir)).clean).toBe(true)
    await expect(get(dir, { ...world.options, paths: ['nowhere'] })).rejects.toMatchObject({ code: 'PATH_UNKNOWN' })
    // A file in the place of an absent one is not overwritten.
    await writeFile(join(dir, 'val/0.bin'), 'mine')
    const result = await get(dir, { ...world.options, paths: [''] })
    expect(result.rules).toBeNull()
    expect(await readFile(join(dir, 'val/0.bin'), 'utf8')).toBe('mine')
    expect(await statusIn(dir)).toMatchObject({ sparse: null, unstaged: [{ path: 'val/0.bin', status: 'modified' }] })
    expect(await get(dir, { ...world.options, paths: [''] })).toMatchObject({ files: 0, downloadedBytes: 0 })
  })

  it('take paths away that are certified on the remote, and refuse all others with nothing changed', async () => {
    const dir = world.path('shrinking')
    await clone(address, dir, world.options)
    await writeFile(join(dir, 'val/1.bin'), 'edited')
    const before = await snapshot(dir)
    await expect(drop(dir, { ...world.options, paths: ['val'] })).rejects.toMatchObject({
      code: 'DROP_REFUSED',
      exitCode: 1,
      data: { paths: ['val/1.bin'] },
    })
    await inside(dir, (workspace) => add(workspace, { all: true }))
    await expect(drop(dir, { ...world.options, paths: ['val'] })).rejects.toMatchObject({ code: 'DROP_REFUSED' })
    await inside(dir, (workspace) => commit(workspace, { message: 'not pushed', ...AUTHOR }))
    await expect(drop(dir, { ...world.options, paths: ['val'] })).rejects.toMatchObject({
      code: 'DROP_REFUSED',
      data: { paths: ['val/1.bin'] },
    })
    await expect(drop(dir, { ...world.options, paths: ['nowhere'] })).rejects.toMatchObject({ code: 'PATH_UNKNOWN' })
    expect(await snapshot(dir)).toEqual(before)
    await pull(dir, { ...world.options, ...AUTHOR })
    await push(dir, world.options)
    expect((await drop(dir, { ...world.options, paths: ['val'] })).files).toBeGreaterThan(25)
    await expect(stat(join(dir, 'val'))).rejects.toMatchObject({ code: 'ENOENT' })
    expect((await statusIn(dir)).clean).toBe(true)
    // gc may take the contents; get brings them back from the network.
    await get(dir, { ...world.options, paths: ['val'] })
    expect(await snapshot(dir)).toEqual(new Map([...(await snapshot(dir)), ...before]))
  })

  it('leave what has expired on the remote where it is, also if only a part of what it needs has', async () => {
    const dir = await world.workspace('expiring', { 'old.bin': noise(9_000, 300) })
    const create = { name: 'expiring', network: 'local' }
    await push(dir, { ...world.options, create, epochs: 2 })
    await world.change(dir, { 'new.bin': noise(9_000, 301) })
    await push(dir, { ...world.options, epochs: 9, extendReused: false })
    const refused = { code: 'DROP_REFUSED', exitCode: 1, data: { paths: ['old.bin'] } }
    for (let epoch = 0; epoch < 2; epoch++) await world.net.advanceEpoch()
    await expect(drop(dir, { ...world.options, paths: ['old.bin'] })).rejects.toMatchObject(refused)
    for (let epoch = 0; epoch < 8; epoch++) await world.net.advanceEpoch()
    await expect(drop(dir, { ...world.options, paths: ['old.bin'] })).rejects.toMatchObject(refused)
    expect(await readdir(dir)).toContain('old.bin')
  })
})

describe('drop after small packs were folded', () => {
  it('goes by where contents are now: packs that were folded and removed are needed by nothing', async () => {
    const dir = await world.workspace('folded', { 'a.bin': noise(9_000, 310) })
    await push(dir, { ...world.options, create: { name: 'folded', network: 'local' } })
    for (let i = 0; i < 3; i++) {
      await world.change(dir, { [`${i}.bin`]: noise(3_000, 311 + i) })
      await push(dir, { ...world.options, limits: { smallPacks: 3 } })
    }
    expect(await gcRemote(dir, world.options)).toMatchObject({ taken: [] })
    await createGrpcClient(world.profile).forkingService.advanceClock({ durationMs: 60n * 86_400_000n })
    expect((await gcRemote(dir, world.options)).taken.length).toBeGreaterThan(0)
    expect(await drop(dir, { ...world.options, paths: ['a.bin'] })).toMatchObject({ files: 1 })
    expect(await get(dir, { ...world.options, paths: ['a.bin'] })).toMatchObject({ files: 1 })
    // A pack that was taken down held what nothing else does.
    await world.change(dir, { 'bad.bin': noise(3_000, 320) })
    await push(dir, world.options)
    await takedown(dir, { ...world.options, revision: 'main', paths: ['bad.bin'], reason: 'by letter' })
    await createGrpcClient(world.profile).forkingService.advanceClock({ durationMs: 60n * 86_400_000n })
    expect((await gcRemote(dir, world.options)).taken).toHaveLength(1)
    await expect(drop(dir, { ...world.options, paths: ['bad.bin'] })).rejects.toMatchObject({
      code: 'DROP_REFUSED',
      data: { paths: ['bad.bin'] },
    })
    expect(await drop(dir, { ...world.options, paths: ['a.bin'] })).toMatchObject({ files: 1 })
  })
})

describe('odd filters', () => {
  it('that match nothing are refused with what there is, and leave no directory', async () => {
    const dir = world.path('nothing')
    await expect(clone(address, dir, { ...world.options, filter: ['test/**'] })).rejects.toMatchObject({
      code: 'FILTER_MATCHES_NOTHING',
      exitCode: 2,
      data: { folders: expect.arrayContaining(['train/', 'val/']) },
    })
    await expect(stat(dir)).rejects.toMatchObject({ code: 'ENOENT' })
    await expect(clone(address, dir, { ...world.options, filter: ['../x'] })).rejects.toMatchObject({
      code: 'FILTER_MALFORMED',
    })
  })
})
