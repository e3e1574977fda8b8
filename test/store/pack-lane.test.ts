import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { objectIdFor } from '../../src/objects/id.ts'
import { type FileSystem, FileSystemError, type OpenFile } from '../../src/store/file-system.ts'
import { nodeFs } from '../../src/store/node-fs.ts'
import type { SealedPack } from '../../src/store/pack-file.ts'
import { createPackLane, discardLanes } from '../../src/store/pack-lane.ts'

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'floe-pack-lane-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

/** Each sync of a file waits until it is let go, with an error or without. */
function heldFs() {
  const held: { path: string; go(error?: Error): void }[] = []
  const open: FileSystem['open'] = (path, mode, options) => {
    const file = nodeFs.open(path, mode, options)
    const sync: OpenFile['sync'] = () =>
      new Promise((resolve, reject) => {
        held.push({ path, go: (error) => (error ? reject(error) : resolve()) })
      })
    return {
      read: (buffer, position) => file.read(buffer, position),
      write: (bytes) => file.write(bytes),
      sync,
      stat: () => file.stat(),
      close: () => file.close(),
    }
  }
  return { fs: { ...nodeFs, open }, held }
}

/** A lane with a full pack and a begun one that is being finished, whose syncs are both under way. */
async function finishing() {
  const { fs, held } = heldFs()
  const sealed: SealedPack[] = []
  const place = { path: join(dir, 'lane'), packBytes: 1 << 20 }
  const lane = createPackLane(fs, place, 'a', (pack) => sealed.push(pack))
  for (let i = 0; i < 4; i++) {
    const bytes = randomBytes(300_000)
    await lane.add(objectIdFor('chunk', bytes), bytes)
  }
  const finished = lane.finish()
  finished.catch(() => {})
  await expect.poll(() => held.length).toBe(2)
  return { held, sealed, place, finished }
}

it('has the last two packs on their way to the device together, and hands them over in order', async () => {
  const { held, sealed, finished } = await finishing()
  expect(held.map(({ path }) => path)).toEqual([join(dir, 'lane-a-1'), join(dir, 'lane-a-2')])
  held[1]!.go()
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(sealed).toEqual([])
  held[0]!.go()
  await finished
  expect(sealed.map(({ path }) => path)).toEqual(held.map(({ path }) => path))
})

it.each([0, 1])('waits for the other where number %i fails, so that nothing writes after it', async (failing) => {
  const { held, sealed, place, finished } = await finishing()
  const full = new FileSystemError('ENOSPC', 'sync', held[failing]!.path)
  held[failing]!.go(full)
  let isOver = false
  finished.catch(() => {
    isOver = true
  })
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(isOver).toBe(false)
  held[1 - failing]!.go()
  await expect(finished).rejects.toBe(full)
  expect(sealed.length).toBe(failing)
  discardLanes(nodeFs, place)
  expect(readdirSync(dir)).toEqual([])
})
