/** Taking a branch off the remote: who may, what stays, what others see, and that it can be taken back. */

import { afterAll, beforeAll, expect, it } from 'vitest'
import { createTag } from '../../src/repo/branch.ts'
import { clone } from '../../src/repo/clone.ts'
import { deleteBranchThere } from '../../src/repo/delete-branch-there.ts'
import { expiry } from '../../src/repo/expiry.ts'
import { fetchRemote } from '../../src/repo/fetch.ts'
import { gcRemote } from '../../src/repo/gc-remote.ts'
import { mirror } from '../../src/repo/mirror.ts'
import { push } from '../../src/repo/push.ts'
import { pushLogOf } from '../../src/repo/push-log.ts'
import { switchTo } from '../../src/repo/switch.ts'
import { verifyRemote } from '../../src/repo/verify-remote.ts'
import { openWorkspace } from '../../src/store/workspace.ts'
import { collect } from '../repo/temporary-workspace.ts'
import { failure, type LocalWorld, noise, snapshot, startLocalWorld } from './local-world.ts'

let world: LocalWorld
let dir: string
let address: string
let main: string
let dev: string

beforeAll(async () => {
  world = await startLocalWorld({ nodes: 4 })
  dir = await world.workspace('ours', { a: 'one\n' })
  const pushed = await push(dir, { ...world.options, create: { name: 'demo', network: 'local' } })
  address = `local:${pushed.repository}`
  main = pushed.new
  await using workspace = await openWorkspace(dir)
  await createTag(workspace, { name: 'v1' })
  await switchTo(workspace, { target: 'dev', create: true })
  dev = await world.change(dir, { big: noise(300_000, 1) })
  await push(dir, world.options)
  await push(dir, { ...world.options, ref: 'v1' })
})
afterAll(() => world[Symbol.asyncDispose]())

const remove = (from: string, branch: string, force?: boolean) =>
  deleteBranchThere(from, { ...world.options, branch, force })
const known = async (at: string) => {
  await using workspace = await openWorkspace(at)
  return workspace.refs.list('remotes/').map(({ name }) => name)
}

it('is refused for a tag, for what is not there, and to whom has no role', async () => {
  expect((await failure(remove(dir, 'v1'))).code).toBe('TAG_IMMUTABLE')
  expect((await failure(remove(dir, 'tags/v1'))).code).toBe('TAG_IMMUTABLE')
  expect((await failure(remove(dir, 'none'))).code).toBe('REMOTE_REF_UNKNOWN')
  const theirs = world.path('theirs')
  const other = { ...world.options, homeDir: world.path('other-home') }
  await clone(address, theirs, other)
  await fetchRemote(theirs, other)
  expect((await failure(deleteBranchThere(theirs, { ...other, branch: 'dev' }))).code).toBe('ACCESS_ROLE_MISSING')
  expect(await known(theirs)).toEqual(['remotes/origin/dev', 'remotes/origin/main'])
})

it('is refused where somebody has moved the branch since, unless it is forced', async () => {
  const theirs = world.path('theirs-too')
  await clone(address, theirs, { ...world.options, ref: 'dev' })
  const moved = await world.change(theirs, { more: 'm' })
  await push(theirs, world.options)
  expect(await failure(remove(dir, 'dev'))).toMatchObject({
    code: 'PUSH_STALE',
    data: { remote: moved, expected: dev },
  })
  expect(await remove(dir, 'dev', true)).toMatchObject({ ref: 'heads/dev', old: moved })
  // As it was.
  await push(dir, world.options)
})

it('takes the branch away for everyone, and leaves all else, and pushing it again brings it back', async () => {
  const reader = world.path('reader')
  await clone(address, reader, world.options)
  await fetchRemote(reader, world.options)
  const copy = world.path('mirror')
  await mirror(copy, { ...world.options, of: address })
  const needed = async () => (await gcRemote(dir, { ...world.options, dryRun: true })).packs.needed
  const before = await needed()
  expect(await remove(dir, 'heads/dev')).toMatchObject({ $kind: 'deleted', ref: 'heads/dev', old: dev })
  expect(await known(dir)).toEqual(['remotes/origin/main'])
  expect((await failure(remove(dir, 'dev'))).code).toBe('REMOTE_REF_UNKNOWN')

  const fetched = await fetchRemote(reader, world.options)
  expect(fetched.updated).toEqual([{ ref: 'heads/dev', old: dev, new: null, forced: true }])
  expect(await known(reader)).toEqual(['remotes/origin/main'])
  expect((await failure(clone(address, world.path('none'), { ...world.options, ref: 'dev' }))).code).toBe(
    'REVISION_UNKNOWN',
  )
  expect(await verifyRemote(address, { ...world.options, full: true })).toMatchObject({ ok: true, commit: main })
  expect((await expiry(dir, world.options)).refs.map(({ ref }) => ref)).toEqual(['heads/main', 'tags/v1'])
  expect((await mirror(copy, world.options)).kept).toEqual(['heads/dev'])
  const pushes = await collect((await pushLogOf(dir, world.options)).pushes)
  expect(pushes.at(-1)).toMatchObject({ ref: 'refs/heads/dev', old: dev, new: null, forced: true })
  expect(await needed()).toBeLessThan(before)

  // Its packs are there still: nothing is paid for.
  expect(await push(dir, world.options)).toMatchObject({
    $kind: 'pushed',
    old: null,
    new: dev,
    cost: { walFrost: '0' },
  })
  const again = world.path('again')
  await clone(address, again, { ...world.options, ref: 'dev' })
  expect(await snapshot(again)).toEqual(await snapshot(dir))
})
