import { describe, expect, it } from 'vitest'
import { createRng } from '../../src/base/rng.ts'
import { DEADLINE_MS, runFaults, startFaultyWorld } from '../sim/transfer-schedule.ts'
import type { Fault } from './flaky-proxy.ts'

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
    it(`(${fault}) a write fails with a code, in time, and a read succeeds or fails with a code`, async () => {
      await using world = await startFaultyWorld()
      const faults = new Map<number, Fault>([0, 1, 2].map((index) => [index, fault]))
      const bytes = createRng(3).fill(new Uint8Array(4_000))
      const outcome = await runFaults(world, bytes, faults, faults)
      expect(outcome.uploaded).toBe('UPLOAD_QUORUM')
      expect(['same bytes', 'BLOB_UNAVAILABLE']).toContain(outcome.read)
      expect(outcome.ms).toBeLessThan(DEADLINE_MS)
    }, 60_000)
})
