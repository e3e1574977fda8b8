import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { resolveRevision } from '../../src/history/revision.ts'
import type { ObjectId } from '../../src/objects/id.ts'
import { add } from '../../src/repo/add.ts'
import {
  createBranch,
  createTag,
  deleteBranch,
  deleteTag,
  isHeldElsewhere,
  listBranches,
  listTags,
  mergedInto,
  renameBranch,
} from '../../src/repo/branch.ts'
import { commit } from '../../src/repo/commit.ts'
import { getConfig, listConfig, setConfig, unsetConfig } from '../../src/repo/config.ts'
import { logOf } from '../../src/repo/log.ts'
import { mergeDisjoint } from '../../src/repo/merge-disjoint.ts'
import { remove } from '../../src/repo/rm.ts'
import { statusOf } from '../../src/repo/status.ts'
import { switchTo } from '../../src/repo/switch.ts'
import { upstreamOf } from '../../src/repo/upstream.ts'
import { verifyLocal } from '../../src/repo/verify-local.ts'
import { revisionSource } from '../../src/repo/versions.ts'
import { FileSystemError } from '../../src/store/file-system.ts'
import { nodeFs } from '../../src/store/node-fs.ts'
import { openWorkspace } from '../../src/store/workspace.ts'
import { faultyFs } from '../faults/faulty-fs.ts'
import { author, codeOf, type TemporaryWorkspace, temporaryWorkspace } from './temporary-workspace.ts'

let ws: TemporaryWorkspace
let first: ObjectId
let second: ObjectId

beforeEach(async () => {
  ws = await temporaryWorkspace()
  ws.write('a', 'one')
  ws.write('d/x', 'x')
  first = (await ws.commitAll('first')).commit
  ws.write('a', 'two')
  rmSync(join(ws.dir, 'd/x'))
  ws.write('e/y', 'y')
  second = (await ws.commitAll('second')).commit
})
afterEach(() => ws.close())

const head = () => ws.workspace.refs.headCommit()
const resolve = async (revision: string) => resolveRevision(await revisionSource(ws.workspace), revision)

