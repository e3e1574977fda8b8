import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type LocalWorld, startLocalWorld } from '../e2e/local-world.ts'
import { eventsOf, replayOf, runPushSchedule, startPushWorld } from './push-schedule.ts'

const asked = process.env['FLOE_SIM_SEED']
const seeds = asked === undefined ? [2] : [Number(asked)]

let world: LocalWorld
let dir: string
beforeAll(async () => {
  world = await startLocalWorld()
  dir = await startPushWorld(world)
}, 60_000)
afterAll(() => world?.[Symbol.asyncDispose]())

describe('a push to which things happen', () => {
  for (const seed of seeds)
    it(`ends, is paid once, and is whole after the next, seed ${seed}`, async () => {
      expect(await runPushSchedule(world, dir, seed)).toMatch(/^(pushed|[A-Z_]+)$/)
    }, 120_000)

  it('comes from the seed alone, and names the command that repeats it', () => {
    expect(eventsOf(7)).toEqual(eventsOf(7))
    expect(replayOf(7)).toContain('FLOE_SIM_SEED=7 npx vitest run test/sim/push.test.ts')
  })
})
