/** Revisions as git reads them: the same texts, asked of git and of Floe over the same history. */

import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readCommit } from '../../src/history/commits.ts'
import { parsePointInTime } from '../../src/history/point-in-time.ts'
import { parseRange, resolveRevision } from '../../src/history/revision.ts'
import { add } from '../../src/repo/add.ts'
import { createBranch, createTag } from '../../src/repo/branch.ts'
import { catFile, parseRevisionPath } from '../../src/repo/cat.ts'
import { diffOf } from '../../src/repo/diff.ts'
import { logOf } from '../../src/repo/log.ts'
import { listFiles } from '../../src/repo/ls.ts'
import { merge } from '../../src/repo/merge.ts'
import { pickSeveral } from '../../src/repo/pick-several.ts'
import { reset } from '../../src/repo/reset.ts'
import { abortOperation } from '../../src/repo/resolve.ts'
import { writeShallow } from '../../src/repo/sparse.ts'
import { pushStash } from '../../src/repo/stash.ts'
import { switchTo } from '../../src/repo/switch.ts'
import { revisionSource } from '../../src/repo/versions.ts'
import { GitOracle } from './git-oracle.ts'
import { type MemoryWorkspace, memoryWorkspace } from './memory-workspace.ts'
import { author, codeOf, collect } from './temporary-workspace.ts'

const DAY = 86_400_000
let ws: MemoryWorkspace
let git: GitOracle

/** Everything at the same time in both. */
async function record(path: string, message: string): Promise<void> {
  ws.write(path, message)
  await ws.commitAll(message)
  git.timeMs = ws.workspace.clock.now()
  git.write(path, message)
  git.commitAll(message)
}
async function go(branch: string, create = false): Promise<void> {
  ws.tick(1000)
  git.timeMs = ws.workspace.clock.now()
  await switchTo(ws.workspace, { target: branch, create })
  git.ok('switch', '--quiet', ...(create ? ['-c'] : []), branch)
}

beforeAll(async () => {
  ws = await memoryWorkspace()
  git = new GitOracle(ws.workspace.clock.now())
  await record('a', 'one')
  await record('a', 'two')
  ws.tick(3 * DAY)
  await go('dev', true)
  await record('b', 'dev one')
  await record('b', 'dev two')
  await go('main')
  await record('a', 'three')
  await go('same', true)
  await go('main')
  ws.tick(1000)
  git.timeMs = ws.workspace.clock.now()
  await merge(ws.workspace, { revision: 'dev', author, message: 'merged' })
  git.ok('merge', '--quiet', '-m', 'merged', 'dev')
  await createTag(ws.workspace, { name: 'v1', at: 'main~1' })
  git.ok('tag', 'v1', 'main~1')
  await record('a', 'four')
  await createBranch(ws.workspace, { name: 'x/y', at: 'dev' })
  git.ok('branch', 'x/y', 'dev')
  await go('dev')
  await record('b', 'dev three')
  await go('main')
  ws.tick(DAY)
})
afterAll(async () => {
  await ws.close()
  git[Symbol.dispose]()
})

async function subjectOf(revision: string): Promise<string> {
  const { read } = ws.workspace.store
  return (await readCommit(read, await resolveRevision(await revisionSource(ws.workspace), revision))).message
}

