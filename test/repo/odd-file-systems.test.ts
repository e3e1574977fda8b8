/** What happens on file systems, and to files, that are not as one would like; `src/worktree/README.md` says so in words. */

import { describe, expect, it } from 'vitest'
import { createManualClock } from '../../src/base/clock.ts'
import { createBranch } from '../../src/repo/branch.ts'
import { merge } from '../../src/repo/merge.ts'
import { move } from '../../src/repo/mv.ts'
import { reset } from '../../src/repo/reset.ts'
import { restore } from '../../src/repo/restore.ts'
import { statusOf } from '../../src/repo/status.ts'
import { switchTo } from '../../src/repo/switch.ts'
import { FileSystemError } from '../../src/store/file-system.ts'
import { openWorkspace } from '../../src/store/workspace.ts'
import { foldedPath } from '../../src/worktree/folding.ts'
import type { CrashFs } from '../faults/crash-fs.ts'
import { foldingFs } from '../faults/folding-fs.ts'
import { expectDeepFolders } from './deep-folders.ts'
import { versionOf } from './every-cut.ts'
import { filesIn, memoryWorkspace, ROOT, writeTo } from './memory-workspace.ts'
import { author, codeOf } from './temporary-workspace.ts'

const CASE = { byCase: true, byComposition: false }
const COMPOSITION = { byCase: false, byComposition: true }

/** A version made where names do not fold, opened where they do. */
async function opened(fs: CrashFs, folding: typeof CASE) {
  return openWorkspace(ROOT, {
    fs: foldingFs(fs, (name) => foldedPath(name, folding)),
    clock: createManualClock(1_800_000_000_000),
  })
}

describe('a file system that folds names', () => {
  it.each([
    ['case', CASE, 'd/name', 'D/Name'],
    ['composition', COMPOSITION, 'caf\u00e9', 'cafe\u0301'],
  ])('by %s gets no version that has both, with nothing written', async (_, folding, one, other) => {
    const ws = await memoryWorkspace()
    ws.write('plain', 'p')
    await ws.commitAll('plain')
    await createBranch(ws.workspace, { name: 'both' })
    await switchTo(ws.workspace, { target: 'both' })
    ws.write(one, '1')
    ws.write(other, '2')
    expect((await ws.commitAll('both')).warnings).toHaveLength(1)
    await switchTo(ws.workspace, { target: 'main' })
    await ws.close()
    await using workspace = await opened(ws.fs, folding)
    await expect(switchTo(workspace, { target: 'both' })).rejects.toMatchObject({
      code: 'WORKTREE_NAME_COLLISION',
      exitCode: 13,
    })
    expect(filesIn(ws.fs)).toEqual({ plain: 'p' })
    expect(workspace.refs.readHead()).toEqual({ $kind: 'branch', branch: 'main' })
  })

  it('gets a file under its new spelling when only that changed, and back', async () => {
    const ws = await memoryWorkspace()
    ws.write('readme', 'same')
    ws.write('changed', '1')
    await ws.commitAll('lower')
    await createBranch(ws.workspace, { name: 'upper' })
    await switchTo(ws.workspace, { target: 'upper' })
    for (const path of ['readme', 'changed']) ws.remove(path)
    ws.write('README', 'same')
    ws.write('Changed', '2')
    await ws.commitAll('upper')
    await switchTo(ws.workspace, { target: 'main' })
    await ws.close()
    await using workspace = await opened(ws.fs, CASE)
    await switchTo(workspace, { target: 'upper' })
    expect(filesIn(ws.fs)).toEqual({ README: 'same', Changed: '2' })
    expect((await statusOf(workspace)).clean).toBe(true)
    await switchTo(workspace, { target: 'main' })
    expect(filesIn(ws.fs)).toEqual({ readme: 'same', changed: '1' })
    await move(workspace, { sources: ['readme'], destination: 'ReadMe' })
    expect(filesIn(ws.fs)).toEqual({ ReadMe: 'same', changed: '1' })
    expect((await statusOf(workspace)).unstaged).toEqual([])
    // Local changes are not lost under another spelling.
    await reset(workspace, { mode: 'hard' })
    writeTo(ws.fs, 'changed', 'edited')
    expect(await codeOf(switchTo(workspace, { target: 'upper' }))).toBe('WORKTREE_WOULD_OVERWRITE')
    expect(filesIn(ws.fs)).toMatchObject({ changed: 'edited' })
  })
})

