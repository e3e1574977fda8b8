/** Random histories, made at once in Floe and in git: the same merges, picks and rebases, the same conflicts, the same
 *  status, files, order of the log, merge bases and differences.
 *
 *  Where git goes another way on purpose, the two are not compared, and here is where and why:
 *  - of several merge bases (criss-cross) Floe takes the newest, git merges them first: such merges are left out;
 *  - a file where the other side has a folder: git renames the file aside, Floe keeps the path in conflict: only that there
 *    is a conflict is compared;
 *  - `rebase` in git leaves commits out beforehand whose patch is upstream; Floe leaves them out once they change nothing:
 *    git is told to try them (`--reapply-cherry-picks`);
 *  - `reset --hard` in Floe does not delete a folder of untracked files that stands where a tracked file was: it refuses;
 *  - renames are not followed; every line says its path, so that git finds none either. */

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect } from 'vitest'
import type { FloeError } from '../../src/base/errors.ts'
import { mergeBases } from '../../src/history/merge-base.ts'
import type { ObjectId } from '../../src/objects/id.ts'
import { add } from '../../src/repo/add.ts'
import { commit } from '../../src/repo/commit.ts'
import { diffOf } from '../../src/repo/diff.ts'
import { logOf } from '../../src/repo/log.ts'
import { merge } from '../../src/repo/merge.ts'
import type { OperationKind } from '../../src/repo/merge-errors.ts'
import type { ConflictRecord } from '../../src/repo/operation.ts'
import { cherryPick, revert } from '../../src/repo/pick.ts'
import { rebase } from '../../src/repo/rebase.ts'
import { abortRebase, continueRebase } from '../../src/repo/rebase-resume.ts'
import { type ResetMode, reset } from '../../src/repo/reset.ts'
import { abortOperation, continueOperation, resolveConflicts } from '../../src/repo/resolve.ts'
import { statusOf } from '../../src/repo/status.ts'
import { switchTo } from '../../src/repo/switch.ts'
import { GitOracle } from './git-oracle.ts'
import { type MemoryWorkspace, memoryWorkspace } from './memory-workspace.ts'
import { author } from './temporary-workspace.ts'

const BRANCHES = ['main', 'one', 'two']
const LINES = ['1', '2', '3', '4', '5', '6', '7', '8']

type Settle = 'ours' | 'theirs' | 'abort'

interface Real {
  ws: MemoryWorkspace
  git: GitOracle
}

/** What the generators may rely on: nothing. Whether a step makes sense is asked of the two repositories. */
type Model = Record<string, never>

type Step = fc.AsyncCommand<Model, Real> & { job(real: Real): Promise<void> }

function step(label: string, job: (real: Real) => Promise<void>): Step {
  return {
    check: () => true,
    job,
    async run(_, real) {
      real.ws.tick(1000)
      real.git.timeMs = real.ws.workspace.clock.now()
      await job(real)
      await expectSame(real, `after ${label}`)
    },
    toString: () => label,
  }
}

const writeLine = (path: string, line: number, text: string): Step =>
  step(`write ${path} line ${line} = ${text}`, async ({ ws, git }) => {
    const lines = (ws.files()[path] ?? LINES.map((line) => `${path} ${line}\n`).join('')).split('\n').slice(0, -1)
    lines[line % lines.length] = `${path} ${text}`
    const contents = `${lines.join('\n')}\n`
    const above = path.slice(0, path.lastIndexOf('/'))
    for (const other of Object.keys(ws.files()))
      if (other === above || other.startsWith(`${path}/`)) remove({ ws, git }, other)
    ws.write(path, contents)
    git.write(path, contents)
  })

const deleteFile = (path: string): Step =>
  step(`delete ${path}`, async (real) => {
    if (real.ws.files()[path] !== undefined) remove(real, path)
  })

const stageOne = (path: string): Step =>
  step(`add ${path}`, async ({ ws, git }) => {
    const ours = await codeOf(add(ws.workspace, { paths: [path] }))
    const theirs = git.run('add', '--', path).status
    // A path that was replaced by a folder, or the reverse: git stages the folder too, Floe what is named.
    expect(ours === 'none').toBe(theirs === 0)
  })

const commitAll = (): Step =>
  step('commit', async ({ ws, git }) => {
    await add(ws.workspace, { all: true })
    git.ok('add', '-A')
    const message = `commit ${ws.workspace.clock.now()}`
    const ours = await codeOf(commit(ws.workspace, { message, author }))
    const theirs = git.run('commit', '--quiet', '-m', message).status
    expect(ours).toBe(theirs === 0 ? 'none' : 'COMMIT_NOTHING_STAGED')
  })

