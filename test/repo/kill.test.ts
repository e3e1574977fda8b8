import { describe, expect, it } from 'vitest'
import { killFirstCommits, killWhileCommitting } from './kill.ts'

describe('kill -9 while committing', () => {
  it('loses no commit that was reported, and the next command works, 8 times', async () => {
    const { commits } = await killWhileCommitting(8, 1)
    expect(commits).toBeGreaterThan(1)
    // A process starts for each, on a machine that may be busy with other tests.
  })

  it('loses none where threads write the packs', async () => {
    const { commits } = await killWhileCommitting(4, 12, 9 << 20)
    expect(commits).toBeGreaterThan(1)
  })

  it('leaves a first commit whole or not there, 4 times', async () => {
    expect((await killFirstCommits(4, 13)).commits).toBeGreaterThan(0)
  })
})
