import { expect, it } from 'vitest'
import { startLocalWorld } from '../e2e/local-world.ts'
import { crowdScheduleOf, runCrowdSchedule, startCrowdScene } from './crowd-schedule.ts'

/** `FLOE_SIM_SCHEDULES=1000` for a longer run; `FLOE_SIM_FIRST` for other seeds. */
const COUNT = Number(process.env['FLOE_SIM_SCHEDULES'] ?? 100)
const FIRST = Number(process.env['FLOE_SIM_FIRST'] ?? 1_000)
/** Epochs end in some of them, and what was pushed expires: a new network for every so many. */
const PER_WORLD = 50

it(`${COUNT} schedules of two pushes and a pull at once lose nothing`, { timeout: 3_600_000 }, async () => {
  const failures: string[] = []
  const outcomes = new Map<string, number>()
  for (let from = FIRST; from < FIRST + COUNT; from += PER_WORLD) {
    await using world = await startLocalWorld({ nodes: 4 })
    const scene = await startCrowdScene(world)
    for (let seed = from; seed < Math.min(FIRST + COUNT, from + PER_WORLD); seed++)
      try {
        for (const [actor, outcome] of Object.entries(await runCrowdSchedule(scene, crowdScheduleOf(seed)))) {
          const key = `${actor === 'reader' ? 'pull' : 'push'} ${outcome}`
          outcomes.set(key, (outcomes.get(key) ?? 0) + 1)
        }
      } catch (error) {
        failures.push((error as Error).message)
      }
  }
  console.log(JSON.stringify([...outcomes]))
  expect(failures).toEqual([])
  // Races were lost, or nothing was tried.
  expect(outcomes.get('push PUSH_STALE') ?? 0).toBeGreaterThan(COUNT / 20)
})
