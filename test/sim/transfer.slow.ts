import { expect, it } from 'vitest'
import { runSchedule } from './transfer-schedule.ts'

/** `FLOE_SIM_SCHEDULES=5000` for a longer run; `FLOE_SIM_FIRST` for other seeds. */
const COUNT = Number(process.env['FLOE_SIM_SCHEDULES'] ?? 500)
const FIRST = Number(process.env['FLOE_SIM_FIRST'] ?? 50_000)
const SIDE_BY_SIDE = 4

it(`${COUNT} schedules of faults end with a certificate and the same bytes`, async () => {
  const failures: string[] = []
  let next = 0
  const lane = async () => {
    while (next < COUNT) {
      const seed = FIRST + next++
      await runSchedule(seed).catch((error: Error) => failures.push(error.message))
    }
  }
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, lane))
  expect(failures).toEqual([])
}, 1_800_000)
