import { describe, expect, it } from 'vitest'
import { compareHistoriesWithGit } from './history-model.ts'

const BATCHES = 20
const seed = Number(process.env.FLOE_SEED ?? 6)

describe('1,000 random histories are what git makes of the same commands', () => {
  // A history that differs does not keep the others from being looked at.
  it.each(Array.from({ length: BATCHES }, (_, batch) => seed + batch))(
    'seed %i',
    async (at) => {
      expect(await compareHistoriesWithGit(1000 / BATCHES, at)).toBeUndefined()
    },
    3_600_000,
  )
})