const switchBranch = (branch: string): Step =>
  step(`switch ${branch}`, async (real) => {
    const { ws, git } = real
    if (!(await clean(real))) return
    const create = ws.workspace.refs.read(`heads/${branch}`) === null
    await switchTo(ws.workspace, { target: branch, create })
    git.ok('switch', '--quiet', ...(create ? ['-c'] : []), branch)
  })

const mergeBranch = (branch: string, settle: Settle, ff: boolean): Step =>
  step(`merge ${branch} (${ff ? 'ff, ' : ''}${settle})`, async (real) => {
    const { ws, git } = real
    const theirs = ws.workspace.refs.read(`heads/${branch}`)
    if (!(await clean(real)) || !theirs) return
    const bases = await mergeBases(ws.workspace.store.read, ws.workspace.refs.headCommit()!, theirs)
    if (bases.length > 1) return
    const message = `merge ${ws.workspace.clock.now()}`
    const result = await merge(ws.workspace, { revision: branch, message, author, noFastForward: !ff })
    const run = git.run('merge', '--quiet', ...(ff ? [] : ['--no-ff']), '-m', message, branch)
    const conflicts = result.$kind === 'conflicts' ? result.conflicts : []
    await settleBoth(real, 'merge', conflicts, run.status, settle, () => git.ok('commit', '--quiet', '-m', message))
  })

const pickOne = (kind: 'cherry-pick' | 'revert', branch: string, back: number, settle: Settle): Step =>
  step(`${kind} ${branch}~${back} (${settle})`, async (real) => {
    const { ws, git } = real
    if (!(await clean(real)) || !ws.workspace.refs.read(`heads/${branch}`)) return
    const log = await logOf(ws.workspace, { revisions: [branch] })
    const picked = log[back % log.length]!
    if (picked.parents.length > 1) return
    const id = git.lines('rev-list', branch)[back % log.length]!
    const message = `${kind} ${ws.workspace.clock.now()}`
    const verb = kind === 'revert' ? revert : cherryPick
    let conflicts: ConflictRecord[] = []
    let isNothing = false
    try {
      const result = await verb(ws.workspace, { revision: picked.commit, message, author })
      if (result.$kind === 'conflicts') conflicts = result.conflicts
    } catch (error) {
      if ((error as FloeError).code !== 'PICK_NOTHING') throw error
      isNothing = true
    }
    const { status } = git.run(kind, '--no-commit', id)
    const isChanged = git.run('diff', '--cached', '--quiet').status !== 0
    if (conflicts.length === 0) expect(isNothing).toBe(status === 0 && !isChanged)
    const record = () => {
      git.run('commit', '--quiet', '-m', message)
      git.run(kind, '--quit')
    }
    if (status === 0) record()
    await settleBoth(real, kind, conflicts, status, settle, record)
  })

const rebaseOn = (upstream: string, settle: Settle): Step =>
  step(`rebase ${upstream} (${settle})`, async (real) => {
    const { ws, git } = real
    if (!(await clean(real)) || !ws.workspace.refs.read(`heads/${upstream}`)) return
    let result = await rebase(ws.workspace, { upstream: upstream })
    let run = git.run('rebase', '--quiet', '--reapply-cherry-picks', '--empty=drop', upstream)
    for (let stops = 0; result.$kind === 'conflicts' || run.status !== 0; stops++) {
      expect(result.$kind === 'conflicts' && stops < 50, `git: ${run.stderr}`).toBe(run.status !== 0)
      const { conflicts } = result as Extract<typeof result, { $kind: 'conflicts' }>
      const side = compareConflicts(real, conflicts) ? settle : 'abort'
      if (side === 'abort') {
        await abortRebase(ws.workspace)
        git.ok('rebase', '--abort')
        return
      }
      await settleOurs(real, 'rebase', side)
      settleGit(real, side)
      result = await continueRebase(ws.workspace)
      run = git.run('rebase', '--continue')
    }
  })

