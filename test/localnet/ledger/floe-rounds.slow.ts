import { expect, it } from 'vitest'
import { runFloeRounds } from './floe-rounds.ts'

it.each([1, 2, 3])(
  '2,000 random transactions of five users end as a model of the rules says (seed %i)',
  async (seed) => {
    const result = await runFloeRounds(seed, 2000)
    expect(result.allowed + result.refused).toBeGreaterThanOrEqual(1990)
    expect(result.packs).toBeGreaterThan(50)
  },
)
