import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { makeTemporary, runVerb, writeManyFiles } from './round-trip.ts'
import { filesOf } from './temporary-workspace.ts'

const GiB = 2 ** 30

describe('2,000 small files', () => {
  it('come back byte for byte, and no command needs a gigabyte', () => {
    const { dir, remove } = makeTemporary()
    try {
      writeManyFiles(dir, 2000)
      const before = filesOf(dir)
      expect(Object.keys(before)).toHaveLength(2000)
      expect(runVerb(dir, `await add(workspace, { all: true })`)).toBeLessThan(GiB)
      expect(runVerb(dir, `await commit(workspace, { message: 'one', author })`)).toBeLessThan(GiB)
      for (const name of readdirSync(dir)) if (name !== '.floe') rmSync(join(dir, name), { recursive: true })
      expect(runVerb(dir, `await restore(workspace, { paths: [''] })`)).toBeLessThan(GiB)
      expect(filesOf(dir)).toEqual(before)
      runVerb(dir, `if (!(await statusOf(workspace)).clean) throw new Error('not clean')`)
    } finally {
      remove()
    }
  })
})
