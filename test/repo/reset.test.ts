import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ObjectId } from '../../src/objects/id.ts'
import { add } from '../../src/repo/add.ts'
import { createBranch, listBranches } from '../../src/repo/branch.ts'
import { commit } from '../../src/repo/commit.ts'
import { compare, diffOf } from '../../src/repo/diff.ts'
import { logOf } from '../../src/repo/log.ts'
import { move } from '../../src/repo/mv.ts'
import { reflogOf } from '../../src/repo/reflog.ts'
import { copiedFrom, withRenames } from '../../src/repo/renames.ts'
import { reset } from '../../src/repo/reset.ts'
import { showCommit } from '../../src/repo/show.ts'
import { writeSparse } from '../../src/repo/sparse.ts'
import { dropStash, listStashes, popStash, pushStash } from '../../src/repo/stash.ts'
import { statusOf } from '../../src/repo/status.ts'
import { setUpstream, upstreamOf } from '../../src/repo/upstream.ts'
import { verifyLocal } from '../../src/repo/verify-local.ts'
import { type MemoryWorkspace, memoryWorkspace, ROOT } from './memory-workspace.ts'
import { author, codeOf } from './temporary-workspace.ts'

let ws: MemoryWorkspace
let first: ObjectId
let second: ObjectId

beforeEach(async () => {
  ws = await memoryWorkspace()
  ws.write('a', 'one')
  ws.write('d/x', 'x')
  first = (await ws.commitAll('first')).commit
  ws.write('a', 'two')
  ws.write('e/y', 'y')
  second = (await ws.commitAll('second')).commit
})
afterEach(() => ws.close())

const head = () => ws.workspace.refs.headCommit()
const paths = (changes: readonly { path: string }[]) => changes.map(({ path }) => path)

describe('reset', () => {
  it('--soft keeps files, and what was committed since as staged, with what was staged before', async () => {
    ws.write('new', 'staged')
    await add(ws.workspace, { paths: ['new'] })
    const files = ws.files()
    expect(await reset(ws.workspace, { revision: first, mode: 'soft' })).toMatchObject({ from: second, to: first })
    expect(ws.files()).toEqual(files)
    expect(paths((await statusOf(ws.workspace)).staged)).toEqual(['a', 'e/y', 'new'])
    const made = await commit(ws.workspace, { message: 'again', author })
    expect(made.parents).toEqual([first])
    expect((await statusOf(ws.workspace)).clean).toBe(true)
  })

  it('--mixed empties staging and keeps files, --hard brings them back and leaves untracked ones', async () => {
    ws.write('loose', 'untracked')
    await reset(ws.workspace, { revision: 'HEAD~1' })
    const status = await statusOf(ws.workspace)
    expect([status.staged, paths(status.unstaged), status.untracked]).toEqual([[], ['a'], ['e/y', 'loose']])
    await reset(ws.workspace, { revision: 'HEAD@{1}', mode: 'hard' })
    expect(head()).toBe(second)
    ws.write('a', 'changed')
    ws.remove('d/x')
    expect(await reset(ws.workspace, { mode: 'hard' })).toMatchObject({ from: second, to: second, files: 2 })
    expect(ws.files()).toEqual({ a: 'two', 'd/x': 'x', 'e/y': 'y', loose: 'untracked' })
  })

  it('leaves a trail that leads back', async () => {
    await reset(ws.workspace, { revision: first, mode: 'hard' })
    const [last] = reflogOf(ws.workspace)
    expect(last).toMatchObject({ selector: 'HEAD@{0}', commit: first, old: second, reason: `reset: hard to ${first}` })
    expect(reflogOf(ws.workspace, { ref: 'main', limit: 2 }).map(({ selector, commit: id }) => [selector, id])).toEqual(
      [
        ['main@{0}', first],
        ['main@{1}', second],
      ],
    )
    await reset(ws.workspace, { revision: 'main@{1}', mode: 'hard' })
    expect(ws.files()).toMatchObject({ a: 'two' })
    await expect(async () => reflogOf(ws.workspace, { ref: 'none' })).rejects.toMatchObject({ code: 'REF_UNKNOWN' })
  })
})

