import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  earliestEnd,
  expiryWarnings,
  readExpiryMemory,
  rememberExpiry,
  rememberRenewal,
  warningsOf,
} from '../../src/repo/expiry-memory.ts'
import { initWorkspace } from '../../src/repo/init.ts'
import { addRemote } from '../../src/repo/remote.ts'
import { statusOf } from '../../src/repo/status.ts'
import { openWorkspace } from '../../src/store/workspace.ts'

const DAY = 86_400_000
const repository = `0x${'ab'.repeat(32)}`
let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'floe-expiry-'))
  await initWorkspace(dir)
  await addRemote(dir, 'origin', `local:${repository}`)
})
afterEach(() => rm(dir, { recursive: true }))

const walrus = (epoch: number, epochStartMs: number) => ({ epoch, epochStartMs, epochDurationMs: 14 * DAY })
const facts = (refs: { ref: string; endEpoch: number }[], epoch = 10, startMs = 0) => ({
  remote: 'origin',
  network: 'local',
  repository,
  walrus: walrus(epoch, startMs),
  refs,
})

describe('what is remembered of expiry', () => {
  it('warns when fewer than three epochs remain, and counts epochs by the clock', async () => {
    await using workspace = await openWorkspace(dir)
    expect(expiryWarnings(workspace, 0)).toEqual([])
    await rememberExpiry(workspace, facts([{ ref: 'heads/main', endEpoch: 13 }]))
    expect(expiryWarnings(workspace, 14 * DAY - 1)).toEqual([])
    expect(expiryWarnings(workspace, 14 * DAY)).toEqual([
      { remote: 'origin', ref: 'heads/main', endEpoch: 13, endDate: '1970-02-12', epochsLeft: 2 },
    ])
    expect(expiryWarnings(workspace, 500 * DAY)).toMatchObject([{ epochsLeft: 0 }])
    // A clock that was set back does not bring epochs back.
    expect(expiryWarnings(workspace, -500 * DAY)).toEqual([])
  })

  it('is shown by status, which asks no network', async () => {
    await using workspace = await openWorkspace(dir)
    await rememberExpiry(workspace, facts([{ ref: 'heads/main', endEpoch: 11 }], 10, workspace.clock.now()))
    expect((await statusOf(workspace)).expiring).toMatchObject([{ ref: 'heads/main', epochsLeft: 1 }])
  })

  it('keeps other refs, forgets another repository, and is put right by a renewal', async () => {
    await using workspace = await openWorkspace(dir)
    await rememberExpiry(workspace, facts([{ ref: 'heads/a', endEpoch: 11 }]))
    await rememberExpiry(workspace, facts([{ ref: 'heads/b', endEpoch: 12 }]))
    await rememberExpiry(workspace, facts([{ ref: 'heads/gone', endEpoch: 9 }]))
    const ends = () => readExpiryMemory(workspace, 'origin')!.refs.map(({ ref, endEpoch }) => [ref, endEpoch])
    await rememberRenewal(workspace, { ...facts([]), endEpoch: 30 })
    expect(ends()).toEqual([
      ['heads/gone', 9],
      ['heads/b', 30],
      ['heads/a', 30],
    ])
    await rememberRenewal(workspace, { ...facts([]), repository: '0x1', endEpoch: 40 })
    expect(ends()).toHaveLength(3)
    await rememberExpiry(workspace, { ...facts([{ ref: 'heads/c', endEpoch: 20 }]), repository: '0x1' })
    expect(ends()).toEqual([['heads/c', 20]])
  })

  it('says nothing where the file is missing, broken, or of nonsense', async () => {
    await using workspace = await openWorkspace(dir)
    await rememberExpiry(workspace, facts([{ ref: 'heads/a', endEpoch: 1 }]))
    const path = join(dir, '.floe', 'expiry', 'origin.json')
    for (const text of ['', '{', '[]', '{"epoch":-1}', JSON.stringify({ ...facts([]), epoch: 1e300 })]) {
      await writeFile(path, text)
      expect(expiryWarnings(workspace, 1e15)).toEqual([])
    }
  })
})

it('finds the earliest end of what is live', () => {
  expect(earliestEnd([])).toBeNull()
  const packs = [
    { endEpoch: 9, state: 'live' },
    { endEpoch: 2, state: 'removal-proposed' },
    { endEpoch: 1, state: 'removed' },
    { endEpoch: 7, state: 'live' },
  ] as const
  expect(earliestEnd(packs)).toBe(7)
})

it('gives dates for any epoch', () => {
  const refs = [{ ref: 'heads/a', endEpoch: Number.MAX_SAFE_INTEGER }]
  expect(warningsOf('origin', { ...walrus(Number.MAX_SAFE_INTEGER, 0), refs }, 0)[0]!.endDate).toMatch(/^\d{4}/)
})
