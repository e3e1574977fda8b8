import { expect, it } from 'vitest'
import { startLocalWorld } from '../e2e/local-world.ts'
import { runPushSchedule, startPushWorld } from './push-schedule.ts'

/** `FLOE_SIM_SCHEDULES=500` for a longer run; `FLOE_SIM_FIRST` for other seeds. */
const COUNT = Number(process.env['FLOE_SIM_SCHEDULES'] ?? 40)
const FIRST = Number(process.env['FLOE_SIM_FIRST'] ?? 1)
/** A network forgets nothing and epochs go on: a new one for every so many schedules. */
const PER_WORLD = 20

it(`${COUNT} pushes to which things happen end, are paid once, and are whole after the next`, async () => {
  const failures: string[] = []
  const outcomes = new Map<string, number>()
  for (let at = 0; at < COUNT; at += PER_WORLD) {
    await using world = await startLocalWorld()
    const dir = await startPushWorld(world)
    for (let seed = FIRST + at; seed < FIRST + Math.min(COUNT, at + PER_WORLD); seed++)
      try {
        const outcome = await runPushSchedule(world, dir, seed)
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
      } catch (error) {
        failures.push((error as Error).message)
      }
  }
  console.log(Object.fromEntries(outcomes))
  expect(failures).toEqual([])
}, 3_600_000)
