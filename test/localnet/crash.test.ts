import { expect, it } from 'vitest'
import { survivesKills } from './crash.ts'

it('a network killed at random moments keeps every certified blob and goes on', async () => {
  await expect(survivesKills(2, 1)).resolves.toBeUndefined()
})
