import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createRng } from '../../src/base/rng.ts'
import { nodeFs } from '../../src/store/node-fs.ts'
import { createSegmentMemory, MAX_SEGMENT_PACKS } from '../../src/transfer/segment-memory.ts'

const id = (value: number) => new Uint8Array(32).fill(value)
const place = { blobId: id(1), offset: 100, bytes: 200 }

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'floe-segment-memory-'))
  for (const name of ['segments', 'tmp']) mkdirSync(join(dir, name))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

describe('the memory of what segments name', () => {
  it('gives back what was noted, of that very place', async () => {
    const memory = createSegmentMemory(nodeFs, dir)
    expect(memory.packsOf(place)).toBeNull()
    await memory.note(place, [id(2), id(3)])
    expect(memory.packsOf(place)).toEqual([id(2), id(3)])
    for (const other of [{ offset: 101 }, { bytes: 201 }, { blobId: id(9) }])
      expect(memory.packsOf({ ...place, ...other })).toBeNull()
    await memory.note({ ...place, offset: 0 }, [])
    expect(memory.packsOf({ ...place, offset: 0 })).toEqual([])
  })

  it('knows nothing rather than what is damaged', async () => {
    const memory = createSegmentMemory(nodeFs, dir)
    await memory.note(place, [id(2), id(3)])
    const path = join(dir, 'segments', readdirSync(join(dir, 'segments'))[0]!)
    const whole = readFileSync(path)
    const rng = createRng(5)
    for (let round = 0; round < 500; round++) {
      const bytes = Buffer.from(whole)
      bytes[rng.below(bytes.length)]! ^= 1 << rng.below(8)
      writeFileSync(path, rng.below(2) === 0 ? bytes : whole.subarray(0, rng.below(whole.length)))
      expect(memory.packsOf(place)).toBeNull()
    }
    writeFileSync(path, new Uint8Array((MAX_SEGMENT_PACKS + 2) * 32))
    expect(memory.packsOf(place)).toBeNull()
  })

  it('keeps no long list, forgets all of too many, and does without a folder', async () => {
    const memory = createSegmentMemory(nodeFs, dir)
    await memory.note(
      place,
      Array.from({ length: MAX_SEGMENT_PACKS + 1 }, () => id(1)),
    )
    expect(memory.packsOf(place)).toBeNull()
    for (let offset = 0; offset < 4; offset++) await memory.note({ ...place, offset }, [id(1)])
    memory.trim(4)
    expect(memory.packsOf({ ...place, offset: 1 })).toEqual([id(1)])
    memory.trim(3)
    expect(memory.packsOf({ ...place, offset: 1 })).toBeNull()
    rmSync(join(dir, 'segments'), { recursive: true })
    await memory.note(place, [id(1)])
    expect(memory.packsOf(place)).toBeNull()
  })
})
