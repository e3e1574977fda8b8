import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { add } from '../../src/repo/add.ts'
import { merge } from '../../src/repo/merge.ts'
import { reset } from '../../src/repo/reset.ts'
import { abortOperation, continueOperation, resolveConflicts } from '../../src/repo/resolve.ts'
import { restore } from '../../src/repo/restore.ts'
import { remove } from '../../src/repo/rm.ts'
import { statusOf } from '../../src/repo/status.ts'
import { switchTo } from '../../src/repo/switch.ts'
import { type MemoryWorkspace, memoryWorkspace } from './memory-workspace.ts'
import { author, codeOf } from './temporary-workspace.ts'

let ws: MemoryWorkspace

/** `both` was changed on two sides, `ours-gone` and `theirs-gone` deleted on one and changed on the other. */
beforeEach(async () => {
  ws = await memoryWorkspace()
  for (const path of ['both', 'ours-gone', 'theirs-gone', 'dir/gone']) ws.write(path, 'base\n')
  await ws.commitAll('base')
  await switchTo(ws.workspace, { target: 'dev', create: true })
  for (const path of ['both', 'ours-gone', 'dir/gone']) ws.write(path, 'theirs\n')
  ws.remove('theirs-gone')
  await ws.commitAll('theirs')
  await switchTo(ws.workspace, { target: 'main' })
  for (const path of ['both', 'theirs-gone']) ws.write(path, 'ours\n')
  for (const path of ['ours-gone', 'dir/gone']) ws.remove(path)
  await ws.commitAll('ours')
  await merge(ws.workspace, { revision: 'dev', author })
})
afterEach(() => ws.close())

const open = async () => {
  const { operation } = await statusOf(ws.workspace)
  return operation?.conflicts.filter(({ resolved }) => resolved === null).map(({ path }) => path)
}
const abort = () => abortOperation(ws.workspace, { kind: 'merge' })
const ALL = ['both', 'dir/gone', 'ours-gone', 'theirs-gone']

describe('a conflict', () => {
  it('tells which side deleted the file, and shows what is there of it', async () => {
    const { operation } = await statusOf(ws.workspace)
    expect(operation?.conflicts.map(({ path, deletedBy }) => [path, deletedBy])).toEqual([
      ['both', null],
      ['dir/gone', 'ours'],
      ['ours-gone', 'ours'],
      ['theirs-gone', 'theirs'],
    ])
    expect(ws.files()).toMatchObject({ 'ours-gone': 'theirs\n', 'dir/gone': 'theirs\n', 'theirs-gone': 'ours\n' })
  })

  it('is settled by adding the file as it is, or where there is none any more', async () => {
    ws.write('both', 'settled\n')
    expect((await add(ws.workspace, { paths: ['both'] })).settled).toEqual({
      kind: 'merge',
      paths: ['both'],
      marked: [],
      open: 3,
    })
    // As HEAD has it: nothing is staged, and all the same it is decided.
    expect((await add(ws.workspace, { paths: ['theirs-gone'] })).settled).toMatchObject({ open: 2 })
    ws.remove('ours-gone')
    expect((await add(ws.workspace, { paths: ['ours-gone'] })).settled).toMatchObject({ open: 1 })
    expect((await add(ws.workspace, { paths: ['dir'] })).settled).toMatchObject({ paths: ['dir/gone'], open: 0 })
    expect(await open()).toEqual([])
    await continueOperation(ws.workspace, { kind: 'merge' })
    expect(ws.files()).toEqual({ both: 'settled\n', 'dir/gone': 'theirs\n', 'theirs-gone': 'ours\n' })
    expect((await statusOf(ws.workspace)).clean).toBe(true)
  })

  it('is settled with its markers where that is asked for, and says so', async () => {
    const { settled } = await add(ws.workspace, { paths: [''] })
    expect(settled).toMatchObject({ paths: ALL, marked: ['both'], open: 0 })
  })

  it('is not settled by what does not take it', async () => {
    ws.remove('theirs-gone')
    // Adding a folder stages no deletions, and -u nothing that is not tracked.
    await add(ws.workspace, { paths: [''], dryRun: true })
    expect(await open()).toEqual(ALL)
    await add(ws.workspace, { update: true })
    expect(await open()).toEqual(['dir/gone', 'ours-gone'])
  })

  it('is settled by removing the file, of either side', async () => {
    const { removed, settled, lost } = await remove(ws.workspace, {
      paths: ['ours-gone', 'both', 'dir'],
      recursive: true,
    })
    expect(removed).toEqual(['both', 'dir/gone', 'ours-gone'])
    expect([settled?.open, lost]).toEqual([1, []])
    expect(await open()).toEqual(['theirs-gone'])
    expect(ws.files()).toEqual({ 'theirs-gone': 'ours\n' })
  })

  it('says what of an edited file is lost by removing it', async () => {
    ws.write('ours-gone', 'edited\n')
    expect((await remove(ws.workspace, { paths: ['ours-gone'] })).lost).toEqual(['ours-gone'])
  })

  it('is open again once what was staged is taken back', async () => {
    await resolveConflicts(ws.workspace, { kind: 'merge', paths: [''], with: 'theirs' })
    expect(await open()).toEqual([])
    await restore(ws.workspace, { paths: ['both', 'theirs-gone'], staged: true })
    expect(await open()).toEqual(['both', 'theirs-gone'])
    expect(await codeOf(continueOperation(ws.workspace, { kind: 'merge' }))).toBe('MERGE_UNRESOLVED')
  })
})

