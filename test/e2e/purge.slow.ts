import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createBranch, createTag } from '../../src/repo/branch.ts'
import { clone } from '../../src/repo/clone.ts'
import { gcRemote } from '../../src/repo/gc-remote.ts'
import { purge } from '../../src/repo/purge.ts'
import { push } from '../../src/repo/push.ts'
import { takedown } from '../../src/repo/takedown.ts'
import { verifyLocal } from '../../src/repo/verify-local.ts'
import { verifyRemote } from '../../src/repo/verify-remote.ts'
import { openWorkspace } from '../../src/store/workspace.ts'
import { failure, type LocalWorld, noise, snapshot, startLocalWorld } from './local-world.ts'
import { createGrpcClient } from './time.ts'

const DAY_MS = 86_400_000
const SECRET = noise(60_000, 4711)
const OTHER = noise(50_000, 12)

let world: LocalWorld
let dir: string
let address: string
beforeAll(async () => {
  world = await startLocalWorld()
  dir = await world.workspace('source', { 'a.bin': noise(30_000, 1), 'b.txt': 'one\n' })
  const pushed = await push(dir, { ...world.options, create: { name: 'purge', network: 'local' } })
  address = `local:${pushed.repository}`
  {
    await using workspace = await openWorkspace(dir)
    await createBranch(workspace, { name: 'plain' })
  }
  // One pack holds what goes and what stays.
  await world.change(dir, { 'secret/key.bin': SECRET, 'other.bin': OTHER })
  await push(dir, world.options)
  await push(dir, { ...world.options, ref: 'plain' })
  {
    await using workspace = await openWorkspace(dir)
    await createTag(workspace, { name: 'v1' })
  }
  await world.change(dir, { 'b.txt': 'two\n' })
  await push(dir, world.options)
  await clone(address, world.path('cached'), { ...world.options, useCache: true })
}, 90_000)
afterAll(() => world[Symbol.asyncDispose]())

/** Files below a folder with one of the secret's pieces of 64 bytes. */
async function holding(folder: string, secret = SECRET): Promise<string[]> {
  const pieces = Array.from({ length: 20 }, (_, i) => Buffer.from(secret.subarray(i * 3000 + 500, i * 3000 + 564)))
  const found: string[] = []
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    const content = await readFile(path)
    if (pieces.some((piece) => content.includes(piece))) found.push(path.slice(folder.length))
  }
  return found
}
const passDays = (days: number) =>
  createGrpcClient(world.profile).forkingService.advanceClock({ durationMs: BigInt(days * DAY_MS) })
let clones = 0
async function cloned(revision = '') {
  const target = world.path(`clone-${++clones}`)
  await clone(`${address}${revision}`, target, world.options)
  return snapshot(target)
}
const run = (more = {}) => purge(dir, { ...world.options, paths: ['secret'], ...more })

