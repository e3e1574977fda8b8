import { describe, expect, it } from 'vitest'
import { killRepeatedly } from './crash-rounds.ts'

describe('a ledger that is killed', () => {
  it('loses nothing it acknowledged in 500 kills', async () => {
    expect(await killRepeatedly(500, 2)).toBeGreaterThan(2500)
  })
})
