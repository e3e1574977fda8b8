import { expect, it } from 'vitest'
import {
  outageScheduleOf,
  outcomeByShards,
  ROTATING_SEED,
  runOutageSchedule,
  startOutageWorld,
} from './outage-schedule.ts'

/** `FLOE_SIM_SCHEDULES=1000` for a longer run; `FLOE_SIM_FIRST` for other seeds. */
const COUNT = Number(process.env['FLOE_SIM_SCHEDULES'] ?? 100)
const FIRST = Number(process.env['FLOE_SIM_FIRST'] ?? 1_000)
/** Epochs end in some of them, and what was pushed expires: a new network for every so many. */
const PER_WORLD = 50

it.each([
  ['something away or out of order', FIRST],
  ['another committee', ROTATING_SEED + FIRST],
])(
  `${COUNT} schedules with %s end done or with a code, and whole after the next`,
  { timeout: 3_600_000 },
  async (_, first) => {
    const failures: string[] = []
    const outcomes = new Map<string, number>()
    /** Of those of which the shards that are away alone say what has to come of them. */
    const decided = new Set<string>()
    const ends = new Set<string>()
    let longestMs = 0
    for (let from = first; from < first + COUNT; from += PER_WORLD) {
      await using world = await startOutageWorld()
      for (let seed = from; seed < Math.min(first + COUNT, from + PER_WORLD); seed++)
        try {
          const schedule = outageScheduleOf(seed)
          const { outcome, ms } = await runOutageSchedule(world, schedule)
          const key = `${schedule.verb}, ${schedule.troubles.map(({ kind }) => kind).join(' and ')}: ${outcome}`
          outcomes.set(key, (outcomes.get(key) ?? 0) + 1)
          if (outcomeByShards(schedule) !== null) decided.add(outcome)
          ends.add(outcome)
          longestMs = Math.max(longestMs, ms)
        } catch (error) {
          failures.push((error as Error).message)
        }
    }
    console.log(`${JSON.stringify([...outcomes].sort())}, longest ${Math.round(longestMs)} ms`)
    expect(failures).toEqual([])
    // Both sides of the limits, of writing and of reading, or nothing was tried.
    if (COUNT >= 50 && first < ROTATING_SEED) {
      expect([...decided]).toEqual(expect.arrayContaining(['BLOB_UNAVAILABLE', 'done']))
      expect([...ends]).toContain('UPLOAD_QUORUM')
    }
  },
)
