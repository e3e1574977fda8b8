import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type LocalWorld, startLocalWorld } from './local-world.ts'
import { killPulls, killPushes } from './transfer-kill.ts'

let world: LocalWorld
beforeAll(async () => {
  world = await startLocalWorld({ nodes: 4 })
})
afterAll(() => world[Symbol.asyncDispose]())

describe('kill -9', () => {
  it('of a push leaves what the next push finishes, and it is paid for once', async () => {
    expect(await killPushes(world, 3, 17)).toBeGreaterThan(0)
  })

  it('of a pull leaves what the next pull finishes, with every file right', async () => {
    expect(await killPulls(world, 3, 23)).toBeGreaterThan(0)
  })
})
