import { describe, expect, it } from 'vitest'
import { runFloeRounds } from './floe-rounds.ts'

describe('random transactions of five users over floe and walrus', () => {
  it('end as a plain model of the rules says, lose no coin and no ref its packs', async () => {
    const result = await runFloeRounds(20261122, 150)
    // The sequence is one that does things.
    expect(result.allowed).toBeGreaterThan(60)
    expect(result.refused).toBeGreaterThan(30)
    expect(result.packs).toBeGreaterThan(5)
  })
})