describe('switch', () => {
  it('moves files, HEAD and the branch, and leaves empty folders behind nowhere', async () => {
    await createBranch(ws.workspace, { name: 'old', at: 'HEAD~1' })
    expect(await switchTo(ws.workspace, { target: 'old' })).toMatchObject({ branch: 'old', written: 2, deleted: 1 })
    expect(ws.files()).toEqual({ a: 'one', 'd/x': 'x' })
    expect(nodeFs.stat(join(ws.dir, 'e'))).toBeUndefined()
    expect((await statusOf(ws.workspace)).clean).toBe(true)
    await switchTo(ws.workspace, { target: 'main' })
    expect(ws.files()).toEqual({ a: 'two', 'e/y': 'y' })
    expect(await switchTo(ws.workspace, { target: first.slice(0, 10), detach: true })).toMatchObject({ branch: null })
    expect((await statusOf(ws.workspace)).head).toEqual({ branch: null, commit: first, detached: true })
    ws.write('a', 'detached')
    const made = await commit(ws.workspace, { message: 'on nothing', author, all: true })
    expect(made.branch).toBe(null)
    expect(head()).toBe(made.commit)
  })

  it('refuses to lose changes, tracked or not, with nothing changed; --force throws them away', async () => {
    await createBranch(ws.workspace, { name: 'old', at: 'HEAD~1' })
    ws.write('a', 'precious')
    ws.write('d/x', 'untracked and in the way')
    const before = ws.files()
    await expect(switchTo(ws.workspace, { target: 'old' })).rejects.toMatchObject({
      code: 'WORKTREE_WOULD_OVERWRITE',
      exitCode: 1,
      data: { paths: ['a', 'd/x'] },
      // Of d/x there is nothing that restore knows of.
      hints: [expect.stringContaining('what is not tracked can be moved away')],
    })
    expect(ws.files()).toEqual(before)
    expect(head()).toBe(second)
    await switchTo(ws.workspace, { target: 'old', force: true })
    expect(ws.files()).toEqual({ a: 'one', 'd/x': 'x' })
    expect((await statusOf(ws.workspace)).clean).toBe(true)
  })

  it('refuses to put a file where a folder holds untracked ones', async () => {
    await createBranch(ws.workspace, { name: 'old', at: 'HEAD~1' })
    rmSync(join(ws.dir, 'a'))
    ws.write('a/untracked', 'precious')
    expect(await codeOf(switchTo(ws.workspace, { target: 'old' }))).toBe('WORKTREE_WOULD_OVERWRITE')
    expect(ws.files()['a/untracked']).toBe('precious')
    rmSync(join(ws.dir, 'a/untracked'))
    mkdirSync(join(ws.dir, 'a/empty'))
    await switchTo(ws.workspace, { target: 'old' })
    expect(ws.files().a).toBe('one')
  })

  it('leaves a file alone that is no longer tracked, where the other version does not have it either', async () => {
    await createBranch(ws.workspace, { name: 'old', at: 'HEAD~1' })
    await remove(ws.workspace, { paths: ['e/y'], cached: true })
    await switchTo(ws.workspace, { target: 'old' })
    expect(ws.files()['e/y']).toBe('y')
    const { staged, untracked } = await statusOf(ws.workspace)
    expect([staged, untracked]).toEqual([[], ['e/y']])
  })

  it('leaves a folder whole in which another repository keeps something, and refuses before anything is changed', async () => {
    await createBranch(ws.workspace, { name: 'old', at: 'HEAD~1' })
    rmSync(join(ws.dir, 'a'))
    // As git leaves it once the refs are packed: without these folders it is no repository any more.
    mkdirSync(join(ws.dir, 'a/.git/refs/heads'), { recursive: true })
    ws.write('a/.git/packed-refs', 'precious')
    await expect(switchTo(ws.workspace, { target: 'old' })).rejects.toMatchObject({
      code: 'WORKTREE_WOULD_OVERWRITE',
      data: { paths: ['a/.git'] },
    })
    expect(existsSync(join(ws.dir, 'a/.git/refs/heads'))).toBe(true)
    expect(ws.files()['d/x']).toBeUndefined()
  })

  it('carries changes along that do not stand in the way', async () => {
    await createBranch(ws.workspace, { name: 'old', at: 'HEAD~1' })
    ws.write('new', 'staged')
    await add(ws.workspace, { paths: ['new'] })
    ws.write('loose', 'untracked')
    await switchTo(ws.workspace, { target: 'old' })
    const status = await statusOf(ws.workspace)
    expect(status.staged.map(({ path }) => path)).toEqual(['new'])
    expect(status.untracked).toEqual(['loose'])
    ws.write('a', 'staged too')
    await add(ws.workspace, { paths: ['a'] })
    await expect(switchTo(ws.workspace, { target: 'main' })).rejects.toMatchObject({ data: { paths: ['a'] } })
  })

  it('finishes what was cut off when it is repeated', async () => {
    await createBranch(ws.workspace, { name: 'old', at: 'HEAD~1' })
    let renames = 0
    const failing = faultyFs({
      rename(from, to) {
        // The disk fills up after the first file has been moved into place.
        if (to.startsWith(`${ws.dir}/`) && !to.includes('.floe') && ++renames > 1)
          throw new FileSystemError('ENOSPC', 'rename', to)
        nodeFs.rename(from, to)
      },
    })
    await using broken = await openWorkspace(ws.dir, { fs: failing })
    await expect(switchTo(broken, { target: 'old' })).rejects.toMatchObject({ code: 'STORE_DISK_FULL' })
    expect(head()).toBe(second)
    await verifyLocal(ws.workspace, { full: true })
    await switchTo(ws.workspace, { target: 'old' })
    expect(ws.files()).toEqual({ a: 'one', 'd/x': 'x' })
    expect((await statusOf(ws.workspace)).clean).toBe(true)
  })

  it('stops on a full disk at any call and leaves every file old or new, never in between', async () => {
    await createBranch(ws.workspace, { name: 'old', at: 'HEAD~1' })
    const allowed: Record<string, (string | undefined)[]> = {
      a: ['one', 'two'],
      'd/x': ['x', undefined],
      'e/y': ['y', undefined],
    }
    let finished = false
    for (let full = 1; !finished; full++) {
      let calls = 0
      const refuse = (path: string) => {
        if (++calls >= full) throw new FileSystemError('ENOSPC', 'write', path)
      }
      const failing = faultyFs({
        open(path, mode, options) {
          if (mode !== 'read') refuse(path)
          const file = nodeFs.open(path, mode, options)
          return {
            read: (buffer, position) => file.read(buffer, position),
            write(bytes) {
              refuse(path)
              file.write(bytes)
            },
            sync: () => file.sync(),
            stat: () => file.stat(),
            close: () => file.close(),
          }
        },
        makeDirectory(path) {
          refuse(path)
          nodeFs.makeDirectory(path)
        },
      })
      await using broken = await openWorkspace(ws.dir, { fs: failing })
      const code = await codeOf(switchTo(broken, { target: 'old' }))
      finished = code === 'none'
      if (!finished) expect(code, `full at ${full}`).toBe('STORE_DISK_FULL')
      const files = ws.files()
      for (const [path, contents] of Object.entries(allowed)) expect(contents, `full at ${full}`).toContain(files[path])
      await switchTo(ws.workspace, { target: 'old' })
      expect(ws.files()).toEqual({ a: 'one', 'd/x': 'x' })
      await switchTo(ws.workspace, { target: 'main' })
      expect(ws.files()).toEqual({ a: 'two', 'e/y': 'y' })
    }
  })

  it('creates branches, follows a remote one, and says what is not a branch', async () => {
    expect(await switchTo(ws.workspace, { target: 'work', create: true })).toMatchObject({ branch: 'work', written: 0 })
    expect(await codeOf(switchTo(ws.workspace, { target: 'work', create: true }))).toBe('REF_EXISTS')
    const started = await switchTo(ws.workspace, { target: 'started', create: true, at: 'HEAD~1' })
    expect(started).toMatchObject({ branch: 'started', commit: first })
    expect(ws.files()).toEqual({ a: 'one', 'd/x': 'x' })
    await switchTo(ws.workspace, { target: 'work' })
    expect(await codeOf(switchTo(ws.workspace, { target: 'x', create: true, at: 'none' }))).toBe('REVISION_UNKNOWN')
    expect(ws.workspace.refs.read('heads/x')).toBeNull()
    expect(await codeOf(switchTo(ws.workspace, { target: first }))).toBe('REF_UNKNOWN')
    expect(await codeOf(switchTo(ws.workspace, { target: 'nothing' }))).toBe('REVISION_UNKNOWN')
    expect(await codeOf(switchTo(ws.workspace, { target: '../x', create: true }))).toBe('REF_NAME_REFUSED')
    await ws.workspace.withLock('test', () =>
      ws.workspace.refs.update({ name: 'remotes/origin/theirs', next: first, reason: 'fetch' }),
    )
    expect(await switchTo(ws.workspace, { target: 'theirs' })).toMatchObject({ branch: 'theirs', commit: first })
  })
})

