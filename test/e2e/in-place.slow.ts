import { readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { add } from '../../src/repo/add.ts'
import { clone } from '../../src/repo/clone.ts'
import { commit } from '../../src/repo/commit.ts'
import { drop } from '../../src/repo/drop.ts'
import { evict } from '../../src/repo/evict.ts'
import { fsck } from '../../src/repo/fsck.ts'
import { noteCertified } from '../../src/repo/held-evict.ts'
import { lazyObjects } from '../../src/repo/lazy-objects.ts'
import { purge } from '../../src/repo/purge.ts'
import { push } from '../../src/repo/push.ts'
import { readRemote } from '../../src/repo/remote.ts'
import { openRemoteSource } from '../../src/repo/remote-source.ts'
import { reset } from '../../src/repo/reset.ts'
import { restore } from '../../src/repo/restore.ts'
import { statusOf } from '../../src/repo/status.ts'
import { switchTo } from '../../src/repo/switch.ts'
import { showWallet } from '../../src/repo/wallet.ts'
import { openWorkspace, type Workspace } from '../../src/store/workspace.ts'
import { faultyFs } from '../faults/faulty-fs.ts'
import { failure, type LocalWorld, noise, snapshot, startLocalWorld } from './local-world.ts'

const IN_PLACE = 64 * 1024
const author = { name: 'Test', email: '' }
const BIG = noise(400_000, 1)
/** Wherever this runs, the user's files are what holds their contents. */
const fs = faultyFs({ shareBytes: () => false })

let world: LocalWorld
let dir: string
let address: string
beforeAll(async () => {
  world = await startLocalWorld()
  dir = await world.workspace('source', { 'a.txt': 'one\n' })
  const pushed = await push(dir, { ...world.options, create: { name: 'in-place', network: 'local' } })
  address = `local:${pushed.repository}`
}, 90_000)
afterAll(() => world[Symbol.asyncDispose]())

async function changeInPlace(files: Record<string, Uint8Array>): Promise<void> {
  for (const [path, contents] of Object.entries(files)) await writeFile(join(dir, path), contents)
  await using workspace = await openWorkspace(dir, { fs })
  await add(workspace, { all: true, inPlace: IN_PLACE })
  await commit(workspace, { message: 'in place', author })
}

/** The workspace as the command line opens it: what is missing comes from the remote. */
async function lazily<T>(work: (workspace: Workspace) => Promise<T>): Promise<T> {
  await using objects = lazyObjects(async () => {
    await using plain = await openWorkspace(dir)
    return { ...readRemote(plain, 'origin'), options: world.options }
  })
  await using workspace = await openWorkspace(dir, { fs, fetchObject: objects.read })
  return await work(workspace)
}

async function here<T>(work: (workspace: Workspace) => Promise<T>): Promise<T> {
  await using workspace = await openWorkspace(dir, { fs })
  return await work(workspace)
}

async function bytesOf(folder: string): Promise<number> {
  let bytes = 0
  for (const name of await readdir(join(dir, '.floe', folder)))
    bytes += (await stat(join(dir, '.floe', folder, name))).size
  return bytes
}

describe('a file committed in place', { timeout: 120_000 }, () => {
  it('is refused before anything is paid if it was changed before the push, and sent if it was not', async () => {
    await changeInPlace({ 'big.bin': BIG })
    expect(await bytesOf('packs')).toBeLessThan(40_000)
    const changed = Buffer.from(BIG)
    changed[200_000]! ^= 1
    await writeFile(join(dir, 'big.bin'), changed)
    const [wallet, pushes] = [await showWallet(world.options), await readdir(join(dir, '.floe/pushes'))]
    const refused = await failure(push(dir, world.options))
    expect(refused).toMatchObject({
      code: 'PUSH_IN_PLACE_CHANGED',
      exitCode: 13,
      data: { paths: ['big.bin'], chunks: 1 },
    })
    expect(await showWallet(world.options)).toEqual(wallet)
    expect(await readdir(join(dir, '.floe/pushes'))).toEqual(pushes)
    expect((await here((workspace) => statusOf(workspace))).inPlace).toEqual([{ path: 'big.bin', state: 'changed' }])
    expect(await failure(push(dir, { ...world.options, dryRun: true }))).toMatchObject({
      code: 'PUSH_IN_PLACE_CHANGED',
    })
    await writeFile(join(dir, 'big.bin'), BIG)
    expect(await push(dir, world.options)).toMatchObject({ $kind: 'pushed' })
    await clone(address, world.path('copy'), world.options)
    expect(await snapshot(world.path('copy'))).toEqual(await snapshot(dir))
  })

  it('may be changed once it is noted what the remote holds, and comes back from there', async () => {
    // Even where nothing else is over the limit.
    expect((await evict(dir, { ...world.options, limitBytes: 1e9 })).inPlace).toBeGreaterThan(3)
    expect(await noteCertified(dir, world.options)).toBe(0)
    await truncate(join(dir, 'big.bin'), 1000)
    const status = await here((workspace) => statusOf(workspace))
    expect(status.inPlace).toEqual([])
    expect(await failure(here((workspace) => restore(workspace, { paths: ['big.bin'] })))).toMatchObject({
      code: 'OBJECT_MISSING',
    })
    await lazily((workspace) => restore(workspace, { paths: ['big.bin'] }))
    expect(await readFile(join(dir, 'big.bin'))).toEqual(Buffer.from(BIG))
  })

  it('is brought back by fsck --repair where that was not noted', async () => {
    const second = noise(300_000, 2)
    await changeInPlace({ 'second.bin': second })
    await push(dir, world.options)
    await writeFile(join(dir, 'second.bin'), noise(300_000, 3))
    const openRemote = async () => {
      const place = await here(async (workspace) => readRemote(workspace, 'origin'))
      const source = await openRemoteSource(place.network, place.repository, world.options)
      return (await source.objects(source.refs.map((ref) => source.recordOf(ref)))).read
    }
    const { repair } = await here((workspace) => fsck(workspace, { repair: true, openRemote }))
    expect(repair!.fetched).toBeGreaterThan(3)
    await here((workspace) => reset(workspace, { mode: 'hard' }))
    expect(await readFile(join(dir, 'second.bin'))).toEqual(Buffer.from(second))
  })

  it('is set aside while another version is checked out, evicted from there, and dropped', async () => {
    const third = noise(350_000, 4)
    await here((workspace) => switchTo(workspace, { target: 'other', create: true }))
    await changeInPlace({ 'third.bin': third })
    await push(dir, world.options)
    await here((workspace) => switchTo(workspace, { target: 'main' }))
    expect(await bytesOf('held')).toBeGreaterThan(300_000)
    const result = await evict(dir, { ...world.options, limitBytes: 0 })
    expect(result).toMatchObject({ $kind: 'evicted' })
    expect(await bytesOf('held')).toBeLessThan(20_000)
    await lazily((workspace) => switchTo(workspace, { target: 'other' }))
    expect(await readFile(join(dir, 'third.bin'))).toEqual(Buffer.from(third))
    const fourth = noise(350_000, 5)
    await changeInPlace({ 'fourth.bin': fourth })
    await push(dir, world.options)
    await drop(dir, { ...world.options, paths: ['fourth.bin'] })
    expect(await bytesOf('held')).toBeLessThan(20_000)
    expect(await readdir(dir)).not.toContain('fourth.bin')
  })

  it('leaves nothing behind when it is purged', async () => {
    await here((workspace) => switchTo(workspace, { target: 'main' }))
    const secret = noise(250_000, 6)
    await changeInPlace({ 'secret.bin': secret })
    await purge(dir, { ...world.options, paths: ['secret.bin'], yes: true })
    const part = Buffer.from(secret.subarray(1000, 1100))
    for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name)
      if (entry.isFile()) expect((await readFile(path)).includes(part), path).toBe(false)
    }
    await here((workspace) => fsck(workspace, { full: true }))
  })
})
