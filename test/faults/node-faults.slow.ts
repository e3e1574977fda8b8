import { describe, expect, it } from 'vitest'
import { type Cell, DEADLINE_MS, FAULTY_SHARDS, replayOfCell, runCell } from '../sim/transfer-schedule.ts'
import type { Fault } from './flaky-proxy.ts'

/** `FLOE_SIM_SEED=<seed>` for other nodes and another blob. */
const seed = Number(process.env['FLOE_SIM_SEED'] ?? 4)
/** Faults that are waited out, or tried again. */
const SLOW_WRITE_FAULTS: readonly Fault[] = [
  'stall',
  'slow',
  'endless',
  'overloaded-429',
  'broken-500',
  'unavailable-503',
]

describe('with more than f shards at fault', () => {
  for (const fault of SLOW_WRITE_FAULTS)
    it(`(${fault}) a write fails with a code, in time, and reads go on`, async () => {
      const cell: Cell = { fault, shards: FAULTY_SHARDS + 1, seed, file: 'test/faults/node-faults.slow.ts' }
      const outcome = await runCell(cell)
      const replay = replayOfCell(cell)
      expect(outcome, replay).toMatchObject({ uploaded: 'UPLOAD_QUORUM', read: 'same bytes', range: 'same bytes' })
      expect(outcome.ms, replay).toBeLessThan(DEADLINE_MS)
    }, 60_000)
})