describe('a merge that is given up', () => {
  it('leaves nothing of it, and has lost nothing', async () => {
    await resolveConflicts(ws.workspace, { kind: 'merge', paths: ['both'], with: 'theirs' })
    expect((await abort()).lost).toEqual([])
    expect(ws.files()).toEqual({ both: 'ours\n', 'theirs-gone': 'ours\n' })
  })

  it('names what was edited or staged since, and is nowhere else', async () => {
    ws.write('both', 'edited\n')
    ws.write('ours-gone', 'staged\n')
    await add(ws.workspace, { paths: ['ours-gone'] })
    ws.write('ours-gone', 'edited, too\n')
    ws.write('new', 'staged, and it stays\n')
    await add(ws.workspace, { paths: ['new'] })
    expect((await abort()).lost).toEqual(['both', 'ours-gone'])
    expect(ws.files()).toEqual({ both: 'ours\n', 'theirs-gone': 'ours\n', new: 'staged, and it stays\n' })
  })

  it('goes with reset --hard, which leaves no file of it and calls no marker lost', async () => {
    ws.write('theirs-gone', 'edited\n')
    expect(await reset(ws.workspace, { mode: 'hard' })).toMatchObject({ ended: 'merge', lost: ['theirs-gone'] })
    expect(ws.files()).toEqual({ both: 'ours\n', 'theirs-gone': 'ours\n' })
    expect((await statusOf(ws.workspace)).clean).toBe(true)
  })
})

describe('rm --cached', () => {
  it('refuses to drop staged contents that only staging has, unless forced', async () => {
    await abort()
    ws.write('both', 'staged\n')
    await add(ws.workspace, { paths: ['both'] })
    ws.write('both', 'edited\n')
    expect(await codeOf(remove(ws.workspace, { paths: ['both'], cached: true }))).toBe('REMOVE_REFUSED')
    ws.write('both', 'staged\n')
    await remove(ws.workspace, { paths: ['both'], cached: true })
    await add(ws.workspace, { paths: ['both'] })
    ws.remove('both')
    expect(await codeOf(remove(ws.workspace, { paths: ['both'], cached: true }))).toBe('REMOVE_REFUSED')
    expect((await remove(ws.workspace, { paths: ['both'], cached: true, force: true })).removed).toEqual(['both'])
  })
})
