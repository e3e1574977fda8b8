import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createBranch, createTag, deleteBranch, deleteTag, renameBranch } from '../../src/repo/branch.ts'
import { doctor } from '../../src/repo/doctor.ts'
import { type FsckOptions, fsck } from '../../src/repo/fsck.ts'
import { gc } from '../../src/repo/gc.ts'
import { rebase } from '../../src/repo/rebase.ts'
import { reset } from '../../src/repo/reset.ts'
import { statusOf } from '../../src/repo/status.ts'
import { switchTo } from '../../src/repo/switch.ts'
import { openWorkspace } from '../../src/store/workspace.ts'
import { atEveryCut } from './every-cut.ts'
import { memoryWorkspace, ROOT, writeTo } from './memory-workspace.ts'
import { codeOf, type TemporaryWorkspace, temporaryWorkspace } from './temporary-workspace.ts'

let ws: TemporaryWorkspace
let first = ''
let second = ''

beforeEach(async () => {
  ws = await temporaryWorkspace()
  ws.write('file', 'one')
  first = (await ws.commitAll('one')).commit
  ws.write('file', 'two')
  second = (await ws.commitAll('two')).commit
})
afterEach(() => ws.close())

const fileOf = (name: string) => join(ws.dir, '.floe', name)
const contentsOf = (name: string) => readFileSync(fileOf(name), 'utf8')
const spoil = (name: string, text = 'rubbish') => writeFileSync(fileOf(name), text)
const short = (commit: string) => `commit ${commit.slice(0, 12)}`

async function repair(options: FsckOptions = {}) {
  await using workspace = await openWorkspace(ws.dir)
  const { repair: done } = await fsck(workspace, { repair: true, ...options })
  await statusOf(workspace)
  return done!.refs.map(({ name, target, why }) => [name, target, why])
}

async function failure(options: FsckOptions = {}) {
  await using workspace = await openWorkspace(ws.dir)
  return await fsck(workspace, options).then(
    () => undefined,
    (error: { code: string; exitCode: number; hints: string[] }) => error,
  )
}

