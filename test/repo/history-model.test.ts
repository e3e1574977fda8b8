import { expect, it } from 'vitest'
import { compareHistoriesWithGit } from './history-model.ts'

it('random histories are what git makes of the same commands', async () => {
  expect(await compareHistoriesWithGit(3, 20261122)).toBeUndefined()
})
