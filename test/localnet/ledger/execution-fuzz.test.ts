import { describe, expect, it } from 'vitest'
import { runRandomTransactions } from './execution-rounds.ts'

describe('random transactions', () => {
  it('end in a result or a refusal, lose no SUI, and leave what they do not name alone', async () => {
    const outcomes = await runRandomTransactions(20261123, 250)
    // The test would say nothing if everything failed, or nothing did.
    expect(outcomes.success).toBeGreaterThan(15)
    expect(outcomes.failure).toBeGreaterThan(15)
  })
})