describe('a damaged HEAD', () => {
  test.each([
    ['empty', () => ''],
    ['garbage', () => '\u0000\u0001 x'],
    ['partial', (good: string) => good.slice(0, 12)],
    ['of another name', (good: string) => good.replace('main', 'mair')],
    ['not text', () => Buffer.from([0xff, 0xfe, 0xfd])],
  ])('that is %s is put back as it was', async (_what, damage: (good: string) => string | Uint8Array) => {
    const good = contentsOf('HEAD')
    writeFileSync(fileOf('HEAD'), damage(good))
    const found = await failure()
    expect(found).toMatchObject({ code: 'FSCK_REF_DAMAGED', exitCode: 13 })
    expect(found!.hints).toEqual([expect.stringMatching(/^`floe fsck --repair` puts HEAD back at branch main, since /)])
    const log = contentsOf('reflog/HEAD')
    expect(await repair()).toEqual([
      ['HEAD', 'branch main', 'it is the only branch at the commit where the log of HEAD ends'],
    ])
    expect(contentsOf('HEAD')).toBe(good)
    expect(contentsOf('reflog/HEAD')).toBe(log)
  })

  test('that is gone, or a folder, is put back too', async () => {
    const good = contentsOf('HEAD')
    rmSync(fileOf('HEAD'))
    await repair()
    expect(contentsOf('HEAD')).toBe(good)
    rmSync(fileOf('HEAD'))
    mkdirSync(fileOf('HEAD'))
    await repair()
    expect(contentsOf('HEAD')).toBe(good)
  })

  test('goes to the branch that its log says it was switched to, among others at the same commit', async () => {
    await switchTo(ws.workspace, { target: 'work', create: true })
    await createBranch(ws.workspace, { name: 'other' })
    await renameBranch(ws.workspace, { from: 'work', to: 'play' })
    spoil('HEAD')
    expect(await repair()).toEqual([['HEAD', 'branch play', 'its log says that it was switched there']])
    await switchTo(ws.workspace, { target: 'main' })
    spoil('HEAD')
    expect(await repair()).toEqual([['HEAD', 'branch main', 'its log says that it was switched there']])
  })

  test('goes to a commit where it was on no branch', async () => {
    await switchTo(ws.workspace, { target: first, detach: true })
    spoil('HEAD')
    expect(await repair()).toEqual([['HEAD', short(first), 'its log says that it was on no branch, and ends there']])
    expect(ws.workspace.refs.readHead()).toEqual({ $kind: 'detached', commit: first })
  })

  test('stays where a rebase has stopped', async () => {
    await switchTo(ws.workspace, { target: 'work', create: true })
    ws.write('file', 'three')
    await ws.commitAll('three')
    await switchTo(ws.workspace, { target: 'main' })
    ws.write('file', 'four')
    await ws.commitAll('four')
    await switchTo(ws.workspace, { target: 'work' })
    expect(await rebase(ws.workspace, { upstream: 'main' })).toMatchObject({ $kind: 'conflicts' })
    const good = contentsOf('HEAD')
    spoil('HEAD')
    expect((await repair())[0]![2]).toMatch(/^a rebase is in progress/)
    expect(contentsOf('HEAD')).toBe(good)
  })

  test('goes to the only branch without a log, and to the first one before any commit', async () => {
    rmSync(fileOf('reflog/HEAD'))
    spoil('HEAD')
    expect(await repair()).toEqual([['HEAD', 'branch main', 'it is the only branch']])
    const empty = await temporaryWorkspace()
    try {
      writeFileSync(join(empty.dir, '.floe/HEAD'), '')
      const { repair: done } = await fsck(empty.workspace, { repair: true })
      expect(done!.refs).toEqual([{ name: 'HEAD', target: 'branch main', why: 'there is no commit on any branch yet' }])
    } finally {
      await empty.close()
    }
  })

  test('is left to a person where nothing tells, with the command that says where it goes', async () => {
    await createBranch(ws.workspace, { name: 'other' })
    spoil('reflog/HEAD', 'rubbish\n')
    spoil('HEAD')
    const bytes = contentsOf('HEAD')
    const unknown = await failure({ repair: true })
    expect(unknown).toMatchObject({ code: 'FSCK_REF_UNKNOWN', exitCode: 13 })
    expect(unknown!.hints).toEqual([
      'nothing tells which branch HEAD was on: `floe fsck --repair --ref HEAD=BRANCH` puts it on one; the branches are main, other',
    ])
    expect(contentsOf('HEAD')).toBe(bytes)
    rmSync(fileOf('reflog/HEAD'))
    for (const choice of ['HEAD', 'HEAD=', 'HEAD=nowhere', 'heads/main=other'])
      expect(await failure({ repair: true, refs: [choice] })).toMatchObject({ code: 'FSCK_REF_CHOICE', exitCode: 2 })
    expect(await failure({ refs: ['HEAD=main'] })).toMatchObject({ code: 'FSCK_REF_CHOICE' })
    expect(await repair({ refs: ['HEAD=other'] })).toEqual([['HEAD', 'branch other', 'you said so']])
    spoil('HEAD')
    expect(await repair({ refs: [`HEAD=${first}`] })).toEqual([['HEAD', short(first), 'you said so']])
  })
})

