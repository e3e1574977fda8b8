import { describe, expect, it } from 'vitest'
import { codeOfAxis } from '../../src/erasure/code.ts'
import { createNaiveEngine } from '../../src/erasure/engine-naive.ts'
import { createSimdEngine } from '../../src/erasure/engine-simd.ts'
import { blobParams, type SliverAxis } from '../../src/erasure/params.ts'
import { exercise } from './exercise.ts'

const AXES: readonly SliverAxis[] = ['primary', 'secondary']
const naive = createNaiveEngine()
const simd = createSimdEngine()

function compare(shardCount: number, axis: SliverAxis, symbolBytes: number, codewords: number): void {
  const code = codeOfAxis(blobParams(shardCount, 0), axis)
  const seed = shardCount * 1000 + symbolBytes
  const [fast, slow] = [simd, naive].map((engine) => exercise(engine, code, symbolBytes, codewords, seed))
  const label = `${shardCount} shards, ${axis}, ${symbolBytes} bytes`
  expect(fast!.extended === slow!.extended, label).toBe(true)
  expect(fast!.hashes === slow!.hashes, label).toBe(true)
  expect(fast!.back, label).toEqual(fast!.expected)
  expect(slow!.back, label).toEqual(fast!.expected)
}

describe('the fast engine agrees with the naive one', () => {
  for (let shardCount = 4; shardCount <= 40; shardCount++)
    it(`at ${shardCount} shards, every symbol size from 2 to 260 bytes, both axes`, () => {
      for (const axis of AXES)
        for (let symbolBytes = 2; symbolBytes <= 260; symbolBytes += 2) compare(shardCount, axis, symbolBytes, 2)
    })

  it.each([100, 208])('at %i shards, symbol sizes around blocks', (shardCount) => {
    for (const axis of AXES)
      for (const symbolBytes of [2, 30, 32, 34, 62, 64, 66, 126, 128, 130, 260])
        compare(shardCount, axis, symbolBytes, 1)
  })
})
