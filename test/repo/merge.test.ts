import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { resolveRevision } from '../../src/history/revision.ts'
import type { ObjectId } from '../../src/objects/id.ts'
import { add } from '../../src/repo/add.ts'
import { createBranch } from '../../src/repo/branch.ts'
import { commit } from '../../src/repo/commit.ts'
import { logOf } from '../../src/repo/log.ts'
import { merge } from '../../src/repo/merge.ts'
import { cherryPick, revert } from '../../src/repo/pick.ts'
import { reset } from '../../src/repo/reset.ts'
import { abortOperation, continueOperation, resolveConflicts } from '../../src/repo/resolve.ts'
import { statusOf } from '../../src/repo/status.ts'
import { switchTo } from '../../src/repo/switch.ts'
import { verifyLocal } from '../../src/repo/verify-local.ts'
import { revisionSource } from '../../src/repo/versions.ts'
import { type MemoryWorkspace, memoryWorkspace, ROOT } from './memory-workspace.ts'
import { author, codeOf } from './temporary-workspace.ts'

const TEXT = 'one\ntwo\nthree\nfour\nfive\n'
let ws: MemoryWorkspace
let base: ObjectId
let ours: ObjectId
let theirs: ObjectId

/** `dev` and `main` have parted: text changed in different lines, a table in the same line, files of one side only. */
beforeEach(async () => {
  ws = await memoryWorkspace()
  ws.write('text', TEXT)
  ws.write('table', 'a\nb\nc\n')
  ws.write('gone', 'x')
  base = (await ws.commitAll('base')).commit
  await createBranch(ws.workspace, { name: 'dev' })
  await switchTo(ws.workspace, { target: 'dev' })
  ws.write('text', TEXT.replace('five', 'FIVE'))
  ws.write('table', 'a\ntheirs\nc\n')
  ws.write('new/theirs', 't')
  ws.write('gone', 'changed')
  theirs = (await ws.commitAll('theirs')).commit
  await switchTo(ws.workspace, { target: 'main' })
  ws.write('text', TEXT.replace('one', 'ONE'))
  ws.write('table', 'a\nours\nc\n')
  ws.write('new-ours', 'o')
  ws.remove('gone')
  ours = (await ws.commitAll('ours')).commit
})
afterEach(() => ws.close())

const head = () => ws.workspace.refs.headCommit()
const mergeDev = (more = {}) => merge(ws.workspace, { revision: 'dev', author, ...more })
const marked = 'a\n<<<<<<< HEAD\nours\n=======\ntheirs\n>>>>>>> dev\nc\n'

