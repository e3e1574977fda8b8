import { describe, expect, it } from 'vitest'
import { createRng } from '../../src/base/rng.ts'
import type { NewColumns } from '../../src/erasure/encode-jobs.ts'
import { identityPlan } from '../../src/erasure/encoder.ts'
import { createEngine } from '../../src/erasure/engine-choice.ts'
import { runJob } from '../../src/erasure/jobs.ts'
import { privateMemory } from '../../src/erasure/memory.ts'
import { blobParams } from '../../src/erasure/params.ts'
import { createJobTools } from '../../src/erasure/region.ts'
import { createSyncCoder } from '../../src/erasure/sync.ts'

const MEBIBYTE = 2 ** 20

/** An id as a pool of two threads computes it, but on this thread; with the bytes it allocates and its passes. */
function identityOnPool(shardCount: number, blob: Uint8Array) {
  const engine = createEngine()
  const tools = createJobTools()
  let allocatedBytes = 0
  const memory = {
    ...privateMemory,
    allocate(bytes: number) {
      allocatedBytes += bytes
      return new Uint8Array(bytes)
    },
  }
  const passes = new Map<number, NewColumns['range']>()
  const plan = identityPlan({ jobsPerBatch: 16, jobsInFlight: 3, memory }, shardCount, blob)
  let step = plan.next()
  while (!step.done) {
    for (const { job, done } of step.value) {
      if (job.$kind === 'extend-rows') passes.set(job.columns.range.first, job.columns.range)
      runJob(engine, job, tools)
      done?.()
    }
    step = plan.next([])
  }
  return { identity: step.value, passes: [...passes.values()], allocatedBytes, engineBytes: engine.memory.length }
}

describe('an id alone', () => {
  it('makes the new columns in passes where half a blob of them at once would be too much', () => {
    const blob = createRng(3).fill(new Uint8Array(32 * MEBIBYTE - 5))
    const { identity, passes, allocatedBytes, engineBytes } = identityOnPool(100, blob)
    const expected = createSyncCoder().encodeBlob(100, blob)
    expect(identity.blobId).toEqual(expected.blobId)
    expect(identity.metadata).toEqual(expected.metadata)
    expect(passes.length).toBeGreaterThan(1)
    let next = blobParams(100, blob.length).secondarySourceCount
    for (const { first, count } of passes) {
      expect(first).toBe(next)
      next += count
    }
    expect(next).toBe(100)
    expect(allocatedBytes + 2 * engineBytes).toBeLessThan(0.6 * blob.length)
  })

  it('makes all of them at once where they are few, or small beside the blob’s share', () => {
    for (const bytes of [0, 1, 5_000_000])
      expect(identityOnPool(34, createRng(1).fill(new Uint8Array(bytes))).passes).toHaveLength(1)
  })

  it.each([4, 10, 40])('has the bytes of an encoding, whole groups or not (%i shards)', (shardCount) => {
    for (const bytes of [0, 1, 999, 100_001]) {
      const blob = createRng(bytes + 1).fill(new Uint8Array(bytes))
      expect(identityOnPool(shardCount, blob).identity.metadata).toEqual(
        createSyncCoder().encodeBlob(shardCount, blob).metadata,
      )
    }
  })
})
