import { describe, expect, it } from 'vitest'
import { compareWithModel } from './model.ts'

describe('a repository under random transactions of five users', () => {
  it('does what a plain model of its rules does', async () => {
    // Enough of them succeed for the state to be interesting.
    expect(await compareWithModel(200, 1)).toBeGreaterThan(40)
  })
})
