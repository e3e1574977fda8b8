/** Random sequences of verbs against a model: three Maps for files, staging and branches. */

import fc from 'fast-check'
import { expect } from 'vitest'
import { createManualClock } from '../../src/base/clock.ts'
import { add } from '../../src/repo/add.ts'
import { commit } from '../../src/repo/commit.ts'
import { initWorkspace } from '../../src/repo/init.ts'
import { restore } from '../../src/repo/restore.ts'
import { statusOf } from '../../src/repo/status.ts'
import { switchTo } from '../../src/repo/switch.ts'
import { verifyLocal } from '../../src/repo/verify-local.ts'
import { openWorkspace, type Workspace } from '../../src/store/workspace.ts'
import { CrashFs } from '../faults/crash-fs.ts'
import { author, codeOf } from './temporary-workspace.ts'

const ROOT = '/ws'
const PATHS = ['a', 'b', 'd/x', 'd/y', 'e/f/g']
const BRANCHES = ['main', 'one', 'two']

type Files = Map<string, string>
type Operation =
  | { do: 'write'; path: string; contents: string }
  | { do: 'delete'; path: string }
  | { do: 'add'; path: string }
  | { do: 'add all' }
  | { do: 'commit' }
  | { do: 'commit all' }
  | { do: 'commit everything' }
  | { do: 'switch'; branch: string }
  | { do: 'unstage' }
  | { do: 'restore'; path: string }

const path = fc.constantFrom(...PATHS)
const operation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('write' as const), path, contents: fc.constantFrom('1', '2', '33') }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('delete' as const), path }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('add' as const), path }) },
  { weight: 2, arbitrary: fc.constant({ do: 'add all' as const }) },
  { weight: 3, arbitrary: fc.constant({ do: 'commit' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'commit all' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'commit everything' as const }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('switch' as const), branch: fc.constantFrom(...BRANCHES) }) },
  { weight: 1, arbitrary: fc.constant({ do: 'unstage' as const }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restore' as const), path }) },
)

class Model {
  disk: Files = new Map()
  staged: Files = new Map()
  branches = new Map<string, Files>()
  branch = 'main'

  get head(): Files {
    return this.branches.get(this.branch) ?? new Map()
  }

  /** The error code the verb must give, or `none`; the model is then one step further. */
  apply(operation: Operation): string {
    switch (operation.do) {
      case 'write':
        this.disk.set(operation.path, operation.contents)
        return 'none'
      case 'delete':
        this.disk.delete(operation.path)
        return 'none'
      case 'add':
        if (!this.disk.has(operation.path) && !this.staged.has(operation.path)) return 'PATH_UNKNOWN'
        put(this.staged, operation.path, this.disk.get(operation.path))
        return 'none'
      case 'add all':
        this.staged = new Map(this.disk)
        return 'none'
      case 'commit all': {
        const next = new Map(this.staged)
        for (const tracked of this.staged.keys()) put(next, tracked, this.disk.get(tracked))
        return this.#commit(next)
      }
      case 'commit everything':
        return this.#commit(new Map(this.disk))
      case 'commit':
        return this.#commit(this.staged)
      case 'switch':
        return this.#switch(operation.branch)
      case 'unstage':
        this.staged = new Map(this.head)
        return 'none'
      case 'restore':
        if (!this.staged.has(operation.path) && !this.head.has(operation.path)) return 'PATH_UNKNOWN'
        if (this.staged.has(operation.path)) put(this.disk, operation.path, this.staged.get(operation.path))
        return 'none'
    }
  }

  /** One that finds nothing to commit stages nothing either. */
  #commit(next: Files): string {
    if (isEqual(next, this.head)) return 'COMMIT_NOTHING_STAGED'
    this.staged = next
    this.branches.set(this.branch, new Map(next))
    return 'none'
  }

  #switch(branch: string): string {
    const target = this.branches.get(branch)
    if (!target) {
      if (!this.branches.has(this.branch)) return branch === this.branch ? 'none' : 'skip'
      this.branches.set(branch, new Map(this.head))
      this.branch = branch
      return 'none'
    }
    const { head } = this
    const moved = PATHS.filter((at) => head.get(at) !== target.get(at))
    for (const at of moved) {
      const now = this.disk.get(at)
      const isStaged = this.staged.get(at) !== head.get(at)
      if (isStaged && this.staged.get(at) !== target.get(at)) return 'WORKTREE_WOULD_OVERWRITE'
      if (now !== undefined && now !== head.get(at) && now !== target.get(at)) return 'WORKTREE_WOULD_OVERWRITE'
    }
    for (const at of moved) {
      put(this.disk, at, target.get(at))
      put(this.staged, at, target.get(at))
    }
    this.branch = branch
    return 'none'
  }
}

