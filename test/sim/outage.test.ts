import { afterAll, beforeAll, expect, it } from 'vitest'
import type { LocalWorld } from '../e2e/local-world.ts'
import {
  type OutageSchedule,
  outageReplayOf,
  outageScheduleOf,
  outcomeByShards,
  ROTATING_SEED,
  runOutageSchedule,
  shardsOf,
  startOutageWorld,
} from './outage-schedule.ts'

const asked = process.env['FLOE_SIM_SEED']
/** The committee changes in the last one: nothing can come after it in this network. */
const seeds = asked === undefined ? [1, 16, 18, 25, 29, 75, ROTATING_SEED + 6] : [Number(asked)]

let world: LocalWorld
beforeAll(async () => {
  world = await startOutageWorld()
})
afterAll(() => world?.[Symbol.asyncDispose]())

for (const seed of seeds)
  it(`a verb with something away ends in time, and the next is whole and costs nothing more, seed ${seed}`, async () => {
    const result = await runOutageSchedule(world, outageScheduleOf(seed))
    if (asked !== undefined) console.log(`${outageReplayOf(outageScheduleOf(seed))}: ${JSON.stringify(result)}`)
    expect(result.outcome).toMatch(/^(done|[A-Z_]+)$/)
  })

it('comes from the seed alone, and names the command that repeats it', () => {
  expect(outageScheduleOf(7)).toEqual(outageScheduleOf(7))
  expect(outageReplayOf(outageScheduleOf(7))).toContain('FLOE_SIM_SEED=7 npx vitest run test/sim/outage.test.ts')
})

it('counts shards, not nodes', () => {
  const away = (verb: OutageSchedule['verb'], stopped: number[], without: number[] = []) =>
    outcomeByShards({ ...outageScheduleOf(7), verb, without, troubles: [{ kind: 'nodes', at: 0, stopped }] })
  const [light, heavy] = [
    [0, 1, 2, 4],
    [3, 6, 9],
  ]
  expect([light, heavy].map(shardsOf)).toEqual([4, 6])
  expect(away('push', light)).toBe('done')
  expect(away('push', heavy)).toBe('UPLOAD_QUORUM')
  expect(away('clone', [3, 6], light)).toBe('done')
  expect(away('pull', heavy, light)).toBe('BLOB_UNAVAILABLE')
})
