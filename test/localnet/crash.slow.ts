import { expect, it } from 'vitest'
import { survivesKills } from './crash.ts'

it.each([11, 12, 13, 14, 15])('a network killed 100 times keeps every certified blob (seed %i)', async (seed) => {
  await expect(survivesKills(100, seed)).resolves.toBeUndefined()
})
