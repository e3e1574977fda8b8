/** One branch that cannot be read, because nobody has what it is at or because it has expired, keeps nobody from the others. */

import { afterAll, beforeAll, expect, it } from 'vitest'
import type { ObjectId } from '../../src/objects/id.ts'
import { clone } from '../../src/repo/clone.ts'
import { fetchRemote } from '../../src/repo/fetch.ts'
import { mirror } from '../../src/repo/mirror.ts'
import { pull } from '../../src/repo/pull.ts'
import { push } from '../../src/repo/push.ts'
import { switchTo } from '../../src/repo/switch.ts'
import { openWorkspace } from '../../src/store/workspace.ts'
import { failure, type LocalWorld, noise, snapshot, startLocalWorld } from './local-world.ts'
import { lyingPush } from './lying-push.ts'

let world: LocalWorld
beforeAll(async () => {
  world = await startLocalWorld({ nodes: 4 })
})
afterAll(() => world?.[Symbol.asyncDispose]())

const author = { name: 'Reader', email: '' }

async function begin(name: string) {
  const dir = await world.workspace(name, { 'a.bin': noise(9_000, 1) })
  const { repository } = await push(dir, { ...world.options, create: { name, network: 'local' } })
  const reader = world.path(`${name}-reader`)
  await clone(`local:${repository}`, reader, world.options)
  return { dir, reader, repository, there: `local:${repository}` }
}

/** A branch of the workspace with a version of its own. */
async function branchOff(dir: string, name: string) {
  {
    await using workspace = await openWorkspace(dir)
    await switchTo(workspace, { target: name, create: true })
  }
  return world.change(dir, { [`${name}.bin`]: noise(3_000, 2) }, name)
}

async function backToMain(dir: string): Promise<void> {
  await using workspace = await openWorkspace(dir)
  await switchTo(workspace, { target: 'main' })
}

async function refsOf(dir: string): Promise<Map<string, string>> {
  await using workspace = await openWorkspace(dir)
  return new Map(workspace.refs.list('heads/').map(({ name, id }) => [name, id]))
}

function heads(refs: Map<string, string>): string[] {
  return [...refs.keys()]
}

/** What stands between is read; of the branch it is said why not. */
async function assertOthersAreRead(there: string, dir: string, reader: string, code: string): Promise<void> {
  const unread = [{ ref: 'heads/beside', error: { code } }]
  expect(await pull(reader, { ...world.options, author })).toMatchObject({ $kind: 'fast-forward', unread })
  expect(await snapshot(reader)).toEqual(await snapshot(dir))
  expect(await fetchRemote(reader, world.options)).toMatchObject({ updated: [], unread })
  const copy = world.path(`${reader}-copy`)
  expect(await clone(there, copy, { ...world.options, useCache: false })).toMatchObject({ unread })
  expect(await snapshot(copy)).toEqual(await snapshot(dir))
  // Who asks for it is told.
  expect(await failure(fetchRemote(reader, { ...world.options, refs: ['beside'] }))).toMatchObject({ code })
  expect(await failure(clone(there, world.path(`${reader}-none`), { ...world.options, ref: 'beside' }))).toMatchObject({
    code,
  })
  expect(await failure(pull(reader, { ...world.options, author, ref: 'beside' }))).toMatchObject({ code })
}

it('because nobody has what it is at', async () => {
  const { dir, reader, repository, there } = await begin('hollow')
  await branchOff(dir, 'beside')
  await lyingPush(dir, repository, { options: world.options, ref: 'heads/beside', branch: 'beside', segments: [] })
  await backToMain(dir)
  await world.change(dir, { 'b.bin': noise(3_000, 3) })
  await push(dir, world.options)
  await assertOthersAreRead(there, dir, reader, 'REMOTE_TIP_INCOMPLETE')
  const copy = world.path('hollow-mirror')
  const unread = [{ ref: 'heads/beside', error: { code: 'REMOTE_TIP_INCOMPLETE' } }]
  expect(await mirror(copy, { ...world.options, of: there })).toMatchObject({ $kind: 'created', unread, lost: [] })
  expect(heads(await refsOf(copy))).toEqual(['heads/main'])
  expect(await mirror(copy, world.options)).toMatchObject({ $kind: 'up-to-date', objects: 0, unread, lost: [] })
})

it('because of a version nobody has more than its commit, where a mirror keeps what it has', async () => {
  const { dir, repository, there } = await begin('bare')
  const first = await branchOff(dir, 'beside')
  await push(dir, { ...world.options, ref: 'beside' })
  const copy = world.path('bare-mirror')
  expect(await mirror(copy, { ...world.options, of: there })).toMatchObject({ unread: [], lost: [] })
  const second = await world.change(dir, { 'beside.bin': noise(3_000, 4) })
  await lyingPush(dir, repository, {
    options: world.options,
    ref: 'heads/beside',
    branch: 'beside',
    objects: [{ kind: 'commit', id: second as ObjectId }],
  })
  await backToMain(dir)
  await world.change(dir, { 'b.bin': noise(3_000, 3) })
  await push(dir, world.options)
  const unread = [{ ref: 'heads/beside', error: { code: 'REMOTE_TIP_INCOMPLETE' } }]
  const updated = [{ ref: 'heads/main' }]
  expect(await mirror(copy, { ...world.options, full: true })).toMatchObject({ updated, unread, lost: [] })
  expect((await refsOf(copy)).get('heads/beside')).toBe(first)
  expect(await mirror(copy, world.options)).toMatchObject({ $kind: 'up-to-date', objects: 0, unread, lost: [] })
  // Taken back, nobody misses it any more.
  {
    await using workspace = await openWorkspace(dir)
    await switchTo(workspace, { target: 'beside', reset: true, at: 'main' })
  }
  await push(dir, { ...world.options, ref: 'beside', force: true })
  expect(await mirror(copy, world.options)).toMatchObject({ updated: [{ ref: 'heads/beside' }], unread: [], lost: [] })
})

it('and where there is nothing else, a mirror says why it is none', async () => {
  const { dir, repository, there } = await begin('none')
  await world.change(dir, { 'a.bin': noise(9_000, 5) })
  await lyingPush(dir, repository, { options: world.options, segments: [] })
  const whole = mirror(world.path('none-mirror'), { ...world.options, of: there })
  expect(await failure(whole)).toMatchObject({ code: 'REMOTE_TIP_INCOMPLETE' })
})

it('because it has expired', async () => {
  const { dir, reader, there } = await begin('over')
  await branchOff(dir, 'beside')
  await push(dir, { ...world.options, ref: 'beside', epochs: 1, retainEpochs: 0, extendReused: false })
  await world.net.advanceEpoch()
  await backToMain(dir)
  await world.change(dir, { 'b.bin': noise(3_000, 3) })
  await push(dir, world.options)
  await assertOthersAreRead(there, dir, reader, 'REMOTE_TIP_INCOMPLETE')
  expect(await mirror(world.path('over-mirror'), { ...world.options, of: there })).toMatchObject({
    updated: [{ ref: 'heads/main' }],
    unread: [{ ref: 'heads/beside' }],
  })
  const { unread } = await fetchRemote(reader, world.options)
  expect(unread.flatMap(({ error }) => error.hints).join()).toContain('`floe revive`')
})
