import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { benchNetwork } from '../../src/repo/bench-network.ts'
import { cacheInfo, clearCache, pinVersion, setCacheLimit, unpinVersion } from '../../src/repo/cache.ts'
import { clone } from '../../src/repo/clone.ts'
import { pull } from '../../src/repo/pull.ts'
import { push } from '../../src/repo/push.ts'
import type { RemoteOptions } from '../../src/repo/remote-options.ts'
import { verifyLocal } from '../../src/repo/verify-local.ts'
import { openWorkspace } from '../../src/store/workspace.ts'
import { runCli } from '../cli/run-cli.ts'
import { type LocalWorld, noise, snapshot, startLocalWorld } from './local-world.ts'

let world: LocalWorld
let origin: string
let address: string
let options: RemoteOptions
let home: string
let at = 0

beforeAll(async () => {
  world = await startLocalWorld()
  const files: Record<string, string | Uint8Array> = { 'README.md': '# data\n', 'big.bin': noise(300_000, 1) }
  for (let i = 0; i < 40; i++) files[`small/${i}.bin`] = noise(500 + i, i)
  origin = await world.workspace('origin', files)
  address = `local:${(await push(origin, { ...world.options, create: { name: 'demo', network: 'local' } })).repository}`
})
afterAll(() => world[Symbol.asyncDispose]())

/** A user with an empty cache for each test. */
beforeEach(() => {
  home = world.path(`home-${++at}`)
  options = { ...world.options, homeDir: home, useCache: true }
})
const packsIn = async (dir: string) =>
  (await readdir(dir)).filter((name) => name.endsWith('.pack')).map((name) => join(dir, name))

