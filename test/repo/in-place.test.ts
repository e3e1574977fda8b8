/** Files that hold their contents themselves: nothing of a version is ever destroyed by a command of ours, and what people do
 *  to the files is noticed. */

import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { add } from '../../src/repo/add.ts'
import { createBundle } from '../../src/repo/bundle.ts'
import { commit } from '../../src/repo/commit.ts'
import { setConfig } from '../../src/repo/config.ts'
import { diskUsage } from '../../src/repo/du.ts'
import { fsck } from '../../src/repo/fsck.ts'
import { gc } from '../../src/repo/gc.ts'
import { move } from '../../src/repo/mv.ts'
import { reset } from '../../src/repo/reset.ts'
import { restore } from '../../src/repo/restore.ts'
import { remove } from '../../src/repo/rm.ts'
import { statusOf } from '../../src/repo/status.ts'
import { switchTo } from '../../src/repo/switch.ts'
import { verifyLocal } from '../../src/repo/verify-local.ts'
import { isAsListed } from '../../src/store/held-list.ts'
import { versionOf } from './every-cut.ts'
import { large } from './large-bytes.ts'
import { type MemoryWorkspace, memoryWorkspace } from './memory-workspace.ts'
import { author, codeOf, temporaryWorkspace } from './temporary-workspace.ts'

const IN_PLACE = 32 * 1024

async function commitInPlace(ws: MemoryWorkspace, message: string) {
  ws.tick(1000)
  ws.fs.nowNs += 1_000_000_000n
  await add(ws.workspace, { all: true, inPlace: IN_PLACE })
  return commit(ws.workspace, { message, author })
}

const bytesBelow = (ws: MemoryWorkspace, dir: string) =>
  [...ws.fs.contents(`/ws/.floe/${dir}`).values()].reduce((sum, { length }) => sum + length, 0)

describe('a file committed in place', () => {
  it('is not copied, and everything can be read from it', async () => {
    const ws = await memoryWorkspace()
    const contents = large(1)
    ws.write('big', contents)
    ws.write('small', 'text')
    await commitInPlace(ws, 'one')
    expect(bytesBelow(ws, 'packs')).toBeLessThan(20_000)
    expect((await versionOf(ws.workspace, 'HEAD')).big).toBe(contents.toString())
    await verifyLocal(ws.workspace, { full: true })
  })

  it('is moved aside when a switch takes its place, and put back when it returns', async () => {
    const ws = await memoryWorkspace()
    ws.write('keep', 'x')
    await ws.commitAll('base')
    await switchTo(ws.workspace, { target: 'dev', create: true })
    const contents = large(2)
    ws.write('big', contents)
    await commitInPlace(ws, 'big')
    await switchTo(ws.workspace, { target: 'main' })
    expect(Object.keys(ws.files())).toEqual(['keep'])
    expect((await versionOf(ws.workspace, 'dev')).big).toBe(contents.toString())
    expect(bytesBelow(ws, 'packs')).toBeLessThan(20_000)
    await switchTo(ws.workspace, { target: 'dev' })
    expect(ws.files().big).toBe(contents.toString('latin1'))
    // One copy: it is the file again.
    expect(bytesBelow(ws, 'held')).toBeLessThan(3000)
    await verifyLocal(ws.workspace, { full: true })
  })

  it('survives restore, rm and mv', async () => {
    const ws = await memoryWorkspace()
    const [one, two] = [large(3), large(4)]
    ws.write('big', one)
    await commitInPlace(ws, 'one')
    ws.write('d/other', two)
    await commitInPlace(ws, 'two')
    await move(ws.workspace, { sources: ['d'], destination: 'e' })
    await commit(ws.workspace, { message: 'moved', author })
    await remove(ws.workspace, { paths: ['big'] })
    await commit(ws.workspace, { message: 'removed', author })
    expect(Object.keys(ws.files())).toEqual(['e/other'])
    await verifyLocal(ws.workspace, { full: true })
    await restore(ws.workspace, { paths: ['big'], source: 'HEAD~3' })
    expect(ws.files().big).toBe(one.toString('latin1'))
    expect(ws.files()['e/other']).toBe(two.toString('latin1'))
    await verifyLocal(ws.workspace, { full: true })
    expect(bytesBelow(ws, 'packs')).toBeLessThan(20_000)
  })

  it('is said to be lost when somebody overwrote it, and never read wrongly', async () => {
    const ws = await memoryWorkspace()
    ws.write('big', large(5))
    await commitInPlace(ws, 'one')
    ws.write('big', large(6))
    expect(await codeOf(versionOf(ws.workspace, 'HEAD'))).toBe('STORE_HELD_LOST')
    expect(await codeOf(verifyLocal(ws.workspace))).toBe('STORE_HELD_LOST')
    expect(await codeOf(restore(ws.workspace, { paths: ['big'] }))).toBe('STORE_HELD_LOST')
    const again = await add(ws.workspace, { all: true, inPlace: IN_PLACE })
    expect(again.warnings[0]?.code).toBe('IN_PLACE_LOST')
    // Whoever misses it is still told where it was.
    expect(await codeOf(versionOf(ws.workspace, 'HEAD'))).toBe('STORE_HELD_LOST')
    // And a file that comes back is as good as ever.
    ws.write('big', large(5))
    expect(await codeOf(versionOf(ws.workspace, 'HEAD'))).toBe('none')
  })

  it('goes on holding an earlier version that it begins with', async () => {
    const ws = await memoryWorkspace()
    const first = large(7)
    ws.write('log', first)
    await commitInPlace(ws, 'one')
    const more = Buffer.concat([first, large(8, 100_000)])
    ws.write('log', more)
    await commitInPlace(ws, 'two')
    expect((await versionOf(ws.workspace, 'HEAD~1')).log).toBe(first.toString())
    expect((await versionOf(ws.workspace, 'HEAD')).log).toBe(more.toString())
    await verifyLocal(ws.workspace, { full: true })
  })
})

