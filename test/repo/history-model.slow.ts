import { expect, it } from 'vitest'
import { compareHistoriesWithGit } from './history-model.ts'

const BATCHES = 20

it('1,000 random histories are what git makes of the same commands', async () => {
  const seed = Number(process.env.FLOE_SEED ?? 6)
  // A history that differs does not keep the others from being looked at.
  const failures: string[] = []
  for (let batch = 0; batch < BATCHES; batch++)
    await compareHistoriesWithGit(1000 / BATCHES, seed + batch).catch((error: Error) => {
      failures.push(`${error.message}\n${error.cause instanceof Error ? error.cause.stack : ''}`)
      process.stderr.write(`${failures.at(-1)}\n`)
    })
  expect(failures).toEqual([])
}, 7_200_000)