describe('show and log', () => {
  it('show what a version changed', async () => {
    const shown = await showCommit(ws.workspace)
    expect(shown).toMatchObject({ commit: second, message: 'second', refs: ['HEAD', 'main'] })
    expect(shown.changes!.map(({ path, status }) => [path, status])).toEqual([
      ['a', 'modified'],
      ['e/y', 'added'],
    ])
    expect(paths((await showCommit(ws.workspace, { revision: 'HEAD~1' })).changes!)).toEqual(['a', 'd/x'])
  })

  it('follow a file over renames, and choose by time and author', async () => {
    await move(ws.workspace, { sources: ['a'], destination: 'renamed/a' })
    const third = (await commit(ws.workspace, { message: 'third', author: { name: 'Bob', email: 'b@x' } })).commit
    const ids = async (options: Parameters<typeof logOf>[1]) =>
      (await logOf(ws.workspace, options)).map((record) => record.commit)
    expect(await ids({ paths: ['renamed/a'] })).toEqual([third])
    expect(await ids({ paths: ['renamed/a'], follow: true })).toEqual([third, second, first])
    expect(await ids({ author: 'BOB' })).toEqual([third])
    const times = (await logOf(ws.workspace)).map(({ timeMs }) => timeMs)
    expect(await ids({ sinceMs: times[0]! + 1 })).toEqual([])
    expect(await ids({ untilMs: times[2]! })).toEqual([])
    expect(await ids({ sinceMs: times[2]! })).toEqual([third, second, first])
  })
})

describe('mv', () => {
  it('renames on disk and in staging, and keeps unstaged changes unstaged', async () => {
    ws.write('a', 'two, edited')
    expect(await move(ws.workspace, { sources: ['a'], destination: 'b' })).toEqual({
      moved: [{ from: 'a', to: 'b' }],
      replaced: [],
    })
    expect(ws.files().b).toBe('two, edited')
    const status = await statusOf(ws.workspace)
    expect(withRenames(status.staged)).toMatchObject([{ status: 'renamed', from: 'a', path: 'b' }])
    expect(paths(status.unstaged)).toEqual(['b'])
    await move(ws.workspace, { sources: ['b'], destination: 'a' })
    expect((await statusOf(ws.workspace)).staged).toEqual([])
  })

  it('moves folders, into folders too, and finishes a move that was cut off', async () => {
    ws.write('d/untracked', 'u')
    ws.fs.makeDirectory(`${ROOT}/into`)
    await move(ws.workspace, { sources: ['a', 'd'], destination: 'into' })
    expect(ws.files()).toEqual({ 'e/y': 'y', 'into/a': 'two', 'into/d/x': 'x', 'into/d/untracked': 'u' })
    await ws.workspace.writeStaging([]) // as if cut off before staging was written
    await move(ws.workspace, { sources: ['a', 'd'], destination: 'into' })
    await commit(ws.workspace, { message: 'moved', author })
    expect((await statusOf(ws.workspace)).untracked).toEqual(['into/d/untracked'])
  })

  it('refuses what would lose a file or makes no sense, with nothing changed', async () => {
    const before = ws.files()
    const refused = async (sources: string[], destination: string) =>
      codeOf(move(ws.workspace, { sources, destination }))
    expect(await refused(['a'], 'd/x')).toBe('MOVE_REFUSED')
    expect(await refused(['d'], 'd/inside')).toBe('MOVE_REFUSED')
    expect(await refused(['a'], 'e/y/z')).toBe('MOVE_REFUSED')
    expect(await refused(['a', 'd/x'], 'nowhere')).toBe('MOVE_REFUSED')
    expect(await refused(['d', 'd/x'], 'e')).toBe('MOVE_REFUSED')
    expect(await refused(['none'], 'b')).toBe('PATH_UNKNOWN')
    expect(ws.files()).toEqual(before)
    await move(ws.workspace, { sources: ['a'], destination: 'd/x', force: true })
    expect(ws.files()).toEqual({ 'd/x': 'two', 'e/y': 'y' })
  })
})

