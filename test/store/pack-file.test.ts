import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createFrameCache } from '../../src/objects/frame-cache.ts'
import { objectIdFor } from '../../src/objects/id.ts'
import { DEFAULT_PACK_BYTES } from '../../src/objects/pack.ts'
import { type FileSystem, FileSystemError, type OpenFile } from '../../src/store/file-system.ts'
import { nodeFs } from '../../src/store/node-fs.ts'
import type { PackCheckOptions } from '../../src/store/pack-check.ts'
import { createPackFile, openPackFile, receivePackFile } from '../../src/store/pack-file.ts'

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'floe-pack-file-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

/** Syncs of the files it creates are counted, and the one of that number fails.
 *  @param isInstant - the device has done it by the time the loop turns */
function watchedFs({ failing, isInstant = false }: { failing?: number; isInstant?: boolean } = {}) {
  const syncs: number[] = []
  const open: FileSystem['open'] = (path, mode, options) => {
    const file = nodeFs.open(path, mode, options)
    let written = 0
    const watched: OpenFile = {
      read: (buffer, position) => file.read(buffer, position),
      write(bytes) {
        written += bytes.length
        file.write(bytes)
      },
      async sync() {
        syncs.push(written)
        if (syncs.length === failing) throw new FileSystemError('EIO', 'sync', path)
        if (isInstant) await new Promise((resolve) => setImmediate(resolve))
        else await file.sync()
      },
      stat: () => file.stat(),
      close: () => file.close(),
    }
    return watched
  }
  return { fs: { ...nodeFs, open }, syncs }
}

async function fill(fs: FileSystem, mebibytes: number, pauseMs = 20) {
  const pack = createPackFile(fs, dir, 'data', DEFAULT_PACK_BYTES)
  for (let i = 0; i < mebibytes; i++) {
    const bytes = randomBytes(2 ** 20)
    await pack.add('chunk', objectIdFor('chunk', bytes), bytes)
    // Lets a sync that was begun come to its end, as a disk would while the next file is read.
    if (i % 8 === 7 && pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs))
  }
  return pack
}

it('has the device begin with a pack long before its end, and syncs all of it then', async () => {
  const { fs, syncs } = watchedFs()
  const pack = await fill(fs, 80)
  const before = [...syncs]
  expect(before.length).toBeGreaterThan(0)
  expect(before[0]).toBeLessThan(18 * 2 ** 20)
  const sealed = await pack.seal()
  expect(syncs.at(-1)).toBe(fs.stat(sealed.path)?.bytes)
})

it('goes on with that where nothing else lets the loop turn', async () => {
  const { fs, syncs } = watchedFs({ isInstant: true })
  const pack = await fill(fs, 120, 0)
  for (let i = 1; i < syncs.length; i++) expect(syncs[i]! - syncs[i - 1]!).toBeLessThan(34 * 2 ** 20)
  expect(120 * 2 ** 20 - syncs.at(-1)!).toBeLessThan(34 * 2 ** 20)
  await pack.seal()
})

it('does not ask for it where little is written', async () => {
  const { fs, syncs } = watchedFs()
  const pack = await fill(fs, 4)
  expect(syncs).toEqual([])
  await pack.seal()
  expect(syncs.length).toBe(1)
})

it('fails if what was sent ahead did not arrive, though the last sync would succeed', async () => {
  const { fs, syncs } = watchedFs({ failing: 1 })
  const pack = await fill(fs, 80)
  expect(syncs.length).toBe(1)
  await expect(pack.seal()).rejects.toMatchObject({ errno: 'EIO' })
  expect(readdirSync(dir)).toEqual([])
})

describe('a pack that somebody else has made', () => {
  async function made(): Promise<{ bytes: Buffer; name: string; path: string }> {
    const pack = createPackFile(nodeFs, dir, 'data', DEFAULT_PACK_BYTES)
    for (let i = 0; i < 200; i++) {
      const bytes = i % 2 === 0 ? randomBytes(3000) : Buffer.alloc(5000 + i, i)
      await pack.add('chunk', objectIdFor('chunk', bytes), bytes)
    }
    const { name, path } = await pack.seal()
    const bytes = readFileSync(path)
    rmSync(path)
    return { bytes, name, path }
  }
  const receive = async (bytes: Uint8Array, options?: PackCheckOptions) =>
    (await receivePackFile(nodeFs, dir, piecesOf(bytes))).check(options)
  async function* piecesOf(bytes: Uint8Array, length = 70_000) {
    for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length)
  }

  it('is received with the name that it has where it was made', async () => {
    const { bytes, name } = await made()
    const received = await receive(bytes)
    expect(received?.name).toBe(name)
    expect(received?.objects.kinds.length).toBe(200)
    expect(readFileSync(received!.path).equals(bytes)).toBe(true)
    const pack = await openPackFile(nodeFs, received!.path, createFrameCache(1))
    expect(await pack.verify()).toMatchObject({ objects: 200 })
    pack.close()
  })

  it('is refused with nothing left if a byte of it is not what it was, or some are missing', async () => {
    const { bytes } = await made()
    for (let i = 0; i < 150; i++) {
      const changed = Buffer.from(bytes)
      // The footer and the index a little more often than their share.
      const at = i % 3 === 0 ? bytes.length - 1 - i * 7 : Math.floor((bytes.length * i) / 150)
      changed[at]! ^= 1 << (i % 8)
      expect(await receive(changed), `byte ${at}`).toBe(undefined)
    }
    for (const length of [0, 1, 50, bytes.length - 1, Math.floor(bytes.length / 2)])
      expect(await receive(bytes.subarray(0, length))).toBe(undefined)
    expect(await receive(randomBytes(100_000))).toBe(undefined)
    // The same by a thread.
    const changed = Buffer.from(bytes)
    changed[Math.floor(bytes.length / 3)]! ^= 1
    expect(await receive(changed, { threadBytes: 0 })).toBe(undefined)
    expect(readdirSync(dir)).toEqual([])
  })

  it('leaves nothing where it cannot be read to its end, or not be written', async () => {
    const { bytes } = await made()
    async function* breaking() {
      yield bytes.subarray(0, 100_000)
      throw new TypeError('the line is gone')
    }
    await expect(receivePackFile(nodeFs, dir, breaking())).rejects.toThrow('the line is gone')
    const { fs } = watchedFs({ failing: 1 })
    const received = await receivePackFile(fs, dir, piecesOf(bytes))
    await expect(received.check()).rejects.toMatchObject({ errno: 'EIO' })
    const stopped = await receivePackFile(nodeFs, dir, piecesOf(bytes))
    await expect(stopped.check({ signal: AbortSignal.abort() })).rejects.toMatchObject({ kind: 'cancelled' })
    expect(readdirSync(dir)).toEqual([])
  })
})
