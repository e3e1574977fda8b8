/** Picking the commits of a range: what git makes of the same commands, stops, going on, and giving up. */

import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createBranch } from '../../src/repo/branch.ts'
import { gc } from '../../src/repo/gc.ts'
import { logOf } from '../../src/repo/log.ts'
import { merge } from '../../src/repo/merge.ts'
import { pickSeveral, revertSeveral } from '../../src/repo/pick-several.ts'
import { abortOperation, continueOperation, resolveConflicts } from '../../src/repo/resolve.ts'
import { statusOf } from '../../src/repo/status.ts'
import { switchTo } from '../../src/repo/switch.ts'
import { author, codeOf, type TemporaryWorkspace, temporaryWorkspace } from './temporary-workspace.ts'

let ws: TemporaryWorkspace
let base: string
beforeEach(async () => {
  ws = await temporaryWorkspace()
  ws.write('a', '1\n')
  await ws.commitAll('base')
  await createBranch(ws.workspace, { name: 'dev' })
  ws.write('mine', 'm')
  base = (await ws.commitAll('mine')).commit
  await switchTo(ws.workspace, { target: 'dev' })
  for (const [path, text] of [
    ['one', '1'],
    ['two', '2'],
    ['a', 'theirs\n'],
    ['four', '4'],
    ['five', '5'],
  ] as const) {
    ws.write(path, text)
    await ws.commitAll(path)
  }
  await switchTo(ws.workspace, { target: 'main' })
})
afterEach(() => ws.close())

const subjects = async () => (await logOf(ws.workspace)).map(({ message }) => message)
const pick = (revision: string) => pickSeveral(ws.workspace, { revision })
const kind = 'cherry-pick' as const
/** Makes the third of the range conflict. */
async function conflict(): Promise<void> {
  ws.write('a', 'ours\n')
  base = (await ws.commitAll('ours')).commit
}

describe('cherry-pick of a range', () => {
  it('makes its commits again, the oldest first, with one move of the branch', async () => {
    const moves = ws.workspace.refs.reflog('heads/main').length
    expect(await pick('main..dev~1')).toMatchObject({ $kind: 'picked', from: base, picked: 4, skipped: [] })
    expect(await subjects()).toEqual(['four', 'a', 'two', 'one', 'mine', 'base'])
    expect(ws.files()).toEqual({ a: 'theirs\n', four: '4', mine: 'm', one: '1', two: '2' })
    expect(ws.workspace.refs.reflog('heads/main')).toHaveLength(moves + 1)
    expect((await statusOf(ws.workspace)).clean).toBe(true)
    // What is there already is left out.
    const more = await pick('dev~5..dev')
    expect(more).toMatchObject({ $kind: 'picked', picked: 1 })
    expect(more.$kind === 'picked' && more.skipped).toHaveLength(4)
    expect(await codeOf(pick('dev~5..dev'))).toBe('PICK_NOTHING')
  })

  it('stops at a conflict with what was before it done, and goes on with the rest', async () => {
    await conflict()
    expect(await pick('main..dev')).toMatchObject({
      $kind: 'stopped',
      from: base,
      done: 2,
      left: 2,
      conflicts: [{ path: 'a' }],
    })
    expect(await subjects()).toEqual(['two', 'one', 'ours', 'mine', 'base'])
    expect(ws.workspace.refs.readHead()).toEqual({ $kind: 'branch', branch: 'main' })
    expect((await statusOf(ws.workspace)).operation?.kind).toBe(kind)
    expect(await codeOf(pick('main..dev'))).toBe('OPERATION_IN_PROGRESS')
    expect(await codeOf(continueOperation(ws.workspace, { kind }))).toBe('MERGE_UNRESOLVED')
    await resolveConflicts(ws.workspace, { kind, paths: ['a'], with: 'theirs' })
    expect(await continueOperation(ws.workspace, { kind })).toMatchObject({ $kind: 'picked', from: base, picked: 5 })
    expect(await subjects()).toEqual(['five', 'four', 'a', 'two', 'one', 'ours', 'mine', 'base'])
    expect(ws.files()).toEqual({ a: 'theirs\n', five: '5', four: '4', mine: 'm', one: '1', two: '2' })
    expect(await statusOf(ws.workspace)).toMatchObject({ clean: true, operation: null })
  })

  it('counts no commit of which nothing is left', async () => {
    await conflict()
    await pick('main..dev')
    await resolveConflicts(ws.workspace, { kind, paths: ['a'], with: 'ours' })
    expect(await continueOperation(ws.workspace, { kind })).toMatchObject({ $kind: 'picked', picked: 4 })
    expect(await subjects()).toEqual(['five', 'four', 'two', 'one', 'ours', 'mine', 'base'])
  })

  it('is undone as a whole by --abort', async () => {
    await conflict()
    const before = ws.files()
    await pick('main..dev')
    ws.write('untracked', 'u')
    expect(await abortOperation(ws.workspace, { kind })).toMatchObject({ head: base })
    expect(ws.workspace.refs.headCommit()).toBe(base)
    expect(ws.files()).toEqual({ ...before, untracked: 'u' })
    expect((await statusOf(ws.workspace)).operation).toBeNull()
  })

  it('keeps what is still to be picked from gc', async () => {
    await conflict()
    await pick('main..dev')
    await ws.workspace.withLock('test', () =>
      ws.workspace.refs.update({ name: 'heads/dev', next: base as never, reason: 'test' }),
    )
    await ws.workspace.refs.rewriteReflog('heads/dev', () => null)
    await ws.workspace.refs.rewriteReflog('HEAD', () => null)
    await gc(ws.workspace, { graceMs: 0, reflogMs: 0 })
    await resolveConflicts(ws.workspace, { kind, paths: ['a'], with: 'theirs' })
    expect(await continueOperation(ws.workspace, { kind })).toMatchObject({ $kind: 'picked', picked: 5 })
  })

  it('changes nothing where a file is in the way of any of them, and goes on when it is gone', async () => {
    ws.write('four', 'mine')
    expect(await codeOf(pick('main..dev'))).toBe('WORKTREE_WOULD_OVERWRITE')
    expect(ws.workspace.refs.headCommit()).toBe(base)
    expect(ws.files()).toEqual({ a: '1\n', four: 'mine', mine: 'm' })
    rmSync(join(ws.dir, 'four'))
    await conflict()
    await pick('main..dev')
    await resolveConflicts(ws.workspace, { kind, paths: ['a'], with: 'theirs' })
    ws.write('four', 'mine')
    expect(await codeOf(continueOperation(ws.workspace, { kind }))).toBe('WORKTREE_WOULD_OVERWRITE')
    expect((await statusOf(ws.workspace)).operation?.kind).toBe(kind)
    rmSync(join(ws.dir, 'four'))
    expect(await continueOperation(ws.workspace, { kind })).toMatchObject({ $kind: 'picked', picked: 5 })
  })
})

