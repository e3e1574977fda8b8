import { expect, it } from 'vitest'
import { startLocalWorld } from '../e2e/local-world.ts'
import { runPushSchedule, seedOfEpoch, startPushWorld } from './push-schedule.ts'

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

/** `FLOE_SIM_STRIDE=10`: only at every tenth request. */
const STRIDE = Number(process.env['FLOE_SIM_STRIDE'] ?? 1)

it.each(['epoch', 'epoch-after'] as const)(
  'an epoch that ends at any request of a push costs nothing more, and leaves the next one whole (%s)',
  async (when) => {
    const failures: string[] = []
    const outcomes = new Map<string, number>()
    let requests = Number.POSITIVE_INFINITY
    let last = 0
    for (let from = 0; from < requests; from += PER_WORLD * STRIDE) {
      await using world = await startLocalWorld()
      const dir = await startPushWorld(world)
      for (let at = from; at < Math.min(requests, from + PER_WORLD * STRIDE); at += STRIDE)
        try {
          const outcome = await runPushSchedule(world, dir, seedOfEpoch(at, when), (count) => {
            last = count
          })
          outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
          // The push was over before: there is no later request to end an epoch at.
          if (last <= at) requests = at
        } catch (error) {
          failures.push((error as Error).message)
        }
      expect(from).toBeLessThan(1_000)
    }
    console.log(`${when}, ${requests} requests: ${JSON.stringify([...outcomes])}`)
    expect(failures).toEqual([])
  },
  3_600_000,
)
