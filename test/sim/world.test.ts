import { afterAll, beforeAll, expect, it } from 'vitest'
import { type LocalWorld, startLocalWorld } from '../e2e/local-world.ts'
import { LEDGER_SEED, replayOf, runWorldSchedule, type Scene, scheduleOf, startScene } from './world-schedule.ts'

const asked = process.env['FLOE_SIM_SEED']
const seeds = asked === undefined ? [4, 14, 20, LEDGER_SEED + 1_034] : [Number(asked)]

let world: LocalWorld
let scene: Scene
beforeAll(async () => {
  world = await startLocalWorld({ nodes: 4 })
  scene = await startScene(world)
})
afterAll(() => world?.[Symbol.asyncDispose]())

for (const seed of seeds)
  it(`a verb with trouble around it ends, nothing false is left, and the next is whole, seed ${seed}`, async () => {
    const { outcome, writes } = await runWorldSchedule(scene, scheduleOf(seed))
    if (asked !== undefined) console.log(`${replayOf(scheduleOf(seed))}: ${outcome} after ${writes} writes`)
    expect(outcome).toMatch(/^(done|[A-Z_]+)$/)
  })

it('comes from the seed alone, and names the command that repeats it', () => {
  expect(scheduleOf(7)).toEqual(scheduleOf(7))
  expect(replayOf(scheduleOf(7))).toContain('FLOE_SIM_SEED=7 npx vitest run test/sim/world.test.ts')
})
