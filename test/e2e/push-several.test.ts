/** Several refs with one command: what is sent once for all of them, what stays, and how far it gets. */

import { afterAll, beforeAll, expect, it } from 'vitest'
import { createBranch, createTag, deleteTag } from '../../src/repo/branch.ts'
import { clone } from '../../src/repo/clone.ts'
import { push } from '../../src/repo/push.ts'
import { allRefs, pushSeveral } from '../../src/repo/push-several.ts'
import { showRemote } from '../../src/repo/remote.ts'
import { switchTo } from '../../src/repo/switch.ts'
import { openWorkspace, type Workspace } from '../../src/store/workspace.ts'
import { failure, type LocalWorld, noise, snapshot, startLocalWorld } from './local-world.ts'

let world: LocalWorld
beforeAll(async () => {
  world = await startLocalWorld({ nodes: 4 })
})
afterAll(() => world[Symbol.asyncDispose]())

const inside = async <T>(dir: string, work: (workspace: Workspace) => Promise<T>): Promise<T> => {
  await using workspace = await openWorkspace(dir)
  return work(workspace)
}
const tag = (dir: string, name: string, at?: string) => inside(dir, (workspace) => createTag(workspace, { name, at }))
const refsThere = async (dir: string) =>
  Object.fromEntries((await showRemote(dir, undefined, world.options)).refs.map(({ name, commit }) => [name, commit]))
const create = (name: string) => ({ name, network: 'local' })
const isPushed = ({ $kind }: { $kind: string }) => $kind === 'pushed'

it('makes the repository with the first tag, and sends what tags share once, without a branch of theirs there', async () => {
  const dir = await world.workspace('tags-only', { a: noise(200_000, 1) })
  await tag(dir, 'v1')
  const newest = await world.change(dir, { b: noise(100_000, 2) })
  await tag(dir, 'v2')
  await tag(dir, 'v2-again')
  const refs = await inside(dir, async (workspace) => allRefs(workspace, { tags: true }))
  expect(refs).toEqual(['tags/v1', 'tags/v2', 'tags/v2-again'])
  const plan = await pushSeveral(dir, { ...world.options, refs, create: create('demo'), dryRun: true })
  expect(plan.pushes.map(({ $kind, ref }) => [$kind, ref])).toEqual([
    ['dry-run', 'tags/v2'],
    ['dry-run', 'tags/v2-again'],
    ['dry-run', 'tags/v1'],
  ])

  const pushed = await pushSeveral(dir, { ...world.options, refs, create: create('demo') })
  expect(pushed).toMatchObject({ standing: [], refused: [] })
  expect(pushed.pushes.every(isPushed)).toBe(true)
  expect(pushed.pushes.map(({ ref, cost }) => [ref, cost.newObjects > 0])).toEqual([
    ['tags/v2', true],
    ['tags/v2-again', false],
    ['tags/v1', false],
  ])
  expect((await refsThere(dir))['tags/v2']).toBe(newest)
  expect(await pushSeveral(dir, { ...world.options, refs })).toEqual({
    pushes: [],
    standing: ['tags/v2', 'tags/v2-again', 'tags/v1'],
    refused: [],
  })
  const copy = world.path('tags-copy')
  await clone(`local:${pushed.pushes[0]!.repository}`, copy, { ...world.options, ref: 'v2' })
  expect(await snapshot(copy)).toEqual(await snapshot(dir))
})

it('leaves a tag that is another version there, also with force, and pushes the others', async () => {
  const dir = await world.workspace('moved', { a: 'one\n' })
  await tag(dir, 'v1')
  const first = (await push(dir, { ...world.options, create: create('demo') })).new
  await push(dir, { ...world.options, ref: 'v1' })
  await inside(dir, (workspace) => deleteTag(workspace, { name: 'v1' }))
  await world.change(dir, { a: 'two\n' })
  await tag(dir, 'v1')
  await tag(dir, 'v0', first)
  const result = await pushSeveral(dir, { ...world.options, refs: ['v1', 'v0'], force: true })
  expect(result.refused).toMatchObject([{ ref: 'tags/v1', error: { code: 'TAG_IMMUTABLE' } }])
  expect(result.pushes).toMatchObject([{ $kind: 'pushed', ref: 'tags/v0', new: first }])
  expect(await refsThere(dir)).toEqual({ 'heads/main': first, 'tags/v0': first, 'tags/v1': first })
})

it('pushes branches before tags, and those that nobody else has moved', async () => {
  const dir = await world.workspace('branches', { a: 'one\n' })
  const { repository } = await push(dir, { ...world.options, create: create('demo') })
  const theirs = world.path('branches-theirs')
  await clone(`local:${repository}`, theirs, world.options)
  await world.change(theirs, { theirs: 't' })
  const moved = await push(theirs, world.options)
  await inside(dir, (workspace) => createBranch(workspace, { name: 'old' }))
  await world.change(dir, { ours: 'o' })
  await inside(dir, (workspace) => switchTo(workspace, { target: 'dev', create: true }))
  const dev = await world.change(dir, { b: noise(50_000, 3) })
  await tag(dir, 'v1')
  const refs = await inside(dir, async (workspace) => allRefs(workspace, { branches: true, tags: true }))
  const result = await pushSeveral(dir, { ...world.options, refs })
  expect(result.refused).toMatchObject([{ ref: 'heads/main', error: { code: 'PUSH_STALE' } }])
  expect(result.pushes.map(({ ref }) => ref)).toEqual(['heads/dev', 'heads/old', 'tags/v1'])
  expect(await refsThere(dir)).toMatchObject({ 'heads/main': moved.new, 'heads/dev': dev, 'tags/v1': dev })
})

it('sends nothing where a name means nothing', async () => {
  const dir = await world.workspace('unknown', { a: 'one\n' })
  await push(dir, { ...world.options, create: create('demo') })
  await world.change(dir, { a: 'two\n' })
  const before = await refsThere(dir)
  expect((await failure(pushSeveral(dir, { ...world.options, refs: ['main', 'mian'] }))).code).toBe('REF_UNKNOWN')
  expect(await refsThere(dir)).toEqual(before)
})

it('may spend so much on all of them, and says how far it got', async () => {
  const dir = await world.workspace('budget', { a: 'one\n' })
  await push(dir, { ...world.options, create: create('demo') })
  const price = async () => (await push(dir, { ...world.options, ref: 'two', dryRun: true })).cost.walFrost
  for (const [seed, name] of ['one', 'two'].entries()) {
    await inside(dir, (workspace) => switchTo(workspace, { target: name, create: true }))
    await world.change(dir, { [name]: noise(5_000, seed) })
    await inside(dir, (workspace) => switchTo(workspace, { target: 'main' }))
  }
  // Enough for one of them.
  const maxWal = (Number(await price()) * 1.5e-9).toFixed(9)
  const stopped = await failure(pushSeveral(dir, { ...world.options, refs: ['one', 'two'], maxWal }))
  expect(stopped).toMatchObject({ code: 'PUSH_MAX_WAL', data: { pushed: ['heads/two'], left: ['heads/one'] } })
  expect(Object.keys(await refsThere(dir)).sort()).toEqual(['heads/main', 'heads/two'])
  const rest = await pushSeveral(dir, { ...world.options, refs: ['one', 'two'] })
  expect(rest.pushes.map(({ $kind, ref }) => [$kind, ref])).toEqual([
    ['up-to-date', 'heads/two'],
    ['pushed', 'heads/one'],
  ])
})