describe('revert of a range', () => {
  const revert = (revision: string) => revertSeveral(ws.workspace, { revision, author })
  const kind = 'revert' as const
  beforeEach(async () => {
    await switchTo(ws.workspace, { target: 'dev' })
    base = ws.workspace.refs.headCommit()!
  })

  it('takes its commits back, the newest first, each by one, with one move of the branch', async () => {
    const moves = ws.workspace.refs.reflog('heads/dev').length
    expect(await revert('main..dev')).toMatchObject({ $kind: 'picked', kind, from: base, picked: 5, skipped: [] })
    const made = (await logOf(ws.workspace)).slice(0, 5)
    expect(made.map(({ message }) => message.split('\n')[0])).toEqual([
      'Revert "one"',
      'Revert "two"',
      'Revert "a"',
      'Revert "four"',
      'Revert "five"',
    ])
    expect(made[0]!.author).toEqual(author)
    expect(made[4]!.message).toContain(base)
    expect(ws.files()).toEqual({ a: '1\n' })
    expect(ws.workspace.refs.reflog('heads/dev')).toHaveLength(moves + 1)
    expect((await statusOf(ws.workspace)).clean).toBe(true)
    expect(await codeOf(revert(`main..${base}`))).toBe('PICK_NOTHING')
  })

  it('leaves out what has been taken back already', async () => {
    await revert('HEAD~1..HEAD')
    const more = await revert(`HEAD~3..${base}`)
    expect(more).toMatchObject({ $kind: 'picked', picked: 1, skipped: [base] })
    await switchTo(ws.workspace, { target: 'main' })
    expect(await revert('HEAD~1..HEAD')).toMatchObject({ picked: 1 })
    expect(ws.files()).toEqual({ a: '1\n' })
  })

  it('stops at a conflict, and goes on, or is undone as a whole', async () => {
    ws.write('a', 'later\n')
    base = (await ws.commitAll('later')).commit
    const before = ws.files()
    const stopped = { $kind: 'stopped', kind, from: base, done: 2, left: 2, conflicts: [{ path: 'a' }] }
    expect(await revert('main..dev~1')).toMatchObject(stopped)
    expect((await statusOf(ws.workspace)).operation?.kind).toBe(kind)
    expect(await abortOperation(ws.workspace, { kind })).toMatchObject({ head: base })
    expect(ws.files()).toEqual(before)
    expect(await revert('main..dev~1')).toMatchObject(stopped)
    await resolveConflicts(ws.workspace, { kind, paths: ['a'], with: 'ours' })
    // Nothing is left of the one that stopped.
    expect(await continueOperation(ws.workspace, { kind })).toMatchObject({ $kind: 'picked', kind, picked: 4 })
    expect(ws.files()).toEqual({ a: 'later\n' })
    const [last] = await logOf(ws.workspace)
    expect(last).toMatchObject({ author, message: expect.stringMatching(/^Revert "one"/) })
    expect(ws.workspace.refs.readHead()).toEqual({ $kind: 'branch', branch: 'dev' })
  })
})

describe('a range', () => {
  it('is refused if it is empty or has a merge', async () => {
    expect(await codeOf(pick('main..main'))).toBe('RANGE_EMPTY')
    expect(await codeOf(pick('main..none'))).toBe('REVISION_UNKNOWN')
    await switchTo(ws.workspace, { target: 'side', create: true })
    await merge(ws.workspace, { revision: 'dev', author })
    await switchTo(ws.workspace, { target: 'main' })
    expect(await codeOf(pick('main..side'))).toBe('PICK_MAINLINE')
  })
})
