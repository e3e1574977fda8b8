import { expect, it } from 'vitest'
import { compareHistoriesWithGit } from './history-model.ts'

it('1,000 random histories are what git makes of the same commands', async () => {
  expect(await compareHistoriesWithGit(1000, Number(process.env.FLOE_SEED ?? 6))).toBeUndefined()
}, 3_600_000)
