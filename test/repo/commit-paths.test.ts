/** `commit PATH` as git has it: random edits and staging in both, the same paths committed, the same version and the same
 *  left staged. */

import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readCommit } from '../../src/history/commits.ts'
import { add } from '../../src/repo/add.ts'
import { amendCommit, commit } from '../../src/repo/commit.ts'
import { listFiles } from '../../src/repo/ls.ts'
import { merge } from '../../src/repo/merge.ts'
import { remove } from '../../src/repo/rm.ts'
import { statusOf } from '../../src/repo/status.ts'
import { switchTo } from '../../src/repo/switch.ts'
import type { Workspace } from '../../src/store/workspace.ts'
import { atEveryCut } from './every-cut.ts'
import { GitOracle } from './git-oracle.ts'
import { type MemoryWorkspace, memoryWorkspace } from './memory-workspace.ts'
import { author, codeOf, collect } from './temporary-workspace.ts'

let ws: MemoryWorkspace
beforeEach(async () => {
  ws = await memoryWorkspace()
})
afterEach(() => ws.close())

const commitPaths = (...paths: string[]) => commit(ws.workspace, { author, message: 'paths', paths })
const shown = async () => {
  const { staged, unstaged, untracked } = await statusOf(ws.workspace)
  const lines = (changes: typeof staged) => changes.map(({ path, status }) => `${status[0]} ${path}`)
  return { staged: lines(staged), unstaged: lines(unstaged), untracked }
}
const versionOf = async () => (await collect(listFiles(ws.workspace))).map(({ path, bytes }) => [path, bytes])

describe('commit of paths', () => {
  it('takes them as they are on disk, and leaves what else is staged for the next', async () => {
    for (const path of ['a', 'b', 'd/x', 'd/y']) ws.write(path, '1')
    await ws.commitAll('base')
    for (const path of ['a', 'b', 'd/x', 'new']) ws.write(path, '22')
    await add(ws.workspace, { paths: ['a', 'd/x', 'new'] })
    ws.write('d/x', '333')
    ws.remove('d/y')
    ws.write('d/unknown', '1')
    expect(await commitPaths('d', 'b')).toMatchObject({ changes: { added: 0, modified: 2, deleted: 1 } })
    expect(await versionOf()).toEqual([
      ['a', 1],
      ['b', 2],
      ['d/x', 3],
    ])
    expect(await shown()).toEqual({ staged: ['m a', 'a new'], unstaged: [], untracked: ['d/unknown'] })
    expect(await amendCommit(ws.workspace, { paths: ['new'] })).toMatchObject({ changes: { added: 1, modified: 2 } })
    expect((await shown()).staged).toEqual(['m a'])
    await commitPaths('')
    expect(await shown()).toEqual({ staged: [], unstaged: [], untracked: ['d/unknown'] })
  })

  it('is refused for what is not tracked, not there, or not changed, and during a merge', async () => {
    ws.write('a', '1')
    await ws.commitAll('base')
    ws.write('a', '2')
    ws.write('new', '1')
    await add(ws.workspace, { paths: ['a'] })
    expect(await codeOf(commitPaths('a', 'new'))).toBe('PATH_UNTRACKED')
    expect(await codeOf(commitPaths('a', 'gone'))).toBe('PATH_UNKNOWN')
    ws.write('a', '1')
    expect(await codeOf(commitPaths('a'))).toBe('COMMIT_NOTHING_STAGED')
    expect((await shown()).staged).toEqual(['m a'])
    await ws.commitAll('ours')
    await switchTo(ws.workspace, { target: 'dev', create: true, at: 'HEAD~1' })
    ws.write('new', 'other')
    await ws.commitAll('theirs')
    await merge(ws.workspace, { author, revision: 'main' })
    expect(await codeOf(commitPaths('new'))).toBe('OPERATION_IN_PROGRESS')
  })

  it('makes a first version of a part of what is staged', async () => {
    ws.write('a', '1')
    ws.write('d/b', '1')
    await add(ws.workspace, { all: true })
    await commitPaths('d')
    expect([await versionOf(), (await shown()).staged]).toEqual([[['d/b', 1]], ['a a']])
  })

  it.each([
    ['PATH', { paths: ['a'] }, ['b: 2']],
    ['-a', { all: true }, []],
    ['-A', { add: true }, []],
  ])('after a power cut in commit %s what was staged before is not over what was committed', async (_, what, left) => {
    ws.write('a', '1')
    ws.write('b', '1')
    await ws.commitAll('base')
    ws.write('a', '22')
    ws.write('b', '22')
    await add(ws.workspace, { paths: ['a', 'b'] })
    ws.write('a', '333')
    await ws.workspace.close()
    const job = (workspace: Workspace) => commit(workspace, { author, message: 'paths', ...what })
    await atEveryCut(ws.fs, 3, job, async (workspace, _fs, where) => {
      const { staged } = await statusOf(workspace)
      const sizes = staged.map(({ path, after }) => `${path}: ${after?.bytes}`)
      const isCommitted = (await readCommit(workspace.store.read, workspace.refs.headCommit()!)).message === 'paths'
      // What is to be committed may have been staged as it is on disk.
      if (isCommitted) expect(sizes, where).toEqual(left)
      else expect(sizes.join(), where).toMatch(/^a: [23],b: 2$/)
    })
  })

  it('makes the version that git makes, and leaves the same staged', { timeout: 120_000 }, async () => {
    const path = fc.constantFrom('a', 'b', 'd', 'd/x', 'd/y')
    const step = fc.oneof(
      fc.tuple(fc.constant('write' as const), path, fc.constantFrom('1', '22', '333')),
      fc.tuple(fc.constantFrom('remove' as const, 'add' as const, 'forget' as const), path, fc.constant('')),
    )
    const paths = fc.uniqueArray(path, { minLength: 1, maxLength: 2 })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 10 }), paths, async (steps, chosen) => {
        await using both = await pair()
        for (const [kind, at, text] of steps) await both[kind](at, text)
        await both.commits(chosen)
      }),
      { numRuns: 20, seed: 5 },
    )
  })
})