describe('switch -C', () => {
  const shown = async () => {
    const { head, staged } = await statusOf(ws.workspace)
    return [head.branch, head.commit, ...staged.map(({ path }) => path)]
  }

  it('makes a branch, or moves one that is there, also the current one, and keeps what is staged', async () => {
    ws.write('new', 'n')
    await add(ws.workspace, { paths: ['new'] })
    const made = await switchTo(ws.workspace, { target: 'dev', reset: true, at: first })
    expect(made).toMatchObject({ branch: 'dev', commit: first, created: true, was: null })
    await switchTo(ws.workspace, { target: 'main' })
    const moved = await switchTo(ws.workspace, { target: 'dev', reset: true })
    expect(moved).toMatchObject({ branch: 'dev', commit: second, created: false, was: first, written: 0 })
    expect(ws.workspace.refs.reflog('heads/dev')[0]).toMatchObject({ old: first, new: second })
    const back = await switchTo(ws.workspace, { target: 'dev', reset: true, at: 'HEAD~1' })
    expect(back).toMatchObject({ branch: 'dev', commit: first, was: second, written: 2, deleted: 1 })
    expect([await shown(), ws.files()]).toEqual([['dev', first, 'new'], { a: 'one', 'd/x': 'x', new: 'n' }])
    // To be reset is not to be left.
    expect(await switchTo(ws.workspace, { target: '-' })).toMatchObject({ branch: 'main' })
  })

  it('is refused with nothing moved where changes would be lost, a name is none, or there is no version', async () => {
    await createBranch(ws.workspace, { name: 'dev', at: first })
    const reset = (target: string, at?: string) => codeOf(switchTo(ws.workspace, { target, reset: true, at }))
    expect(await reset('-')).toBe('REVISION_UNKNOWN')
    expect(await reset('HEAD')).toBe('REF_NAME_REFUSED')
    ws.write('a', 'edited')
    expect(await reset('main', 'HEAD~1')).toBe('WORKTREE_WOULD_OVERWRITE')
    expect(await reset('dev', 'HEAD~1')).toBe('WORKTREE_WOULD_OVERWRITE')
    expect([await shown(), ws.files().a]).toEqual([['main', second], 'edited'])
    await ws.workspace.refs.setHead({ $kind: 'branch', branch: 'unborn' }, 'test')
    expect(await reset('dev')).toBe('REVISION_UNKNOWN')
    expect(ws.workspace.refs.read('heads/dev')).toBe(first)
  })
})

