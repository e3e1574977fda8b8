/** Power cuts during rebases. */

import { describe, expect, it } from 'vitest'
import { createBranch } from '../../src/repo/branch.ts'
import { logOf } from '../../src/repo/log.ts'
import { rebase } from '../../src/repo/rebase.ts'
import { abortRebase, continueRebase, skipRebase } from '../../src/repo/rebase-resume.ts'
import { reset } from '../../src/repo/reset.ts'
import { resolveConflicts } from '../../src/repo/resolve.ts'
import { statusOf } from '../../src/repo/status.ts'
import { switchTo } from '../../src/repo/switch.ts'
import type { Workspace } from '../../src/store/workspace.ts'
import type { CrashFs } from '../faults/crash-fs.ts'
import { atEveryCut, openAt, versionOf } from './every-cut.ts'
import { filesIn, memoryWorkspace } from './memory-workspace.ts'

/** Three commits on `dev`, of which the second conflicts with `main` in `table`. */
async function parted(): Promise<{ start: CrashFs; mine: string }> {
  const ws = await memoryWorkspace()
  const { workspace, fs } = ws
  ws.write('table', 'base\n')
  ws.write('kept', 'k')
  await ws.commitAll('base')
  await createBranch(workspace, { name: 'dev' })
  ws.write('table', 'upstream\n')
  ws.write('theirs', 't')
  await ws.commitAll('upstream')
  await switchTo(workspace, { target: 'dev' })
  for (const [path, contents] of [['first', '1'] as const, ['table', 'mine\n'] as const, ['last', '3'] as const]) {
    ws.write(path, contents)
    await ws.commitAll(path)
  }
  const mine = workspace.refs.headCommit()!
  await ws.close()
  return { start: fs.clone(), mine }
}

const MINE = { table: 'mine\n', kept: 'k', first: '1', last: '3' }
const DONE = { ...MINE, theirs: 't' }

const begin = (workspace: Workspace) => rebase(workspace, { upstream: 'main' })
const settle = async (workspace: Workspace) => {
  await resolveConflicts(workspace, { kind: 'rebase', paths: ['table'], with: 'theirs' })
  await continueRebase(workspace)
}

async function expectDone(workspace: Workspace, fs: CrashFs, where: string, files: Record<string, string> = DONE) {
  expect(workspace.refs.readHead(), where).toEqual({ $kind: 'branch', branch: 'dev' })
  const { operation, staged } = await statusOf(workspace)
  expect({ operation, staged }, where).toEqual({ operation: null, staged: [] })
  expect(await versionOf(workspace, 'HEAD'), where).toEqual(files)
  await reset(workspace, { mode: 'hard' })
  // A deleted file may come back with a power cut, as with git; none may be missing or torn.
  expect(filesIn(fs), where).toMatchObject(files)
}

/** From wherever it was cut off to the end, with the commands a person would type. */
async function goOn(workspace: Workspace, mine: string): Promise<void> {
  const isDone = (await logOf(workspace, {})).some(({ message }) => message === 'upstream')
  const { operation } = await statusOf(workspace)
  if (operation && operation.conflicts.length === 0) await continueRebase(workspace)
  else if (operation) await settle(workspace)
  else if (!isDone) {
    expect(workspace.refs.headCommit()).toBe(mine)
    await begin(workspace)
    await settle(workspace)
  }
}

/** @param stride - cuts at every so manieth step */
export function rebaseCrashTests(stride: number): void {
  describe('a power cut', () => {
    it('while a rebase stops at a conflict: it is repeated, continued, or undone to what was before', async () => {
      const { start, mine } = await parted()
      await atEveryCut(start, stride, begin, async (workspace, fs, where) => {
        expect(workspace.refs.read('heads/dev'), where).toBe(mine)
        if ((await statusOf(workspace)).operation && where.endsWith('seed 1')) {
          await abortRebase(workspace)
          await expectDone(workspace, fs, where, MINE)
        } else {
          await goOn(workspace, mine)
          await expectDone(workspace, fs, where)
        }
      })
    })

    it('while conflicts are settled and the rest is done: the same commands finish it, or undo it', async () => {
      const { start, mine } = await parted()
      await using workspace = await openAt(start, 0)
      await begin(workspace)
      await atEveryCut(start.clone(), stride, settle, async (found, fs, where) => {
        if ((await statusOf(found)).operation && where.endsWith('seed 1')) {
          await abortRebase(found)
          expect(found.refs.headCommit(), where).toBe(mine)
          await expectDone(found, fs, where, MINE)
        } else {
          await goOn(found, mine)
          await expectDone(found, fs, where)
        }
      })
    })

    it('while a commit is left out, or all is given up: the same command finishes it', async () => {
      const { start, mine } = await parted()
      await using workspace = await openAt(start, 0)
      await begin(workspace)
      const isOpen = async (found: Workspace) => (await statusOf(found)).operation !== null
      await atEveryCut(start.clone(), stride, skipRebase, async (found, fs, where) => {
        if (await isOpen(found)) await skipRebase(found)
        await expectDone(found, fs, where, { ...DONE, table: 'upstream\n' })
      })
      await atEveryCut(start.clone(), stride, abortRebase, async (found, fs, where) => {
        if (await isOpen(found)) await abortRebase(found)
        expect(found.refs.headCommit(), where).toBe(mine)
        await expectDone(found, fs, where, MINE)
      })
    })

    it('while nothing conflicts: the branch is where it was or where it shall be, and repeating it finishes it', async () => {
      const { start, mine } = await parted()
      const whole = (workspace: Workspace) => rebase(workspace, { upstream: 'main', theirs: [''] })
      await atEveryCut(start, stride, whole, async (workspace, fs, where) => {
        if ((await statusOf(workspace)).operation) await (where.endsWith('1') ? abortRebase : continueRebase)(workspace)
        if (workspace.refs.headCommit() === mine) {
          expect(await versionOf(workspace, 'HEAD'), where).toEqual(MINE)
          await whole(workspace)
        }
        await expectDone(workspace, fs, where)
      })
    })
  })
}
