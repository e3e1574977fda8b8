import { describe, expect, it } from 'vitest'
import { add } from '../../src/repo/add.ts'
import { createBranch } from '../../src/repo/branch.ts'
import { commit } from '../../src/repo/commit.ts'
import { initWorkspace } from '../../src/repo/init.ts'
import { merge } from '../../src/repo/merge.ts'
import { reset } from '../../src/repo/reset.ts'
import { abortOperation, continueOperation, resolveConflicts } from '../../src/repo/resolve.ts'
import { listStashes, popStash, pushStash } from '../../src/repo/stash.ts'
import { statusOf } from '../../src/repo/status.ts'
import { switchTo } from '../../src/repo/switch.ts'
import type { Workspace } from '../../src/store/workspace.ts'
import { CrashFs } from '../faults/crash-fs.ts'
import { atEveryCut, bootedProcess, openAt as open, versionOf } from './every-cut.ts'
import { filesIn as filesOf, writeTo as put, ROOT } from './memory-workspace.ts'
import { author } from './temporary-workspace.ts'

const OURS = { text: 'ONE\ntwo\nthree\n', table: 'ours\n', own: 'o' }

/** `dev` and `main` conflict in `table` and merge in all else. */
async function parted(): Promise<CrashFs> {
  const fs = new CrashFs()
  fs.makeDirectory(ROOT)
  await initWorkspace(ROOT, { fs, processes: bootedProcess(0) })
  await using workspace = await open(fs, 0)
  const record = async (message: string) => {
    await add(workspace, { all: true })
    return commit(workspace, { message, author })
  }
  put(fs, 'text', 'one\ntwo\nthree\n')
  put(fs, 'table', 'base\n')
  await record('base')
  await createBranch(workspace, { name: 'dev' })
  await switchTo(workspace, { target: 'dev' })
  put(fs, 'text', 'one\ntwo\nTHREE\n')
  put(fs, 'table', 'theirs\n')
  put(fs, 'new/file', 'n')
  await record('theirs')
  await switchTo(workspace, { target: 'main' })
  for (const [path, text] of Object.entries(OURS)) put(fs, path, text)
  await record('ours')
  return fs.clone()
}

const startMerge = (workspace: Workspace) => merge(workspace, { revision: 'dev', author })
const settle = async (workspace: Workspace) => {
  await resolveConflicts(workspace, { kind: 'merge', paths: ['table'], with: 'theirs' })
  await continueOperation(workspace, { kind: 'merge' })
}
const MERGED = { text: 'ONE\ntwo\nTHREE\n', table: 'theirs\n', own: 'o', 'new/file': 'n' }

describe('a power cut', () => {
  it('while a merge begins: it can be repeated or continued to the end, or undone to what was before', async () => {
    const start = await parted()
    await atEveryCut(start, 3, startMerge, async (workspace, fs, where) => {
      const { operation } = await statusOf(workspace)
      const isUndone = operation !== null && where.endsWith('seed 1')
      if (isUndone) {
        await abortOperation(workspace, { kind: 'merge' })
        expect(filesOf(fs), where).toEqual(OURS)
        expect((await statusOf(workspace)).clean, where).toBe(true)
      } else {
        if (!operation) await startMerge(workspace)
        await settle(workspace)
        // As with git, files that were just written may be lost with the power; their version has them.
        await reset(workspace, { mode: 'hard' })
        expect(filesOf(fs), where).toEqual(MERGED)
        expect(await versionOf(workspace, 'HEAD'), where).toEqual(MERGED)
        expect((await statusOf(workspace)).clean, where).toBe(true)
      }
    })
  })

  it('while conflicts are settled and recorded: the same commands finish it', async () => {
    const start = await parted()
    await using workspace = await open(start, 0)
    await startMerge(workspace)
    await atEveryCut(start.clone(), 3, settle, async (found, fs, where) => {
      const { operation } = await statusOf(found)
      if (operation) await settle(found)
      else await reset(found, { mode: 'hard' })
      expect(await versionOf(found, 'HEAD'), where).toEqual(MERGED)
      expect(filesOf(fs), where).toEqual(MERGED)
      // Cut off between the branch and staging: what is staged is what HEAD has.
      expect((await statusOf(found)).staged, where).toEqual([])
    })
  })

  it('during reset --soft never shows more or less as staged than there is', async () => {
    const start = await parted()
    await using workspace = await open(start, 0)
    put(start, 'own', 'staged')
    await add(workspace, { paths: ['own'] })
    const soft = (found: Workspace) => reset(found, { revision: 'HEAD~1', mode: 'soft' })
    const before = workspace.refs.headCommit()
    await atEveryCut(start.clone(), 1, soft, async (found, _fs, where) => {
      const isMoved = found.refs.headCommit() !== before
      const staged = (await statusOf(found)).staged.map(({ path }) => path)
      expect(staged, where).toEqual(isMoved ? ['own', 'table', 'text'] : ['own'])
    })
  })

  it('while changes are put aside or brought back: they are in the files, in the stash, or in both', async () => {
    const start = await parted()
    put(start, 'own', 'edited')
    const stashed = async (found: Workspace) => {
      await pushStash(found, { author })
      await popStash(found)
    }
    await atEveryCut(start.clone(), 4, stashed, async (found, fs, where) => {
      const stashes = await listStashes(found)
      const isHere = filesOf(fs).own === 'edited'
      expect(isHere || stashes.length > 0, where).toBe(true)
      if (isHere) return
      await reset(found, { mode: 'hard' })
      await popStash(found)
      expect(filesOf(fs), where).toEqual({ ...OURS, own: 'edited' })
    })
  })
})