/** The same done in both. */
async function pair() {
  const here = await memoryWorkspace()
  const git = new GitOracle(here.workspace.clock.now())
  const kindAt = (at: string) => here.fs.stat(`/ws/${at}`)?.kind
  function write(at: string, text: string): void {
    if (at.includes('/') && kindAt('d') === 'file') unlink('d')
    if (at === 'd') for (const below of ['d/x', 'd/y']) unlink(below)
    here.write(at, text)
    git.write(at, text)
  }
  function unlink(at: string): void {
    if (kindAt(at) !== 'file') return
    here.remove(at)
    git.remove(at)
  }
  for (const at of ['a', 'b', 'd/x', 'd/y']) write(at, '1')
  await here.commitAll('base')
  git.commitAll('base')
  return {
    write,
    remove: unlink,
    async add(at: string) {
      const done = await codeOf(add(here.workspace, { paths: [at], all: true }))
      expect(git.run('add', '-A', '--', at).status === 0, `add ${at}`).toBe(done === 'none')
    },
    async forget(at: string) {
      const done = await codeOf(remove(here.workspace, { paths: [at], cached: true, force: true, recursive: true }))
      expect(git.run('rm', '-q', '-r', '-f', '--cached', '--', at).status === 0, `rm ${at}`).toBe(done === 'none')
    },
    async commits(paths: string[]) {
      const what = `commit ${paths.join(' ')}`
      const before = git.ok('status', '--porcelain')
      const done = await codeOf(commit(here.workspace, { author, message: 'paths', paths }))
      const run = git.run('commit', '-q', '-m', 'paths', '--', ...paths)
      // A folder that comes in place of a staged file it takes for a repository of its own.
      if (run.stderr.includes('does not have a commit checked out')) return
      expect(run.status === 0, `${what}: ${done}, ${before}${run.stderr}`).toBe(done === 'none')
      const files = (await collect(listFiles(here.workspace))).map(({ path: at, bytes }) => `${bytes} ${at}`)
      const theirs = git.lines('ls-tree', '-r', '--format=%(objectsize) %(path)', 'HEAD')
      expect(files, `${what} of ${before}`).toEqual(theirs)
      const { staged } = await statusOf(here.workspace)
      expect(
        staged.map(({ path: at, status }) => `${status[0]!.toUpperCase()}\t${at}`),
        `staged after ${what} of ${before}`,
      ).toEqual(git.lines('diff', '--cached', '--name-status'))
    },
    async [Symbol.asyncDispose]() {
      await here.close()
      git[Symbol.dispose]()
    },
  }
}