const resetTo = (mode: ResetMode, back: number): Step =>
  step(`reset --${mode} HEAD~${back}`, async ({ ws, git }) => {
    const log = await logOf(ws.workspace, {})
    if (log.length === 0) return
    const revision = `HEAD~${Math.min(back, firstParents(log))}`
    const code = await codeOf(reset(ws.workspace, { revision, mode }))
    if (code === 'WORKTREE_WOULD_OVERWRITE' && mode === 'hard') return
    expect(code).toBe('none')
    git.ok('reset', '--quiet', `--${mode}`, revision)
  })

function firstParents(log: Awaited<ReturnType<typeof logOf>>): number {
  const byId = new Map(log.map((record) => [record.commit, record]))
  let count = 0
  for (let at = log[0]; at?.parents[0]; at = byId.get(at.parents[0])) count++
  return count
}

function remove({ ws, git }: Real, path: string): void {
  ws.remove(path)
  git.remove(path)
  // Git leaves no empty folders in a version; on disk neither of the two minds them.
}

/** What is not committed is, so that the next step begins with clean files; false before the first commit. */
async function clean(real: Real): Promise<boolean> {
  // Both have just been found to have the same status.
  const { clean: isClean } = await statusOf(real.ws.workspace)
  if (!isClean) await commitAll().job(real)
  real.ws.tick(1000)
  real.git.timeMs = real.ws.workspace.clock.now()
  return real.ws.workspace.refs.headCommit() !== null
}

async function settleBoth(
  real: Real,
  kind: OperationKind,
  conflicts: readonly ConflictRecord[],
  status: number,
  settle: Settle,
  record: () => unknown,
): Promise<void> {
  expect(conflicts.length > 0, `git ended with ${status}`).toBe(status !== 0)
  if (status === 0) return
  if (!compareConflicts(real, conflicts) || settle === 'abort') {
    await abortOperation(real.ws.workspace, { kind })
    real.git.ok('reset', '--quiet', '--hard')
    real.git.run(kind, '--quit')
    return
  }
  await settleOurs(real, kind, settle)
  settleGit(real, settle)
  await continueOperation(real.ws.workspace, { kind })
  record()
}

/** @returns false if a file meets a folder, where the two show it differently */
function compareConflicts({ git }: Real, conflicts: readonly ConflictRecord[]): boolean {
  const unmerged = new Set(git.lines('ls-files', '--unmerged').map((line) => line.split('\t')[1]!))
  if (conflicts.some(({ kind }) => kind === 'file-folder')) return false
  // Git moves a file aside that a folder of the other side displaces.
  if ([...unmerged].some((path) => path.includes('~'))) return false
  expect(conflicts.map(({ path }) => path)).toEqual([...unmerged].sort())
  return true
}

async function settleOurs({ ws }: Real, kind: OperationKind, side: 'ours' | 'theirs'): Promise<void> {
  await resolveConflicts(ws.workspace, { kind, paths: [''], with: side })
}

function settleGit({ git }: Real, side: 'ours' | 'theirs'): void {
  const stages = git.lines('ls-files', '--unmerged').map((line) => {
    const [, , stage, path] = /^(\S+ \S+) (\d)\t(.*)$/.exec(line)!
    return { stage, path: path! }
  })
  for (const path of new Set(stages.map((entry) => entry.path))) {
    const wanted = side === 'ours' ? '2' : '3'
    if (stages.some((entry) => entry.path === path && entry.stage === wanted)) {
      git.ok('checkout', '--quiet', `--${side}`, '--', path)
      git.ok('add', '--', path)
    } else git.ok('rm', '--quiet', '--force', '--', path)
  }
}

async function expectSame({ ws, git }: Real, where: string): Promise<void> {
  expect(ws.files(), where).toEqual(filesOf(git.dir))
  const status = await statusOf(ws.workspace)
  const theirs = { staged: [] as string[], unstaged: [] as string[], untracked: [] as string[] }
  const porcelain = git.ok('status', '--porcelain=v1', '-z', '--untracked-files=all', '--no-renames')
  for (const line of porcelain.split('\0')) {
    if (line === '') continue
    const path = line.slice(3)
    if (line.startsWith('??')) theirs.untracked.push(path)
    else {
      if (line[0] !== ' ') theirs.staged.push(path)
      if (line[1] !== ' ') theirs.unstaged.push(path)
    }
  }
  const paths = (changes: readonly { path: string }[]) => changes.map(({ path }) => path).sort()
  expect(
    { staged: paths(status.staged), unstaged: paths(status.unstaged), untracked: [...status.untracked].sort() },
    where,
  ).toEqual({ staged: theirs.staged.sort(), unstaged: theirs.unstaged.sort(), untracked: theirs.untracked.sort() })
}

