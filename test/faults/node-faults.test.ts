import { describe, expect, it } from 'vitest'
import {
  type Cell,
  committeeOf,
  DEADLINE_MS,
  FAULTY_SHARDS,
  replayOfCell,
  runCell,
  startFaultyWorld,
} from '../sim/transfer-schedule.ts'
import { FAULTS, type Fault } from './flaky-proxy.ts'

/** `FLOE_SIM_SEED=<seed>` for other nodes and another blob. */
const asked = process.env['FLOE_SIM_SEED']
/** The first with which a reader asks nodes at fault for metadata and for slivers. */
const SEED = 4
const cell = (fault: Fault, shards: number): Cell => ({
  fault,
  shards,
  seed: Number(asked ?? SEED),
  file: 'test/faults/node-faults.test.ts',
})
/** Those that fail at once; the ones that wait are in node-faults.slow.ts. */
const QUICK_WRITE_FAULTS: readonly Fault[] = ['down', 'cut', 'bad-signature', 'html', 'redirect', 'gzip-bomb']
/** What a node says of a confirmation only matters to writers, and what it says of slivers and metadata to readers. */
const OF_WRITES: readonly Fault[] = ['bad-signature', 'foreign-message']
const OF_READS: readonly Fault[] = ['wrong-sliver', 'other-index', 'stale-metadata', 'forged-metadata']

describe('with f shards at fault', () => {
  for (const fault of FAULTS)
    it(`(${fault}) a blob is certified and read back, all of it and a part, byte for byte`, async () => {
      const at = cell(fault, FAULTY_SHARDS)
      const outcome = await runCell(at)
      const replay = replayOfCell(at)
      expect(outcome, replay).toMatchObject({ uploaded: 'certified', read: 'same bytes', range: 'same bytes' })
      expect(outcome.ms, replay).toBeLessThan(DEADLINE_MS)
      // With another seed those at fault may be nodes that nobody asks.
      if (asked !== undefined) return
      if (!OF_READS.includes(fault)) expect(outcome.spoiled.writing, replay).toBeGreaterThan(0)
      if (!OF_WRITES.includes(fault)) expect(outcome.spoiled.reading, replay).toBeGreaterThan(0)
    })
})

describe('with more than f shards at fault', () => {
  for (const fault of QUICK_WRITE_FAULTS)
    it(`(${fault}) a write fails with a code, in time, and reads go on`, async () => {
      const at = cell(fault, FAULTY_SHARDS + 1)
      const outcome = await runCell(at)
      const replay = replayOfCell(at)
      // A cut answer can leave behind what it announced: then the write has succeeded after all.
      expect(['UPLOAD_QUORUM', ...(fault === 'cut' ? ['certified'] : [])], replay).toContain(outcome.uploaded)
      expect(outcome, replay).toMatchObject({ read: 'same bytes', range: 'same bytes' })
      expect(outcome.ms, replay).toBeLessThan(DEADLINE_MS)
    })
})

describe('a cell', () => {
  it('names the command that repeats it', () => {
    const at = { ...cell('stall', FAULTY_SHARDS), seed: 7 }
    expect(replayOfCell(at)).toBe("replay: FLOE_SIM_SEED=7 npx vitest run test/faults/node-faults.test.ts -t '(stall)'")
    expect(replayOfCell({ ...at, file: 'test/faults/node-faults.slow.ts' })).toContain(
      ' --config vitest.slow.config.ts ',
    )
  })
})

describe('the session', () => {
  it('remembers a stalled node and a liar: the next rows are had elsewhere at once', async () => {
    await using world = await startFaultyWorld()
    const committee = committeeOf(world)
    committee.noteSlow(0)
    committee.report(1, 'SLIVER_FALSE', true)
    expect(committee.isSlow(0)).toBe(true)
    expect(committee.preferredPositions().slice(-2)).toEqual([0, 1])
  })
})
