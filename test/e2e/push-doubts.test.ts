/** Another writer names a commit that was made here, and deposits its commit object alone. */

import { afterAll, beforeAll, expect, it } from 'vitest'
import type { ObjectId } from '../../src/objects/id.ts'
import { grantAccess } from '../../src/repo/access.ts'
import { clone } from '../../src/repo/clone.ts'
import { requestFaucet } from '../../src/repo/faucet.ts'
import { fetchRemote } from '../../src/repo/fetch.ts'
import { generateKey } from '../../src/repo/key.ts'
import { push } from '../../src/repo/push.ts'
import { findLocalTarget, findMissing } from '../../src/repo/push-target.ts'
import { remoteMemory } from '../../src/repo/remote-memory.ts'
import { openWorkspace } from '../../src/store/workspace.ts'
import { type LocalWorld, noise, snapshot, startLocalWorld } from './local-world.ts'
import { lyingPush } from './lying-push.ts'

let world: LocalWorld
let liar: LocalWorld['options']
let address: string
beforeAll(async () => {
  world = await startLocalWorld({ nodes: 4 })
  address = (await generateKey(world.options.homeDir, { alias: 'liar' })).address
  await requestFaucet({ ...world.options, network: 'local', address })
  liar = { ...world.options, key: { $kind: 'alias', name: 'liar' } }
}, 60_000)
afterAll(() => world[Symbol.asyncDispose]())

/** A repository, and a clone of it with a commit of its own that the liar has moved the branch to. */
async function hollowed(name: string) {
  const first = await world.workspace(name, { 'a.bin': noise(30_000, 1), 'old.bin': noise(9_000, 2) })
  await world.change(first, { 'a.bin': noise(30_000, 3) })
  const { repository } = await push(first, { ...world.options, create: { name, network: 'local' } })
  await grantAccess(first, { ...world.options, address, role: 'writer' })
  // What old versions need is not in a clone.
  const dir = world.path(`${name}-clone`)
  await clone(`local:${repository}`, dir, world.options)
  const made = await world.change(dir, { 'b.bin': noise(20_000, 4), 'sub/c.bin': noise(5_000, 5) })
  await lyingPush(dir, repository, { options: liar, objects: [{ kind: 'commit', id: made as ObjectId }] })
  await fetchRemote(dir, world.options)
  expect(await doubts(dir, repository)).toEqual([made])
  return { dir, repository, made }
}

async function doubts(dir: string, repository: string): Promise<string[]> {
  await using workspace = await openWorkspace(dir)
  return remoteMemory(workspace, 'origin', repository).doubts
}

async function assertWhole(dir: string, repository: string): Promise<void> {
  const copy = `${dir}-copy`
  await clone(`local:${repository}`, copy, world.options)
  expect(await snapshot(copy)).toEqual(await snapshot(dir))
  expect(await doubts(dir, repository)).toEqual([])
  expect(await push(dir, world.options)).toMatchObject({ $kind: 'up-to-date' })
}

it('is fetched, and then the push of that commit brings what nobody holds', async () => {
  const { dir, repository, made } = await hollowed('named')
  expect(await push(dir, { ...world.options, dryRun: true })).toMatchObject({ $kind: 'dry-run', new: made })
  expect(await push(dir, world.options)).toMatchObject({ $kind: 'pushed', new: made, forced: false })
  await assertWhole(dir, repository)
})

it('is fetched, and then a push that builds on it brings what nobody holds', async () => {
  const { dir, repository } = await hollowed('built-on')
  await world.change(dir, { 'd.txt': 'd\n' })
  expect(await push(dir, world.options)).toMatchObject({ $kind: 'pushed', forced: false })
  await assertWhole(dir, repository)
})

it('is no doubt where the other has sent all of it, nor where it came from the remote', async () => {
  const dir = await world.workspace('honest', { 'a.bin': noise(9_000, 8) })
  const { repository } = await push(dir, { ...world.options, create: { name: 'honest', network: 'local' } })
  await grantAccess(dir, { ...world.options, address, role: 'writer' })
  const made = await world.change(dir, { 'b.bin': noise(9_000, 9) })
  // The same commit by another way, pushed by another key: read once, and nothing is sent or paid for again.
  await lyingPush(dir, repository, { options: liar, objects: await objectsOf(dir) })
  await fetchRemote(dir, world.options)
  expect(await push(dir, world.options)).toMatchObject({ $kind: 'up-to-date', new: made })
  expect(await doubts(dir, repository)).toEqual([])
  const other = world.path('honest-clone')
  await clone(`local:${repository}`, other, world.options)
  await world.change(dir, { 'c.bin': noise(9_000, 10) })
  await push(dir, world.options)
  await fetchRemote(other, world.options)
  expect(await doubts(other, repository)).toEqual([])
})

/** What the last commit brings. */
async function objectsOf(dir: string) {
  await using workspace = await openWorkspace(dir)
  const target = await findLocalTarget(workspace, 'main')
  return findMissing(workspace, target, target.record.parents as ObjectId[], undefined)
}