describe('on the real disk', () => {
  it('large files are read by threads, and hold or share their bytes, whichever the file system can', async () => {
    const ws = await temporaryWorkspace()
    try {
      const [one, two] = [large(20, 9 * 2 ** 20), large(21, 2 ** 20)]
      ws.write('one', one)
      ws.write('d/two', two)
      const staged = await add(ws.workspace, { all: true, inPlace: 2 ** 20 })
      expect(staged.inPlace.map(({ path }) => path).sort()).toEqual(['d/two', 'one'])
      expect(staged.newBytes).toBeLessThan(10_000)
      await commit(ws.workspace, { message: 'one', author })
      await verifyLocal(ws.workspace, { full: true })
      const isShared = staged.inPlace[0]!.isCopied
      expect((await diskUsage(ws.workspace)).inPlace.copies).toBe(isShared ? 2 : 0)
      // Overwritten where it stands, as a program would do it that knows nothing of Floe.
      writeFileSync(join(ws.dir, 'one'), large(22, 9 * 2 ** 20))
      expect(await codeOf(versionOf(ws.workspace, 'HEAD'))).toBe(isShared ? 'none' : 'STORE_HELD_LOST')
      const { inPlace } = await statusOf(ws.workspace)
      expect(inPlace).toEqual(isShared ? [] : [{ path: 'one', state: 'changed' }])
      writeFileSync(join(ws.dir, 'one'), one)
      await move(ws.workspace, { sources: ['d/two'], destination: 'two' })
      await remove(ws.workspace, { paths: ['one'] })
      await restore(ws.workspace, { paths: ['one'], staged: true, worktree: true, source: 'HEAD' })
      expect(readFileSync(join(ws.dir, 'one')).equals(one)).toBe(true)
      expect(readFileSync(join(ws.dir, 'two')).equals(two)).toBe(true)
      await verifyLocal(ws.workspace, { full: true })
      if (isShared) return
      // Killed after the file got a second name and before its place was taken: somebody may change it by the first.
      await ws.workspace.store.keeper.keep('two')
      expect((await statusOf(ws.workspace)).inPlace).toEqual([])
      const changed = openSync(join(ws.dir, 'two'), 'r+')
      writeSync(changed, 'x', 500_000)
      closeSync(changed)
      expect((await statusOf(ws.workspace)).inPlace).toEqual([{ path: 'two', state: 'changed' }])
      expect(await codeOf(verifyLocal(ws.workspace, { full: true }))).toBe('STORE_HELD_LOST')
    } finally {
      await ws.close()
    }
  })
})

