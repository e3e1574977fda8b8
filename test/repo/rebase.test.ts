import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { resolveRevision } from '../../src/history/revision.ts'
import type { ObjectId } from '../../src/objects/id.ts'
import { add } from '../../src/repo/add.ts'
import { createBranch, deleteBranch, renameBranch } from '../../src/repo/branch.ts'
import { commit } from '../../src/repo/commit.ts'
import { gc } from '../../src/repo/gc.ts'
import { logOf } from '../../src/repo/log.ts'
import { merge } from '../../src/repo/merge.ts'
import { cherryPick } from '../../src/repo/pick.ts'
import { findLocalTarget } from '../../src/repo/push-target.ts'
import { rebase } from '../../src/repo/rebase.ts'
import { abortRebase, continueRebase, skipRebase } from '../../src/repo/rebase-resume.ts'
import { reset } from '../../src/repo/reset.ts'
import { resolveConflicts } from '../../src/repo/resolve.ts'
import { statusOf } from '../../src/repo/status.ts'
import { switchTo } from '../../src/repo/switch.ts'
import { verifyLocal } from '../../src/repo/verify-local.ts'
import { revisionSource } from '../../src/repo/versions.ts'
import { type MemoryWorkspace, memoryWorkspace, ROOT } from './memory-workspace.ts'
import { author, codeOf } from './temporary-workspace.ts'

const TEXT = 'one\ntwo\nthree\nfour\nfive\n'
let ws: MemoryWorkspace
let upstream: ObjectId
let mine: ObjectId

/** `main` has one commit that `dev` lacks, `dev` three that `main` lacks; the second of them conflicts in `table`. */
beforeEach(async () => {
  ws = await memoryWorkspace()
  ws.write('text', TEXT)
  ws.write('table', 'base\n')
  await ws.commitAll('base')
  await createBranch(ws.workspace, { name: 'dev' })
  ws.write('text', TEXT.replace('one', 'ONE'))
  ws.write('table', 'upstream\n')
  upstream = (await ws.commitAll('upstream')).commit
  await switchTo(ws.workspace, { target: 'dev' })
  ws.write('text', TEXT.replace('five', 'FIVE'))
  await ws.commitAll('text', { author: { name: 'Eve', email: 'eve@example.org' } })
  ws.write('table', 'mine\n')
  ws.write('beside', 'b')
  await ws.commitAll('table')
  ws.write('late', 'l')
  mine = (await ws.commitAll('late')).commit
})
afterEach(() => ws.close())

const head = () => ws.workspace.refs.readHead()
const tip = (branch = 'dev') => ws.workspace.refs.read(`heads/${branch}`)
const subjects = async (revision?: string) =>
  (await logOf(ws.workspace, { revisions: revision === undefined ? [] : [revision] })).map(({ message }) => message)
const resolve = (revision: string) => revisionSource(ws.workspace).then((source) => resolveRevision(source, revision))
const DONE = { text: TEXT.replace('one', 'ONE').replace('five', 'FIVE'), beside: 'b', late: 'l' }

