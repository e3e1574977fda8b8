import { describe, expect, it } from 'vitest'
import { compareWithModel } from './model.ts'

describe('a repository under 2,000 random transactions of five users', () => {
  for (const seed of [2, 3, 4]) {
    it(`does what a plain model of its rules does (seed ${seed})`, { timeout: 300_000 }, async () => {
      expect(await compareWithModel(2_000, seed)).toBeGreaterThan(400)
    })
  }
})
