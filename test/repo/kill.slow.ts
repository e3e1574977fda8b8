import { describe, expect, it } from 'vitest'
import { killFirstCommits, killWhileCommitting } from './kill.ts'

describe('kill -9 while committing', () => {
  it('loses no commit that was reported, and the next command works, 500 times', async () => {
    let commits = 0
    for (let seed = 2; seed < 12; seed++) commits += (await killWhileCommitting(50, seed)).commits
    // Two per workspace are waited for; how many more get through depends on the machine.
    expect(commits).toBeGreaterThanOrEqual(20)
  })

  it('loses none where threads write the packs, and cleans up what they leave, 60 times', async () => {
    let [commits, leftovers] = [0, 0]
    for (let seed = 20; seed < 23; seed++) {
      const killed = await killWhileCommitting(20, seed, 24 << 20)
      commits += killed.commits
      leftovers += killed.leftovers
    }
    expect(commits).toBeGreaterThanOrEqual(6)
    // Some are cut off while a pack is being written.
    expect(leftovers).toBeGreaterThan(0)
  })

  it('leaves a first commit whole or not there, 100 times', async () => {
    const { commits } = await killFirstCommits(100, 30)
    expect(commits).toBeGreaterThan(0)
    expect(commits).toBeLessThan(90)
  })
})
