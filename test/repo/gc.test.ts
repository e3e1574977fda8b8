import { readdirSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createRng } from '../../src/base/rng.ts'
import { add } from '../../src/repo/add.ts'
import { createBranch, deleteBranch } from '../../src/repo/branch.ts'
import { doctor } from '../../src/repo/doctor.ts'
import { diskUsage } from '../../src/repo/du.ts'
import { gc } from '../../src/repo/gc.ts'
import { grep } from '../../src/repo/grep.ts'
import { merge } from '../../src/repo/merge.ts'
import { reset } from '../../src/repo/reset.ts'
import { continueOperation, resolveConflicts } from '../../src/repo/resolve.ts'
import { popStash, pushStash } from '../../src/repo/stash.ts'
import { statusOf } from '../../src/repo/status.ts'
import { switchTo } from '../../src/repo/switch.ts'
import { verifyLocal } from '../../src/repo/verify-local.ts'
import { openWorkspace } from '../../src/store/workspace.ts'
import { author, codeOf, collect, type TemporaryWorkspace, temporaryWorkspace } from './temporary-workspace.ts'

let ws: TemporaryWorkspace
beforeEach(async () => {
  ws = await temporaryWorkspace()
})
afterEach(() => ws.close())

const noise = (seed: number, bytes: number) => {
  const rng = createRng(seed)
  return Uint8Array.from({ length: bytes }, () => rng.below(256))
}
const packs = () => readdirSync(join(ws.dir, '.floe/packs')).filter((name) => name.endsWith('.pack'))
const packBytes = () => packs().reduce((sum, name) => sum + statSync(join(ws.dir, '.floe/packs', name)).size, 0)
const collectAll = (more = {}) => gc(ws.workspace, { graceMs: 0, reflogMs: 0, ...more })

/** Two versions, of which the second, with 200 KB of its own, only the reflog remembers. */
async function withGarbage(): Promise<string> {
  ws.write('kept', noise(1, 100_000))
  await ws.commitAll('kept')
  ws.write('dropped', noise(2, 200_000))
  const { commit } = await ws.commitAll('dropped')
  await reset(ws.workspace, { revision: 'HEAD~1', mode: 'hard' })
  return commit
}