describe('branch and tag', () => {
  it('list, rename and delete, and keep commits from being lost', async () => {
    await createBranch(ws.workspace, { name: 'old', at: first })
    expect(await codeOf(createBranch(ws.workspace, { name: 'old' }))).toBe('REF_EXISTS')
    expect(await codeOf(createBranch(ws.workspace, { name: 'HEAD' }))).toBe('REF_NAME_REFUSED')
    await createBranch(ws.workspace, { name: 'old', force: true })
    await renameBranch(ws.workspace, { from: 'main', to: 'trunk' })
    expect(await listBranches(ws.workspace)).toEqual([
      { name: 'old', commit: second, current: false },
      { name: 'trunk', commit: second, current: true },
    ])
    expect(await codeOf(deleteBranch(ws.workspace, { name: 'trunk' }))).toBe('REF_IN_USE')
    await switchTo(ws.workspace, { target: 'side', create: true })
    ws.write('side', '1')
    await ws.commitAll('side')
    await switchTo(ws.workspace, { target: 'trunk' })
    expect(await codeOf(deleteBranch(ws.workspace, { name: 'side' }))).toBe('BRANCH_NOT_MERGED')
    await deleteBranch(ws.workspace, { name: 'side', force: true })
    await deleteBranch(ws.workspace, { name: 'old' })
    expect((await listBranches(ws.workspace)).map(({ name }) => name)).toEqual(['trunk'])
  })

  it('keep their log and what they follow under another name, and nothing of one that is gone', async () => {
    const { refs } = ws.workspace
    await ws.workspace.withLock('test', () =>
      refs.update({ name: 'remotes/origin/main', next: first as never, reason: 'fetch' }),
    )
    const followed = async (name: string) => (await upstreamOf(ws.workspace, { name, commit: null }))?.name
    const before = refs.reflog('heads/main')
    await renameBranch(ws.workspace, { from: 'main', to: 'trunk' })
    const [renamed, ...rest] = refs.reflog('heads/trunk')
    expect(renamed).toMatchObject({ old: second, new: second, reason: 'branch: renamed main to trunk' })
    expect(rest).toEqual(before)
    expect(await resolve('trunk@{2}')).toBe(first)
    expect(refs.reflog('heads/main')).toEqual([])
    // What it followed for its name alone, it goes on following.
    expect(await followed('trunk')).toBe('origin/main')
    await renameBranch(ws.workspace, { from: 'trunk', to: 'stem' })
    expect(ws.workspace.readConfig().branches).toEqual({ stem: { remote: 'origin', ref: 'heads/main' } })
    await switchTo(ws.workspace, { target: 'side', create: true })
    await deleteBranch(ws.workspace, { name: 'stem', force: true })
    expect(ws.workspace.readConfig()).not.toHaveProperty('branches')
    await createBranch(ws.workspace, { name: 'stem' })
    expect(await followed('stem')).toBeUndefined()
  })

  it('tags do not move', async () => {
    await createTag(ws.workspace, { name: 'v1', at: first })
    expect(await codeOf(createTag(ws.workspace, { name: 'v1' }))).toBe('REF_EXISTS')
    expect(await listTags(ws.workspace)).toEqual([{ name: 'v1', commit: first, current: false }])
    expect((await logOf(ws.workspace))[1]?.refs).toEqual(['tag: v1'])
    await deleteTag(ws.workspace, { name: 'v1' })
    expect(await codeOf(deleteTag(ws.workspace, { name: 'v1' }))).toBe('REF_UNKNOWN')
  })
})

