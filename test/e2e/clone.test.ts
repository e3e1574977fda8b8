import { chmod, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseBlobId } from '../../src/protocol/blob-id.ts'
import { shardOfPair } from '../../src/protocol/shards.ts'
import { clone } from '../../src/repo/clone.ts'
import { fetchRemote } from '../../src/repo/fetch.ts'
import { pull } from '../../src/repo/pull.ts'
import { push } from '../../src/repo/push.ts'
import { verifyLocal } from '../../src/repo/verify-local.ts'
import { openWorkspace } from '../../src/store/workspace.ts'
import { type LocalWorld, noise, snapshot, startLocalWorld } from './local-world.ts'

let world: LocalWorld
let origin: string
let address: string
let dataPack: string

beforeAll(async () => {
  world = await startLocalWorld()
  const files: Record<string, string | Uint8Array> = {
    'README.md': '# data\n',
    'a folder/ü 🧊.txt': 'odd name\n',
    '-dash': 'leading dash\n',
    empty: '',
    'big.bin': noise(600_000, 1),
  }
  for (let i = 0; i < 200; i++) files[`small/${i % 7}/${i}.bin`] = noise(200 + i, i)
  origin = await world.workspace('origin', files)
  await chmod(join(origin, 'README.md'), 0o755)
  await symlink('README.md', join(origin, 'link'))
  await world.change(origin, {}, 'modes and links')
  const pushed = await push(origin, { ...world.options, create: { name: 'demo', network: 'local' } })
  address = `local:${pushed.repository}`
  dataPack = pushed.packs[0]!.blobId
})

afterAll(() => world[Symbol.asyncDispose]())

describe('clone', () => {
  it('gives the files byte by byte, with modes, links and odd names, and a whole workspace', async () => {
    const dir = world.path('plain')
    const result = await clone(address, dir, world.options)
    expect(await snapshot(dir)).toEqual(await snapshot(origin))
    expect(result).toMatchObject({ ref: 'heads/main', files: 206, badNodes: [] })
    await using workspace = await openWorkspace(dir)
    expect((await verifyLocal(workspace, { full: true })).absent).toBeGreaterThanOrEqual(0)
    expect(workspace.refs.read('remotes/origin/main')).toBe(result.commit)
    expect(workspace.refs.headCommit()).toBe(result.commit)
  })

  it('works while 4 of 13 nodes are stopped', async () => {
    const stopped = [0, 4, 8, 12]
    for (const index of stopped) await world.net.stopNode(index)
    try {
      const dir = world.path('four-down')
      const result = await clone(address, dir, world.options)
      expect(await snapshot(dir)).toEqual(await snapshot(origin))
      for (const node of result.badNodes) expect(node.lied).toBe(false)
    } finally {
      for (const index of stopped) await world.net.startNode(index)
    }
  })

  it('ends with a clear error when too many nodes are stopped, and leaves nothing behind', async () => {
    const stopped = [0, 1, 2, 3, 4, 5, 6, 7, 8]
    for (const index of stopped) await world.net.stopNode(index)
    try {
      await expect(clone(address, world.path('too-many'), world.options)).rejects.toMatchObject({
        code: 'BLOB_UNAVAILABLE',
        exitCode: 14,
      })
      await expect(snapshot(world.path('too-many'))).rejects.toMatchObject({ code: 'ENOENT' })
    } finally {
      for (const index of stopped) await world.net.startNode(index)
    }
  })

  it('takes a branch, a tag or a commit, and refuses unknown ones', async () => {
    const { commit } = await clone(`${address}@main`, world.path('by-branch'), world.options)
    const detached = await clone(`${address}@${commit.slice(0, 12)}`, world.path('by-commit'), world.options)
    expect(detached).toMatchObject({ ref: commit, commit })
    await expect(clone(`${address}@nowhere`, world.path('x'), world.options)).rejects.toMatchObject({
      code: 'REVISION_UNKNOWN',
      exitCode: 2,
    })
  })

  it('does not touch a directory that has something in it', async () => {
    await expect(clone(address, origin, world.options)).rejects.toMatchObject({ code: 'CLONE_TARGET_NOT_EMPTY' })
  })

  it('says that there is no such repository', async () => {
    await expect(clone(`local:0x${'7'.repeat(64)}`, world.path('none'), world.options)).rejects.toMatchObject({
      code: 'REPOSITORY_NOT_FOUND',
      exitCode: 10,
    })
    await expect(clone(`local:${world.net.systemObjectId}`, world.path('none'), world.options)).rejects.toMatchObject({
      code: 'REPOSITORY_NOT_ONE',
      exitCode: 10,
    })
    await expect(clone('nonsense', world.path('none'), world.options)).rejects.toMatchObject({
      code: 'ADDRESS_MALFORMED',
    })
  })

  it('is kept up to date by fetch, which changes no file, and pull, which fast-forwards', async () => {
    const dir = world.path('follower')
    await clone(address, dir, world.options)
    const before = await snapshot(dir)
    const next = await world.change(origin, { 'small/0/new.bin': noise(500, 99), 'README.md': '# changed\n' })
    await push(origin, world.options)
    const fetched = await fetchRemote(dir, world.options)
    expect(fetched).toMatchObject({ updated: [{ ref: 'heads/main', new: next, forced: false }], commits: 1 })
    expect(await snapshot(dir)).toEqual(before)
    expect((await fetchRemote(dir, world.options)).updated).toEqual([])
    expect(await pull(dir, world.options)).toMatchObject({ $kind: 'fast-forward', to: next, files: 2 })
    expect(await snapshot(dir)).toEqual(await snapshot(origin))
    expect(await pull(dir, world.options)).toMatchObject({ $kind: 'up-to-date' })
  })

  it('returns the right bytes when a node serves wrong slivers, and names the node', async () => {
    // Last: the damage stays. The liar is the node whose primary sliver is the first row of the data pack.
    const shard = shardOfPair(parseBlobId(dataPack), 0, world.net.shardCount)
    const liar = world.net.nodes.findIndex((node) => node.shards.includes(shard))
    expect(await world.net.corruptNode(liar)).toBeGreaterThan(0)
    const dir = world.path('liar')
    const result = await clone(address, dir, world.options)
    expect(await snapshot(dir)).toEqual(await snapshot(origin))
    expect(result.badNodes).toMatchObject([{ node: world.net.nodes[liar]!.name, lied: true }])
  })
})
