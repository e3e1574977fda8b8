/** Pushes that end while nodes still lack slivers of a pack that has its certificate: what was to be written down about those
 *  ends with the push, and not behind its back. */

import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { push } from '../../src/repo/push.ts'
import { createFullDisk } from '../faults/full-disk.ts'
import { failure, type LocalWorld, noise, startLocalWorld } from './local-world.ts'

let world: LocalWorld
let dir: string
beforeAll(async () => {
  world = await startLocalWorld({ nodes: 4 })
  dir = await world.workspace('given-up', { 'a.bin': noise(2_000, 1) })
  await push(dir, { ...world.options, create: { name: 'given-up', network: 'local' } })
})
afterAll(() => world?.[Symbol.asyncDispose]())

const strays: unknown[] = []
const note = (reason: unknown) => void strays.push(reason)
beforeEach(() => {
  strays.length = 0
  process.on('unhandledRejection', note)
})
afterEach(() => {
  process.off('unhandledRejection', note)
})

it('says that the disk is full, also where what a node lacks could not be noted', async () => {
  await world.change(dir, { 'full.bin': noise(2_000, 2) })
  await world.net.stopNode(3)
  using disk = createFullDisk([join(dir, '.floe')])
  let uploaded = 0
  const error = await failure(
    push(dir, {
      ...world.options,
      // The first certificate can still be written down, what its node lacks cannot, nor the second one.
      onProgress: ({ $kind }) => $kind === 'uploaded' && uploaded++ === 0 && disk.fill(1),
    }),
  )
  disk.empty()
  await world.net.startNode(3)
  expect(error).toMatchObject({ code: 'STORE_DISK_FULL' })
  expect(uploaded).toBe(2)
  expect(await push(dir, world.options)).toMatchObject({ $kind: 'pushed', cost: { walFrost: '0' } })
  expect(strays).toEqual([])
})

it('writes nothing down once it has ended, whatever a slow node is still without', async () => {
  await world.change(dir, { 'cut.bin': noise(2_000, 3) })
  const uploaded = Promise.withResolvers<void>()
  let first: string | undefined
  const hindering: typeof fetch = async (input, init) => {
    const [, blobId] = /\/v1\/blobs\/([^/]+)\//.exec(String(input)) ?? []
    if (init?.method !== 'PUT' || blobId === undefined) return fetch(input, init)
    first ??= blobId
    if (blobId === first) {
      if (!String(input).startsWith(`${world.net.nodes[3]!.url}/`)) return fetch(input, init)
      return new Promise((_, reject) => init.signal!.addEventListener('abort', () => reject(init.signal!.reason)))
    }
    // The other pack is refused once the first has its certificate.
    await uploaded.promise
    return new Response('no', { status: 400 })
  }
  const error = await failure(
    push(dir, {
      ...world.options,
      finishTail: true,
      fetch: hindering,
      onProgress: ({ $kind }) => $kind === 'uploaded' && setTimeout(uploaded.resolve, 50),
    }),
  )
  expect(error).toMatchObject({ code: 'UPLOAD_QUORUM' })
  expect(await push(dir, world.options)).toMatchObject({ $kind: 'pushed', cost: { walFrost: '0' } })
  expect(strays).toEqual([])
})
