import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type LocalWorld, startLocalWorld } from './local-world.ts'
import { killClones, killPulls, killPushes, replayOfKills } from './transfer-kill.ts'

const asked = process.env['FLOE_SIM_SEED']
const ROUNDS = Number(process.env['FLOE_KILLS'] ?? 4)

let world: LocalWorld
beforeAll(async () => {
  world = await startLocalWorld({ nodes: 4 })
})
afterAll(() => world[Symbol.asyncDispose]())

describe('kill -9', () => {
  it('of a push leaves what the next push finishes, and it is paid for once', async () => {
    expect(await killPushes(world, ROUNDS, Number(asked ?? 17))).toBeGreaterThan(0)
  })

  it('of a pull leaves what the next pull finishes, with every file right', async () => {
    expect(await killPulls(world, ROUNDS, Number(asked ?? 23))).toBeGreaterThan(0)
  })

  it('of a clone leaves what a pull goes on with, or next to nothing, and the next clone says which', async () => {
    const { died, goneOn } = await killClones(world, 2 * ROUNDS, Number(asked ?? 29))
    expect(died).toBeGreaterThan(0)
    if (ROUNDS >= 4 && asked === undefined) expect(goneOn).toBeGreaterThan(0)
  })

  it('names the command that repeats it', () => {
    expect(replayOfKills('push', 7, 2)).toBe(
      "replay: FLOE_SIM_SEED=7 FLOE_KILLS=2 npx vitest run test/e2e/transfer-kill.test.ts -t 'of a push '",
    )
  })
})
