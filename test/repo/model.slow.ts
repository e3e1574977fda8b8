import { expect, it } from 'vitest'
import { checkModel } from './model.ts'

it('staging, commit and switch do what three Maps do, in any order, 1,000 times', async () => {
  await expect(checkModel({ seed: 1, numRuns: 1000 })).resolves.toBeUndefined()
})
