/** An epoch that ends while a push collects confirmations. */

import { afterAll, beforeAll, expect, it } from 'vitest'
import { push } from '../../src/repo/push.ts'
import { type LocalWorld, noise, startLocalWorld } from './local-world.ts'

let world: LocalWorld
beforeAll(async () => {
  world = await startLocalWorld({ nodes: 4 })
})
afterAll(() => world?.[Symbol.asyncDispose]())

it('is noticed where no more nodes confirm for the new one than could be wrong, and one is away', async () => {
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
})
