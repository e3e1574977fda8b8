/** Putting a version in the place of the last one. */

import { afterEach, beforeEach, expect, it } from 'vitest'
import { add } from '../../src/repo/add.ts'
import { createBranch } from '../../src/repo/branch.ts'
import { amendCommit } from '../../src/repo/commit.ts'
import { logOf } from '../../src/repo/log.ts'
import { merge } from '../../src/repo/merge.ts'
import { reset } from '../../src/repo/reset.ts'
import { statusOf } from '../../src/repo/status.ts'
import { switchTo } from '../../src/repo/switch.ts'
import { author, codeOf, type TemporaryWorkspace, temporaryWorkspace } from './temporary-workspace.ts'

let ws: TemporaryWorkspace
beforeEach(async () => {
  ws = await temporaryWorkspace()
})
afterEach(() => ws.close())

const head = async () => (await logOf(ws.workspace))[0]!
const ada = { name: 'Ada', email: 'ada@example.org' }

it('keeps what is not given, and has the same parents', async () => {
  ws.write('a', '1')
  const { commit: first } = await ws.commitAll('first')
  ws.write('b', '2')
  const second = await ws.commitAll('second')
  const before = await head()
  const reworded = await amendCommit(ws.workspace, { message: 'better' })
  expect(reworded).toMatchObject({
    parents: [first],
    tree: second.tree,
    changes: { added: 1, modified: 0, deleted: 0 },
  })
  expect(await head()).toMatchObject({ message: 'better', author: before.author })
  ws.write('a', 'one')
  ws.write('c', '3')
  await add(ws.workspace, { paths: ['c'] })
  expect(await amendCommit(ws.workspace, { author: ada })).toMatchObject({ changes: { added: 2, modified: 0 } })
  expect(await head()).toMatchObject({ message: 'better', author: ada, parents: [first] })
  // What was not staged is left alone.
  expect((await statusOf(ws.workspace)).unstaged.map(({ path }) => path)).toEqual(['a'])
  expect(await amendCommit(ws.workspace, { all: true })).toMatchObject({ changes: { added: 2, modified: 1 } })
  expect((await statusOf(ws.workspace)).clean).toBe(true)
  expect((await logOf(ws.workspace)).map(({ message }) => message)).toEqual(['better', 'first'])
  expect(ws.workspace.refs.reflog('heads/main')[0]).toMatchObject({ reason: 'commit (amend): better' })
  // The way back, from the log.
  await reset(ws.workspace, { revision: 'main@{3}', mode: 'soft' })
  expect((await head()).message).toBe('second')
})

it('of a first version makes a first version, and of a merge a merge', async () => {
  expect(await codeOf(amendCommit(ws.workspace, { message: 'x' }))).toBe('REVISION_UNKNOWN')
  ws.write('a', '1')
  await ws.commitAll('first')
  ws.write('b', '1')
  expect(await amendCommit(ws.workspace, { add: true })).toMatchObject({ parents: [], changes: { added: 2 } })
  await createBranch(ws.workspace, { name: 'dev' })
  ws.write('a', '2')
  const ours = await ws.commitAll('ours')
  await switchTo(ws.workspace, { target: 'dev' })
  ws.write('b', '2')
  const theirs = await ws.commitAll('theirs')
  await switchTo(ws.workspace, { target: 'main' })
  await merge(ws.workspace, { revision: 'dev', author })
  await amendCommit(ws.workspace, { message: 'both' })
  expect(await head()).toMatchObject({ message: 'both', parents: [ours.commit, theirs.commit] })
  expect(await codeOf(amendCommit(ws.workspace, { message: ' ' }))).toBe('COMMIT_MESSAGE_EMPTY')
})

it('is made on no branch as well, and not while a merge waits', async () => {
  ws.write('a', '1')
  const { commit } = await ws.commitAll('first')
  await switchTo(ws.workspace, { target: commit, detach: true })
  const again = await amendCommit(ws.workspace, { message: 'detached' })
  expect(again.branch).toBeNull()
  expect(ws.workspace.refs.readHead()).toEqual({ $kind: 'detached', commit: again.commit })
  expect(ws.workspace.refs.read('heads/main')).toBe(commit)
  await switchTo(ws.workspace, { target: 'dev', create: true })
  ws.write('a', '2')
  await ws.commitAll('ours')
  await switchTo(ws.workspace, { target: 'main' })
  ws.write('a', '3')
  await ws.commitAll('theirs')
  expect(await merge(ws.workspace, { revision: 'dev', author })).toMatchObject({ $kind: 'conflicts' })
  expect(await codeOf(amendCommit(ws.workspace, { message: 'x' }))).toBe('OPERATION_IN_PROGRESS')
})
