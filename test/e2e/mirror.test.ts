/** A repository on the local network, mirrored into a folder, and what can be done with the folder alone. */

import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createBranch, createTag } from '../../src/repo/branch.ts'
import { evict } from '../../src/repo/evict.ts'
import { cloneFolder, fetchFolder } from '../../src/repo/folder-source.ts'
import { logOf } from '../../src/repo/log.ts'
import { listFiles } from '../../src/repo/ls.ts'
import { mirror } from '../../src/repo/mirror.ts'
import { purge } from '../../src/repo/purge.ts'
import { push } from '../../src/repo/push.ts'
import { statusOf } from '../../src/repo/status.ts'
import { verifyLocal } from '../../src/repo/verify-local.ts'
import { nodeFs } from '../../src/store/node-fs.ts'
import { openWorkspace, type Workspace } from '../../src/store/workspace.ts'
import { type LocalWorld, noise, snapshot, startLocalWorld } from './local-world.ts'

let world: LocalWorld
let origin: string
let address: string
let copy: string

beforeAll(async () => {
  world = await startLocalWorld({ nodes: 4 })
  origin = await world.workspace('origin', { 'a.txt': 'one\n', 'big.bin': noise(400_000, 1) })
  await world.change(origin, { 'a.txt': 'two\n' }, 'second')
  const pushed = await push(origin, { ...world.options, create: { name: 'demo', network: 'local' } })
  address = `local:${pushed.repository}`
  {
    await using workspace = await openWorkspace(origin)
    await createBranch(workspace, { name: 'old', at: 'HEAD~1' })
    await createTag(workspace, { name: 'v1', at: 'HEAD~1' })
  }
  await push(origin, { ...world.options, ref: 'old' })
  await push(origin, { ...world.options, ref: 'tags/v1' })
  copy = world.path('mirror')
})

afterAll(() => world[Symbol.asyncDispose]())

async function listed(workspace: Workspace): Promise<Map<string, number>> {
  const files = new Map<string, number>()
  for await (const { path, bytes } of listFiles(workspace)) files.set(path, bytes)
  return files
}

describe('mirror', () => {
  it('has every ref and every version, and no file on disk that is missed', async () => {
    const result = await mirror(copy, { ...world.options, of: address, full: true })
    expect(result).toMatchObject({ $kind: 'created', commits: 2, lost: [], kept: [], pushes: 3 })
    expect(result.updated.map(({ ref }) => ref).sort()).toEqual(['heads/main', 'heads/old', 'tags/v1'])
    await using workspace = await openWorkspace(copy)
    expect(await verifyLocal(workspace, { full: true })).toMatchObject({ commits: 2, absent: 0 })
    expect((await statusOf(workspace)).clean).toBe(true)
    expect(await mirror(copy, world.options)).toMatchObject({ $kind: 'up-to-date', objects: 0 })
    await expect(evict(copy, { ...world.options, limitBytes: 0 })).rejects.toMatchObject({ code: 'EVICT_MIRROR' })
  })

  it('can be cloned and fetched from without a network, and what is new comes the next time', async () => {
    const dir = world.path('from-mirror')
    const cloned = await cloneFolder(nodeFs, copy, dir, {})
    expect(await snapshot(dir)).toEqual(await snapshot(origin))
    await using workspace = await openWorkspace(dir)
    expect((await logOf(workspace, {})).map(({ message }) => message)).toEqual(['second', 'first'])
    expect(workspace.readConfig().remotes?.origin?.repository).toBe(address)
    expect(workspace.refs.read('tags/v1')).not.toBeNull()
    await world.change(origin, { 'a.txt': 'three\n' }, 'third')
    await push(origin, world.options)
    expect(await mirror(copy, world.options)).toMatchObject({ $kind: 'updated', commits: 1 })
    const fetched = await fetchFolder(workspace, copy, {})
    expect(fetched.updated).toMatchObject([{ ref: 'remotes/mirror/main', old: cloned.commit, forced: false }])
    expect(await verifyLocal(workspace, { full: true })).toMatchObject({ commits: 3, absent: 0 })
  })

  it('can be pushed to a new repository', async () => {
    const restored = await push(copy, {
      ...world.options,
      remote: 'again',
      create: { name: 'again', network: 'local' },
    })
    expect(restored).toMatchObject({ $kind: 'pushed', ref: 'heads/main' })
  })

  it.each(['data', 'meta'] as const)('brings again what is gone from it: a %s pack', async (kind) => {
    const dir = world.path(`without-${kind}`)
    await mirror(dir, { ...world.options, of: address })
    {
      await using workspace = await openWorkspace(dir)
      for (const pack of await workspace.store.packs())
        if (pack.kind === kind) await rm(`${dir}/.floe/packs/${pack.name}.pack`)
    }
    expect(await mirror(dir, { ...world.options, full: true })).toMatchObject({ $kind: 'updated', lost: [] })
    await using workspace = await openWorkspace(dir)
    expect(await verifyLocal(workspace, { full: true })).toMatchObject({ commits: 3, absent: 0 })
    expect(await mirror(dir, world.options)).toMatchObject({ $kind: 'up-to-date', commits: 0 })
  })

  it('brings again what was purged in it alone', async () => {
    const dir = world.path('purged')
    await mirror(dir, { ...world.options, of: address })
    await purge(dir, { ...world.options, paths: ['big.bin'], localOnly: true })
    await mirror(dir, world.options)
    await using workspace = await openWorkspace(dir)
    expect(await verifyLocal(workspace, { full: true })).toMatchObject({ absent: 0 })
    expect((await listed(workspace)).get('big.bin')).toBe(400_000)
  })

  it('tries again what was lost: somebody may have revived it', async () => {
    const dir = world.path('lost')
    await mirror(dir, { ...world.options, of: address })
    const record = JSON.parse(await readFile(`${dir}/.floe/mirror`, 'utf8'))
    await writeFile(`${dir}/.floe/mirror`, JSON.stringify({ ...record, lost: record.complete }))
    expect(await mirror(dir, world.options)).toMatchObject({ $kind: 'up-to-date', commits: 0, lost: [] })
    expect(JSON.parse(await readFile(`${dir}/.floe/mirror`, 'utf8'))).toMatchObject({ lost: [] })
  })

  it('goes on where it was cut off, and refuses to become the mirror of something else', async () => {
    const dir = world.path('cut')
    await expect(mirror(dir, { ...world.options, of: address, signal: AbortSignal.abort() })).rejects.toMatchObject({
      kind: 'cancelled',
    })
    expect(await mirror(dir, world.options)).toMatchObject({ $kind: 'created', commits: 3 })
    await expect(mirror(dir, { ...world.options, of: `local:0x${'7'.repeat(64)}` })).rejects.toMatchObject({
      code: 'MIRROR_OF_OTHER',
    })
    await expect(mirror(origin, world.options)).rejects.toMatchObject({ code: 'MIRROR_OF_OTHER' })
    await expect(mirror(join(origin, 'new'), world.options)).rejects.toMatchObject({ code: 'MIRROR_UNNAMED' })
    await rm(dir, { recursive: true })
  })
})