describe('a damaged ref', () => {
  test('is put back where its log ends, the branch of HEAD, another, a tag and one of a remote alike', async () => {
    await createBranch(ws.workspace, { name: 'team/work', at: first })
    await createTag(ws.workspace, { name: 'v1', at: first })
    await ws.workspace.withLock('test', () =>
      ws.workspace.refs.update({ name: 'remotes/origin/main', next: first as never, reason: 'fetch' }),
    )
    const names = ['heads/main', 'heads/team/work', 'remotes/origin/main', 'tags/v1']
    const files = names.map((name) => contentsOf(`refs/${name}`))
    for (const name of names) spoil(`refs/${name}`, '')
    const found = await failure()
    expect(found).toMatchObject({ code: 'FSCK_REF_DAMAGED', data: { count: 4 } })
    expect(found!.hints).toHaveLength(4)
    expect(await repair()).toEqual([
      ['heads/main', short(second), 'its log ends there'],
      ['heads/team/work', short(first), 'its log ends there'],
      ['remotes/origin/main', short(first), 'its log ends there'],
      ['tags/v1', short(first), 'its log ends there'],
    ])
    expect(names.map((name) => contentsOf(`refs/${name}`))).toEqual(files)
  })

  test('is put back together with HEAD, which is on it', async () => {
    const good = [contentsOf('HEAD'), contentsOf('refs/heads/main')]
    spoil('HEAD')
    spoil('refs/heads/main')
    expect((await repair()).map(([name, target]) => [name, target])).toEqual([
      ['heads/main', short(second)],
      ['HEAD', 'branch main'],
    ])
    expect([contentsOf('HEAD'), contentsOf('refs/heads/main')]).toEqual(good)
  })

  test('is put back where the log of HEAD ends, if it has none and HEAD is on it', async () => {
    rmSync(fileOf('reflog/refs/heads/main'))
    spoil('refs/heads/main')
    expect(await repair()).toEqual([['heads/main', short(second), 'HEAD is on it, and the log of HEAD ends there']])
  })

  test('is left to a person where nothing tells, while others are put back', async () => {
    await createBranch(ws.workspace, { name: 'work', at: first })
    rmSync(fileOf('reflog/refs/heads/work'))
    spoil('refs/heads/work')
    spoil('refs/heads/main')
    const unknown = await failure({ repair: true })
    expect(unknown).toMatchObject({ code: 'FSCK_REF_UNKNOWN', data: { count: 1 } })
    expect(unknown!.hints).toEqual([
      'no log tells where branch work was: `floe fsck --repair --ref heads/work=COMMIT` puts it at a commit',
    ])
    expect(ws.workspace.refs.read('heads/main')).toBe(second)
    expect(await repair({ refs: [`heads/work=${first}`] })).toEqual([['heads/work', short(first), 'you said so']])
    expect(ws.workspace.refs.read('heads/work')).toBe(first)
    expect(ws.workspace.refs.reflog('heads/work')).toMatchObject([{ old: null, new: first, reason: 'fsck: put back' }])
  })

  test('is not put at a commit that is not here', async () => {
    await createBranch(ws.workspace, { name: 'work', at: first })
    rmSync(fileOf('reflog/HEAD'))
    await ws.workspace.withLock('test', () =>
      ws.workspace.refs.rewriteReflog('heads/work', (entry) => ({ ...entry, new: 'ab'.repeat(32) as never })),
    )
    spoil('refs/heads/work')
    expect(await failure({ repair: true })).toMatchObject({ code: 'FSCK_REF_UNKNOWN' })
  })
})

describe('the branch of HEAD', () => {
  test('that is gone is no new branch, and is put back where its log ends', async () => {
    const good = contentsOf('refs/heads/main')
    rmSync(fileOf('refs/heads/main'))
    for (const use of [
      () => statusOf(ws.workspace),
      () => ws.commitAll('as if it were the first'),
      () => createBranch(ws.workspace, { name: 'other' }),
    ])
      expect(await codeOf(use())).toBe('STORE_REF_CORRUPT')
    expect(await failure()).toMatchObject({
      code: 'FSCK_REF_DAMAGED',
      message: 'branch main is damaged: it is missing',
    })
    expect(await repair()).toEqual([['heads/main', short(second), 'its log ends there']])
    expect(contentsOf('refs/heads/main')).toBe(good)
  })

  test('that has no commit yet, or has none any more, is whole', async () => {
    await createBranch(ws.workspace, { name: 'kept' })
    await reset(ws.workspace, { root: true, mode: 'soft' })
    expect(ws.workspace.refs.headCommit()).toBeNull()
    expect(await failure()).toBeUndefined()
    const empty = await temporaryWorkspace()
    try {
      expect((await fsck(empty.workspace)).repair).toBeNull()
    } finally {
      await empty.close()
    }
  })
})

