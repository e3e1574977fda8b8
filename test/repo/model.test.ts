import { expect, it } from 'vitest'
import { checkModel } from './model.ts'

it('staging, commit and switch do what three Maps do, in any order', async () => {
  await expect(checkModel({ seed: 20261122, numRuns: 60 })).resolves.toBeUndefined()
})
