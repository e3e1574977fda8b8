import { describe, expect, it } from 'vitest'
import { replayOf, runSchedule, scheduleOf } from './transfer-schedule.ts'

const asked = process.env['FLOE_SIM_SEED']
const seeds = asked === undefined ? Array.from({ length: 4 }, (_, i) => 1001 + i) : [Number(asked)]

describe('transfers with at most f faulty shards', () => {
  for (const seed of seeds)
    it(`end with a certificate and the same bytes, seed ${seed}`, async () => {
      expect(await runSchedule(seed)).toMatchObject({ uploaded: 'certified', read: 'same bytes' })
    })

  it('come from the seed alone, and name the command that repeats them', () => {
    expect(scheduleOf(7)).toEqual(scheduleOf(7))
    expect(replayOf(scheduleOf(7))).toContain('FLOE_SIM_SEED=7 npx vitest run test/sim/transfer.test.ts')
  })
})
