/** `cherry-pick -n` and `revert -n`, with git as oracle. */

import { afterEach, beforeEach, expect, it } from 'vitest'
import { add } from '../../src/repo/add.ts'
import { pickStaged } from '../../src/repo/pick-staged.ts'
import { statusOf } from '../../src/repo/status.ts'
import { switchTo } from '../../src/repo/switch.ts'
import type { Workspace } from '../../src/store/workspace.ts'
import { atEveryCut } from './every-cut.ts'
import { GitOracle } from './git-oracle.ts'
import { filesIn, type MemoryWorkspace, memoryWorkspace } from './memory-workspace.ts'
import { codeOf } from './temporary-workspace.ts'

const lines = (from: number, ...changed: [number, string][]) => {
  const texts = new Map(changed)
  return Array.from({ length: 12 }, (_, i) => `${texts.get(i) ?? from + i}\n`).join('')
}

let ws: MemoryWorkspace
let git: GitOracle
beforeEach(async () => {
  ws = await memoryWorkspace()
  git = new GitOracle(ws.workspace.clock.now())
  write('text', lines(0))
  for (const path of ['gone', 'beside', 'edited']) write(path, '1')
  await record('base')
  await switchTo(ws.workspace, { target: 'dev', create: true })
  git.ok('switch', '-q', '-c', 'dev')
  write('text', lines(0, [1, 'one']))
  write('d/new', 'n')
  await record('first')
  write('text', lines(0, [1, 'one'], [10, 'ten']))
  ws.remove('gone')
  git.remove('gone')
  await record('second')
  await switchTo(ws.workspace, { target: 'main' })
  git.ok('switch', '-q', 'main')
  write('text', lines(0, [5, 'five']))
  await record('ours')
})
afterEach(async () => {
  await ws.close()
  git[Symbol.dispose]()
})

function write(path: string, text: string): void {
  ws.write(path, text)
  git.write(path, text)
}
async function record(message: string): Promise<void> {
  await ws.commitAll(message)
  git.commitAll(message)
}

async function both(kind: 'cherry-pick' | 'revert', revision: string) {
  const found = await pickStaged(ws.workspace, { kind, revision })
  git.ok(kind, '--no-commit', revision)
  const { staged, unstaged, head } = await statusOf(ws.workspace)
  const shown = (changes: typeof staged) => changes.map(({ path, status }) => `${status[0]!.toUpperCase()}\t${path}`)
  expect(shown(staged)).toEqual(git.lines('diff', '--cached', '--name-status'))
  expect(shown(unstaged)).toEqual(git.lines('diff', '--name-status'))
  expect(filesIn(ws.fs).text).toBe(git.ok('cat-file', '-p', ':text'))
  expect(head.commit).toBe(ws.workspace.refs.read('heads/main'))
  return found
}

it('one on another over what is staged, beside what is edited, and back again, as in git', async () => {
  write('beside', '22')
  await add(ws.workspace, { paths: ['beside'] })
  git.ok('add', 'beside')
  write('edited', '333')
  const before = filesIn(ws.fs)
  const first = await both('cherry-pick', 'dev~1')
  expect(first).toMatchObject({ picked: 1, skipped: [], files: 2, isReversible: true })
  expect(first.before.map(({ path, staged }) => [path, staged])).toEqual([
    ['d/new', 'head'],
    ['text', 'head'],
  ])
  await both('cherry-pick', 'dev')
  expect(filesIn(ws.fs)).toMatchObject({ text: lines(0, [1, 'one'], [5, 'five'], [10, 'ten']), 'd/new': 'n' })
  await both('revert', 'dev')
  await both('revert', 'dev~1')
  expect(filesIn(ws.fs)).toEqual(before)
  expect((await statusOf(ws.workspace)).staged.map(({ path }) => path)).toEqual(['beside'])
  expect(await both('cherry-pick', 'main..dev')).toMatchObject({ picked: 2, files: 3 })
  await both('revert', 'dev~2..dev')
  expect(filesIn(ws.fs)).toEqual(before)
  await both('revert', 'HEAD')
})

it('is refused with nothing changed at a conflict, where files are edited, and where it makes no difference', async () => {
  const pick = (revision: string) => codeOf(pickStaged(ws.workspace, { kind: 'cherry-pick', revision }))
  const look = async () => [filesIn(ws.fs), await statusOf(ws.workspace)]
  ws.write('text', lines(0, [1, 'mine'], [5, 'five']))
  let before = await look()
  expect(await pick('dev')).toBe('WORKTREE_WOULD_OVERWRITE')
  expect(await look()).toEqual(before)
  await add(ws.workspace, { paths: ['text'] })
  before = await look()
  expect(await pick('dev~1')).toBe('MERGE_CONFLICT')
  expect(await pick('main..dev')).toBe('MERGE_CONFLICT')
  expect(await pick('HEAD')).toBe('PICK_NOTHING')
  expect(await pick('dev..dev')).toBe('RANGE_EMPTY')
  expect(await look()).toEqual(before)
})

it('settles conflicts at once where told to, and says that it cannot be taken back by its opposite', async () => {
  write('text', lines(0, [1, 'mine']))
  await add(ws.workspace, { paths: ['text'] })
  const theirs = await pickStaged(ws.workspace, { kind: 'cherry-pick', revision: 'dev~1', theirs: [''] })
  expect(theirs).toMatchObject({ picked: 1, isReversible: false })
  expect(filesIn(ws.fs).text).toBe(lines(0, [1, 'one']))
})

it('cut off anywhere, it is finished by repeating it', async () => {
  ws.write('beside', '22')
  await add(ws.workspace, { paths: ['beside'] })
  await ws.workspace.close()
  const job = (workspace: Workspace) => pickStaged(workspace, { kind: 'cherry-pick', revision: 'main..dev' })
  await atEveryCut(ws.fs, 5, job, async (workspace, fs, where) => {
    const code = await codeOf(job(workspace))
    // A file that the power cut has torn is as one that is edited.
    if (code === 'WORKTREE_WOULD_OVERWRITE') return
    expect(['none', 'PICK_NOTHING'], where).toContain(code)
    expect(filesIn(fs), where).toMatchObject({ text: lines(0, [1, 'one'], [5, 'five'], [10, 'ten']), 'd/new': 'n' })
    const { staged, unstaged } = await statusOf(workspace)
    expect([staged.map(({ path }) => path), unstaged], where).toEqual([['beside', 'd/new', 'gone', 'text'], []])
  })
})