describe('gc', () => {
  it('deletes what nothing refers to, once neither a log nor the grace period holds it', async () => {
    const dropped = await withGarbage()
    const before = packBytes()
    expect((await gc(ws.workspace, { graceMs: 0 })).bytes.freed).toBe(0) // the log remembers it
    expect(await collectAll({ graceMs: 3_600_000 })).toMatchObject({ bytes: { freed: 0 }, packs: { deleted: 0 } })
    await reset(ws.workspace, { revision: dropped, mode: 'hard' })
    await reset(ws.workspace, { revision: 'HEAD~1', mode: 'hard' })
    const planned = await collectAll({ dryRun: true })
    expect(planned.bytes.freed).toBeGreaterThan(190_000)
    expect(packBytes()).toBe(before)
    await new Promise((resolve) => setTimeout(resolve, 5))
    const done = await collectAll()
    expect(done).toMatchObject({ dryRun: false, bytes: { before, after: packBytes() } })
    expect(done.bytes.freed).toBeGreaterThan(190_000)
    await verifyLocal(ws.workspace, { full: true })
    expect(await codeOf(reset(ws.workspace, { revision: dropped }))).toBe('OBJECT_MISSING')
    expect((await statusOf(ws.workspace)).clean).toBe(true)
    expect((await collectAll()).bytes.freed).toBe(0)
  })

  it('keeps what branches, tags, stashes, staging and a merge in progress refer to', async () => {
    ws.write('a', 'base\n')
    await ws.commitAll('base')
    await createBranch(ws.workspace, { name: 'dev' })
    await switchTo(ws.workspace, { target: 'dev' })
    ws.write('a', 'theirs\n')
    await ws.commitAll('theirs')
    await switchTo(ws.workspace, { target: 'main' })
    ws.write('a', 'stashed\n')
    await pushStash(ws.workspace, { author })
    ws.write('a', 'ours\n')
    await ws.commitAll('ours')
    await merge(ws.workspace, { revision: 'dev', author })
    await deleteBranch(ws.workspace, { name: 'dev', force: true })
    ws.write('staged', noise(3, 50_000))
    await add(ws.workspace, { paths: ['staged'] })
    await collectAll()
    await verifyLocal(ws.workspace, { full: true })
    await resolveConflicts(ws.workspace, { kind: 'merge', paths: ['a'], with: 'theirs' })
    await continueOperation(ws.workspace, { kind: 'merge' })
    expect(ws.files()).toMatchObject({ a: 'theirs\n' })
    await reset(ws.workspace, { revision: 'HEAD~2', mode: 'hard' })
    await popStash(ws.workspace)
    expect(ws.files()).toEqual({ a: 'stashed\n' })
  })

  it('deletes nothing while a part of history is missing that no remote has: what that leads to is not garbage', async () => {
    const packsDir = join(ws.dir, '.floe/packs')
    ws.write('file', noise(1, 20_000))
    await ws.commitAll('one')
    for (const [name, contents] of [
      ['of a commit and its tree', noise(2, 20_000)],
      ['of a map', noise(3, 3_000_000)],
    ] as const) {
      ws.write('file', contents)
      const before = new Set(packs())
      await ws.commitAll(name)
      const meta: string[] = []
      for (const { name: pack, kind } of await ws.workspace.store.packs())
        if (kind === 'meta' && !before.has(`${pack}.pack`)) meta.push(`${pack}.pack`)
      // As after a backup that was not brought back whole.
      for (const pack of meta) renameSync(join(packsDir, pack), join(ws.dir, pack))
      const bytes = packBytes()
      await using other = await openWorkspace(ws.dir)
      for (const dryRun of [true, false])
        expect(await codeOf(gc(other, { graceMs: 0, reflogMs: 0, dryRun })), name).toBe('GC_MISSING')
      expect(packBytes(), name).toBe(bytes)
      for (const pack of meta) renameSync(join(ws.dir, pack), join(packsDir, pack))
      ws.workspace.store.refresh()
      await verifyLocal(ws.workspace, { full: true })
    }
    // Chunks lead to nothing.
    for (const { name, kind } of await ws.workspace.store.packs())
      if (kind === 'data') rmSync(join(packsDir, `${name}.pack`))
    await using other = await openWorkspace(ws.dir)
    expect(await codeOf(gc(other, { graceMs: 0, reflogMs: 0 }))).toBe('none')
  })

  it('puts small packs together, whose objects a reader that knew the old ones still finds', async () => {
    for (let version = 0; version < 8; version++) {
      ws.write('file', noise(version, 5000))
      await ws.commitAll(`version ${version}`)
    }
    await using reader = await openWorkspace(ws.dir)
    await statusOf(reader)
    expect(packs().length).toBe(16)
    expect(await collectAll({ graceMs: 3_600_000 })).toMatchObject({ packs: { before: 16, after: 2, rewritten: 16 } })
    expect(packs().length).toBe(2)
    expect(readdirSync(join(ws.dir, '.floe/packs')).filter((name) => name.endsWith('.midx'))).toHaveLength(1)
    await switchTo(reader, { target: 'HEAD~7', detach: true })
    expect(ws.files().file).toBe(Buffer.from(noise(0, 5000)).toString('latin1'))
    await verifyLocal(ws.workspace, { full: true })
  })

  it('rewrites an old pack without its dead part, and leaves a young one alone', async () => {
    await withGarbage()
    ws.write('young', noise(5, 30_000))
    await ws.commitAll('young')
    const old = new Date(Date.now() - 30 * 86_400_000)
    for (const name of packs().slice(0, 4)) utimesSync(join(ws.dir, '.floe/packs', name), old, old)
    await gc(ws.workspace, { reflogMs: 0 })
    await verifyLocal(ws.workspace, { full: true })
    expect(ws.files().young).toHaveLength(30_000)
  })
})

