/** Another writer moves a branch with a locator that leaves out, or invents, what was there before. */

import { afterAll, beforeAll, expect, it } from 'vitest'
import type { ObjectId } from '../../src/objects/id.ts'
import { createPackWriter } from '../../src/objects/pack-writer.ts'
import { grantAccess } from '../../src/repo/access.ts'
import { clone } from '../../src/repo/clone.ts'
import { requestFaucet } from '../../src/repo/faucet.ts'
import { fetchRemote } from '../../src/repo/fetch.ts'
import { generateKey } from '../../src/repo/key.ts'
import { pull } from '../../src/repo/pull.ts'
import { push } from '../../src/repo/push.ts'
import { findLocalTarget, readRemotePosition } from '../../src/repo/push-target.ts'
import { openRemoteContext } from '../../src/repo/remote-context.ts'
import { switchTo } from '../../src/repo/switch.ts'
import { openWorkspace } from '../../src/store/workspace.ts'
import { type LocalWorld, noise, snapshot, startLocalWorld } from './local-world.ts'
import { type Lie, lyingPush } from './lying-push.ts'

const AUTHOR = { name: 'Test', email: '' }

let world: LocalWorld
let address: string
beforeAll(async () => {
  world = await startLocalWorld({ nodes: 4 })
  address = (await generateKey(world.options.homeDir, { alias: 'liar' })).address
  await requestFaucet({ ...world.options, network: 'local', address })
})
afterAll(() => world[Symbol.asyncDispose]())

/** A repository with two versions, its maker, and two clones of it: one is the liar's, with a commit of their own. */
async function begin(name: string) {
  // So many objects that a locator of one more leaves that of these as it is.
  const files = Array.from({ length: 12 }, (_, i) => [`${i}.txt`, `${i}\n`])
  const maker = await world.workspace(name, { ...Object.fromEntries(files), 'old.bin': noise(9_000, 2) })
  const { repository } = await push(maker, { ...world.options, create: { name, network: 'local' } })
  await world.change(maker, { 'old.bin': noise(9_000, 3) })
  await push(maker, world.options)
  await grantAccess(maker, { ...world.options, address, role: 'writer' })
  const there = `local:${repository}`
  const [other, liar] = [world.path(`${name}-other`), world.path(`${name}-liar`)]
  for (const dir of [other, liar]) await clone(there, dir, world.options)
  const theirs = (await world.change(liar, { 'm.bin': noise(500, 4) }, 'theirs')) as ObjectId
  const options = { ...world.options, key: { $kind: 'alias' as const, name: 'liar' } }
  const lie = (more: Partial<Lie>) => lyingPush(liar, repository, { ...more, options })
  return { maker, other, liar, theirs, repository, there, lie }
}

async function isWhole(there: string, dir: string, options: { ref?: string; atLog?: number } = {}): Promise<void> {
  const copy = `${dir}-copy`
  await clone(there, copy, { ...world.options, ...options })
  expect(await snapshot(copy)).toEqual(await snapshot(dir))
}

it('is built on, and what it leaves out is named again', async () => {
  const { maker, theirs, there, lie } = await begin('left-out')
  // All of their commit, by a locator that names nothing else.
  await lie({ segments: [], objects: [{ kind: 'commit', id: theirs }] })
  await fetchRemote(maker, world.options)
  await world.change(maker, { 'b.bin': noise(3_000, 5) })
  // Their contents are nowhere, so the branch is taken back.
  await expect(pull(maker, { ...world.options, author: AUTHOR })).rejects.toMatchObject({
    code: 'REMOTE_TIP_INCOMPLETE',
  })
  expect(await push(maker, { ...world.options, force: true })).toMatchObject({ $kind: 'pushed', forced: true })
  await isWhole(there, maker)
})

it('stops no push of a clone, which has not got what older versions need', async () => {
  const { other, there, repository, lie } = await begin('nowhere')
  const { segments } = await standing(repository)
  await lie({ segments })
  await world.change(other, { 'c.bin': noise(3_000, 6) })
  await expect(push(other, world.options)).rejects.toMatchObject({ code: 'PUSH_STALE' })
  {
    await using workspace = await openWorkspace(other)
    await switchTo(workspace, { target: 'topic', create: true })
  }
  const { logIndex } = await push(other, { ...world.options, ref: 'topic' })
  await isWhole(there, other, { atLog: logIndex! })
  expect(await push(other, { ...world.options, ref: 'main', force: true })).toMatchObject({ $kind: 'pushed' })
  await clone(there, `${other}-main`, world.options)
  expect(await snapshot(`${other}-main`)).toEqual(await snapshot(other))
})

it('takes away nothing of a commit that was fetched before the branch was moved to it anew', async () => {
  const { maker, liar, there, lie } = await begin('anew')
  await push(liar, { ...world.options, key: { $kind: 'alias', name: 'liar' } })
  await pull(maker, { ...world.options, author: AUTHOR })
  await lie({ segments: [] })
  await expect(clone(there, world.path('anew-before'), world.options)).rejects.toMatchObject({
    code: 'REMOTE_TIP_INCOMPLETE',
  })
  await world.change(maker, { 'd.bin': noise(3_000, 8) })
  await push(maker, world.options)
  await isWhole(there, maker)
})

it('is put right by a push of the commit that it was moved to anew, which is not up to date then', async () => {
  const { maker, repository, there } = await begin('again')
  await lyingPushOf(maker, repository)
  await expect(clone(there, world.path('again-before'), world.options)).rejects.toMatchObject({ exitCode: 13 })
  expect(await push(maker, world.options)).toMatchObject({ $kind: 'pushed', packs: [] })
  await isWhole(there, maker)
  expect(await push(maker, world.options)).toMatchObject({ $kind: 'up-to-date' })
})

it('is the one to blame where it names blobs that are no packs', async () => {
  const { liar, theirs, there, lie } = await begin('invented')
  await using workspace = await openWorkspace(liar)
  const { record } = await findLocalTarget(workspace, 'main')
  const writer = createPackWriter({ kind: 'meta', write: () => undefined })
  await writer.add('commit', theirs, await workspace.store.read('commit', theirs))
  const { index } = await writer.finish()
  const claims = async () => [{ index, blobId: noise(32, 7) }]
  await lie({ objects: [{ kind: 'tree', id: record.tree }], claims })
  const cloning = clone(there, world.path('invented-copy'), world.options)
  await expect(cloning).rejects.toMatchObject({ code: 'REMOTE_TIP_INCOMPLETE', data: { pusher: address } })
})

/** The liar moves main to where it is already, naming nothing. */
function lyingPushOf(dir: string, repository: string): Promise<void> {
  const options = { ...world.options, key: { $kind: 'alias' as const, name: 'liar' } }
  return lyingPush(dir, repository, { segments: [], options })
}

/** What the last honest push named. */
async function standing(repository: string) {
  const reader = (await openRemoteContext('local', world.options)).repository(repository)
  const { current, pushes } = await readRemotePosition(reader, 'heads/main', {})
  return pushes.get(current!.push)!
}
