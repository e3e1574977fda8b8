import { expect, it } from 'vitest'
import { LateOutcome, runSchedule } from './transfer-schedule.ts'

/** `FLOE_SIM_SCHEDULES=5000` for a longer run; `FLOE_SIM_FIRST` for other seeds. */
const COUNT = Number(process.env['FLOE_SIM_SCHEDULES'] ?? 500)
const FIRST = Number(process.env['FLOE_SIM_FIRST'] ?? 50_000)
const SIDE_BY_SIDE = 4
/** Of those that are late among others, each is shown once more by itself. So many, and it is not the machine. */
const MAX_ALONE = Math.ceil(COUNT / 10)

it(`${COUNT} schedules of faults end with a certificate and the same bytes`, async () => {
  const failures: string[] = []
  const late: number[] = []
  const started = performance.now()
  let next = 0
  const lane = async () => {
    while (next < COUNT) {
      const seed = FIRST + next++
      await runSchedule(seed).catch((error: Error) => {
        if (error instanceof LateOutcome) late.push(seed)
        else failures.push(error.message)
      })
    }
  }
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, lane))
  const seconds = Math.round((performance.now() - started) / 1000)
  console.log(`${COUNT} schedules in ${seconds} s; late beside others: ${late.join(' ') || 'none'}`)
  expect(late.length).toBeLessThanOrEqual(MAX_ALONE)
  for (const seed of late) await runSchedule(seed).catch((error: Error) => failures.push(error.message))
  expect(failures).toEqual([])
}, 1_800_000)