describe('a revision', () => {
  it('means what git takes it for', async () => {
    const revisions = [
      ...['HEAD', '@', 'main', 'heads/main', 'refs/heads/main', 'v1', 'tags/v1', 'x/y', 'dev^0', 'main^{commit}'],
      ...['HEAD~1', 'HEAD~', 'HEAD^', 'HEAD^^', 'HEAD~1^2', 'HEAD~1^2~1', '@~2', 'main~1^1~1', 'main^^2^', 'v1~0'],
      ...['main@{0}', 'main@{1}', '@{1}', 'HEAD@{2}', 'main@{1}~1', 'dev@{1}', 'main@{2}^', 'HEAD@{5}'],
      ...['@{-1}', '@{-2}', '@{-1}~1', 'same@{0}'],
      ...[
        ':/one',
        ':/^t',
        ':/^dev t',
        ':/dev.*',
        ':/!-dev',
        ':/(five|three)',
        ':/three',
        ':/(no|dev) t.o',
        ':/dev|ours',
      ],
      ...['main^{/one}', 'main^{/^o}', 'HEAD^{/t}~1', 'HEAD^{/}', 'dev^{/!-dev}', 'HEAD~1^2^{/dev}^{/dev one}^0'],
    ]
    const subjects = new Map(
      git.lines('log', '--all', '--format=%H%x09%s').map((line) => line.split('\t') as [string, string]),
    )
    const theirs = git.lines('rev-parse', ...revisions, '--').map((id) => subjects.get(id))
    const ours = await Promise.all(revisions.map(subjectOf))
    expect(Object.fromEntries(revisions.map((revision, i) => [revision, ours[i]]))).toEqual(
      Object.fromEntries(revisions.map((revision, i) => [revision, theirs[i]])),
    )
  })

  it('finds where a branch was at a time, as git does', async () => {
    const moves = ws.workspace.refs.reflog('heads/main').map(({ timeMs }) => timeMs)
    for (const timeMs of [...moves, ...moves.map((time) => time + 1500)]) {
      const selector = `main@{${new Date(timeMs).toISOString().slice(0, 19)}Z}`
      expect(await subjectOf(selector), selector).toBe(git.lines('log', '-1', '--format=%s', selector)[0])
    }
    expect(await subjectOf('main@{yesterday}')).toBe('four')
    expect(await subjectOf('main@{2.days.ago}')).toBe('two')
    expect(await subjectOf('@{now}')).toBe('four')
    await expect(subjectOf('main@{2001-01-01}')).rejects.toMatchObject({ code: 'REVISION_UNKNOWN' })
    await expect(subjectOf('main@{whenever}')).rejects.toMatchObject({ code: 'REVISION_MALFORMED' })
  })

  it('that git refuses is refused, with a code', async () => {
    const refused = [
      '@{-9}',
      'main@{99}',
      'HEAD^3',
      'main@{u}',
      'HEAD~1^2^2',
      'nothing@{1}',
      'main@{-1}',
      'v1@{x',
      ':/nothing like it',
      'v1^{/dev}',
    ]
    refused.push('main^{/three', ':/', ':/!x', ':/(', 'main^!^', 'main^-9', 'main^{/a}}')
    for (const revision of refused) {
      expect(git.run('rev-parse', '--verify', '--quiet', revision).status, revision).not.toBe(0)
      expect(await codeOf(subjectOf(revision)), revision).toMatch(/^REVISION_(UNKNOWN|MALFORMED)$/)
    }
  })

  it('of what a branch follows is @{u}', async () => {
    await ws.workspace.refs.update({
      name: 'remotes/origin/dev',
      next: ws.workspace.refs.read('tags/v1'),
      reason: 'fetch',
    })
    expect([await subjectOf('dev@{u}'), await subjectOf('dev@{upstream}~1')]).toEqual(['three', 'two'])
  })

  it('of any characters is resolved or refused with a code, never more', async () => {
    const piece = fc.oneof(
      fc.constantFrom(
        'HEAD',
        '@',
        '~',
        '^',
        '{',
        '}',
        '@{',
        '-1',
        '..',
        '...',
        ':',
        'main',
        '2',
        'u',
        'yesterday',
        ':/',
        '^{/',
        '^!',
        '^-',
        ' ',
      ),
      fc.string({ maxLength: 3 }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 6 }), async (pieces) => {
        const text = pieces.join('')
        expect(await codeOf(subjectOf(text))).toMatch(/^(none|REVISION_(UNKNOWN|MALFORMED))$/)
        const range = parseRange(text)
        if (range) expect(text).toMatch(/\.\.|\^[!@-]/)
        expect(await codeOf(Promise.resolve().then(() => parseRevisionPath(text)))).toMatch(
          /^(none|REVISION_MALFORMED)$/,
        )
        const timeMs = parsePointInTime(text, 1e12)
        expect(timeMs === undefined || Number.isFinite(timeMs)).toBe(true)
      }),
      { numRuns: 500, seed: 6 },
    )
  })
})

describe('a range', () => {
  it('is the commits that git lists, in log', async () => {
    for (const range of [
      'v1..dev',
      'dev..main',
      'main..dev',
      'main...dev',
      'HEAD~3..',
      '..dev',
      'same...dev',
      'v1..v1',
      ...[
        'main^!',
        'main~1^!',
        'v1^!',
        'main~4^!',
        'main~1^@',
        'main^@',
        'main~4^@',
        'main~1^-',
        'main~1^-2',
        'dev^-1',
      ],
      ...['main^{/dev two}..', '..dev^{/v..w}', 'v1..:/dev three'],
    ]) {
      const ours = (await logOf(ws.workspace, { revisions: [range] })).map(({ message }) => message)
      expect(ours, range).toEqual(git.lines('log', '--format=%s', range))
    }
  })

  it('may be several, with what is left out of all of them', async () => {
    for (const revisions of [
      ['dev', 'same'],
      ['v1', 'dev', '^same'],
      ['main', '^dev'],
      ['^v1'],
      ['v1..dev', 'main~2'],
      ['v1...dev', '^main~3'],
      ['same', '^same', 'dev'],
      ['--all'],
      ['--all', '^dev'],
      ['dev', '^main~1^@'],
      ['main^!', 'dev^!'],
    ]) {
      const named = revisions.filter((revision) => revision !== '--all')
      const found = await logOf(ws.workspace, { revisions: named, all: named.length < revisions.length })
      const theirs = git.lines('log', '--format=%s', ...revisions, ...(revisions[0] === '^v1' ? ['HEAD'] : []))
      expect(
        found.map(({ message }) => message),
        revisions.join(' '),
      ).toEqual(theirs)
    }
  })

  it('is the changes that git lists, in diff', async () => {
    for (const range of [
      'v1..dev',
      'dev..main',
      'main...dev',
      'dev...main',
      'HEAD~3..',
      '..dev',
      'same...dev',
      'dev^!',
      'main^-',
    ]) {
      const ours = (await diffOf(ws.workspace, { from: range })).map(({ path, status }) => [
        status[0]?.toUpperCase(),
        path,
      ])
      const theirs = git.lines('diff', '--no-renames', '--name-status', range).map((line) => line.split('\t'))
      expect(ours, range).toEqual(theirs)
    }
  })
})

