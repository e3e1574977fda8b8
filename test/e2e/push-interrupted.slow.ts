/** What is left of pushes that ended in the middle, and what those do with it that come after, or run beside. */

import { cp, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { LedgerClient } from '../../src/ledger/client.ts'
import { objectIdFor } from '../../src/objects/id.ts'
import { clone } from '../../src/repo/clone.ts'
import { push } from '../../src/repo/push.ts'
import { pushStatus } from '../../src/repo/push-abort.ts'
import { openRemoteContext } from '../../src/repo/remote-context.ts'
import { openWorkspace } from '../../src/store/workspace.ts'
import { createFullDisk } from '../faults/full-disk.ts'
import { type LocalWorld, noise, snapshot, startLocalWorld } from './local-world.ts'
import { lyingPush } from './lying-push.ts'

let world: LocalWorld
/** With a repository, and nothing that is not pushed. */
let dir: string
let repository: string
beforeAll(async () => {
  world = await startLocalWorld({ nodes: 4 })
  dir = await world.workspace('shared', { 'a.bin': noise(9_000, 4) })
  repository = (await push(dir, { ...world.options, create: { name: 'shared', network: 'local' } })).repository
}, 60_000)
afterAll(() => world[Symbol.asyncDispose]())

/** Repositories that the local key administers. */
async function repositories(): Promise<number> {
  const context = await openRemoteContext('local', world.options)
  const type = `${world.net.floePackageId}::repository::AdminCap`
  return (await context.ledger.fetchOwnedObjects((await context.signer()).address, type, 100)).length
}

/** Requests of a push; from the execution of this number on, its answer and all after it are lost. */
function losing(execution: number): typeof fetch {
  let executions = 0
  let isLost = false
  return async (input, init) => {
    if (isLost) throw new TypeError('fetch failed')
    const response = await fetch(input, init)
    if (!String(input).endsWith('/ExecuteTransaction') || ++executions < execution) return response
    isLost = true
    throw new TypeError('fetch failed')
  }
}

it('the repository that a push has made without hearing of it is found by the next, and not made again', async () => {
  const unheard = await world.workspace('unheard', { 'a.bin': noise(9_000, 1) })
  const create = { name: 'unheard', network: 'local' }
  const before = await repositories()
  await expect(push(unheard, { ...world.options, create, fetch: losing(2) })).rejects.toMatchObject({
    code: 'LEDGER_OUTCOME_UNKNOWN',
    exitCode: 14,
  })
  await world.change(unheard, { 'b.bin': noise(9_000, 2) })
  const { repository: made, old } = await push(unheard, { ...world.options, create })
  expect(old).not.toBeNull()
  expect(await repositories()).toBe(before + 1)
  expect(await pushStatus(unheard)).toEqual([])
  await clone(`local:${made}`, world.path('unheard-copy'), world.options)
  expect(await snapshot(world.path('unheard-copy'))).toEqual(await snapshot(unheard))
})

it('a push that ends leaves the journal and the lock of another one that is under way', async () => {
  await world.change(dir, { 'b.bin': noise(9_000, 5) })
  const [reached, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  let executions = 0
  const waiting: typeof fetch = async (input, init) => {
    if (String(input).endsWith('/ExecuteTransaction') && ++executions === 2) {
      reached.resolve()
      await released.promise
    }
    return fetch(input, init)
  }
  const slow = push(dir, { ...world.options, fetch: waiting }).catch((error) => error)
  await reached.promise
  const files = async () => (await readdir(join(dir, '.floe/pushes'))).filter((name) => name !== 'abort.lock')
  await using workspace = await openWorkspace(dir)
  const theirs = (await files()).filter((name) => workspace.isFileLocked(join(dir, '.floe/pushes', name)))
  expect(theirs).toHaveLength(1)
  expect(await push(dir, world.options)).toMatchObject({ $kind: 'pushed' })
  expect(await files()).toEqual(expect.arrayContaining([theirs[0], theirs[0]!.replace(/\.lock$/, '')]))
  released.resolve()
  await slow
  await clone(`local:${repository}`, world.path('beside-copy'), world.options)
  expect(await snapshot(world.path('beside-copy'))).toEqual(await snapshot(dir))
})

it('why a push failed is said, also where what slow nodes lack cannot be noted', async () => {
  await world.change(dir, { 'f.bin': noise(9_000, 7) })
  await world.net.stopNode(3)
  using disk = createFullDisk([join(dir, '.floe')])
  let executions = 0
  const failing: typeof fetch = async (input, init) => {
    if (!String(input).endsWith('/ExecuteTransaction') || ++executions < 2) return fetch(input, init)
    disk.fill(0)
    throw new TypeError('fetch failed')
  }
  try {
    await expect(push(dir, { ...world.options, finishTail: true, fetch: failing })).rejects.toMatchObject({
      code: 'LEDGER_OUTCOME_UNKNOWN',
      exitCode: 14,
    })
  } finally {
    disk.empty()
    await world.net.startNode(3)
  }
  expect(await push(dir, world.options)).toMatchObject({ $kind: 'pushed', cost: { walFrost: '0' } })
})

it('packs that the ledger does not show yet are looked for, and missing ones are an error that says they are paid for', async () => {
  await world.change(dir, { 'g.bin': noise(9_000, 9) })
  const blind = (ledger: LedgerClient): LedgerClient => ({
    ...ledger,
    fetchObjects: async (ids) => ids.map(() => null),
    fetchOwnedObjects: async () => [],
  })
  const lie = { id: objectIdFor('chunk', noise(9_000, 9)), bytes: noise(9_000, 9) }
  await expect(lyingPush(dir, repository, { options: world.options, lie, through: blind })).rejects.toMatchObject({
    code: 'LEDGER_RESULT_UNSEEN',
    exitCode: 14,
    data: { blobIds: [expect.any(String), expect.any(String)] },
  })
  const lagging = (ledger: LedgerClient) => ({ ...ledger, fetchObjects: blind(ledger).fetchObjects })
  await world.change(dir, { 'h.bin': noise(9_000, 10) })
  await lyingPush(dir, repository, { options: world.options, lie, through: lagging })
  await clone(`local:${repository}`, world.path('unseen-copy'), world.options)
  expect(await snapshot(world.path('unseen-copy'))).toEqual(await snapshot(dir))
})

it('a push says its own number in the log, also where another moves the ref on at once', async () => {
  const before = await push(dir, world.options)
  expect(before.$kind).toBe('up-to-date')
  const { log } = await (await openRemoteContext('local', world.options)).repository(repository).fetchState()
  await world.change(dir, { 'd.bin': noise(9_000, 12) })
  const other = world.path('numbered-other')
  await cp(dir, other, { recursive: true })
  await world.change(other, { 'e.bin': noise(9_000, 13) })
  let executions = 0
  let theirs: Awaited<ReturnType<typeof push>> | undefined
  const overtaken: typeof fetch = async (input, init) => {
    const response = await fetch(input, init)
    if (String(input).endsWith('/ExecuteTransaction') && ++executions === 2) theirs = await push(other, world.options)
    return response
  }
  expect(await push(dir, { ...world.options, fetch: overtaken })).toMatchObject({ $kind: 'pushed', logIndex: log.size })
  expect(theirs).toMatchObject({ $kind: 'pushed', logIndex: log.size + 1 })
})
