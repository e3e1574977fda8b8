import { describe, expect, it } from 'vitest'
import { codeOfAxis } from '../../src/erasure/code.ts'
import type { Engine } from '../../src/erasure/engine.ts'
import { createEngine } from '../../src/erasure/engine-choice.ts'
import { createNaiveEngine } from '../../src/erasure/engine-naive.ts'
import { supportedKernels } from '../../src/erasure/kernel-file.ts'
import { blobParams, type SliverAxis } from '../../src/erasure/params.ts'
import { exercise } from './exercise.ts'

const AXES: readonly SliverAxis[] = ['primary', 'secondary']
const kernels = supportedKernels().map((name) => ({ label: name as string, engine: createEngine(name) }))
const all: { label: string; engine: Engine }[] = [{ label: 'naive', engine: createNaiveEngine() }, ...kernels]

/** Extension, hashes and restoration from a random erasure pattern, by each engine. */
function compare(engines: typeof all, shardCount: number, axis: SliverAxis, symbolBytes: number, codewords: number) {
  const code = codeOfAxis(blobParams(shardCount, 0), axis)
  const seed = shardCount * 1000 + symbolBytes
  const results = engines.map(({ engine }) => exercise(engine, code, symbolBytes, codewords, seed))
  for (const [e, result] of results.entries()) {
    const what = `${engines[e]!.label}: ${shardCount} shards, ${axis}, ${symbolBytes} bytes`
    expect(result.extended === results[0]!.extended, what).toBe(true)
    expect(result.hashes === results[0]!.hashes, what).toBe(true)
    expect(result.back, what).toEqual(results[0]!.expected)
  }
}

describe('all engines agree', () => {
  for (let shardCount = 4; shardCount <= 40; shardCount++)
    it(`at ${shardCount} shards, every symbol size from 2 to 260 bytes, both axes`, () => {
      for (const axis of AXES)
        for (let symbolBytes = 2; symbolBytes <= 260; symbolBytes += 2) compare(all, shardCount, axis, symbolBytes, 2)
    })

  it.each([100, 208])('at %i shards, symbol sizes around blocks, with the naive one', (shardCount) => {
    for (const axis of AXES)
      for (const symbolBytes of [2, 30, 32, 34, 62, 64, 66, 126, 128, 130, 260])
        compare(all, shardCount, axis, symbolBytes, 1)
  })

  it.each([100, 208, 1000])('at %i shards, every symbol size from 2 to 260 bytes, the kernels', (shardCount) => {
    for (const axis of AXES)
      for (let symbolBytes = 2; symbolBytes <= 260; symbolBytes += 2) compare(kernels, shardCount, axis, symbolBytes, 1)
  })

  // The naive engine inverts a matrix of 667 × 667 for each of these.
  it.each(AXES)('at 1000 shards, with the naive one (%s)', (axis) => {
    for (const symbolBytes of [2, 66]) compare(all, 1000, axis, symbolBytes, 1)
  })
})
