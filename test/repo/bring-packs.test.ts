import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sleep } from '../../src/base/abort.ts'
import { CancelledError } from '../../src/base/errors.ts'
import { objectIdFor } from '../../src/objects/id.ts'
import { bringPacks } from '../../src/repo/bring-packs.ts'
import { createLocalStore } from '../../src/store/local-store.ts'
import { nodeFs } from '../../src/store/node-fs.ts'
import type { RemoteObjects } from '../../src/transfer/remote-objects.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'floe-bring-'))
  await mkdir(join(dir, 'packs'))
  await mkdir(join(dir, 'tmp'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

describe('bringing whole packs', () => {
  it('is cancelled as one, though its parts hear of it one after the other', async () => {
    const strays: unknown[] = []
    const onStray = (error: unknown) => void strays.push(error)
    process.on('unhandledRejection', onStray)
    const cancelledAfter = async (ms: number): Promise<never> => {
      await sleep(ms)
      throw new CancelledError()
    }
    const remote = {
      segments: [{ blobId: new Uint8Array(32), offset: 0, bytes: 1 }],
      openPack: () => cancelledAfter(5),
      read: () => cancelledAfter(10),
      openSegment: () => cancelledAfter(30),
    } as unknown as RemoteObjects
    const store = createLocalStore(nodeFs, dir)
    const tree = objectIdFor('tree', new Uint8Array(1))
    try {
      const bringing = bringPacks(store, remote, { tree, bases: [], isFirst: true })
      await expect(bringing).rejects.toBeInstanceOf(CancelledError)
      expect(strays).toEqual([])
    } finally {
      process.off('unhandledRejection', onStray)
      store.close()
    }
  })
})
