import { describe, expect, it } from 'vitest'
import { maxFaulty } from '../../src/protocol/limits.ts'
import {
  hasOneCorrect,
  isNotFoundQuorum,
  isQuorum,
  isWriteHopeless,
  quorumWeight,
  safeWriteWeight,
} from '../../src/protocol/quorum.ts'

const counts = Array.from({ length: 1000 }, (_, i) => i + 1)

describe('quorum weights', () => {
  it('are the known ones at 1000 and 208 shards', () => {
    expect(quorumWeight(1000)).toBe(667)
    expect(quorumWeight(208)).toBe(139)
    expect(safeWriteWeight(208)).toBe(139)
  })

  it('n-f always certifies, and one less does not where n ≡ 1 mod 3', () => {
    for (const n of counts) {
      expect(isQuorum(safeWriteWeight(n), n)).toBe(true)
      if (n % 3 === 1) expect(isQuorum(safeWriteWeight(n) - 1, n)).toBe(false)
    }
  })

  it('quorumWeight is the smallest quorum', () => {
    for (const n of counts)
      expect([isQuorum(quorumWeight(n), n), isQuorum(quorumWeight(n) - 1, n)]).toEqual([true, false])
  })

  it('two quorums share an honest shard: their overlap exceeds the faults', () => {
    for (const n of counts) expect(2 * quorumWeight(n) - n).toBeGreaterThan(maxFaulty(n))
  })

  it('f+1 shards contain an honest one', () => {
    for (const n of counts) if (n % 3 === 1) expect(hasOneCorrect(maxFaulty(n) + 1, n)).toBe(true)
    expect(hasOneCorrect(333, 1000)).toBe(false)
  })

  it('a write is hopeless exactly when n-f is out of reach', () => {
    for (const n of counts)
      for (const failed of [maxFaulty(n), maxFaulty(n) + 1])
        expect(isWriteHopeless(failed, n)).toBe(n - failed < safeWriteWeight(n))
  })

  it('more than 2f shards decide that a blob does not exist', () => {
    expect([isNotFoundQuorum(138, 208), isNotFoundQuorum(139, 208)]).toEqual([false, true])
  })
})
