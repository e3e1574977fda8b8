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
/** A clone, in which what old versions need is not there. */
let dir: string
let repository: string
beforeAll(async () => {
  world = await startLocalWorld({ nodes: 4 })
  const { address } = await generateKey(world.options.homeDir, { alias: 'liar' })
  await requestFaucet({ ...world.options, network: 'local', address })
  liar = { ...world.options, key: { $kind: 'alias', name: 'liar' } }
  const first = await world.workspace('first', { 'a.bin': noise(30_000, 1), 'old.bin': noise(9_000, 2) })
  await world.change(first, { 'a.bin': noise(30_000, 3) })
  repository = (await push(first, { ...world.options, create: { name: 'doubts', network: 'local' } })).repository
  await grantAccess(first, { ...world.options, address, role: 'writer' })
  dir = world.path('clone')
  await clone(`local:${repository}`, dir, world.options)
})
afterAll(() => world[Symbol.asyncDispose]())

/** A commit of the clone's own, to which the liar moves the branch, and which the clone then fetches. */
async function hollow(seed: number): Promise<string> {
  const made = await world.change(dir, { [`b${seed}.bin`]: noise(20_000, seed), [`sub/c${seed}.txt`]: `${seed}\n` })
  await lyingPush(dir, repository, { options: liar, objects: [{ kind: 'commit', id: made as ObjectId }] })
  await fetchRemote(dir, world.options)
  expect(await doubts(dir)).toEqual([made])
  return made
}

async function doubts(at: string): Promise<string[]> {
  await using workspace = await openWorkspace(at)
  return remoteMemory(workspace, 'origin', repository).doubts
}

/** @returns a clone of what was pushed */
async function assertWhole(name: string): Promise<string> {
  const copy = world.path(name)
  await clone(`local:${repository}`, copy, world.options)
  expect(await snapshot(copy)).toEqual(await snapshot(dir))
  expect(await doubts(dir)).toEqual([])
  return copy
}

it('is fetched, and then the push of that commit brings what nobody holds', async () => {
  const made = await hollow(4)
  expect(await push(dir, { ...world.options, dryRun: true })).toMatchObject({ $kind: 'dry-run', new: made })
  expect(await push(dir, world.options)).toMatchObject({ $kind: 'pushed', new: made, forced: false })
  await assertWhole('named')
})

it('is fetched, and then a push that builds on it brings what nobody holds', async () => {
  await hollow(6)
  await world.change(dir, { 'd.txt': 'd\n' })
  expect(await push(dir, world.options)).toMatchObject({ $kind: 'pushed', forced: false })
  const other = await assertWhole('built-on')
  expect(await push(dir, world.options)).toMatchObject({ $kind: 'up-to-date' })

  // No doubt where the other has sent all of it: it is read once, and nothing is sent or paid for again.
  const made = await world.change(dir, { 'e.bin': noise(9_000, 9) })
  await lyingPush(dir, repository, { options: liar, objects: await objectsOf(dir) })
  await fetchRemote(dir, world.options)
  expect(await push(dir, world.options)).toMatchObject({ $kind: 'up-to-date', new: made })
  expect(await doubts(dir)).toEqual([])
  // Nor where it came from the remote.
  await fetchRemote(other, world.options)
  expect(await doubts(other)).toEqual([])
})

/** What the last commit brings. */
async function objectsOf(dir: string) {
  await using workspace = await openWorkspace(dir)
  const target = await findLocalTarget(workspace, 'main')
  return findMissing(workspace, target, target.record.parents as ObjectId[], undefined)
}
