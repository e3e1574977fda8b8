import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { objectIdFor } from '../../src/objects/id.ts'
import { clone } from '../../src/repo/clone.ts'
import { pull } from '../../src/repo/pull.ts'
import { push } from '../../src/repo/push.ts'
import { openRemoteSource } from '../../src/repo/remote-source.ts'
import { verifyLocal } from '../../src/repo/verify-local.ts'
import { openWorkspace } from '../../src/store/workspace.ts'
import { type LocalWorld, noise, snapshot, startLocalWorld } from './local-world.ts'
import { lyingPush } from './lying-push.ts'

const create = (name: string) => ({ name, network: 'local' })
/** As much as makes a pack worth bringing whole: it does not compress. */
const many = (seed: number) =>
  Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`d${i % 5}/${i}.bin`, noise(110_000, seed + i)]))
const hashOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

let world: LocalWorld
let origin: string
let repository: string
let address: string
beforeAll(async () => {
  world = await startLocalWorld({ nodes: 4, shards: 40 })
  origin = await world.workspace('origin', many(1))
  repository = (await push(origin, { ...world.options, create: create('whole') })).repository
  address = `local:${repository}`
})
afterAll(() => world[Symbol.asyncDispose]())

/** Bytes of the packs in a workspace, by the hash of what is in each. */
async function packsIn(dir: string): Promise<Map<string, number>> {
  const names = (await readdir(join(dir, '.floe/packs'))).filter((name) => name.endsWith('.pack'))
  const packs = await Promise.all(names.map((name) => readFile(join(dir, '.floe/packs', name))))
  return new Map(packs.map((bytes) => [hashOf(bytes), bytes.length]))
}
/** The same of what the remote has. */
async function packsOfRemote(): Promise<Map<string, number>> {
  await using source = await openRemoteSource('local', repository, world.options)
  const remote = await source.objects(source.refs.map(source.recordOf))
  const packs = new Map<string, number>()
  for (const place of remote.segments)
    for (const blobId of (await remote.openSegment(place)).packs) {
      const pack = await remote.openPack(blobId)
      packs.set(hashOf(await pack.read(0, pack.bytes)), pack.bytes)
    }
  return packs
}
const isLarge = ([, bytes]: [string, number]) => bytes > 4 * 2 ** 20
async function verifyAll(dir: string) {
  await using workspace = await openWorkspace(dir)
  await verifyLocal(workspace, { full: true })
}

describe('a pack of which most is needed', () => {
  it('is stored as it is', async () => {
    const dir = world.path('all')
    const { downloadedBytes } = await clone(address, dir, world.options)
    expect(await snapshot(dir)).toEqual(await snapshot(origin))
    const here = [...(await packsIn(dir))].filter(isLarge)
    expect(here.length).toBe(1)
    expect([...(await packsOfRemote())].filter(isLarge)).toEqual(here)
    // And nothing was fetched twice.
    expect(downloadedBytes).toBeLessThan(1.2 * here[0]![1])
    await verifyAll(dir)
  })

  it('may be the one with the tree: what was read of it to find the others counts', async () => {
    const dir = world.path('trees')
    await clone(address, dir, { ...world.options, wholePackBytes: 1000 })
    const here = await packsIn(dir)
    for (const [hash, bytes] of await packsOfRemote()) expect(here.get(hash)).toBe(bytes)
    await verifyAll(dir)
  })

  it('is not where a filter leaves most of it out', async () => {
    const dir = world.path('some')
    const { downloadedBytes } = await clone(address, dir, { ...world.options, filter: ['d1/**', 'd2/**'] })
    const bytes = [...(await packsIn(dir)).values()].reduce((sum, of) => sum + of, 0)
    expect(bytes).toBeLessThan(2.4e6)
    expect(downloadedBytes).toBeLessThan(5e6)
    await verifyAll(dir)
  })

  it('is not where most of it is here', async () => {
    const dir = world.path('later')
    await clone(address, dir, world.options)
    const before = await packsIn(dir)
    const later = world.path('later-origin')
    await clone(address, later, world.options)
    await world.change(later, { 'd0/0.bin': noise(200_000, 777) })
    await push(later, world.options)
    const pulled = await pull(dir, { ...world.options, author: { name: 'Test', email: '' } })
    expect(pulled).toBeDefined()
    expect(await snapshot(dir)).toEqual(await snapshot(later))
    const added = [...(await packsIn(dir))].filter(([hash]) => !before.has(hash))
    expect(added.length).toBeGreaterThan(0)
    expect(added.filter(isLarge)).toEqual([])
    await verifyAll(dir)
  })

  it('is not where a later version needs little of it, though it was begun', async () => {
    const dir = await world.workspace('changed', many(2000))
    const changed = (await push(dir, { ...world.options, create: create('changed') })).repository
    const before = await packsIn(dir)
    const later = Object.fromEntries(Object.entries(many(3000)).filter((_, i) => i % 5 !== 0))
    await world.change(dir, later)
    await push(dir, world.options)
    const target = world.path('changed-clone')
    const { downloadedBytes } = await clone(`local:${changed}`, target, world.options)
    expect(await snapshot(target)).toEqual(await snapshot(dir))
    // 4.4 MB are in a pack of which all is needed, 1.1 MB in one of 5.5 MB: of that at most what was on its way.
    const here = [...(await packsIn(target))]
    expect(here.filter(isLarge).map(([, bytes]) => bytes)).toEqual([expect.closeTo(40 * 110_000, -6)])
    expect(here.some(([hash]) => before.has(hash))).toBe(false)
    expect(downloadedBytes).toBeLessThan(12e6)
    await verifyAll(target)
    expect(await readdir(join(target, '.floe/tmp'))).toEqual([])
  })

  it('is not where anything in it is false, and all that is true comes one by one', async () => {
    const dir = await world.workspace('lied', { 'a.txt': 'a\n' })
    const lied = (await push(dir, { ...world.options, create: create('lied') })).repository
    await world.change(dir, many(500))
    const wanted = noise(9_000, 6)
    await lyingPush(dir, lied, {
      options: world.options,
      lie: { id: objectIdFor('chunk', wanted), bytes: noise(9_000, 7) },
    })
    const target = world.path('lied-clone')
    await clone(`local:${lied}`, target, world.options)
    expect(await snapshot(target)).toEqual(await snapshot(dir))
    await verifyAll(target)
    await using workspace = await openWorkspace(target)
    expect(await workspace.store.has('chunk', objectIdFor('chunk', wanted))).toBe(false)
    expect(await readdir(join(target, '.floe/tmp'))).toEqual([])
  })
})