describe('a merge with conflicts', () => {
  it('merges and stages the rest, shows the conflicts, and commits nothing until they are settled', async () => {
    const result = await mergeDev()
    expect(result).toMatchObject({
      $kind: 'conflicts',
      conflicts: [
        { path: 'gone', kind: 'changed-deleted', resolved: null },
        { path: 'table', kind: 'both-changed', resolved: null },
      ],
    })
    expect(head()).toBe(ours)
    expect(ws.files()).toEqual({
      text: TEXT.replace('one', 'ONE').replace('five', 'FIVE'),
      table: marked,
      // Deleted here, changed there: what there is of it can be looked at.
      gone: 'changed',
      'new/theirs': 't',
      'new-ours': 'o',
    })
    const status = await statusOf(ws.workspace)
    expect(status.staged.map(({ path }) => path)).toEqual(['new/theirs', 'text'])
    expect(status.operation).toMatchObject({ kind: 'merge' })
    for (const job of [
      () => mergeDev(),
      () => commit(ws.workspace, { message: 'x', author }),
      () => switchTo(ws.workspace, { target: 'dev' }),
      () => reset(ws.workspace, { mode: 'soft' }),
    ])
      expect(await codeOf(job())).toBe('OPERATION_IN_PROGRESS')
    await expect(continueOperation(ws.workspace, { kind: 'merge' })).rejects.toMatchObject({
      code: 'MERGE_UNRESOLVED',
      data: { paths: ['gone', 'table'] },
    })
    expect(await codeOf(continueOperation(ws.workspace, { kind: 'revert' }))).toBe('OPERATION_IN_PROGRESS')
  })

  it('ends when a branch is switched to by force, and is not back once HEAD is where it began', async () => {
    for (const target of ['same', 'dev']) {
      if (target === 'same') await createBranch(ws.workspace, { name: target })
      await mergeDev()
      await resolveConflicts(ws.workspace, { kind: 'merge', paths: [''], with: 'theirs' })
      expect(await switchTo(ws.workspace, { target, force: true })).toMatchObject({ ended: 'merge' })
      expect(await switchTo(ws.workspace, { target: 'main' })).toMatchObject({ ended: null })
      // Recorded now, it would count as merged without anything of theirs.
      expect(await codeOf(continueOperation(ws.workspace, { kind: 'merge' }))).toBe('OPERATION_NONE')
      expect(head()).toBe(ours)
    }
  })

  it('does not overwrite what is edited while files are written, and says so', async () => {
    const edit = () => ws.write('text', 'precious')
    const onProgress = ({ $kind }: { $kind: string }) => void ($kind === 'checking-out' && edit())
    await expect(mergeDev({ onProgress })).rejects.toMatchObject({
      code: 'WORKTREE_WOULD_OVERWRITE',
      data: { paths: ['text'] },
    })
    expect(ws.files().text).toBe('precious')
    // Half of it is done: it is still there to be undone.
    expect((await statusOf(ws.workspace)).operation).toMatchObject({ kind: 'merge' })
    await abortOperation(ws.workspace, { kind: 'merge' })
    expect((await statusOf(ws.workspace)).clean).toBe(true)
  })

  it('does not begin where something is in the way of a folder', async () => {
    for (const put of [() => ws.write('new', 'mine'), () => ws.fs.symlink(Buffer.from('nowhere'), `${ROOT}/new`)]) {
      put()
      const before = ws.files()
      expect(await codeOf(mergeDev())).toMatch(/^WORKTREE_(WOULD_OVERWRITE|THROUGH_SYMLINK)$/)
      expect(ws.files()).toEqual(before)
      expect((await statusOf(ws.workspace)).operation).toBe(null)
      ws.remove('new')
    }
  })

  it('takes either side or the edited file per path, changes its mind, and records both parents', async () => {
    await mergeDev()
    await resolveConflicts(ws.workspace, { kind: 'merge', paths: ['gone'], with: 'theirs' })
    expect(ws.files().gone).toBe('changed')
    await resolveConflicts(ws.workspace, { kind: 'merge', paths: ['gone'], with: 'ours' })
    expect(ws.files().gone).toBeUndefined()
    await resolveConflicts(ws.workspace, { kind: 'merge', paths: ['gone'], with: 'theirs' })
    expect(await codeOf(resolveConflicts(ws.workspace, { kind: 'merge', paths: ['table'], with: 'file' }))).toBe(
      'MERGE_MARKERS_LEFT',
    )
    expect(await codeOf(resolveConflicts(ws.workspace, { kind: 'merge', paths: ['text'], with: 'ours' }))).toBe(
      'PATH_UNKNOWN',
    )
    ws.write('table', 'a\nboth\nc\n')
    await resolveConflicts(ws.workspace, { kind: 'merge', paths: ['table'], with: 'file' })
    const made = await continueOperation(ws.workspace, { kind: 'merge' })
    expect(head()).toBe(made.to)
    const [commitMade] = await logOf(ws.workspace, { limit: 1 })
    expect(commitMade).toMatchObject({ parents: [ours, theirs], message: 'Merge dev', author })
    expect(ws.files()).toMatchObject({ table: 'a\nboth\nc\n', gone: 'changed', 'new-ours': 'o' })
    expect((await statusOf(ws.workspace)).clean).toBe(true)
    expect(ws.fs.stat(`${ROOT}/.floe/operation`) !== undefined).toBe(false)
    await verifyLocal(ws.workspace, { full: true })
    expect(await mergeDev()).toMatchObject({ $kind: 'up-to-date' })
  })

  it('counts a path that was staged by hand as settled', async () => {
    await mergeDev()
    ws.write('table', 'mine\n')
    ws.write('gone', 'kept after all')
    await add(ws.workspace, { paths: ['table', 'gone'] })
    await continueOperation(ws.workspace, { kind: 'merge', message: 'by hand' })
    expect(ws.files()).toMatchObject({ table: 'mine\n', gone: 'kept after all' })
  })

  it('is undone by --abort, with every file as before, and ended by reset --hard', async () => {
    const before = ws.files()
    ws.write('mine', 'untracked')
    await mergeDev()
    await resolveConflicts(ws.workspace, { kind: 'merge', paths: [''], with: 'theirs' })
    expect(await abortOperation(ws.workspace, { kind: 'merge' })).toMatchObject({ head: ours })
    expect(ws.files()).toEqual({ ...before, mine: 'untracked' })
    expect((await statusOf(ws.workspace)).staged).toEqual([])
    expect(await codeOf(abortOperation(ws.workspace, { kind: 'merge' }))).toBe('OPERATION_NONE')
    await mergeDev()
    await reset(ws.workspace, { mode: 'hard' })
    expect(ws.files()).toEqual({ ...before, mine: 'untracked' })
    expect((await statusOf(ws.workspace)).operation).toBe(null)
  })

  it('can be settled in advance, as a whole or by path', async () => {
    expect(await mergeDev({ ours: ['table'], theirs: ['gone'] })).toMatchObject({ $kind: 'merged' })
    expect(ws.files()).toMatchObject({ table: 'a\nours\nc\n', gone: 'changed' })
    await reset(ws.workspace, { revision: ours, mode: 'hard' })
    expect(await mergeDev({ theirs: [''] })).toMatchObject({ $kind: 'merged' })
    expect(ws.files()).toMatchObject({ table: 'a\ntheirs\nc\n', gone: 'changed' })
  })

  it('refuses to begin where work would be lost, with nothing changed', async () => {
    ws.write('table', 'unsaved')
    const before = ws.files()
    expect(await codeOf(mergeDev())).toBe('WORKTREE_WOULD_OVERWRITE')
    await add(ws.workspace, { paths: ['table'] })
    expect(await codeOf(mergeDev())).toBe('WORKSPACE_DIRTY')
    await reset(ws.workspace, { mode: 'hard' })
    ws.write('gone', 'untracked, in the place of a conflict')
    expect(await codeOf(mergeDev())).toBe('WORKTREE_WOULD_OVERWRITE')
    ws.remove('gone')
    ws.write('new/theirs', 'untracked, in the place of a new file')
    expect(await codeOf(mergeDev())).toBe('WORKTREE_WOULD_OVERWRITE')
    expect(ws.files()).toEqual({
      ...before,
      table: 'a\nours\nc\n',
      'new/theirs': 'untracked, in the place of a new file',
    })
    expect((await statusOf(ws.workspace)).operation).toBe(null)
  })

  it('says when its record is damaged, and how to go on', async () => {
    await mergeDev()
    const record = Buffer.from(ws.fs.readFile(`${ROOT}/.floe/operation`, 1 << 20)).toString()
    ws.write('.floe/operation', record.replace('"merge"', '"revert"'))
    await expect(statusOf(ws.workspace)).rejects.toMatchObject({ code: 'STORE_OPERATION_CORRUPT', exitCode: 13 })
  })

  it('puts a folder where a file was, and back, whichever side is chosen', async () => {
    await switchTo(ws.workspace, { target: 'dev' })
    ws.remove('text')
    ws.write('text/inside', 'folder')
    await ws.commitAll('folder')
    await switchTo(ws.workspace, { target: 'main' })
    const result = await mergeDev()
    expect(result).toMatchObject({ $kind: 'conflicts' })
    expect(result.$kind === 'conflicts' && result.conflicts.map(({ path, kind }) => [path, kind])).toEqual([
      ['gone', 'changed-deleted'],
      ['table', 'both-changed'],
      ['text', 'file-folder'],
    ])
    await resolveConflicts(ws.workspace, { kind: 'merge', paths: ['text'], with: 'theirs' })
    expect(ws.files()['text/inside']).toBe('folder')
    await resolveConflicts(ws.workspace, { kind: 'merge', paths: [''], with: 'ours' })
    expect(ws.files().text).toBe(TEXT.replace('one', 'ONE'))
    await resolveConflicts(ws.workspace, { kind: 'merge', paths: ['text'], with: 'theirs' })
    await continueOperation(ws.workspace, { kind: 'merge' })
    expect(ws.files()).toMatchObject({ 'text/inside': 'folder', table: 'a\nours\nc\n' })
    expect((await statusOf(ws.workspace)).clean).toBe(true)
  })
})