it('what stands in braces or after :/ is neither a path nor a range', async () => {
  expect(parseRevisionPath('main^{/a: b..c}:d/e')).toEqual({ revision: 'main^{/a: b..c}', path: 'd/e' })
  expect(await codeOf(Promise.resolve().then(() => parseRevisionPath(':/one')))).toBe('REVISION_MALFORMED')
  expect([parseRange(':/a..b'), parseRange('main^{/a..b}')]).toEqual([undefined, undefined])
  const pieces = await collect(catFile(ws.workspace, parseRevisionPath('main^{/three}:a')))
  expect(Buffer.concat(pieces).toString()).toBe('three')
  expect((await diffOf(ws.workspace, { from: 'main~4^!' })).map(({ path, status }) => [path, status])).toEqual([
    ['a', 'added'],
  ])
  for (const from of ['main^@', 'main^!^!', 'nothing^!'])
    expect(await codeOf(diffOf(ws.workspace, { from })), from).toMatch(/^REVISION_(UNKNOWN|MALFORMED)$/)
  expect(await codeOf(pickSeveral(ws.workspace, { revision: 'dev^@' }))).toBe('RANGE_REFUSED')
  // Of history that was left out it is said how to bring it.
  const source = await revisionSource(ws.workspace)
  const ends = [await resolveRevision(source, 'main~2'), await resolveRevision(source, 'main~1^2')]
  await writeShallow(ws.workspace, new Set(ends))
  const hints = [expect.stringContaining('--grep'), expect.stringContaining('--unshallow')]
  await expect(subjectOf('main^{/^one}')).rejects.toMatchObject({ code: 'REVISION_UNKNOWN', hints })
  await writeShallow(ws.workspace, new Set())
  // What is put aside is no version.
  ws.write('a', 'aside')
  await pushStash(ws.workspace, { author, message: 'put aside' })
  await expect(subjectOf(':/put aside')).rejects.toMatchObject({ code: 'REVISION_UNKNOWN' })
})

describe('switch -', () => {
  it('goes back to the branch, or the commit, before, and back again', async () => {
    expect(await switchTo(ws.workspace, { target: '-' })).toMatchObject({ branch: 'dev' })
    expect(await switchTo(ws.workspace, { target: '-' })).toMatchObject({ branch: 'main' })
    expect(await switchTo(ws.workspace, { target: '@{-1}' })).toMatchObject({ branch: 'dev' })
    const { commit } = await switchTo(ws.workspace, { target: 'v1', detach: true })
    await switchTo(ws.workspace, { target: 'main' })
    expect(await switchTo(ws.workspace, { target: '-' })).toMatchObject({ branch: null, commit })
    expect(await switchTo(ws.workspace, { target: '-' })).toMatchObject({ branch: 'main' })
    expect(await codeOf(switchTo(ws.workspace, { target: '@{-99}' }))).toBe('REVISION_UNKNOWN')
    expect(await codeOf(switchTo(ws.workspace, { target: '-', create: true }))).toBe('REVISION_UNKNOWN')
  })
})

describe('a path at a revision', () => {
  const text = async (target: string) =>
    Buffer.concat(await collect(catFile(ws.workspace, parseRevisionPath(target)))).toString()

  it('is read from a version, from staging with :PATH, and from the sides of a conflict with :1: to :3:', async () => {
    ws.write('a', 'staged')
    await add(ws.workspace, { paths: ['a'] })
    git.write('a', 'staged')
    git.ok('add', 'a')
    for (const target of ['HEAD:a', ':a', ':0:a', 'v1:a', 'dev@{1}:a', 'main@{1}:a'])
      expect(await text(target), target).toBe(git.ok('cat-file', '-p', target))
    expect((await collect(listFiles(ws.workspace, { revision: ':' }))).map(({ path }) => path)).toEqual(['a', 'b'])
    await reset(ws.workspace, { mode: 'hard' })
    await switchTo(ws.workspace, { target: 'clash', create: true })
    ws.write('b', 'ours')
    await ws.commitAll('ours')
    await merge(ws.workspace, { revision: 'dev', author })
    expect([await text(':1:b'), await text(':2:b'), await text(':3:b')]).toEqual(['dev two', 'ours', 'dev three'])
    await abortOperation(ws.workspace, { kind: 'merge' })
    await expect(text(':1:b')).rejects.toMatchObject({ code: 'PATH_UNKNOWN' })
  })
})