describe('revisions', () => {
  it('are understood as in git', async () => {
    await createTag(ws.workspace, { name: 'v1', at: first })
    await ws.workspace.withLock('test', () =>
      ws.workspace.refs.update({ name: 'remotes/origin/main', next: first, reason: 'fetch' }),
    )
    for (const text of [
      'HEAD',
      '@',
      'main',
      'heads/main',
      'refs/heads/main',
      second,
      second.slice(0, 8),
      'main@{0}',
      '@{0}',
    ])
      expect(await resolve(text), text).toBe(second)
    for (const text of [
      'HEAD~1',
      'HEAD^',
      'HEAD^1',
      '@~',
      'v1',
      'v1^0',
      'v1~0',
      'origin/main',
      'main@{1}',
      'HEAD@{1}',
      '@{1}',
      'main~^0',
    ])
      expect(await resolve(text), text).toBe(first)
  })

  it('that name nothing, or cannot be one, are exit 2 with a code', async () => {
    const cases = {
      nothing: 'REVISION_UNKNOWN',
      'HEAD~2': 'REVISION_UNKNOWN',
      'HEAD^2': 'REVISION_UNKNOWN',
      'main@{9}': 'REVISION_UNKNOWN',
      'nothing@{0}': 'REVISION_UNKNOWN',
      [second.slice(0, 7)]: 'REVISION_UNKNOWN',
      '00000000': 'REVISION_UNKNOWN',
      [`${second}00`]: 'REVISION_MALFORMED',
      '': 'REVISION_MALFORMED',
      '~1': 'REVISION_MALFORMED',
      'a b': 'REVISION_MALFORMED',
      'a..b': 'REVISION_MALFORMED',
      'HEAD~99999999': 'REVISION_MALFORMED',
      ['x'.repeat(2000)]: 'REVISION_MALFORMED',
      '\u202e': 'REVISION_MALFORMED',
    }
    for (const [text, code] of Object.entries(cases))
      await expect(resolve(text), text).rejects.toMatchObject({ code, exitCode: 2 })
  })

  it('that are the beginning of two commits are ambiguous', async () => {
    const source = await revisionSource(ws.workspace)
    const twins = ['a'.repeat(64), `${'a'.repeat(63)}b`] as ObjectId[]
    await expect(
      resolveRevision({ ...source, commitsWithPrefix: async () => twins }, 'aaaaaaaa'),
    ).rejects.toMatchObject({ code: 'REVISION_AMBIGUOUS', data: { candidates: twins } })
  })
})

describe('merging', () => {
  /** Two branches that went apart after the second commit. */
  async function diverge(ours: Record<string, string>, theirs: Record<string, string>): Promise<ObjectId> {
    await switchTo(ws.workspace, { target: 'theirs', create: true })
    for (const [path, contents] of Object.entries(theirs)) ws.write(path, contents)
    const tip = (await ws.commitAll('theirs')).commit
    await switchTo(ws.workspace, { target: 'main' })
    if (Object.keys(ours).length === 0) return tip
    for (const [path, contents] of Object.entries(ours)) ws.write(path, contents)
    await ws.commitAll('ours')
    return tip
  }

  it('fast-forwards where it can and does nothing where there is nothing to do', async () => {
    const theirs = await diverge({}, { new: 'n' })
    expect(await mergeDisjoint(ws.workspace, { theirs })).toEqual({
      $kind: 'fast-forward',
      from: second,
      to: theirs,
      files: 1,
    })
    expect(ws.files()).toEqual({ a: 'two', 'e/y': 'y', new: 'n' })
    expect(await mergeDisjoint(ws.workspace, { theirs: first })).toMatchObject({ $kind: 'up-to-date', files: 0 })
  })

  it('makes a merge commit when no path was changed on both sides', async () => {
    const theirs = await diverge({ a: 'ours', same: 's' }, { 'e/y': 'theirs', same: 's', more: 'm' })
    const ours = head()
    const merged = await mergeDisjoint(ws.workspace, { theirs, label: 'theirs', author })
    expect(merged).toMatchObject({ $kind: 'merged', from: ours, files: 2 })
    expect(ws.files()).toEqual({ a: 'ours', 'e/y': 'theirs', same: 's', more: 'm' })
    expect((await logOf(ws.workspace))[0]).toMatchObject({ parents: [ours, theirs], message: 'Merge theirs' })
    expect((await statusOf(ws.workspace)).clean).toBe(true)
    expect(await resolve('HEAD^2')).toBe(theirs)
    await verifyLocal(ws.workspace, { full: true })
  })

  it('names the paths that both sides changed, and changes nothing', async () => {
    const theirs = await diverge({ a: 'ours', n: '1' }, { a: 'theirs', n: '2', fine: 'f' })
    const before = { head: head(), files: ws.files() }
    await expect(mergeDisjoint(ws.workspace, { theirs, author })).rejects.toMatchObject({
      code: 'MERGE_CONFLICT',
      exitCode: 1,
      data: { paths: ['a', 'n'] },
    })
    expect({ head: head(), files: ws.files() }).toEqual(before)
  })

  it('takes a file and a folder of one name for a conflict', async () => {
    const theirs = await diverge({ n: 'file' }, { 'n/x': 'folder' })
    expect(await codeOf(mergeDisjoint(ws.workspace, { theirs, author }))).toBe('MERGE_CONFLICT')
  })

  it('refuses while changes are staged or files are in the way', async () => {
    const theirs = await diverge({ a: 'ours' }, { 'e/y': 'theirs' })
    ws.write('staged', 's')
    await add(ws.workspace, { paths: ['staged'] })
    expect(await codeOf(mergeDisjoint(ws.workspace, { theirs, author }))).toBe('WORKSPACE_DIRTY')
    await commit(ws.workspace, { message: 'staged', author })
    ws.write('e/y', 'local')
    expect(await codeOf(mergeDisjoint(ws.workspace, { theirs, author }))).toBe('WORKTREE_WOULD_OVERWRITE')
    expect(ws.files()['e/y']).toBe('local')
  })
})

