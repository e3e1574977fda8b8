import { describe, it } from 'vitest'
import { checkInPlaceModel } from './in-place-model.ts'

describe('files that hold their contents themselves', () => {
  it('never give a wrong byte and are never lost in silence, whatever happens to them', async () => {
    await checkInPlaceModel({ seed: 42, numRuns: 15 })
  })
})
