import { afterAll, beforeAll, expect, it } from 'vitest'
import { type LocalWorld, startLocalWorld } from '../e2e/local-world.ts'
import { type CrowdScene, crowdReplayOf, crowdScheduleOf, runCrowdSchedule, startCrowdScene } from './crowd-schedule.ts'

const asked = process.env['FLOE_SIM_SEED']
const seeds = asked === undefined ? [1, 2] : [Number(asked)]

let world: LocalWorld
let scene: CrowdScene
beforeAll(async () => {
  world = await startLocalWorld({ nodes: 4 })
  scene = await startCrowdScene(world)
})
afterAll(() => world?.[Symbol.asyncDispose]())

for (const seed of seeds)
  it(`two pushes and a pull at once leave whole versions, and nothing is lost, seed ${seed}`, async () => {
    const outcomes = await runCrowdSchedule(scene, crowdScheduleOf(seed))
    if (asked !== undefined) console.log(`${crowdReplayOf(crowdScheduleOf(seed))}: ${JSON.stringify(outcomes)}`)
    expect(Object.values(outcomes)).toContain('done')
  })

it('comes from the seed alone, and names the command that repeats it', () => {
  expect(crowdScheduleOf(7)).toEqual(crowdScheduleOf(7))
  expect(crowdReplayOf(crowdScheduleOf(7))).toContain('FLOE_SIM_SEED=7 npx vitest run test/sim/crowd.test.ts')
})
