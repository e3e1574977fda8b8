import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from '../../src/base/bytes.ts'
import { pairOfSliver, pairOnShard, shardOffset, shardOfPair, sliverOfPair } from '../../src/protocol/shards.ts'

const vectors: { shardCount: number; blobId: string; shardOffset: number }[] = JSON.parse(
  readFileSync(new URL('../vectors/erasure/blob-ids.json', import.meta.url), 'utf8'),
)

describe('the rotation of pairs over shards', () => {
  it.each(vectors)('reads the id big-endian ($shardCount shards, offset $shardOffset)', (vector) => {
    expect(shardOffset(fromHex(vector.blobId), vector.shardCount)).toBe(vector.shardOffset)
  })

  it('puts pairs 0, 1 and 6 of the reference blob on shards 4, 5 and 3', () => {
    const id = fromHex('fddad5bcc2b979418aa0a14f6b23fbd7692f81be97a62f1aeaced813bf55cff8')
    expect([0, 1, 6].map((pair) => shardOfPair(id, pair, 7))).toEqual([4, 5, 3])
  })

  it('is a bijection that pairOnShard inverts', () => {
    const id = fromHex(vectors.at(-1)!.blobId)
    for (const n of [4, 7, 13, 208]) {
      const shards = Array.from({ length: n }, (_, pair) => shardOfPair(id, pair, n))
      expect(new Set(shards).size).toBe(n)
      expect(shards.map((shard) => pairOnShard(id, shard, n))).toEqual(Array.from({ length: n }, (_, pair) => pair))
    }
  })
})

describe('every sliver', () => {
  it('has one pair, one shard, and is found again from them', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.integer({ min: 4, max: 1000 }),
        fc.nat(),
        fc.constantFrom('primary', 'secondary'),
        (id, n, seed, axis) => {
          const index = seed % n
          const shard = shardOfPair(id, pairOfSliver(axis, index, n), n)
          expect(sliverOfPair(axis, pairOnShard(id, shard, n), n)).toBe(index)
          // The same integer, taken the slow way.
          expect(shardOffset(id, n)).toBe(Number(BigInt(`0x${toHex(id)}`) % BigInt(n)))
        },
      ),
      { seed: 20_261_122 },
    )
  })
})

describe('the slivers of a pair', () => {
  it('are row p and column n-1-p', () => {
    expect(sliverOfPair('primary', 2, 7)).toBe(2)
    expect(sliverOfPair('secondary', 2, 7)).toBe(4)
    expect(pairOfSliver('secondary', 4, 7)).toBe(2)
  })

  it.each([-1, 7, 1.5, Number.NaN])('have no index %s among seven', (index) => {
    expect(() => sliverOfPair('primary', index, 7)).toThrow(RangeError)
  })
})