describe('du', () => {
  it('says what refs share and what is theirs alone', async () => {
    ws.write('shared', noise(1, 40_000))
    await ws.commitAll('first')
    await createBranch(ws.workspace, { name: 'dev' })
    ws.write('own', noise(2, 30_000))
    await ws.commitAll('second')
    const { rows, totalBytes } = await diskUsage(ws.workspace)
    expect(rows).toEqual([
      { name: 'dev', files: 1, logicalBytes: 40_000, storedBytes: 40_000, uniqueBytes: 0, sharedBytes: 40_000 },
      { name: 'main', files: 2, logicalBytes: 70_000, storedBytes: 70_000, uniqueBytes: 30_000, sharedBytes: 40_000 },
    ])
    expect(totalBytes).toBe(70_000)
  })

  it('reads history once, whatever the number of refs', async () => {
    for (let i = 0; i < 20; i++) {
      ws.write(`file ${i}`, noise(i + 1, 1000))
      await ws.commitAll(`commit ${i}`)
      await createBranch(ws.workspace, { name: `b${String(i).padStart(2, '0')}` })
    }
    const read = vi.spyOn(ws.workspace.store, 'readLocal')
    const { rows, totalBytes } = await diskUsage(ws.workspace)
    expect(rows.map(({ storedBytes }) => storedBytes)).toEqual([
      ...Array.from({ length: 20 }, (_, i) => 1000 * (i + 1)),
      20_000,
    ])
    expect(totalBytes).toBe(20_000)
    // Of some 20 commits itself and what is new of its tree, of each ref the same for what its version holds; one walk for each ref
    // would read some 20 times as much.
    expect(read.mock.calls.length).toBeLessThanOrEqual(120)
  })

  it('tells lines of history apart that parted and met again, and chunks of large files among them', async () => {
    ws.write('base', noise(1, 10_000))
    await ws.commitAll('base')
    await createBranch(ws.workspace, { name: 'left' })
    await createBranch(ws.workspace, { name: 'right' })
    const big = noise(2, 2_000_000)
    await switchTo(ws.workspace, { target: 'left' })
    ws.write('same', noise(3, 5000))
    ws.write('left', big)
    await ws.commitAll('left')
    await switchTo(ws.workspace, { target: 'right' })
    ws.write('same', noise(3, 5000))
    ws.write('right', noise(4, 700))
    await ws.commitAll('right')
    await createBranch(ws.workspace, { name: 'joint' })
    await switchTo(ws.workspace, { target: 'joint' })
    await merge(ws.workspace, { revision: 'left', author })
    const { rows, totalBytes } = await diskUsage(ws.workspace)
    expect(rows.map((row) => [row.name, row.storedBytes, row.uniqueBytes])).toEqual([
      ['joint', 2_015_700, 0],
      ['left', 2_015_000, 0],
      ['main', 10_000, 0],
      ['right', 15_700, 0],
    ])
    expect(totalBytes).toBe(2_015_700)
    await switchTo(ws.workspace, { target: 'main' })
    await deleteBranch(ws.workspace, { name: 'joint', force: true })
    const apart = await diskUsage(ws.workspace)
    expect(apart.rows.map((row) => [row.name, row.storedBytes, row.uniqueBytes])).toEqual([
      ['left', 2_015_000, 2_000_000],
      ['main', 10_000, 0],
      ['right', 15_700, 700],
    ])
  })

  it('counts a chunk once within a folder, and as shared between two', async () => {
    for (const path of ['a/1', 'a/2', 'b/1']) ws.write(path, noise(1, 10_000))
    ws.write('c', noise(2, 5000))
    await ws.commitAll('first')
    const { rows } = await diskUsage(ws.workspace, { by: 'path' })
    expect(rows.map((row) => [row.name, row.logicalBytes, row.storedBytes, row.uniqueBytes])).toEqual([
      ['a/', 20_000, 10_000, 0],
      ['b/', 10_000, 10_000, 0],
      ['c', 5000, 5000, 5000],
    ])
    const inside = await diskUsage(ws.workspace, { by: 'path', prefix: 'a' })
    expect(inside.rows.map(({ name }) => name)).toEqual(['a/1', 'a/2'])
  })

  it('measures what is staged, and refuses a folder that is not there rather than call it empty', async () => {
    ws.write('a/1', 'committed')
    await ws.commitAll('first')
    ws.write('b/1', 'staged')
    await add(ws.workspace, { paths: ['b'] })
    const staged = await diskUsage(ws.workspace, { by: 'path', revision: ':' })
    expect(staged.rows.map(({ name, logicalBytes }) => [name, logicalBytes])).toEqual([
      ['a/', 9],
      ['b/', 6],
    ])
    for (const prefix of ['b', 'nope', './a'])
      expect(await codeOf(diskUsage(ws.workspace, { by: 'path', prefix })), prefix).toBe('PATH_UNKNOWN')
  })
})

describe('grep and doctor', () => {
  it('find paths, and lines of text files', async () => {
    ws.write('data/train.csv', 'id,label\n1,berg\n2,FLOE\n')
    ws.write('data/image.bin', Uint8Array.of(0, 98, 101, 114, 103))
    await ws.commitAll('first')
    const found = (options: Parameters<typeof grep>[1]) => collect(grep(ws.workspace, options))
    expect(await found({ pattern: '\\.csv$' })).toEqual([{ path: 'data/train.csv' }])
    expect(await found({ pattern: 'berg|floe$', contents: true, ignoreCase: true })).toEqual([
      { path: 'data/train.csv', line: 2, text: '1,berg' },
      { path: 'data/train.csv', line: 3, text: '2,FLOE' },
    ])
    expect(await codeOf(found({ pattern: '(' }))).toBe('PATTERN_MALFORMED')
  })

  it('finds nothing wrong with a new workspace but the missing author, and names what is damaged', async () => {
    ws.write('a', 'a')
    await ws.commitAll('first')
    const homeDir = join(ws.dir, '.floe/home')
    const states = async () =>
      Object.fromEntries((await doctor(ws.workspace, { homeDir })).map(({ check, state }) => [check, state]))
    expect(await states()).toMatchObject({
      runtime: 'ok',
      workspace: 'ok',
      operation: 'ok',
      lock: 'ok',
      keys: 'ok',
      author: 'warning',
    })
    const { truncateSync } = await import('node:fs')
    truncateSync(join(ws.dir, '.floe/packs', packs()[0]!), 20)
    await using again = await openWorkspace(ws.dir)
    const broken = (await doctor(again, { homeDir })).find(({ check }) => check === 'workspace')
    expect(broken).toMatchObject({ state: 'problem' })
    expect(broken!.advice).toMatch(/floe/)
  })
})