describe('a ref that is lost', () => {
  test('is told of and put back where its log ends; until then gc keeps what it led to', async () => {
    await createBranch(ws.workspace, { name: 'work/a', at: first })
    await switchTo(ws.workspace, { target: 'work/a' })
    ws.write('file', 'of work')
    const work = (await ws.commitAll('work')).commit
    await createTag(ws.workspace, { name: 'v1' })
    await switchTo(ws.workspace, { target: 'main' })
    rmSync(fileOf('reflog/HEAD'))
    rmSync(fileOf('refs/heads/work/a'))
    mkdirSync(fileOf('refs/heads/work/a'))
    rmSync(fileOf('refs/tags'), { recursive: true })
    const found = await failure()
    expect(found).toMatchObject({
      code: 'FSCK_REF_DAMAGED',
      message: 'branch work/a is damaged: it is missing, and 1 more refs',
    })
    await gc(ws.workspace, { graceMs: 0, reflogMs: 0 })
    expect(await repair()).toEqual([
      ['heads/work/a', short(work), 'its log ends there'],
      ['tags/v1', short(work), 'its log ends there'],
    ])
    await switchTo(ws.workspace, { target: 'work/a' })
    expect(ws.files().file).toBe('of work')
  })

  test('is not one that was deleted or renamed', async () => {
    await createBranch(ws.workspace, { name: 'work', at: first })
    await renameBranch(ws.workspace, { from: 'work', to: 'play' })
    await createTag(ws.workspace, { name: 'v1' })
    await deleteBranch(ws.workspace, { name: 'play', force: true })
    await deleteTag(ws.workspace, { name: 'v1' })
    expect(await failure()).toBeUndefined()
  })
})

describe('a damaged log', () => {
  test.each(['HEAD', 'refs/heads/main'])('of %s loses the lines that cannot be read, and is kept', async (name) => {
    const path = `reflog/${name}`
    const [line1, line2] = contentsOf(path).split('\n')
    const damaged = `${line1}\nrubbish\n${line2!.replace('commit', 'c0mmit')}\n`
    spoil(path, damaged)
    const found = await failure()
    expect(found).toMatchObject({ code: 'STORE_REFLOG_CORRUPT', exitCode: 13 })
    expect(found!.hints).toEqual([expect.stringMatching(/^`floe fsck --repair` leaves out what cannot be read of it/)])
    await using workspace = await openWorkspace(ws.dir)
    const { repair: done } = await fsck(workspace, { repair: true })
    expect(done!.logs).toEqual([{ name: name.replace('refs/', ''), lost: 2 }])
    expect(contentsOf(path)).toBe(`${line1}\n`)
    const [copy] = readdirSync(fileOf('damaged'))
    expect(contentsOf(`damaged/${copy}`)).toBe(damaged)
    expect((await fsck(workspace, { repair: true })).repair).toBeNull()
  })
})

test('doctor goes on, and says what to type about each', async () => {
  const findings = async () => {
    await using workspace = await openWorkspace(ws.dir)
    return await doctor(workspace, { homeDir: join(ws.dir, 'home') })
  }
  const whole = (await findings()).map(({ check }) => check)
  expect(whole).not.toContain('refs')
  for (const name of ['HEAD', 'refs/heads/main']) {
    const good = contentsOf(name)
    spoil(name, '')
    const found = await findings()
    expect(found.filter(({ check }) => check === 'refs')).toEqual([
      {
        check: 'refs',
        state: 'problem',
        detail: expect.stringContaining('is damaged: '),
        advice: expect.stringMatching(/^`floe fsck --repair` puts (HEAD|branch main) back at /),
      },
    ])
    expect(found.map(({ check }) => check)).toEqual(expect.arrayContaining(['disk', 'clock', 'keys', 'author']))
    spoil(name, good)
  }
})

test('a power cut while refs are put back leaves them damaged or whole, and running it again finishes it', async () => {
  const memory = await memoryWorkspace()
  memory.write('file', 'one')
  await memory.commitAll('one')
  await createBranch(memory.workspace, { name: 'work' })
  const { commit } = await memory.commitAll('two', { allowEmpty: true })
  await memory.close()
  for (const name of ['HEAD', 'refs/heads/main', 'refs/heads/work']) writeTo(memory.fs, `.floe/${name}`, 'rubbish')
  const job = (workspace: Parameters<typeof fsck>[0]) => fsck(workspace, { repair: true })
  await atEveryCut(
    memory.fs.clone(),
    1,
    job,
    async (workspace, fs, where) => {
      await job(workspace)
      expect(workspace.refs.readHead(), where).toEqual({ $kind: 'branch', branch: 'main' })
      expect(workspace.refs.headCommit(), where).toBe(commit)
      expect((await fsck(workspace, { full: true })).repair, where).toBeNull()
      expect([...fs.contents(`${ROOT}/.floe/refs`).keys()], where).toHaveLength(2)
    },
    { isWhole: false },
  )
})