describe('purge', { timeout: 120_000 }, () => {
  it('says what it would do, and does nothing', async () => {
    expect(await holding(dir)).not.toEqual([])
    const dry = await run({ dryRun: true })
    expect(dry).toMatchObject({
      $kind: 'dry-run',
      commits: 2,
      contents: { bytes: SECRET.length, stays: 0 },
      deleted: ['secret/key.bin'],
      remote: { pushed: [{ ref: 'heads/main' }], skipped: [], packs: [{ kind: 'data' }] },
    })
    expect(dry.refs.map(({ ref }) => ref)).toEqual(['heads/main', 'tags/v1'])
    expect(await failure(run({ paths: ['nothing'] }))).toMatchObject({ code: 'PATH_UNKNOWN' })
    expect(await failure(run({ paths: [''] }))).toMatchObject({ code: 'PURGE_PATHS' })
  })

  it('leaves no byte in this workspace or the cache, and moves the remote', async () => {
    const before = await snapshot(dir)
    const result = await run({ yes: true })
    expect(result).toMatchObject({ $kind: 'purged', commits: 2, deleted: ['secret/key.bin'], left: [] })
    expect(result.remote).toMatchObject({
      pushed: [{ ref: 'heads/main' }],
      skipped: [],
      packs: [{ kind: 'data' }],
      inUse: [],
    })
    expect(result.cacheFreed).toBeGreaterThan(0)
    expect(await holding(dir)).toEqual([])
    expect(await holding(world.path('home'))).toEqual([])
    expect(await holding(world.path('cached'))).not.toEqual([])
    before.delete('secret/key.bin')
    expect(await snapshot(dir)).toEqual(before)
    await using workspace = await openWorkspace(dir)
    expect(await verifyLocal(workspace, { full: true })).toMatchObject({ ok: true })
    expect(await cloned()).toEqual(before)
    for (const ref of ['main', 'plain'])
      expect(await verifyRemote(address, { ...world.options, ref, full: true })).toMatchObject({ ok: true })
  })

  it('is readable on the network until the packs are due, as it said, and then in no sliver', async () => {
    expect(await holding(world.path('net'))).not.toEqual([])
    const { waiting } = await gcRemote(dir, world.options)
    expect(waiting.length).toBeGreaterThan(0)
    await passDays(60)
    expect((await gcRemote(dir, world.options)).taken.length).toBeGreaterThan(0)
    expect(await holding(world.path('net'))).toEqual([])
    expect((await cloned()).get('other.bin')).toBe(`- ${Buffer.from(OTHER).toString('base64')}`)
    expect(await verifyRemote(address, { ...world.options, full: true })).toMatchObject({ ok: true })
  })

  it('finds nothing more to do', async () => {
    expect(await failure(run({ yes: true }))).toMatchObject({ code: 'PATH_UNKNOWN' })
  })

  it('takes away no version that somebody pushes meanwhile, and sends none that was not pushed', async () => {
    await world.change(dir, { 'late.bin': noise(20_000, 5) })
    await push(dir, world.options)
    {
      await using workspace = await openWorkspace(dir)
      await createBranch(workspace, { name: 'next' })
    }
    await push(dir, { ...world.options, ref: 'next' })
    await clone(`${address}@next`, world.path('colleague'), world.options)
    await world.change(world.path('colleague'), { 'c.txt': 'c\n' })
    await world.change(dir, { 'private.txt': 'not yet\n' })
    let theirs: string | undefined
    const slow: typeof fetch = async (input, init) => {
      if (String(input).endsWith('/ExecuteTransaction') && theirs === undefined) {
        theirs = ''
        theirs = (await push(world.path('colleague'), world.options)).new
      }
      return fetch(input, init)
    }
    const { remote } = await run({ paths: ['late.bin'], yes: true, fetch: slow })
    expect(theirs).toMatch(/^[0-9a-f]{64}$/)
    expect(remote).toMatchObject({
      pushed: [{ ref: 'heads/main' }],
      skipped: [{ ref: 'heads/next', reason: 'moved' }],
    })
    expect((await cloned('@next')).has('c.txt')).toBe(true)
    expect((await cloned()).has('private.txt')).toBe(false)
  })

  it('leaves nothing in the cache of versions that are not here', async () => {
    const old = noise(60_000, 4713)
    await world.change(dir, { 'old.bin': old })
    await push(dir, { ...world.options, force: true })
    await clone(address, world.path('reader'), { ...world.options, useCache: true })
    await world.change(dir, { 'old.bin': noise(9_000, 6) })
    await push(dir, world.options)
    await clone(address, world.path('viewer'), world.options)
    expect(await holding(world.path('home'), old)).not.toEqual([])
    expect(await holding(world.path('viewer'), old)).toEqual([])
    // Older versions are on the remote only.
    const local = { ...world.options, paths: ['old.bin'], localOnly: true }
    expect(await failure(purge(world.path('viewer'), local))).toMatchObject({
      code: 'PURGE_HISTORY_ABSENT',
      hints: [expect.stringContaining('Without --local-only'), expect.any(String)],
    })
    await purge(world.path('viewer'), { ...world.options, paths: ['old.bin'], yes: true })
    expect(await holding(world.path('home'), old)).toEqual([])
  })

  it('names the tag that keeps contents, which a takedown removes while the rest stays readable', async () => {
    const faces = noise(60_000, 4712)
    await world.change(dir, { 'faces/1.bin': faces, 'kept.bin': noise(20_000, 77) })
    {
      await using workspace = await openWorkspace(dir)
      await createTag(workspace, { name: 'v2' })
    }
    await push(dir, world.options)
    await push(dir, { ...world.options, ref: 'v2', retainEpochs: 40 })
    const result = await run({ paths: ['faces'], yes: true })
    expect(result.remote).toMatchObject({ skipped: [{ ref: 'tags/v2', reason: 'tag' }], packs: [], inUse: [{}] })
    expect(await holding(dir, faces)).toEqual([])
    const tag = await clone(`${address}@v2`, world.path('tag'), world.options)
    const down = await takedown(world.path('tag'), {
      ...world.options,
      revision: tag.commit,
      paths: ['faces'],
      reason: 'asked to',
    })
    expect(down).toMatchObject({ $kind: 'proposed', refs: [{ ref: 'tags/v2', files: 1, otherCount: 0 }] })
    await passDays(3)
    expect((await gcRemote(dir, world.options)).taken.length).toBeGreaterThan(0)
    expect(await holding(world.path('net'), faces)).toEqual([])
    const rest = await clone(`${address}@v2`, world.path('rest'), {
      ...world.options,
      filter: ['**', '!faces/**'],
      allowTakedown: true,
    })
    expect(rest.files).toBeGreaterThan(2)
    expect(await verifyRemote(address, { ...world.options, full: true })).toMatchObject({ ok: true })
  })
})
