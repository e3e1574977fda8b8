import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { objectIdFor } from '../../src/objects/id.ts'
import { DEFAULT_PACK_BYTES } from '../../src/objects/pack.ts'
import type { FileSystem } from '../../src/store/file-system.ts'
import { nodeFs } from '../../src/store/node-fs.ts'
import { isPackWhole } from '../../src/store/pack-check.ts'
import { createPackFile } from '../../src/store/pack-file.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'floe-pack-check-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

/** In a thread whatever its size, and here. */
const ways = [
  ['a thread', { threadBytes: 0 }],
  ['the caller', { threadBytes: Number.POSITIVE_INFINITY }],
] as const

async function madePack(): Promise<{ path: string; bytes: Buffer }> {
  const pack = createPackFile(nodeFs, dir, 'data', DEFAULT_PACK_BYTES)
  for (let i = 0; i < 400; i++) {
    const bytes = i % 2 === 0 ? randomBytes(3000) : Buffer.alloc(5000 + i, i)
    await pack.add('chunk', objectIdFor('chunk', bytes), bytes)
  }
  const { path } = await pack.seal()
  return { path, bytes: readFileSync(path) }
}

it.each(ways)(
  'says by %s that a pack is whole, and that one with a changed byte or a lost end is not',
  async (_, options) => {
    const { path, bytes } = await madePack()
    expect(await isPackWhole(nodeFs, path, options)).toBe(true)
    // Header, frames, index, footer.
    for (const at of [2, 200, Math.floor(bytes.length / 2), bytes.length - 2000, bytes.length - 40]) {
      const changed = Buffer.from(bytes)
      changed[at]! ^= 4
      writeFileSync(path, changed)
      expect(await isPackWhole(nodeFs, path, options), `byte ${at}`).toBe(false)
    }
    for (const length of [0, 1, 100, bytes.length - 1]) {
      writeFileSync(path, bytes.subarray(0, length))
      expect(await isPackWhole(nodeFs, path, options), `${length} bytes`).toBe(false)
    }
  },
)

it.each(ways)('says why a file cannot be read, asked by %s', async (_, options) => {
  await expect(isPackWhole(nodeFs, join(dir, 'none.pack'), options)).rejects.toMatchObject({ errno: 'ENOENT' })
  await expect(isPackWhole(nodeFs, dir, options)).rejects.toMatchObject({ errno: 'EISDIR' })
})

it.each(ways)('stops when the command is stopped, asked by %s', async (_, options) => {
  const { path } = await madePack()
  const stopped = AbortSignal.abort()
  await expect(isPackWhole(nodeFs, path, { ...options, signal: stopped })).rejects.toMatchObject({ kind: 'cancelled' })
  const stopping = new AbortController()
  const answer = isPackWhole(nodeFs, path, { ...options, signal: stopping.signal })
  stopping.abort()
  await expect(answer).rejects.toMatchObject({ kind: 'cancelled' })
})

it('asks no thread about a disk that only this one sees', async () => {
  const { path, bytes } = await madePack()
  const opened: string[] = []
  const fs: FileSystem = {
    ...nodeFs,
    open: (at, mode, options) => {
      opened.push(at)
      return nodeFs.open(at, mode, options)
    },
  }
  expect(await isPackWhole(fs, path, { threadBytes: 0 })).toBe(true)
  expect(opened).toEqual([path])
  writeFileSync(path, bytes.subarray(1))
  expect(await isPackWhole(fs, path, { threadBytes: 0 })).toBe(false)
})
