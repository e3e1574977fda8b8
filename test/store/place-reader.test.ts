import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { objectIdFor } from '../../src/objects/id.ts'
import type { FileSystem } from '../../src/store/file-system.ts'
import { createLocalStore, type LocalStore } from '../../src/store/local-store.ts'
import { nodeFs } from '../../src/store/node-fs.ts'
import { type PackedPlace, PlaceReader } from '../../src/store/place-reader.ts'

let dir: string
let store: LocalStore
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'floe-place-'))
  for (const name of ['packs', 'tmp']) mkdirSync(join(dir, name))
  store = createLocalStore(nodeFs, dir)
})
afterEach(() => {
  store.close()
  rmSync(dir, { recursive: true })
})

async function put(contents: readonly Uint8Array[]): Promise<PackedPlace[]> {
  const session = await store.begin()
  for (const bytes of contents) await session.put('chunk', bytes)
  await session.seal()
  const ids = contents.map((bytes) => objectIdFor('chunk', bytes))
  return (await store.placesOf('chunk', ids)).map((place) => place!)
}

/** The disk, with every read noted and the files counted that are open. */
function watchedFs() {
  const seen = { reads: [] as number[], open: 0, most: 0 }
  const open: FileSystem['open'] = (path, mode, options) => {
    const file = nodeFs.open(path, mode, options)
    seen.open++
    seen.most = Math.max(seen.most, seen.open)
    return {
      read(buffer, position) {
        seen.reads.push(buffer.length)
        return file.read(buffer, position)
      },
      write: (bytes) => file.write(bytes),
      sync: () => file.sync(),
      stat: () => file.stat(),
      close() {
        seen.open--
        file.close()
      },
    }
  }
  return { fs: { ...nodeFs, open }, seen }
}

it('reads what is stored and what is compressed, a frame once for its neighbours, and one alone by itself', async () => {
  const contents = Array.from({ length: 200 }, (_, i) => (i < 100 ? randomBytes(4000) : Buffer.alloc(4000, `${i} `)))
  const places = [...(await put(contents.slice(0, 100))), ...(await put(contents.slice(100)))]
  const { fs, seen } = watchedFs()
  const reader = new PlaceReader(fs)
  for (const [i, { path, place }] of places.entries()) {
    const bytes = await reader.read(path, 'chunk', objectIdFor('chunk', contents[i]!), place)
    expect(Buffer.compare(bytes, contents[i]!)).toBe(0)
  }
  const frames = new Set(places.map(({ path, place }) => `${path} ${place.frameOffset}`))
  expect(seen.reads.length).toBe(frames.size)
  const stored = places.findIndex(({ place }) => place.codec === 0)
  expect(stored).toBeGreaterThanOrEqual(0)
  const { path, place } = places[stored]!
  seen.reads = []
  const alone = await reader.read(path, 'chunk', objectIdFor('chunk', contents[stored]!), place, { isAlone: true })
  expect(Buffer.compare(alone, contents[stored]!)).toBe(0)
  expect(seen.reads).toEqual([4000])
  // The frame that was read last is still what it was.
  const { path: lastPath, place: lastPlace } = places.at(-1)!
  await reader.read(lastPath, 'chunk', objectIdFor('chunk', contents.at(-1)!), lastPlace)
  expect(seen.reads).toEqual([4000])
  reader.close()
})

it('keeps few packs open, and goes on after one that is gone or not what it says', async () => {
  const places: PackedPlace[] = []
  const contents = Array.from({ length: 40 }, () => randomBytes(3000))
  for (const bytes of contents) places.push(...(await put([bytes])))
  expect(new Set(places.map(({ path }) => path)).size).toBe(40)
  const { fs, seen } = watchedFs()
  const reader = new PlaceReader(fs)
  for (let round = 0; round < 2; round++)
    for (const [i, { path, place }] of places.entries()) {
      const id = objectIdFor('chunk', contents[i]!)
      expect(Buffer.compare(await reader.read(path, 'chunk', id, place), contents[i]!)).toBe(0)
      const other = objectIdFor('chunk', contents[(i + 1) % 40]!)
      await expect(reader.read(path, 'chunk', other, place)).rejects.toMatchObject({ code: 'OBJECT_CORRUPT' })
      const gone = join(dir, 'packs', 'gone.pack')
      await expect(reader.read(gone, 'chunk', id, place)).rejects.toMatchObject({ errno: 'ENOENT' })
    }
  expect(seen.most).toBeLessThanOrEqual(17)
  reader.close()
  expect(seen.open).toBe(0)
})
