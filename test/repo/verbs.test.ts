import { chmodSync, existsSync, lstatSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { add } from '../../src/repo/add.ts'
import { catFile, parseRevisionPath } from '../../src/repo/cat.ts'
import { commit } from '../../src/repo/commit.ts'
import { diffOf } from '../../src/repo/diff.ts'
import { initWorkspace } from '../../src/repo/init.ts'
import { logOf } from '../../src/repo/log.ts'
import { listFiles } from '../../src/repo/ls.ts'
import { workspacePath } from '../../src/repo/paths.ts'
import { restore } from '../../src/repo/restore.ts'
import { remove } from '../../src/repo/rm.ts'
import { statusOf } from '../../src/repo/status.ts'
import { verifyLocal } from '../../src/repo/verify-local.ts'
import { systemProcesses } from '../../src/store/process-identity.ts'
import { openWorkspace } from '../../src/store/workspace.ts'
import { unreadableFs } from '../faults/faulty-fs.ts'
import { author, codeOf, collect, type TemporaryWorkspace, temporaryWorkspace } from './temporary-workspace.ts'

let ws: TemporaryWorkspace
beforeEach(async () => {
  ws = await temporaryWorkspace()
})
afterEach(() => ws.close())

async function short(): Promise<{ staged: string[]; unstaged: string[]; untracked: string[] }> {
  const status = await statusOf(ws.workspace)
  const lines = (changes: { status: string; path: string }[]) =>
    changes.map((change) => `${change.status} ${change.path}`)
  return { staged: lines(status.staged), unstaged: lines(status.unstaged), untracked: status.untracked }
}

async function textOf(revision: string, path: string, range: { fromByte?: number; toByte?: number } = {}) {
  const pieces: Uint8Array[] = []
  for await (const piece of catFile(ws.workspace, { revision, path, ...range })) pieces.push(piece)
  return Buffer.concat(pieces).toString()
}

describe('a workspace', () => {
  it('is found from any folder inside it, and its absence is exit 10', async () => {
    mkdirSync(join(ws.dir, 'a/b'), { recursive: true })
    await using found = await openWorkspace(join(ws.dir, 'a/b'))
    expect(found.root).toBe(ws.dir)
    await expect(openWorkspace('/')).rejects.toMatchObject({ code: 'NOT_A_WORKSPACE', exitCode: 10 })
    expect(await initWorkspace(ws.dir)).toMatchObject({ $kind: 'existing', branch: 'main' })
  })

  it('takes paths relative to where the user is, and none outside', () => {
    expect(workspacePath(ws.workspace, join(ws.dir, 'a'), 'b')).toBe('a/b')
    expect(workspacePath(ws.workspace, join(ws.dir, 'a'), '..')).toBe('')
    expect(workspacePath(ws.workspace, ws.dir, join(ws.dir, 'x/'))).toBe('x')
    for (const outside of ['..', '/etc/passwd', '../elsewhere'])
      expect(() => workspacePath(ws.workspace, ws.dir, outside)).toThrow(
        expect.objectContaining({ code: 'PATH_OUTSIDE' }),
      )
    expect(() => workspacePath(ws.workspace, ws.dir, '.floe/HEAD')).toThrow(
      expect.objectContaining({ code: 'PATH_REFUSED' }),
    )
  })
})

describe('add, status and commit', () => {
  it('record files, links and the executable bit, and give them back', async () => {
    ws.write(
      'data/a.bin',
      new Uint8Array(300_000).map((_, i) => i * i),
    )
    ws.write('run.sh', '#!/bin/sh\n')
    ws.write('empty', '')
    chmodSync(join(ws.dir, 'run.sh'), 0o755)
    symlinkSync('data/a.bin', join(ws.dir, 'link'))
    expect(await short()).toEqual({ staged: [], unstaged: [], untracked: ['data/a.bin', 'empty', 'link', 'run.sh'] })
    const added = await add(ws.workspace, { paths: ['data', 'link'] })
    expect(added).toMatchObject({ files: 2, bytes: 300_010, removed: [] })
    expect((await short()).staged).toEqual(['added data/a.bin', 'added link'])
    await add(ws.workspace, { paths: [''] })
    const before = ws.files()
    const made = await commit(ws.workspace, { message: 'one', author })
    expect(made).toMatchObject({ branch: 'main', parents: [], changes: { added: 4, modified: 0, deleted: 0 } })
    expect((await statusOf(ws.workspace)).clean).toBe(true)
    for (const path of Object.keys(before)) rmSync(join(ws.dir, path))
    await restore(ws.workspace, { paths: [''] })
    expect(ws.files()).toEqual(before)
    expect((await statusOf(ws.workspace)).clean).toBe(true)
  })

  it('refuse an empty commit with the next step, and allow it when asked', async () => {
    await expect(commit(ws.workspace, { message: 'x', author })).rejects.toMatchObject({
      code: 'COMMIT_NOTHING_STAGED',
      exitCode: 1,
      hints: [expect.stringContaining('floe add')],
    })
    await expect(commit(ws.workspace, { message: 'x', author, add: true })).rejects.toMatchObject({ exitCode: 1 })
    expect(ws.workspace.store.packNames()).toEqual([])
    ws.write('a', '1')
    await ws.commitAll('one')
    const packs = ws.workspace.store.packNames()
    for (const how of ['all', 'add'])
      await expect(commit(ws.workspace, { message: 'x', author, [how]: true })).rejects.toMatchObject({ exitCode: 1 })
    expect(ws.workspace.store.packNames()).toEqual(packs)
    await expect(commit(ws.workspace, { message: ' ', author })).rejects.toMatchObject({ code: 'COMMIT_MESSAGE_EMPTY' })
    await expect(commit(ws.workspace, { message: 'x' })).rejects.toMatchObject({ code: 'COMMIT_AUTHOR_MISSING' })
    const empty = await commit(ws.workspace, { message: 'x', author, allowEmpty: true })
    expect(empty.changes).toEqual({ added: 0, modified: 0, deleted: 0 })
  })

  it('stage deletions only with -A or when named, and commit -a takes tracked changes only', async () => {
    for (const name of ['a', 'b', 'c']) ws.write(name, name)
    await ws.commitAll('one')
    for (const name of ['a', 'b']) rmSync(join(ws.dir, name))
    ws.write('c', 'changed')
    ws.write('new', 'new')
    await add(ws.workspace, { paths: [''] })
    expect(await short()).toEqual({
      staged: ['modified c', 'added new'],
      unstaged: ['deleted a', 'deleted b'],
      untracked: [],
    })
    await add(ws.workspace, { paths: ['a'] })
    expect((await short()).staged).toEqual(['deleted a', 'modified c', 'added new'])
    await add(ws.workspace, { all: true })
    expect((await short()).unstaged).toEqual([])
    await commit(ws.workspace, { message: 'two', author })
    ws.write('c', 'again')
    ws.write('other', 'untracked')
    const made = await commit(ws.workspace, { message: 'three', author, all: true })
    expect(made.changes).toEqual({ added: 0, modified: 1, deleted: 0 })
    expect((await short()).untracked).toEqual(['other'])
  })

  it('commit everything there is with -A: what is staged, new, changed and deleted, but not what is ignored', async () => {
    for (const name of ['a', 'b', 'c']) ws.write(name, name)
    const first = await commit(ws.workspace, { message: 'one', author, add: true })
    expect(first.changes).toEqual({ added: 3, modified: 0, deleted: 0 })
    rmSync(join(ws.dir, 'a'))
    ws.write('b', 'staged')
    await add(ws.workspace, { paths: ['b'] })
    ws.write('c', 'changed')
    ws.write('.floeignore', '*.log\n')
    ws.write('ignored.log', 'x')
    ws.write('.floeattributes', 'secret encrypt=yes\n')
    ws.write('secret', 'new')
    const made = await commit(ws.workspace, { message: 'two', author, add: true })
    expect(made.changes).toEqual({ added: 3, modified: 2, deleted: 1 })
    expect(made.warnings).toMatchObject([{ code: 'ENCRYPT_UNAVAILABLE', paths: ['secret'] }])
    expect(await short()).toEqual({ staged: [], unstaged: [], untracked: [] })
    await expect(commit(ws.workspace, { message: 'three', author, add: true })).rejects.toMatchObject({
      code: 'COMMIT_NOTHING_STAGED',
      hints: ['no file has changed since the last commit'],
    })
  })

  it('keep what was staged when the file changes afterwards', async () => {
    ws.write('a', 'staged')
    await add(ws.workspace, { paths: ['a'] })
    ws.write('a', 'later, longer')
    expect(await short()).toEqual({ staged: ['added a'], unstaged: ['modified a'], untracked: [] })
    await commit(ws.workspace, { message: 'one', author })
    expect(await textOf('HEAD', 'a')).toBe('staged')
    expect((await short()).unstaged).toEqual(['modified a'])
  })

  it('see a change of the same size within one tick of the clock', async () => {
    for (let round = 0; round < 8; round++) {
      ws.write('a', `round ${10 + round} A`)
      await ws.commitAll(`one ${round}`)
      ws.write('a', `round ${10 + round} B`)
      expect((await short()).unstaged, `round ${round}`).toEqual(['modified a'])
    }
  })

  it('let a file give way to a folder and back', async () => {
    ws.write('a', 'file')
    await ws.commitAll('one')
    rmSync(join(ws.dir, 'a'))
    ws.write('a/b', 'below')
    await add(ws.workspace, { paths: ['a/b'] })
    expect((await short()).staged).toEqual(['deleted a', 'added a/b'])
    await commit(ws.workspace, { message: 'two', author })
    rmSync(join(ws.dir, 'a'), { recursive: true })
    ws.write('a', 'file again')
    await add(ws.workspace, { paths: ['a'] })
    expect((await short()).staged).toEqual(['added a', 'deleted a/b'])
    await commit(ws.workspace, { message: 'three', author })
    expect(await textOf('HEAD', 'a')).toBe('file again')
  })

  it('say which named path is unknown or ignored', async () => {
    ws.write('.floeignore', '*.log\n')
    ws.write('x.log', 'x')
    expect(await codeOf(add(ws.workspace, { paths: ['nothing'] }))).toBe('PATH_UNKNOWN')
    expect(await codeOf(add(ws.workspace, { paths: ['x.log'] }))).toBe('PATH_IGNORED')
    expect(await codeOf(add(ws.workspace, {}))).toBe('ADD_NOTHING')
    await add(ws.workspace, { paths: ['x.log'], force: true })
    await commit(ws.workspace, { message: 'one', author })
    // Tracked stays tracked, ignored or not.
    ws.write('x.log', 'changed')
    expect((await short()).unstaged).toEqual(['modified x.log'])
  })

  it('report an unreadable file by name and stage nothing', async () => {
    ws.write('good', '1')
    ws.write('secret', '2')
    await using broken = await openWorkspace(ws.dir, { fs: unreadableFs((path) => path.endsWith('/secret')) })
    await expect(add(broken, { paths: [''] })).rejects.toMatchObject({
      code: 'WORKTREE_UNREADABLE',
      data: { path: 'secret' },
    })
    expect((await short()).staged).toEqual([])
    await add(ws.workspace, { all: true })
    await commit(ws.workspace, { message: 'one', author })
    rmSync(join(ws.dir, '.floe/stat'), { force: true })
    expect((await statusOf(broken)).problems).toEqual([
      expect.objectContaining({ code: 'WORKTREE_UNREADABLE', path: 'secret' }),
    ])
  })

  it('warn of names that are one file elsewhere', async () => {
    ws.write('Data/a', '1')
    ws.write('data/A', '2')
    ws.write('other', '3')
    const made = await ws.commitAll('one')
    expect(made.warnings).toEqual([expect.objectContaining({ code: 'NAME_COLLISION', paths: ['Data/a', 'data/A'] })])
  })

  it('keep attachments with the commit', async () => {
    ws.write('a', '1')
    const bytes = new TextEncoder().encode('{"statement":true}')
    const made = await ws.commitAll('one', { attachments: new Map([['lineage', bytes]]) })
    const [record] = await logOf(ws.workspace)
    expect(record?.commit).toBe(made.commit)
    const id = record!.attachments.lineage!
    expect(await ws.workspace.store.readLocal('attachment', id)).toEqual(bytes)
  })

  it('do a dry run without storing anything', async () => {
    ws.write('a', 'x')
    expect(await add(ws.workspace, { paths: [''], dryRun: true })).toMatchObject({ files: 1, newBytes: 0 })
    expect((await short()).staged).toEqual([])
    expect(await ws.workspace.store.packs()).toEqual([])
  })
})

describe('reading versions', () => {
  beforeEach(async () => {
    ws.write('a', 'one')
    ws.write('d/x', 'x1')
    await ws.commitAll('first')
    ws.write('a', 'two')
    rmSync(join(ws.dir, 'd/x'))
    ws.write('d/y', 'y1')
    await ws.commitAll('second')
  })

  it('log lists commits newest first, and those that touched a path', async () => {
    const log = await logOf(ws.workspace)
    expect(log.map(({ message, refs }) => [message, refs])).toEqual([
      ['second', ['HEAD', 'main']],
      ['first', []],
    ])
    ws.write('d/y', 'y2')
    await ws.commitAll('third')
    const touching = async (path: string) =>
      (await logOf(ws.workspace, { paths: [path] })).map(({ message }) => message)
    expect(await touching('a')).toEqual(['second', 'first'])
    expect(await touching('d')).toEqual(['third', 'second', 'first'])
    expect(await touching('d/y')).toEqual(['third', 'second'])
    expect(await logOf(ws.workspace, { limit: 1 })).toHaveLength(1)
    expect((await logOf(ws.workspace, { revisions: ['HEAD~2'] })).map(({ message }) => message)).toEqual(['first'])
  })

  it('ls and cat read any version, ranges included', async () => {
    const list = async (revision: string, prefix?: string) =>
      (await collect(listFiles(ws.workspace, { revision, prefix }))).map(({ path }) => path)
    expect(await list('HEAD')).toEqual(['a', 'd/y'])
    expect(await list('HEAD^', 'd')).toEqual(['d/x'])
    expect(await codeOf(list('HEAD', 'nothing'))).toBe('PATH_UNKNOWN')
    expect(await textOf('HEAD~1', 'a')).toBe('one')
    expect(await textOf('HEAD', 'd/y', { fromByte: 1, toByte: 2 })).toBe('1')
    expect(await codeOf(textOf('HEAD', 'missing'))).toBe('PATH_UNKNOWN')
    expect(parseRevisionPath('v1:a:b')).toEqual({ revision: 'v1', path: 'a:b' })
    expect(parseRevisionPath(':a')).toEqual({ revision: ':', path: 'a' })
    expect(parseRevisionPath(':2:a:b')).toEqual({ revision: ':2', path: 'a:b' })
    expect(parseRevisionPath('v@{2026-01-01 10:00}:a')).toEqual({ revision: 'v@{2026-01-01 10:00}', path: 'a' })
    expect(() => parseRevisionPath('v1:')).toThrow(expect.objectContaining({ code: 'REVISION_MALFORMED' }))
  })

  it('diff compares versions, staging and files', async () => {
    const lines = async (options: Parameters<typeof diffOf>[1]) =>
      (await diffOf(ws.workspace, options)).map(({ status, path }) => `${status} ${path}`)
    expect(await lines({ from: 'HEAD^', to: 'HEAD' })).toEqual(['modified a', 'deleted d/x', 'added d/y'])
    ws.write('a', 'three!')
    ws.write('new', 'n')
    expect(await lines({})).toEqual(['modified a'])
    await add(ws.workspace, { paths: ['new'] })
    expect(await lines({ staged: true })).toEqual(['added new'])
    expect(await lines({ from: 'HEAD' })).toEqual(['modified a', 'added new'])
    expect(await lines({ from: 'HEAD~1', paths: ['d'] })).toEqual(['deleted d/x', 'added d/y'])
  })

  it('verify finds a commit whose contents are gone', async () => {
    expect(await verifyLocal(ws.workspace, { full: true })).toMatchObject({ ok: true, commits: 2, absent: 0 })
    const packs = await ws.workspace.store.packs()
    for (const pack of packs.filter(({ kind }) => kind === 'data')) rmSync(pack.path)
    await using reopened = await openWorkspace(ws.dir)
    await expect(verifyLocal(reopened)).rejects.toMatchObject({ code: 'OBJECT_MISSING', exitCode: 13 })
  })
})

describe('restore and rm', () => {
  beforeEach(async () => {
    for (const name of ['a', 'd/x', 'd/y']) ws.write(name, name)
    await ws.commitAll('one')
  })

  it('unstage, bring files back, and take single files of another version', async () => {
    ws.write('a', 'staged')
    ws.write('d/new', 'new')
    await add(ws.workspace, { all: true })
    expect(await restore(ws.workspace, { paths: [''], staged: true })).toMatchObject({
      restored: [],
      unstaged: ['a', 'd/new'],
    })
    expect(await short()).toEqual({ staged: [], unstaged: ['modified a'], untracked: ['d/new'] })
    rmSync(join(ws.dir, 'd/x'))
    expect(await restore(ws.workspace, { paths: ['a', 'd'] })).toMatchObject({ restored: ['a', 'd/x'], unstaged: [] })
    expect(ws.files()).toMatchObject({ a: 'a', 'd/x': 'd/x', 'd/new': 'new' })
    ws.write('a', 'two')
    await add(ws.workspace, { paths: ['a'] })
    await commit(ws.workspace, { message: 'two', author })
    await restore(ws.workspace, { paths: ['a'], source: 'HEAD^' })
    expect(ws.files().a).toBe('a')
    expect((await short()).unstaged).toEqual(['modified a'])
    expect(await codeOf(restore(ws.workspace, { paths: ['nothing'] }))).toBe('PATH_UNKNOWN')
  })

  it('rm deletes tracked files, keeps them when asked, and refuses to lose changes', async () => {
    expect(await codeOf(remove(ws.workspace, { paths: ['d'] }))).toBe('REMOVE_RECURSIVE')
    ws.write('d/x', 'changed')
    expect(await codeOf(remove(ws.workspace, { paths: ['d'], recursive: true }))).toBe('REMOVE_REFUSED')
    expect(existsSync(join(ws.dir, 'd/y'))).toBe(true)
    expect(await remove(ws.workspace, { paths: ['a'], cached: true })).toMatchObject({ removed: ['a'] })
    expect(await short()).toEqual({ staged: ['deleted a'], unstaged: ['modified d/x'], untracked: ['a'] })
    expect(await remove(ws.workspace, { paths: ['d'], recursive: true, force: true })).toMatchObject({
      removed: ['d/x', 'd/y'],
    })
    expect(existsSync(join(ws.dir, 'd'))).toBe(false)
    expect(await codeOf(remove(ws.workspace, { paths: ['a'] }))).toBe('PATH_UNKNOWN')
    await commit(ws.workspace, { message: 'two', author })
    expect(await collect(listFiles(ws.workspace))).toEqual([])
    expect(lstatSync(join(ws.dir, 'a')).isFile()).toBe(true)
  })
})

describe('two commands at once', () => {
  it('never fail because of a status that saves its cache, and are told of any other', async () => {
    ws.write('a', '1')
    const lock = join(ws.dir, '.floe/lock')
    const record = { ...systemProcesses.self(), sinceMs: 0 }
    writeFileSync(lock, JSON.stringify({ ...record, purpose: 'push' }))
    await expect(add(ws.workspace, { all: true })).rejects.toMatchObject({ code: 'LOCKED', exitCode: 11 })
    // Reading needs no lock.
    expect((await statusOf(ws.workspace)).untracked).toEqual(['a'])
    writeFileSync(lock, JSON.stringify({ ...record, purpose: 'status' }))
    setTimeout(() => rmSync(lock), 60)
    expect(await add(ws.workspace, { all: true })).toMatchObject({ files: 1 })
  })
})