describe('line ends', () => {
  it('are never converted, neither on the way in nor out, and a merge keeps them', async () => {
    const ws = await memoryWorkspace()
    const text = 'one\r\ntwo\r\nthree\r\nfour\r\nfive\n'
    ws.write('t', text)
    ws.write('.floeignore', 'ignored\r\n*.tmp\r\n')
    ws.write('ignored', 'x')
    ws.write('a.tmp', 'x')
    await ws.commitAll('base')
    expect(await versionOf(ws.workspace, 'HEAD')).toEqual({ t: text, '.floeignore': 'ignored\r\n*.tmp\r\n' })
    await createBranch(ws.workspace, { name: 'dev' })
    ws.write('t', text.replace('one', 'ONE'))
    await ws.commitAll('ours')
    await switchTo(ws.workspace, { target: 'dev' })
    expect(ws.files().t).toBe(text)
    ws.write('t', text.replace('five', 'FIVE'))
    await ws.commitAll('theirs')
    await merge(ws.workspace, { revision: 'main', author })
    expect(ws.files().t).toBe('ONE\r\ntwo\r\nthree\r\nfour\r\nFIVE\n')
    // Another line end is another content.
    ws.write('t', ws.files().t!.replaceAll('\r', ''))
    expect((await statusOf(ws.workspace)).unstaged.map(({ path }) => path)).toEqual(['t'])
    await ws.close()
  })
})

describe('files that become something else', () => {
  it('folders and files that take each other’s place are staged, committed and brought back', async () => {
    const ws = await memoryWorkspace()
    ws.write('d/x', 'x')
    ws.write('f', 'f')
    await ws.commitAll('base')
    ws.remove('d/x')
    ws.write('d', 'now a file')
    ws.remove('f')
    ws.write('f/deep/y', 'y')
    await ws.commitAll('swapped')
    expect(await versionOf(ws.workspace, 'HEAD')).toEqual({ d: 'now a file', 'f/deep/y': 'y' })
    await switchTo(ws.workspace, { target: 'HEAD~1', detach: true })
    expect(ws.files()).toEqual({ 'd/x': 'x', f: 'f' })
    await switchTo(ws.workspace, { target: '-' })
    expect(ws.files()).toEqual({ d: 'now a file', 'f/deep/y': 'y' })
    expect((await statusOf(ws.workspace)).clean).toBe(true)
    await ws.close()
  })
})

describe('a folder that may not be written to', () => {
  it('stops a switch with a code, HEAD where it was, and the same command goes on once it may', async () => {
    const ws = await memoryWorkspace()
    ws.write('a', '1')
    ws.write('locked/b', '1')
    await ws.commitAll('one')
    await createBranch(ws.workspace, { name: 'dev' })
    await switchTo(ws.workspace, { target: 'dev' })
    ws.write('a', '2')
    ws.write('locked/b', '2')
    await ws.commitAll('two')
    await ws.close()
    let isLocked = true
    const refuse = (operation: string, path: string) => {
      if (isLocked && path.startsWith(`${ROOT}/locked/`)) throw new FileSystemError('EACCES', operation, path)
    }
    const { fs } = ws
    const locked = new Proxy(fs, {
      get(target, name) {
        const value = Reflect.get(target, name)
        if (typeof value !== 'function') return value
        return (...args: unknown[]) => {
          if (name === 'unlink') refuse('unlink', args[0] as string)
          if (name === 'open' && args[1] !== 'read') refuse('open', args[0] as string)
          if (name === 'rename' || name === 'link') refuse('rename', args[1] as string)
          return value.apply(target, args)
        }
      },
    })
    await using workspace = await openWorkspace(ROOT, { fs: locked, clock: createManualClock(1_800_000_000_000) })
    await expect(switchTo(workspace, { target: 'main' })).rejects.toMatchObject({
      code: 'STORE_IO',
      data: { errno: 'EACCES' },
    })
    expect(workspace.refs.readHead()).toEqual({ $kind: 'branch', branch: 'dev' })
    expect(await codeOf(restore(workspace, { paths: ['locked'], source: 'main' }))).toBe('STORE_IO')
    isLocked = false
    await switchTo(workspace, { target: 'main' })
    expect(filesIn(fs)).toEqual({ a: '1', 'locked/b': '1' })
    expect((await statusOf(workspace)).clean).toBe(true)
  })
})

describe('deep folders', () => {
  it('work, and a path longer than there can be is named as a problem', () =>
    expectDeepFolders(300, `${'e'.repeat(250)}/`.repeat(17)))
})
