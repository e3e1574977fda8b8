import { describe, it } from 'vitest'
import { checkInPlaceModel } from './in-place-model.ts'

describe('files that hold their contents themselves', { timeout: 600_000 }, () => {
  it('never give a wrong byte and are never lost in silence, in 3,000 random lives', async () => {
    await checkInPlaceModel({ seed: 8, numRuns: 3000 })
  })
})