describe('a rebase', () => {
  it('stops at the conflict with HEAD on what is done, the branch where it was, and goes on when it is settled', async () => {
    const stopped = await rebase(ws.workspace, { upstream: 'main' })
    expect(stopped).toMatchObject({
      $kind: 'conflicts',
      branch: 'dev',
      from: mine,
      stopped: await resolve('dev~1'),
      done: 1,
      left: 1,
      conflicts: [{ path: 'table', kind: 'both-changed', resolved: null }],
    })
    expect(tip()).toBe(mine)
    expect(head()).toMatchObject({ $kind: 'detached' })
    expect(ws.files().table).toMatch(/^<{7} HEAD\nupstream\n={7}\nmine\n>{7} [0-9a-f]{12} \(table\)\n$/)
    const { operation, staged, unstaged } = await statusOf(ws.workspace)
    expect(operation).toMatchObject({ kind: 'rebase' })
    expect([...staged, ...unstaged].map(({ path }) => path)).toEqual(['beside', 'table'])
    for (const job of [
      () => rebase(ws.workspace, { upstream: 'main' }),
      () => commit(ws.workspace, { message: 'x', author }),
      // HEAD is on no branch, but which one is meant is known.
      () => findLocalTarget(ws.workspace, undefined),
      () => switchTo(ws.workspace, { target: 'main' }),
      () => reset(ws.workspace, { mode: 'hard' }),
      // The branch that all of it is for.
      () => renameBranch(ws.workspace, { from: 'dev', to: 'other' }),
      () => deleteBranch(ws.workspace, { name: 'dev', force: true }),
      () => createBranch(ws.workspace, { name: 'dev', at: 'main', force: true }),
      () => switchTo(ws.workspace, { target: 'dev', reset: true, at: 'main', force: true }),
    ])
      expect(await codeOf(job())).toBe('OPERATION_IN_PROGRESS')
    expect(await codeOf(continueRebase(ws.workspace))).toBe('MERGE_UNRESOLVED')
    // What only the record refers to is not garbage.
    await gc(ws.workspace, { graceMs: 0, reflogMs: 0 })
    await resolveConflicts(ws.workspace, { kind: 'rebase', paths: ['table'], with: 'theirs' })
    const done = await continueRebase(ws.workspace)
    expect(done).toMatchObject({ $kind: 'rebased', from: mine, to: tip(), picked: 3, skipped: [] })
    expect(head()).toEqual({ $kind: 'branch', branch: 'dev' })
    expect(ws.files()).toEqual({ ...DONE, table: 'mine\n' })
    expect(await subjects()).toEqual(['late', 'table', 'text', 'upstream', 'base'])
    expect(await resolve('HEAD~3')).toBe(upstream)
    expect((await logOf(ws.workspace, {}))[2]!.author.name).toBe('Eve')
    expect((await statusOf(ws.workspace)).clean).toBe(true)
    expect(await resolve('dev@{1}')).toBe(mine)
    await verifyLocal(ws.workspace, { full: true })
    expect(await rebase(ws.workspace, { upstream: 'main' })).toMatchObject({ $kind: 'up-to-date', files: 0 })
  })

  it('is undone by --abort at any stop, with untracked files left alone', async () => {
    const before = ws.files()
    ws.write('mine', 'untracked')
    await rebase(ws.workspace, { upstream: 'main' })
    await resolveConflicts(ws.workspace, { kind: 'rebase', paths: [''], with: 'theirs' })
    expect(await abortRebase(ws.workspace)).toMatchObject({ head: mine, branch: 'dev' })
    expect(ws.files()).toEqual({ ...before, mine: 'untracked' })
    expect(head()).toEqual({ $kind: 'branch', branch: 'dev' })
    expect(tip()).toBe(mine)
    const { operation, staged, unstaged } = await statusOf(ws.workspace)
    expect({ operation, staged, unstaged }).toEqual({ operation: null, staged: [], unstaged: [] })
    expect(await codeOf(abortRebase(ws.workspace))).toBe('OPERATION_NONE')
  })

  it('does not overwrite what is edited while files are written, whether there are conflicts or not', async () => {
    await createBranch(ws.workspace, { name: 'clean', at: 'dev~2' })
    const onProgress = ({ $kind }: { $kind: string }) => void ($kind === 'checking-out' && ws.write('text', 'precious'))
    for (const branch of ['dev', 'clean']) {
      await switchTo(ws.workspace, { target: branch })
      expect(await codeOf(rebase(ws.workspace, { upstream: 'main', onProgress }))).toBe('WORKTREE_WOULD_OVERWRITE')
      expect(ws.files().text).toBe('precious')
      expect(await abortRebase(ws.workspace)).toMatchObject({ head: tip(branch), branch })
      expect((await statusOf(ws.workspace)).clean).toBe(true)
    }
  })

  it('does not begin where something is in the way of a folder, whether there are conflicts or not', async () => {
    await createBranch(ws.workspace, { name: 'clean', at: 'dev~2' })
    await switchTo(ws.workspace, { target: 'main' })
    ws.write('folder/file', 'f')
    await ws.commitAll('folder')
    for (const branch of ['dev', 'clean']) {
      await switchTo(ws.workspace, { target: branch })
      for (const put of [
        () => ws.write('folder', 'mine'),
        () => ws.fs.symlink(Buffer.from('nowhere'), `${ROOT}/folder`),
      ]) {
        put()
        const before = [ws.files(), head()]
        expect(await codeOf(rebase(ws.workspace, { upstream: 'main' }))).toMatch(
          /^WORKTREE_(WOULD_OVERWRITE|THROUGH_SYMLINK)$/,
        )
        expect([ws.files(), head()]).toEqual(before)
        expect((await statusOf(ws.workspace)).operation).toBe(null)
        ws.remove('folder')
      }
    }
  })

  it('leaves a commit out with --skip, and takes a message for one with --continue', async () => {
    await rebase(ws.workspace, { upstream: 'main' })
    expect(await skipRebase(ws.workspace)).toMatchObject({ $kind: 'rebased' })
    expect(await subjects()).toEqual(['late', 'text', 'upstream', 'base'])
    const { beside: _, ...rest } = DONE
    expect(ws.files()).toEqual({ ...rest, table: 'upstream\n' })
    await reset(ws.workspace, { revision: mine, mode: 'hard' })
    await rebase(ws.workspace, { upstream: 'main' })
    ws.write('table', 'both\n')
    await resolveConflicts(ws.workspace, { kind: 'rebase', paths: ['table'], with: 'file' })
    await continueRebase(ws.workspace, { message: 'table, again' })
    expect(await subjects()).toEqual(['late', 'table, again', 'text', 'upstream', 'base'])
    expect(ws.files()).toEqual({ ...DONE, table: 'both\n' })
  })

  it('settles conflicts in advance, drops what is there already, and moves only the branch that is rebased', async () => {
    await switchTo(ws.workspace, { target: 'main' })
    await cherryPick(ws.workspace, { revision: 'dev~2' })
    await switchTo(ws.workspace, { target: 'dev' })
    const dropped = await resolve('dev~2')
    expect(await rebase(ws.workspace, { upstream: 'main', ours: ['table'] })).toMatchObject({
      $kind: 'rebased',
      picked: 2,
      skipped: [dropped],
    })
    expect(ws.files()).toEqual({ ...DONE, table: 'upstream\n' })
    expect(await resolve('dev~2')).toBe(tip('main'))
  })

  it('puts a part of the history elsewhere with --onto, also on a detached HEAD', async () => {
    await rebase(ws.workspace, { upstream: 'dev~1', onto: 'main' })
    expect(await subjects()).toEqual(['late', 'upstream', 'base'])
    expect(ws.files()).toEqual({ text: TEXT.replace('one', 'ONE'), table: 'upstream\n', late: 'l' })
    await switchTo(ws.workspace, { target: mine, detach: true })
    expect(await rebase(ws.workspace, { upstream: 'main', theirs: [''] })).toMatchObject({ branch: null })
    expect(head()).toMatchObject({ $kind: 'detached' })
    expect(ws.files()).toEqual({ ...DONE, table: 'mine\n' })
    await switchTo(ws.workspace, { target: mine, detach: true })
    await rebase(ws.workspace, { upstream: 'main' })
    expect(await abortRebase(ws.workspace)).toMatchObject({ head: mine, branch: null })
    expect(head()).toEqual({ $kind: 'detached', commit: mine })
  })

  it('fast-forwards where nothing is to be done again, and flattens merges', async () => {
    await createBranch(ws.workspace, { name: 'behind', at: 'dev~2' })
    await switchTo(ws.workspace, { target: 'behind' })
    expect(await rebase(ws.workspace, { upstream: 'dev' })).toMatchObject({ $kind: 'fast-forward', to: mine })
    await createBranch(ws.workspace, { name: 'side', at: 'dev~3' })
    await switchTo(ws.workspace, { target: 'side' })
    ws.write('side', 's')
    await ws.commitAll('side')
    await merge(ws.workspace, { revision: 'dev', author })
    ws.write('after', 'a')
    await ws.commitAll('after')
    await rebase(ws.workspace, { upstream: 'main', theirs: ['table'] })
    const log = await logOf(ws.workspace, {})
    expect(log.every(({ parents }) => parents.length < 2)).toBe(true)
    expect(log.map(({ message }) => message).sort()).toEqual(
      ['after', 'base', 'late', 'side', 'table', 'text', 'upstream'].sort(),
    )
    expect(ws.files()).toEqual({ ...DONE, table: 'mine\n', side: 's', after: 'a' })
  })

  it('refuses, with nothing changed, what would lose local changes', async () => {
    ws.write('staged', 's')
    await add(ws.workspace, { paths: ['staged'] })
    expect(await codeOf(rebase(ws.workspace, { upstream: 'main' }))).toBe('WORKSPACE_DIRTY')
    await reset(ws.workspace, { mode: 'mixed' })
    for (const [path, sides] of [
      ['text', {}],
      ['table', {}],
      ['text', { theirs: [''] }],
    ] as const) {
      const before = ws.files()
      ws.write(path, 'edited')
      expect(await codeOf(rebase(ws.workspace, { upstream: 'main', ...sides }))).toBe('WORKTREE_WOULD_OVERWRITE')
      expect(ws.files()).toEqual({ ...before, [path]: 'edited' })
      expect(tip()).toBe(mine)
      expect((await statusOf(ws.workspace)).operation).toBe(null)
      ws.write(path, before[path]!)
    }
    expect(await codeOf(rebase(ws.workspace))).toBe('REBASE_UPSTREAM')
    // A file that stands where a later commit needs it: settled, and continued.
    await rebase(ws.workspace, { upstream: 'main' })
    await resolveConflicts(ws.workspace, { kind: 'rebase', paths: [''], with: 'ours' })
    ws.write('late', 'in the way')
    expect(await codeOf(continueRebase(ws.workspace))).toBe('WORKTREE_WOULD_OVERWRITE')
    ws.write('late', 'l')
    expect(await continueRebase(ws.workspace)).toMatchObject({ $kind: 'rebased' })
  })
})
