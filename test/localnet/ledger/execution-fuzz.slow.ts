import { describe, expect, it } from 'vitest'
import { runRandomTransactions } from './execution-rounds.ts'

describe('random transactions, for longer', () => {
  it.each([1, 2, 3, 4])('hold from seed %i', async (seed) => {
    const outcomes = await runRandomTransactions(seed, 2000)
    expect(outcomes.success).toBeGreaterThan(100)
  })
})