/** The whole histories, which are the same up to the ids. */
async function expectSameHistory({ ws, git }: Real): Promise<void> {
  const twin = new Map<string, ObjectId>()
  const branches = BRANCHES.filter((branch) => ws.workspace.refs.read(`heads/${branch}`))
  expect(git.lines('branch', '--format=%(refname:short)')).toEqual(branches)
  for (const branch of branches) {
    const ours = await logOf(ws.workspace, { revisions: [branch] })
    const theirs = git.lines('log', '--format=%H%x09%s', branch).map((line) => line.split('\t'))
    expect(ours.map(({ message }) => message)).toEqual(theirs.map(([, subject]) => subject))
    for (const [index, [id]] of theirs.entries()) twin.set(id!, ours[index]!.commit)
  }
  for (const a of branches)
    for (const b of branches) {
      if (a >= b) continue
      const ids = [a, b].map((branch) => ws.workspace.refs.read(`heads/${branch}`)!)
      const bases = await mergeBases(ws.workspace.store.read, ids[0]!, ids[1]!)
      const run = git.run('merge-base', '--all', a, b)
      const theirs = run.stdout.split('\n').filter((line) => line !== '')
      expect([...bases].sort()).toEqual(theirs.map((id) => twin.get(id)).sort())
      const range = (await logOf(ws.workspace, { revisions: [`${a}..${b}`] })).map(({ message }) => message)
      expect(range).toEqual(git.lines('log', '--format=%s', `${a}..${b}`))
      const changes = (await diffOf(ws.workspace, { from: a, to: b })).map(
        ({ path, status }) => `${status[0]!.toUpperCase()}\t${path}`,
      )
      expect(changes.sort()).toEqual(git.lines('diff', '--no-renames', '--name-status', a, b).sort())
    }
}

function filesOf(dir: string, below = ''): Record<string, string> {
  const found: Record<string, string> = {}
  for (const entry of readdirSync(join(dir, below), { withFileTypes: true })) {
    const path = below === '' ? entry.name : `${below}/${entry.name}`
    if (path === '.git') continue
    if (entry.isDirectory()) Object.assign(found, filesOf(dir, path))
    else found[path] = readFileSync(join(dir, path), 'latin1')
  }
  return found
}

async function codeOf(job: Promise<unknown>): Promise<string> {
  try {
    await job
    return 'none'
  } catch (error) {
    if ((error as FloeError).code === undefined) throw error
    return (error as FloeError).code
  }
}

const path = fc.constantFrom('a', 'b', 'd/x', 'd/y', 'e', 'e/z')
const branch = fc.constantFrom(...BRANCHES)
const settle = fc.constantFrom<Settle>('ours', 'theirs', 'abort')
const back = fc.nat(3)
const write = fc.tuple(path, fc.nat(7), fc.constantFrom('A', 'B', 'C')).map((args) => writeLine(...args))

const steps = [
  ...[write, write, write, write],
  fc.constant(commitAll()),
  fc.constant(commitAll()),
  path.map((at) => deleteFile(at)),
  path.map((at) => stageOne(at)),
  branch.map((name) => switchBranch(name)),
  branch.map((name) => switchBranch(name)),
  fc.tuple(branch, settle, fc.boolean()).map((args) => mergeBranch(...args)),
  fc.tuple(branch, settle, fc.boolean()).map((args) => mergeBranch(...args)),
  fc.tuple(fc.constantFrom('cherry-pick', 'revert'), branch, back, settle).map((args) => pickOne(...args)),
  fc.tuple(branch, settle).map((args) => rebaseOn(...args)),
  fc.tuple(fc.constantFrom<ResetMode>('soft', 'mixed', 'hard'), back).map((args) => resetTo(...args)),
]

/** @param runs - histories; each of up to 30 steps */
export async function compareHistoriesWithGit(runs: number, seed: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.commands(steps, { maxCommands: 30, size: 'max' }), async (commands) => {
      const ws = await memoryWorkspace()
      using git = new GitOracle(ws.workspace.clock.now())
      try {
        await fc.asyncModelRun(() => ({ model: {}, real: { ws, git } }), commands)
        await expectSameHistory({ ws, git })
      } finally {
        await ws.close()
      }
    }),
    { numRuns: runs, seed, endOnFailure: process.env.FLOE_MODEL_SHRINK === undefined },
  )
}