describe('renames in a diff', () => {
  it('pair by file id, name copies, and leave empty files alone', async () => {
    ws.write('empty', '')
    await ws.commitAll('empty')
    ws.remove('d/x')
    ws.remove('empty')
    ws.write('moved', 'x')
    ws.write('copied', 'x')
    ws.write('other-empty', '')
    await ws.commitAll('moved')
    const changes = withRenames(await diffOf(ws.workspace, { from: 'HEAD~1', to: 'HEAD' }))
    expect(changes.map((change) => [change.status, 'from' in change ? change.from : '', change.path])).toEqual([
      ['renamed', 'd/x', 'copied'],
      ['deleted', '', 'empty'],
      ['copied', 'd/x', 'moved'],
      ['added', '', 'other-empty'],
    ])
  })

  it('find a file that was copied and did not change, where all of the older version is looked through', async () => {
    ws.write('copy', 'x')
    ws.write('own', 'of its own')
    await ws.commitAll('copied')
    const compared = await compare(ws.workspace, { from: 'HEAD~1', to: 'HEAD' })
    const named = (changes: ReturnType<typeof withRenames>) =>
      changes.map((change) => [change.status, 'from' in change ? change.from : '', change.path])
    expect(named(withRenames(compared.changes))).toEqual([
      ['added', '', 'copy'],
      ['added', '', 'own'],
    ])
    const found = [
      ['copied', 'd/x', 'copy'],
      ['added', '', 'own'],
    ]
    expect(named(withRenames(compared.changes, await copiedFrom(compared)))).toEqual(found)
    expect(named((await showCommit(ws.workspace, { findCopies: true })).changes!)).toEqual(found)
    // What moved is a rename in `show` as well.
    ws.remove('own')
    ws.write('moved', 'of its own')
    await ws.commitAll('moved')
    expect(named((await showCommit(ws.workspace)).changes!)).toEqual([['renamed', 'own', 'moved']])
    // Against files, with nothing that could be a copy.
    expect(await copiedFrom(await compare(ws.workspace))).toEqual([])
  })
})

