import { appendFile, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  createPushJournal,
  findUnfinishedPushes,
  forgetFinished,
  type PushStep,
  readPushJournal,
} from '../../src/transfer/push-journal.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'floe-journal-'))
})
afterEach(() => rm(dir, { recursive: true }))

const started: PushStep = {
  $kind: 'started',
  network: 'local',
  repository: null,
  ref: 'heads/main',
  old: null,
  new: 'ab',
  timeMs: 5,
}

describe('push journal', () => {
  it('keeps steps in order and knows which pushes did not finish', async () => {
    const journal = await createPushJournal(join(dir, 'pushes'), 1_700_000_000_000)
    await journal.record(started)
    await journal.record({ $kind: 'encoded', blobId: 'x', rootHash: 'y', blobBytes: 3, kind: 'data' })
    expect(await findUnfinishedPushes(join(dir, 'pushes'))).toMatchObject([
      { path: journal.path, steps: [started, { $kind: 'encoded' }] },
    ])
    await journal.record({ $kind: 'finished', digest: 'd', repository: '0x1', timeMs: 9 })
    await journal.close()
    expect(await findUnfinishedPushes(join(dir, 'pushes'))).toEqual([])
    expect((await readPushJournal(journal.path)).map((step) => step.$kind)).toEqual(['started', 'encoded', 'finished'])
  })

  it('is dropped by the next push when its own has finished and left no tail', async () => {
    const journalOf = async (...steps: PushStep[]) => {
      const journal = await createPushJournal(dir, 0)
      for (const step of [started, ...steps]) await journal.record(step)
      await journal.close()
      return journal.path
    }
    const finished: PushStep = { $kind: 'finished', digest: 'd', repository: '0x1', timeMs: 9 }
    await journalOf(finished)
    const kept = [
      await journalOf({ $kind: 'tail', blobId: 'x', objectId: '0x2', nodes: ['0x3'] }, finished),
      await journalOf(),
      await journalOf(finished),
    ]
    const isRunning = (path: string) => path === kept[2]
    await forgetFinished(dir, isRunning)
    expect((await readdir(dir)).map((name) => join(dir, name)).sort()).toEqual(kept.sort())
  })

  it('ignores a torn last line', async () => {
    const journal = await createPushJournal(dir, 0)
    await journal.record(started)
    await journal.close()
    await appendFile(journal.path, '{"$kind":"fini')
    expect(await readPushJournal(journal.path)).toEqual([started])
  })

  it('is none before the first push', async () => {
    expect(await findUnfinishedPushes(join(dir, 'nothing'))).toEqual([])
  })
})
