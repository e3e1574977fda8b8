/** An epoch that ends while a push collects confirmations, or with another committee while a clone reads. */

import { afterAll, beforeAll, expect, it } from 'vitest'
import { clone } from '../../src/repo/clone.ts'
import { push } from '../../src/repo/push.ts'
import { type LocalWorld, noise, snapshot, startLocalWorld } from './local-world.ts'

let world: LocalWorld
beforeAll(async () => {
  world = await startLocalWorld({ nodes: 4 })
})
afterAll(() => world?.[Symbol.asyncDispose]())

it('is noticed by a push where no more nodes confirm for the new one than could be wrong, and one is away', async () => {
  const dir = await world.workspace('epoch', { 'a.bin': noise(2_000, 1) })
  await push(dir, { ...world.options, create: { name: 'epoch', network: 'local' } })
  await world.change(dir, { 'b.bin': noise(2_000, 2) })
  await world.net.stopNode(3)
  let first: string | undefined
  const confirmed: Promise<Response>[] = []
  const ending: typeof fetch = async (input, init) => {
    const [, blobId] = /\/v1\/blobs\/([^/]+)\/confirmation\//.exec(String(input)) ?? []
    first ??= blobId
    if (blobId === undefined || blobId !== first || confirmed.length > 2) return fetch(input, init)
    // Two nodes confirm for the epoch that ends, the third for the next.
    const asked =
      confirmed.length < 2
        ? fetch(input, init)
        : Promise.all(confirmed).then(async () => {
            await world.net.advanceEpoch()
            return fetch(input, init)
          })
    confirmed.push(asked)
    return asked
  }
  expect(await push(dir, { ...world.options, fetch: ending })).toMatchObject({ $kind: 'pushed' })
  expect(confirmed).toHaveLength(3)
  await world.net.startNode(3)
})

it('is noticed by a clone whose nodes have handed their shards on', async () => {
  const dir = await world.workspace('moved', { 'a.bin': noise(9_000, 3), 'sub/b.bin': noise(9_000, 4) })
  const { repository } = await push(dir, { ...world.options, create: { name: 'moved', network: 'local' } })
  let moved: Promise<unknown> | undefined
  const moving: typeof fetch = async (input, init) => {
    if (/\/slivers\//.test(String(input))) await (moved ??= world.net.advanceEpoch({ rotate: true }))
    return fetch(input, init)
  }
  await clone(`local:${repository}`, world.path('moved-copy'), { ...world.options, fetch: moving })
  expect(moved).toBeDefined()
  expect(await snapshot(world.path('moved-copy'))).toEqual(await snapshot(dir))
})
