import { describe, expect, it } from 'vitest'
import { killRepeatedly } from './crash-rounds.ts'

describe('a ledger that is killed', () => {
  it('loses nothing it acknowledged in 6 kills, through snapshots and all', async () => {
    expect(await killRepeatedly(6, 1)).toBeGreaterThan(20)
  })
})