function put(files: Files, at: string, contents: string | undefined): void {
  if (contents === undefined) files.delete(at)
  else files.set(at, contents)
}

function isEqual(a: Files, b: Files): boolean {
  return a.size === b.size && [...a].every(([at, contents]) => b.get(at) === contents)
}

async function run(workspace: Workspace, fs: CrashFs, model: Model, operation: Operation): Promise<string> {
  switch (operation.do) {
    case 'write': {
      const absolute = `${ROOT}/${operation.path}`
      if (fs.stat(absolute)) fs.unlink(absolute)
      fs.makeDirectory(absolute.slice(0, absolute.lastIndexOf('/')))
      const file = fs.open(absolute, 'create')
      file.write(new TextEncoder().encode(operation.contents))
      file.close()
      return 'none'
    }
    case 'delete':
      if (fs.stat(`${ROOT}/${operation.path}`)) fs.unlink(`${ROOT}/${operation.path}`)
      return 'none'
    case 'add':
      return codeOf(add(workspace, { paths: [operation.path] }))
    case 'add all':
      return codeOf(add(workspace, { all: true }))
    case 'commit':
      return codeOf(commit(workspace, { message: 'x', author }))
    case 'commit all':
      return codeOf(commit(workspace, { message: 'x', author, all: true }))
    case 'commit everything':
      return codeOf(commit(workspace, { message: 'x', author, add: true }))
    case 'switch': {
      const create = workspace.refs.read(`heads/${operation.branch}`) === null && operation.branch !== model.branch
      return codeOf(switchTo(workspace, { target: operation.branch, create }))
    }
    case 'unstage':
      return codeOf(restore(workspace, { paths: [''], staged: true }))
    case 'restore':
      return codeOf(restore(workspace, { paths: [operation.path] }))
  }
}

async function assertSame(workspace: Workspace, fs: CrashFs, model: Model): Promise<void> {
  const disk = new Map<string, string>()
  for (const [at, bytes] of fs.contents(ROOT))
    if (!at.startsWith(`${ROOT}/.floe/`)) disk.set(at.slice(ROOT.length + 1), Buffer.from(bytes).toString())
  expect(disk).toEqual(model.disk)
  const status = await statusOf(workspace)
  const differing = (a: Files, b: Files) => PATHS.filter((at) => a.get(at) !== b.get(at))
  expect(status.staged.map((change) => change.path)).toEqual(differing(model.head, model.staged))
  const tracked = PATHS.filter((at) => model.staged.has(at))
  expect(status.unstaged.map((change) => change.path)).toEqual(
    tracked.filter((at) => model.disk.get(at) !== model.staged.get(at)),
  )
  expect(status.untracked).toEqual(PATHS.filter((at) => model.disk.has(at) && !model.staged.has(at)))
  expect(status.head.branch).toBe(model.branch)
}

/** Staging, commit and switch do what three Maps do, in any order. */
export async function checkModel({ seed, numRuns }: { seed: number; numRuns: number }): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { minLength: 5, maxLength: 40 }), async (operations) => {
      const fs = new CrashFs()
      fs.makeDirectory(ROOT)
      await initWorkspace(ROOT, { fs })
      const model = new Model()
      await using workspace = await openWorkspace(ROOT, { fs, clock: createManualClock(1_000_000) })
      for (const operation of operations) {
        const before = { branch: model.branch }
        const expected = model.apply(operation)
        if (expected === 'skip') continue
        expect(await run(workspace, fs, { ...model, branch: before.branch } as Model, operation)).toBe(expected)
        await assertSame(workspace, fs, model)
      }
      await verifyLocal(workspace, { full: true })
    }),
    { seed, numRuns },
  )
}
