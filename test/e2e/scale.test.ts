import { expect, it } from 'vitest'
import { runAtScale, writeManyFiles } from './scale.ts'

it('2,000 small files go through add, commit, push and clone unchanged, each command below 1 GiB', async () => {
  const result = await runAtScale((dir) => writeManyFiles(dir, 2_000))
  expect(result.clone).toBe(result.original)
  expect(result.original).toMatch(/^2000 files/)
  for (const [verb, peak] of Object.entries(result.peaks)) expect(peak, verb).toBeLessThan(2 ** 30)
})
