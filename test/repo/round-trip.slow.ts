import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { makeTemporary, runVerb, sha256OfFile, sizeOf, writeBigFile, writeManyFiles } from './round-trip.ts'
import { filesOf } from './temporary-workspace.ts'

const GiB = 2 ** 30

describe('a lot of data', () => {
  it('in 10,000 files comes back byte for byte within a gigabyte of memory', () => {
    const { dir, remove } = makeTemporary()
    try {
      writeManyFiles(dir, 10_000)
      const before = filesOf(dir)
      const peaks = [
        runVerb(dir, `await add(workspace, { all: true }); await commit(workspace, { message: 'one', author })`),
      ]
      for (const name of readdirSync(dir)) if (name !== '.floe') rmSync(join(dir, name), { recursive: true })
      peaks.push(runVerb(dir, `await restore(workspace, { paths: [''] })`))
      peaks.push(runVerb(dir, `await verifyLocal(workspace, { full: true })`))
      console.log('peak memory in MB:', peaks.map((peak) => Math.round(peak / 1e6)).join(', '))
      expect(filesOf(dir)).toEqual(before)
      for (const peak of peaks) expect(peak).toBeLessThan(GiB)
    } finally {
      remove()
    }
  })

  it('in one file of 1 GiB comes back byte for byte within a gigabyte of memory', () => {
    const { dir, remove } = makeTemporary()
    const path = join(dir, 'big.bin')
    try {
      writeBigFile(path, GiB)
      const before = sha256OfFile(path)
      const peaks = [
        runVerb(dir, `await add(workspace, { all: true }); await commit(workspace, { message: 'one', author })`),
      ]
      rmSync(path)
      peaks.push(runVerb(dir, `await restore(workspace, { paths: [''] })`))
      peaks.push(runVerb(dir, `await verifyLocal(workspace, { full: true })`))
      console.log('peak memory in MB:', peaks.map((peak) => Math.round(peak / 1e6)).join(', '))
      expect(sizeOf(path)).toBe(GiB)
      expect(sha256OfFile(path)).toBe(before)
      for (const peak of peaks) expect(peak).toBeLessThan(GiB)
    } finally {
      remove()
    }
  })
})