describe('a merge without conflicts', () => {
  it('fast-forwards, or makes a commit where that is asked for, or refuses to', async () => {
    await switchTo(ws.workspace, { target: base, detach: true })
    expect(await mergeDev()).toMatchObject({ $kind: 'fast-forward', from: base, to: theirs })
    await reset(ws.workspace, { revision: base, mode: 'hard' })
    expect(await mergeDev({ noFastForward: true })).toMatchObject({ $kind: 'merged' })
    const [made] = await logOf(ws.workspace, { limit: 1 })
    expect(made!.parents).toEqual([base, theirs])
    await switchTo(ws.workspace, { target: 'main' })
    expect(await codeOf(mergeDev({ fastForwardOnly: true }))).toBe('MERGE_NOT_FAST_FORWARD')
  })
})

describe('cherry-pick and revert', () => {
  it('do again and take back what one version changed', async () => {
    await switchTo(ws.workspace, { target: 'dev' })
    ws.write('new/more', 'm')
    const more = (await ws.commitAll('more\n\nbody', { author: { name: 'Bob', email: '' } })).commit
    await switchTo(ws.workspace, { target: 'main' })
    expect(await cherryPick(ws.workspace, { revision: 'dev' })).toMatchObject({ $kind: 'merged', from: ours, files: 1 })
    const [picked] = await logOf(ws.workspace, { limit: 1 })
    expect(picked).toMatchObject({ parents: [ours], message: 'more\n\nbody', author: { name: 'Bob' } })
    expect(ws.files()).toMatchObject({ 'new/more': 'm', text: TEXT.replace('one', 'ONE') })
    expect(await codeOf(cherryPick(ws.workspace, { revision: more }))).toBe('PICK_NOTHING')
    await revert(ws.workspace, { revision: 'HEAD', author })
    expect(ws.files()['new/more']).toBeUndefined()
    expect((await logOf(ws.workspace, { limit: 1 }))[0]!.message).toMatch(/^Revert "more"\n\nThis takes back what /)
  })

  it('stop at conflicts and go on like a merge, with one parent', async () => {
    expect(await cherryPick(ws.workspace, { revision: 'dev' })).toMatchObject({ $kind: 'conflicts' })
    expect(await codeOf(continueOperation(ws.workspace, { kind: 'merge' }))).toBe('OPERATION_IN_PROGRESS')
    await resolveConflicts(ws.workspace, { kind: 'cherry-pick', paths: [''], with: 'theirs' })
    await continueOperation(ws.workspace, { kind: 'cherry-pick' })
    const [made] = await logOf(ws.workspace, { limit: 1 })
    expect(made).toMatchObject({ parents: [ours], message: 'theirs' })
    expect(ws.files()).toMatchObject({ table: 'a\ntheirs\nc\n', gone: 'changed' })
  })

  it('take back a first version, and want to know which side of a merge is meant', async () => {
    await revert(ws.workspace, { revision: ours, author })
    await revert(ws.workspace, { revision: base, author })
    expect(ws.files()).toEqual({})
    await reset(ws.workspace, { revision: ours, mode: 'hard' })
    await mergeDev({ theirs: [''] })
    expect(await codeOf(revert(ws.workspace, { revision: 'HEAD', author }))).toBe('PICK_MAINLINE')
    await revert(ws.workspace, { revision: 'HEAD', mainline: 1, author })
    expect(ws.files()).toMatchObject({ table: 'a\nours\nc\n', text: TEXT.replace('one', 'ONE') })
    expect(await resolveRevision(await revisionSource(ws.workspace), 'HEAD~1^2')).toBe(theirs)
  })
})
