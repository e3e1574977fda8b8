import { expect, it } from 'vitest'
import { startLocalWorld } from '../e2e/local-world.ts'
import { liarScheduleOf, runLiarSchedule, startLiarScene } from './liar-schedule.ts'

/** `FLOE_SIM_SCHEDULES=1000` for a longer run; `FLOE_SIM_FIRST` for other seeds. */
const COUNT = Number(process.env['FLOE_SIM_SCHEDULES'] ?? 100)
const FIRST = Number(process.env['FLOE_SIM_FIRST'] ?? 1)
const PER_WORLD = 50

it(`${COUNT} schedules of a writer who lies keep nothing out of honest pushes`, { timeout: 3_600_000 }, async () => {
  const failures: string[] = []
  const outcomes = new Map<string, number>()
  for (let from = FIRST; from < FIRST + COUNT; from += PER_WORLD) {
    await using world = await startLocalWorld({ nodes: 4 })
    const scene = await startLiarScene(world)
    for (let seed = from; seed < Math.min(FIRST + COUNT, from + PER_WORLD); seed++)
      try {
        for (const [actor, outcome] of Object.entries(await runLiarSchedule(scene, liarScheduleOf(seed)))) {
          const key = `${actor}: ${outcome}`
          outcomes.set(key, (outcomes.get(key) ?? 0) + 1)
        }
      } catch (error) {
        failures.push((error as Error).message)
      }
  }
  console.log(JSON.stringify([...outcomes].sort(), null, 1))
  expect(failures).toEqual([])
  // Readers were told of lies, or none was tried.
  expect(outcomes.get('reader: REMOTE_TIP_INCOMPLETE') ?? 0).toBeGreaterThan(COUNT / 10)
})