describe('stash', () => {
  it('puts staged and unstaged changes aside and brings both back as they were', async () => {
    ws.write('a', 'staged')
    ws.write('new', 'new')
    await add(ws.workspace, { paths: ['a', 'new'] })
    ws.write('a', 'and edited')
    ws.remove('d/x')
    ws.write('loose', 'untracked')
    const before = { files: ws.files(), status: await statusOf(ws.workspace) }
    expect(await pushStash(ws.workspace, { author })).toMatchObject({ selector: 'stash@{0}', base: second })
    expect(ws.files()).toEqual({ a: 'two', 'd/x': 'x', 'e/y': 'y', loose: 'untracked' })
    expect((await statusOf(ws.workspace)).untracked).toEqual(['loose'])
    await verifyLocal(ws.workspace, { full: true })
    expect(await popStash(ws.workspace)).toMatchObject({ dropped: true })
    expect(ws.files()).toEqual(before.files)
    const after = await statusOf(ws.workspace)
    expect(after.staged).toEqual(before.status.staged)
    expect(after.unstaged).toEqual(before.status.unstaged)
    expect(await listStashes(ws.workspace)).toEqual([])
  })

  it('takes untracked files along on request, and merges what comes back into a newer version', async () => {
    ws.write('d/x', 'changed here')
    ws.write('loose', 'untracked')
    await pushStash(ws.workspace, { author, includeUntracked: true, message: 'all of it' })
    expect(ws.files()).toEqual({ a: 'two', 'd/x': 'x', 'e/y': 'y' })
    ws.write('a', 'three')
    await ws.commitAll('third')
    await popStash(ws.workspace)
    expect(ws.files()).toEqual({ a: 'three', 'd/x': 'changed here', 'e/y': 'y', loose: 'untracked' })
    expect((await statusOf(ws.workspace)).untracked).toEqual(['loose'])
  })

  it('changes nothing where it would leave a folder in the place of a tracked file', async () => {
    ws.write('d/x', 'staged')
    await add(ws.workspace, { paths: ['d/x'] })
    ws.remove('a')
    ws.write('a/untracked', 'precious')
    ws.write('e/y', 'edited')
    const before = [ws.files(), await statusOf(ws.workspace)]
    expect(await codeOf(pushStash(ws.workspace, { author }))).toBe('WORKTREE_WOULD_OVERWRITE')
    expect([ws.files(), await statusOf(ws.workspace)]).toEqual(before)
    expect(await listStashes(ws.workspace)).toEqual([])
    await pushStash(ws.workspace, { author, includeUntracked: true })
    expect(ws.files()).toEqual({ a: 'two', 'd/x': 'x', 'e/y': 'y' })
    await popStash(ws.workspace)
    expect(ws.files()).toEqual(before[0])
  })

  it('does not take away what is edited after it was put aside', async () => {
    ws.write('a', 'aside')
    ws.write('e/y', 'aside')
    const onProgress = ({ $kind }: { $kind: string }) => void ($kind === 'checking-out' && ws.write('e/y', 'precious'))
    expect(await codeOf(pushStash(ws.workspace, { author, onProgress }))).toBe('WORKTREE_WOULD_OVERWRITE')
    expect(ws.files()['e/y']).toBe('precious')
    await reset(ws.workspace, { mode: 'hard' })
    await popStash(ws.workspace)
    expect(ws.files()).toMatchObject({ a: 'aside', 'e/y': 'aside' })
  })

  it('brings back what a partial workspace has come to leave out', async () => {
    ws.write('d/x', 'changed')
    ws.write('d/new', 'untracked')
    ws.fs.symlink(Buffer.from('x'), `${ROOT}/d/link`)
    const before = ws.files()
    await pushStash(ws.workspace, { author, includeUntracked: true })
    await ws.workspace.withLock('test', () => writeSparse(ws.workspace, ['a']))
    ws.remove('d/x')
    await popStash(ws.workspace)
    expect(ws.files()).toEqual(before)
    expect(ws.fs.stat(`${ROOT}/d/link`)?.kind).toBe('symlink')
    expect(await listStashes(ws.workspace)).toEqual([])
  })

  it('is a stack of which any can be dropped, and refuses conflicts and overwriting with nothing changed', async () => {
    for (const text of ['s1', 's2', 's3']) {
      ws.write('a', text)
      await pushStash(ws.workspace, { author, message: text })
    }
    expect((await listStashes(ws.workspace)).map(({ message }) => message)).toEqual(['s3', 's2', 's1'])
    expect(await dropStash(ws.workspace, { stash: 'stash@{1}' })).toMatchObject({ message: 's2' })
    await popStash(ws.workspace, { stash: '1', keep: true })
    expect(ws.files().a).toBe('s1')
    expect(await codeOf(popStash(ws.workspace))).toBe('WORKTREE_WOULD_OVERWRITE')
    await ws.commitAll('s1 committed')
    expect(await codeOf(popStash(ws.workspace))).toBe('MERGE_CONFLICT')
    expect(ws.files().a).toBe('s1')
    expect((await listStashes(ws.workspace)).map(({ message }) => message)).toEqual(['s3', 's1'])
    expect(await codeOf(popStash(ws.workspace, { stash: '7' }))).toBe('STASH_UNKNOWN')
    expect(await codeOf(pushStash(ws.workspace, { author }))).toBe('STASH_NOTHING')
  })
})

describe('the upstream of a branch', () => {
  it('says how far the two have parted', async () => {
    await createBranch(ws.workspace, { name: 'side', at: first })
    await ws.workspace.withLock('test', () =>
      ws.workspace.refs.update({ name: 'remotes/origin/side', next: second, reason: 'fetch' }),
    )
    const of = async (name: string) =>
      upstreamOf(ws.workspace, (await listBranches(ws.workspace)).find((branch) => branch.name === name)!)
    expect(await of('main')).toBe(null)
    expect(await of('side')).toEqual({ name: 'origin/side', commit: second, ahead: 0, behind: 1 })
    await setUpstream(ws.workspace, 'main', 'origin/side')
    ws.write('a', 'three')
    await ws.commitAll('third')
    expect(await of('main')).toEqual({ name: 'origin/side', commit: second, ahead: 1, behind: 0 })
    await setUpstream(ws.workspace, 'main', null)
    expect(await of('main')).toBe(null)
    expect(await codeOf(setUpstream(ws.workspace, 'main', 'nowhere/main'))).toBe('REF_UNKNOWN')
    expect(await codeOf(setUpstream(ws.workspace, 'none', 'origin/side'))).toBe('REF_UNKNOWN')
  })
})
