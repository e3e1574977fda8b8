import { afterAll, beforeAll, expect, it } from 'vitest'
import { type LocalWorld, startLocalWorld } from '../e2e/local-world.ts'
import {
  LEDGER_SEED,
  runWorldSchedule,
  type Scene,
  scheduleOf,
  seedOfWrite,
  startScene,
  VERBS,
} from './world-schedule.ts'

/** `FLOE_SIM_SCHEDULES=1000` for a longer run; `FLOE_SIM_FIRST` for other seeds. */
const COUNT = Number(process.env['FLOE_SIM_SCHEDULES'] ?? 100)
const FIRST = Number(process.env['FLOE_SIM_FIRST'] ?? 1_000)
/** `FLOE_SIM_STRIDE=10`: only every tenth write. */
const STRIDE = Number(process.env['FLOE_SIM_STRIDE'] ?? 1)
/** More calls that need room than any of the verbs makes here. */
const MAX_WRITES = 400

let world: LocalWorld
let scene: Scene
beforeAll(async () => {
  world = await startLocalWorld({ nodes: 4 })
  scene = await startScene(world)
}, 120_000)
afterAll(() => world?.[Symbol.asyncDispose]())

it.each(VERBS)('%s finds the disk full at every write', { timeout: 3_600_000 }, async (verb) => {
  const outcomes = new Map<string, number>()
  for (let after = 0; ; after += STRIDE) {
    expect(after).toBeLessThan(MAX_WRITES)
    const { outcome, writes } = await runWorldSchedule(scene, scheduleOf(seedOfWrite(verb, after)))
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    if (outcome === 'done' && writes <= after) break
  }
  console.log(`${verb}: ${JSON.stringify([...outcomes])}`)
  expect(outcomes.get('done')).toBeGreaterThan(0)
})

/** Epochs end in some of them, and what was pushed expires: a new network for every so many. */
const PER_WORLD = 50

it.each([
  ['trouble', FIRST],
  ['trouble with the ledger while reading', LEDGER_SEED + FIRST],
])(
  `${COUNT} schedules of %s end done or with a code, and whole after the next`,
  {
    timeout: 3_600_000,
  },
  async (_, first) => {
    const failures: string[] = []
    const outcomes = new Map<string, number>()
    for (let from = first; from < first + COUNT; from += PER_WORLD) {
      await using world = await startLocalWorld({ nodes: 4 })
      const scene = await startScene(world)
      for (let seed = from; seed < Math.min(first + COUNT, from + PER_WORLD); seed++)
        try {
          const { outcome } = await runWorldSchedule(scene, scheduleOf(seed))
          outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
        } catch (error) {
          failures.push((error as Error).message)
        }
    }
    console.log(JSON.stringify([...outcomes]))
    expect(failures).toEqual([])
  },
)