describe('files that hold their contents', () => {
  it('are not read again to find out that a new name or mode has changed nothing in them', async () => {
    const ws = await memoryWorkspace()
    ws.write('big', large(70))
    await commitInPlace(ws, 'one')
    await move(ws.workspace, { sources: ['big'], destination: 'moved' })
    ws.fs.nowNs += 1_000_000_000n
    expect((await statusOf(ws.workspace)).inPlace).toEqual([])
    const { held } = ws.workspace.store
    const [list] = await held.lists()
    expect(list!.facts.path).toBe('moved')
    expect(isAsListed(list!, held.statOf(list!))).toBe(true)
  })

  it('a setting does it for every commit from a size on', async () => {
    const ws = await memoryWorkspace()
    await setConfig(ws.workspace, 'store.inPlace', '1MiB')
    ws.write('big', large(30, 2 ** 20))
    ws.write('small', large(31, 2 ** 19))
    const { inPlace, newBytes } = await add(ws.workspace, { all: true })
    expect(inPlace.map(({ path }) => path)).toEqual(['big'])
    expect(newBytes).toBeGreaterThan(2 ** 19)
    await setConfig(ws.workspace, 'store.inPlace', '1KiB')
    expect(await codeOf(add(ws.workspace, { all: true }))).toBe('IN_PLACE_SMALL')
    await setConfig(ws.workspace, 'store.inPlace', 'much')
    expect(await codeOf(add(ws.workspace, { all: true }))).toBe('SIZE_MALFORMED')
  })

  it.each([
    ['add', (ws: MemoryWorkspace) => add(ws.workspace, { paths: ['big'], inPlace: IN_PLACE })],
    ['a commit', (ws: MemoryWorkspace) => commit(ws.workspace, { message: 'x', author, add: true, inPlace: IN_PLACE })],
  ])(
    'a list that is damaged stops what would replace files, until fsck sets it aside and %s records them anew',
    async (verb, record) => {
      const ws = await memoryWorkspace()
      const contents = large(40)
      ws.write('big', contents)
      await commitInPlace(ws, 'one')
      ws.write('text', 'x')
      await commitInPlace(ws, 'two')
      const path = [...ws.fs.contents('/ws/.floe/held').keys()].find((name) => name.endsWith('.list'))!
      const bytes = ws.fs.readFile(path, 1e6)
      bytes[100]! ^= 1
      ws.fs.unlink(path)
      const file = ws.fs.open(path, 'create')
      file.write(bytes)
      file.close()
      ws.workspace.store.close()
      expect(await codeOf(reset(ws.workspace, { revision: 'HEAD~1', mode: 'hard' }))).toBe('STORE_HELD_CORRUPT')
      expect(await codeOf(gc(ws.workspace, { graceMs: 0 }))).toBe('STORE_HELD_CORRUPT')
      expect(await codeOf(fsck(ws.workspace))).toBe('STORE_HELD_CORRUPT')
      expect((await statusOf(ws.workspace)).problems.map(({ code }) => code)).toEqual(['STORE_HELD_CORRUPT'])
      const repaired = await fsck(ws.workspace, { repair: true }).catch((error: unknown) => error)
      expect(repaired).toMatchObject({ code: 'FSCK_MISSING', data: { paths: ['big'] } })
      expect((repaired as { hints: string[] }).hints[0]).toContain('floe add --in-place PATH')
      if (verb === 'add') expect((await record(ws)).inPlace).toHaveLength(1)
      else expect(await codeOf(record(ws))).toBe('COMMIT_NOTHING_STAGED')
      expect((await fsck(ws.workspace, { full: true })).report.ok).toBe(true)
      expect((await statusOf(ws.workspace)).clean).toBe(true)
    },
  )

  it('what nothing refers to any more is forgotten by gc, and Floe’s copy of it deleted', async () => {
    const ws = await memoryWorkspace()
    ws.write('text', 'x')
    await ws.commitAll('base')
    ws.write('big', large(50))
    await commitInPlace(ws, 'big')
    await reset(ws.workspace, { revision: 'HEAD~1', mode: 'hard' })
    expect(bytesBelow(ws, 'held')).toBeGreaterThan(300_000)
    ws.tick(1000)
    expect((await gc(ws.workspace, { graceMs: 0 })).inPlace.files).toBe(0)
    const dry = await gc(ws.workspace, { graceMs: 0, reflogMs: 0, dryRun: true })
    expect(dry.inPlace).toEqual({ files: 1, bytes: 300_000 })
    expect((await gc(ws.workspace, { graceMs: 0, reflogMs: 0 })).inPlace).toEqual({ files: 1, bytes: 300_000 })
    expect([...ws.fs.contents('/ws/.floe/held').keys()].filter((path) => !path.endsWith('.midx'))).toEqual([])
  })

  it('a bundle holds what the file holds, and says so if it holds it no more', async () => {
    const ws = await memoryWorkspace()
    ws.write('big', large(60))
    await commitInPlace(ws, 'one')
    await createBundle(ws.workspace, { path: '/ws/all.bundle' })
    expect(ws.fs.stat('/ws/all.bundle')!.bytes).toBeGreaterThan(300_000)
    expect(await codeOf(createBundle(ws.workspace, { path: '/ws/big', force: true }))).toBe('BUNDLE_IN_PLACE')
    ws.write('big', large(61))
    ws.workspace.store.close()
    expect(await codeOf(createBundle(ws.workspace, { path: '/ws/more.bundle' }))).toBe('STORE_HELD_LOST')
  })
})