describe('the cache of all workspaces', () => {
  it('makes a second clone cost nothing over the network, even with every storage node down', async () => {
    const first = await clone(address, world.path('first'), options)
    expect(first.downloadedBytes).toBeGreaterThan(300_000)
    let requests = 0
    const counting: typeof fetch = (input, init) => {
      if (!String(input).startsWith(world.profile.rpcUrl)) requests++
      return fetch(input, init)
    }
    const beside = await clone(address, world.path('beside'), { ...options, fetch: counting })
    expect([beside.downloadedBytes, requests]).toEqual([0, 0])
    expect(beside.expiring).toEqual(first.expiring)
    for (const index of world.net.nodes.keys()) await world.net.stopNode(index)
    try {
      const second = await clone(address, world.path('second'), options)
      expect(second.downloadedBytes).toBe(0)
    } finally {
      for (const index of world.net.nodes.keys()) await world.net.startNode(index)
    }
    expect(await snapshot(world.path('second'))).toEqual(await snapshot(origin))
    await using workspace = await openWorkspace(world.path('second'))
    await verifyLocal(workspace, { full: true })
    // And no second copy: the data packs of both are one file.
    const inodes = async (name: string) =>
      Promise.all((await packsIn(world.path(`${name}/.floe/packs`))).map(async (path) => (await stat(path)).ino))
    const shared = await inodes('second')
    const ofFirst = new Set(await inodes('first'))
    expect(shared.some((inode) => ofFirst.has(inode))).toBe(true)
  })

  it('is not believed: what was changed on disk is dropped, and comes from the network', async () => {
    await clone(address, world.path('a'), options)
    for (const path of await packsIn(join(home, 'cache', 'packs'))) {
      const bytes = await readFile(path)
      bytes[Math.floor(bytes.length / 2)]! ^= 1
      // A new file: the workspace that shares the pack is not to be damaged.
      await rm(path)
      await writeFile(path, bytes)
    }
    const again = await clone(address, world.path('b'), options)
    expect(again.downloadedBytes).toBeGreaterThan(300_000)
    expect(await snapshot(world.path('b'))).toEqual(await snapshot(origin))
    await using workspace = await openWorkspace(world.path('b'))
    await verifyLocal(workspace, { full: true })
  })

  it('serves several clones at once', async () => {
    const names = ['p', 'q', 'r']
    await Promise.all(names.map((name) => clone(address, world.path(name), options)))
    for (const name of names) expect(await snapshot(world.path(name))).toEqual(await snapshot(origin))
  })

  it('serves what one workspace pulled to the next', async () => {
    await clone(address, world.path('x'), options)
    await clone(address, world.path('y'), options)
    await world.change(origin, { 'fresh.bin': noise(200_000, 50) })
    await push(origin, world.options)
    await pull(world.path('x'), options)
    let downloaded = 0
    await pull(world.path('y'), {
      ...options,
      onProgress: (event) => {
        if (event.$kind === 'downloading') downloaded = event.doneBytes
      },
    })
    // Of the version nothing; the head of the locator is read, to know what the ref needs and until when that is stored.
    expect(downloaded).toBeLessThan(20_000)
    expect(await snapshot(world.path('y'))).toEqual(await snapshot(origin))
  })

  it('keeps to its limit, save what is pinned, and can be switched off', async () => {
    await clone(address, world.path('k'), options)
    const full = await cacheInfo(home)
    expect(full.bytes).toBeGreaterThan(300_000)
    await using workspace = await openWorkspace(world.path('k'))
    const pinned = await pinVersion(workspace, home, { label: 'release' })
    expect(pinned).toMatchObject({ label: 'release', absent: 0 })
    expect((await clearCache(home)).freed).toBeLessThan(100_000)
    for (const index of world.net.nodes.keys()) await world.net.stopNode(index)
    try {
      // All that it needs is pinned, but that the tip was seen has been forgotten.
      await expect(clone(address, world.path('l'), options)).rejects.toMatchObject({ code: 'BLOB_UNAVAILABLE' })
    } finally {
      for (const index of world.net.nodes.keys()) await world.net.startNode(index)
    }
    expect((await clone(address, world.path('l'), options)).downloadedBytes).toBeLessThan(100_000)
    await unpinVersion(home, 'release')
    await expect(unpinVersion(home, 'release')).rejects.toMatchObject({ code: 'CACHE_PIN_UNKNOWN' })
    await setCacheLimit(home, 0)
    expect(await cacheInfo(home)).toMatchObject({ bytes: 0, packs: 0, limitBytes: 0 })
    expect((await clone(address, world.path('m'), options)).downloadedBytes).toBeGreaterThan(300_000)
    expect(await cacheInfo(home)).toMatchObject({ packs: 0 })
    for (const bad of [-1, 1.5, Number.NaN])
      await expect(setCacheLimit(home, bad)).rejects.toMatchObject({ code: 'CACHE_LIMIT_MALFORMED' })
  })

  it('pins a whole version, however small the limit is', async () => {
    for (const limit of [0, 1000]) {
      await setCacheLimit(home, limit)
      await using workspace = await openWorkspace(origin)
      const label = `at ${limit}`
      const pinned = await pinVersion(workspace, home, { label })
      expect(pinned).toMatchObject({ packs: 2, absent: 0 })
      expect(pinned.bytes).toBeGreaterThan(300_000)
      await clearCache(home)
      const { bytes, pins } = await cacheInfo(home)
      expect(pins.find((pin) => pin.label === label)).toEqual({ label, packs: 2, bytes })
    }
  })

  it('does not stand between the bench and the network, which says what each node gives', async () => {
    const network = { ...world.options, network: 'local', repository: address.slice('local:'.length) }
    await world.net.stopNode(3)
    try {
      const result = await benchNetwork({ ...network, requests: 3, rows: 2 })
      expect(result.nodes).toHaveLength(13)
      // What a client remembers comes within microseconds.
      expect(result.ledgerMs.median).toBeGreaterThan(0.1)
      expect(result.nodes[0]).toMatchObject({ medianMs: null, bytesPerSecond: null })
      expect(result.nodes[0]!.failures).toBeGreaterThanOrEqual(3)
      expect(result.silent).toEqual({ nodes: 1, shards: 1, ofShards: 13 })
      for (const node of result.nodes.slice(1)) expect(node).toMatchObject({ failures: 0, reason: null })
      // 5 of 13 shards hold rows.
      expect(result.nodes.filter(({ rows }) => rows > 0).length).toBeGreaterThanOrEqual(4)
      expect(result.bytesPerSecond).toBeGreaterThan(0)
      expect(await benchNetwork({ ...world.options, network: 'local', requests: 1 })).toMatchObject({
        bytesPerSecond: null,
        blobId: null,
      })
    } finally {
      await world.net.startNode(3)
    }
  })

  it('is shown and managed by `floe cache`', async () => {
    await clone(address, world.path('cli'), options)
    const floe = (...args: string[]) => runCli(args, { cwd: world.path('cli'), env: { FLOE_HOME: home } })
    expect((await floe('cache', 'show')).stdout).toMatch(/^\d+(\.\d+)? \S+ in \d+ packs \(\d+ objects\), at most 10/)
    expect((await floe('cache', 'pin', '--label', 'v1')).stdout).toMatch(/^Pinned [0-9a-f]{12} as v1: /)
    expect((await floe('cache', 'show')).stdout).toContain('pinned  v1')
    expect(await floe('cache', 'limit', 'lots')).toMatchObject({ exitCode: 2 })
    for (const label of ['', 'x'.repeat(501)])
      expect(await floe('cache', 'pin', '--label', label)).toMatchObject({ exitCode: 2 })
    expect((await floe('cache', 'limit', '1.5GiB')).stdout).toContain('at most; 0 B went')
    expect((await floe('cache', 'unpin', 'v1')).exitCode).toBe(0)
    expect(await floe('cache', 'unpin', 'v1')).toMatchObject({ exitCode: 2 })
    expect(JSON.parse((await floe('cache', 'clear', '--json')).stdout)).toMatchObject({ freed: expect.any(Number) })
    expect((await floe('cache', 'show')).stdout).toMatch(/^0 B in 0 packs/)
  })
})