describe('many branches', () => {
  it('are told apart by one walk of history, whatever their number', async () => {
    for (let i = 0; i < 20; i++) {
      await createBranch(ws.workspace, { name: `b${i}` })
      ws.write('a', `${i}`)
      await ws.commitAll(`commit ${i}`)
    }
    const branches = (await listBranches(ws.workspace)).filter(({ commit }) => commit !== null)
    const read = vi.spyOn(ws.workspace.store, 'readLocal')
    const commitsRead = () => read.mock.calls.filter(([kind]) => kind === 'commit').length
    const { merged, others } = await mergedInto(ws.workspace, branches, 'b10')
    expect(merged.map(({ name }) => name).sort()).toEqual(Array.from({ length: 11 }, (_, i) => `b${i}`).sort())
    expect(others).toHaveLength(10)
    expect(commitsRead()).toBeLessThanOrEqual(24)
    read.mockClear()
    expect(await isHeldElsewhere(ws.workspace, 'main', head()!)).toBe(false)
    expect(await isHeldElsewhere(ws.workspace, 'b0', second)).toBe(true)
    expect(commitsRead()).toBeLessThanOrEqual(2 * 24)
  })
})

describe('config', () => {
  it('reads, writes and removes dotted keys, and refuses what the format does not allow', async () => {
    await setConfig(ws.workspace, 'user.name', 'Grace')
    await setConfig(ws.workspace, 'tool.some.thing', 'x')
    expect(await getConfig(ws.workspace, 'user.name')).toBe('Grace')
    expect(await getConfig(ws.workspace, 'user')).toBeUndefined()
    expect(await listConfig(ws.workspace)).toEqual([
      { key: 'tool.some.thing', value: 'x' },
      { key: 'user.name', value: 'Grace' },
      { key: 'version', value: '1' },
    ])
    await unsetConfig(ws.workspace, 'tool.some.thing')
    expect((await listConfig(ws.workspace)).map(({ key }) => key)).toEqual(['user.name', 'version'])
    for (const key of ['version', '', 'a..b', '__proto__.x', 'user.name.first', 'user'])
      expect(await codeOf(setConfig(ws.workspace, key, 'x')), key).toBe('CONFIG_KEY')
    expect(await codeOf(setConfig(ws.workspace, 'remotes.origin.network', 'local'))).toBe('STORE_CONFIG_INVALID')
    ws.write('b', '1')
    await add(ws.workspace, { all: true })
    await commit(ws.workspace, { message: 'as configured' })
    expect((await logOf(ws.workspace))[0]?.author).toEqual({ name: 'Grace', email: '' })
  })
})
