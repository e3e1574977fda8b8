import { describe, expect, it } from 'vitest'
import { createRng } from '../../src/base/rng.ts'
import { committeeOf, DEADLINE_MS, runFaults, startFaultyWorld } from '../sim/transfer-schedule.ts'
import { FAULTS, type Fault } from './flaky-proxy.ts'

const bytes = createRng(3).fill(new Uint8Array(4_000))
/** Nodes 0 and 1 hold two shards each: f = 4 of 13. */
const atF = (fault: Fault) => new Map<number, Fault>([0, 1].map((index) => [index, fault]))
const beyondF = (fault: Fault) => new Map<number, Fault>([0, 1, 2].map((index) => [index, fault]))
/** Those that fail at once; the ones that wait are in node-faults.slow.ts. */
const QUICK_WRITE_FAULTS: readonly Fault[] = ['down', 'cut', 'bad-signature', 'html', 'redirect', 'gzip-bomb']

describe('with f shards at fault', () => {
  for (const fault of FAULTS)
    it(`(${fault}) a blob is certified and read back, byte for byte`, async () => {
      await using world = await startFaultyWorld()
      // An earlier blob, so that there is something stale to answer with.
      await runFaults(world, bytes.subarray(0, 500), new Map(), new Map())
      const outcome = await runFaults(world, bytes, atF(fault), atF(fault))
      expect(outcome).toMatchObject({ uploaded: 'certified', read: 'same bytes' })
      expect(outcome.ms).toBeLessThan(DEADLINE_MS)
      expect(world.proxy.spoiled()).toBeGreaterThan(0)
    })
})

describe('with more than f shards at fault', () => {
  for (const fault of QUICK_WRITE_FAULTS)
    it(`(${fault}) a write fails with a code, in time, and a read still succeeds or fails with a code`, async () => {
      await using world = await startFaultyWorld()
      const outcome = await runFaults(world, bytes, beyondF(fault), beyondF(fault))
      // A cut answer can leave behind what it announced: then the write has succeeded after all.
      expect(['UPLOAD_QUORUM', ...(fault === 'cut' ? ['certified'] : [])]).toContain(outcome.uploaded)
      expect(['same bytes', 'BLOB_UNAVAILABLE']).toContain(outcome.read)
      expect(outcome.ms).toBeLessThan(DEADLINE_MS)
    })
})

describe('the session', () => {
  it('remembers a stalled node and a liar: the next rows are had elsewhere at once', async () => {
    await using world = await startFaultyWorld()
    await runFaults(world, bytes, new Map(), new Map())
    const committee = committeeOf(world)
    committee.noteSlow(0)
    committee.report(1, 'SLIVER_FALSE', true)
    expect(committee.isSlow(0)).toBe(true)
    expect(committee.preferredPositions().slice(-2)).toEqual([0, 1])
  })
})
