import { afterAll, beforeAll, expect, it } from 'vitest'
import { pushManyFiles } from './large-locator.ts'
import { type LocalWorld, startLocalWorld } from './local-world.ts'

let world: LocalWorld
beforeAll(async () => {
  // The largest blob has 393,204 bytes: 5,900 entries.
  world = await startLocalWorld({ nodes: 4 })
}, 60_000)
afterAll(() => world[Symbol.asyncDispose]())

it('more objects than the largest blob has room for in a locator are pushed', async () => {
  const live = await pushManyFiles(world, 'beyond', 6_500, undefined)
  expect(live[0]!.length).toBeGreaterThan(1)
}, 600_000)

it('a locator that is too large for one pack is pushed in several, and later pushes leave the full ones alone', async () => {
  const [first, later] = await pushManyFiles(world, 'parts', 200, { segmentBytes: 6_000 })
  expect(first!.length).toBeGreaterThan(2)
  // All but the last are full.
  expect(later).toEqual(expect.arrayContaining(first!.slice(0, -1)))
  expect(later!.length).toBeLessThanOrEqual(first!.length + 2)
}, 60_000)
