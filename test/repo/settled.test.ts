/** The short way of `status`, against the long one. */

import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createRng } from '../../src/base/rng.ts'
import { add } from '../../src/repo/add.ts'
import { statusOf } from '../../src/repo/status.ts'
import { switchTo } from '../../src/repo/switch.ts'
import { localFiles, readVersions } from '../../src/repo/versions.ts'
import { compareWithTree, looseOn } from '../../src/worktree/compare.ts'
import { type TemporaryWorkspace, temporaryWorkspace } from './temporary-workspace.ts'

let temporary: TemporaryWorkspace
const settledFile = () => join(temporary.dir, '.floe/settled')
/** Older than any clock tick the cache could mistake for now. */
const age = (path: string) => utimesSync(join(temporary.dir, path), 1_600_000_000, 1_600_000_000)

beforeEach(async () => {
  temporary = await temporaryWorkspace()
})
afterEach(() => temporary.close())

async function settle(paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    temporary.write(path, path)
    age(path)
  }
  // The cache keeps only what last changed before the tick of the clock in which it was read.
  await new Promise((resolve) => setTimeout(resolve, 20))
  await temporary.commitAll('settle')
  await statusOf(temporary.workspace)
  await statusOf(temporary.workspace)
  expect(existsSync(settledFile())).toBe(true)
}

/** What status says the short way, and the long way. */
async function bothWays() {
  const short = await statusOf(temporary.workspace)
  rmSync(settledFile(), { force: true })
  return { short, long: await statusOf(temporary.workspace) }
}

const PATHS = ['a', 'b/c', 'b/d', 'b/e/f', 'b.txt', 'g/ä', 'g/h', 'z']

test('a settled cache tells changed, new, deleted and replaced files as the long way does', async () => {
  await settle(PATHS)
  temporary.write('a', 'other length')
  temporary.write('b/d', 'x/d')
  temporary.write('b/d2', 'new')
  temporary.write('0', 'new')
  temporary.write('zz', 'new')
  rmSync(join(temporary.dir, 'b/e'), { recursive: true })
  rmSync(join(temporary.dir, 'z'))
  mkdirSync(join(temporary.dir, 'z'))
  temporary.write('z/in', 'new')
  rmSync(join(temporary.dir, 'g/h'))
  symlinkSync('a', join(temporary.dir, 'g/h'))
  chmodSync(join(temporary.dir, 'b/c'), 0o755)
  const { short, long } = await bothWays()
  expect(short).toEqual(long)
  expect(short.unstaged.map(({ path, status }) => `${status} ${path}`)).toEqual([
    'modified a',
    'mode-changed b/c',
    'modified b/d',
    'deleted b/e/f',
    'type-changed g/h',
    'deleted z',
  ])
  expect(short.untracked).toEqual(['0', 'b/d2', 'z/in', 'zz'])
})

test('a settled cache sees files that are tracked although ignored', async () => {
  await settle(PATHS)
  temporary.write('.floeignore', 'b/\nz\n')
  temporary.write('b/c', 'changed behind the rules')
  const { short, long } = await bothWays()
  expect(short).toEqual(long)
  expect(short.unstaged.map(({ path }) => path)).toEqual(['b/c'])
})

test('a damaged mark means nothing', async () => {
  await settle(PATHS)
  const mark = readFileSync(settledFile())
  temporary.write('a', 'changed')
  const versions = await readVersions(temporary.workspace)
  const known = async () => (await looseOn(localFiles(temporary.workspace), versions.read, versions.stagedTree))?.paths
  expect(await known()).toEqual([])
  for (let at = 0; at < mark.length; at++) {
    const damaged = Buffer.from(mark)
    damaged[at]! ^= 1
    writeFileSync(settledFile(), at % 2 === 0 ? damaged : mark.subarray(0, at))
    expect(await known()).toBeUndefined()
  }
  expect((await statusOf(temporary.workspace)).unstaged.map(({ path }) => path)).toEqual(['a'])
})

test('a mark holds for the trees after it, but for the paths in which they differ', async () => {
  const { workspace } = temporary
  for (let i = 0; i < 80; i++) temporary.write(`d${i % 5}/${i}`, 'x')
  symlinkSync('nowhere', join(temporary.dir, 'link'))
  await settle(PATHS)
  const mark = readFileSync(settledFile())
  const rng = createRng(3)
  const states = async (isShort: boolean) => {
    const files = localFiles(workspace)
    const { read, stagedTree } = await readVersions(workspace)
    const loose = await looseOn(files, read, stagedTree)
    expect(loose).toBeDefined()
    if (!isShort) delete files.settled
    const found: string[] = []
    for await (const state of compareWithTree(files, read, stagedTree, { changesOnly: true }))
      found.push(`${state.$kind} ${state.path} ${state.$kind === 'tracked' ? state.difference : ''}`)
    return { found, loose: loose?.paths ?? [] }
  }
  expect((await states(true)).loose).toContain('link')
  for (let round = 0; round < 10; round++) {
    for (let i = 0; i < 5; i++) {
      const at = join(temporary.dir, `d${rng.below(6)}/${rng.below(90)}`)
      const luck = rng.below(4)
      if (luck === 0) rmSync(at, { force: true })
      else if (existsSync(dirname(at))) writeFileSync(at, `${rng.below(9)}`)
    }
    if (round === 4) rmSync(join(temporary.dir, 'link'))
    if (round % 3 === 1) await add(workspace, { all: true })
    if (round % 3 === 2) await temporary.commitAll(`${round}`, { allowEmpty: true })
    if (round === 7) {
      temporary.write('d0/0', 'in the way of nothing')
      await temporary.commitAll('before switching')
      await switchTo(workspace, { target: 'HEAD~1', detach: true })
      expect(readFileSync(join(temporary.dir, 'd0/0'), 'utf8')).not.toBe('in the way of nothing')
    }
    const short = await states(true)
    expect(short.found).toEqual((await states(false)).found)
    // Nobody has settled anew: what is asked is the mark of the beginning, with the records of then.
    expect(readFileSync(settledFile())).toEqual(mark)
  }
})

test('a mark that the trees have left far behind is made anew', async () => {
  await settle(PATHS)
  const mark = readFileSync(settledFile())
  for (let i = 0; i < 1200; i++) temporary.write(`many/${i}`, 'x')
  await new Promise((resolve) => setTimeout(resolve, 20))
  await temporary.commitAll('many')
  for (let i = 0; i < 3; i++) expect((await statusOf(temporary.workspace)).clean).toBe(true)
  expect(readFileSync(settledFile())).not.toEqual(mark)
  const { read, stagedTree } = await readVersions(temporary.workspace)
  expect((await looseOn(localFiles(temporary.workspace), read, stagedTree))?.paths).toEqual([])
})

test('a name that is no text hides nothing of what stands beside it, either way', async () => {
  await settle(PATHS)
  writeFileSync(Buffer.concat([Buffer.from(`${temporary.dir}/g/zz`), Buffer.from([0xff])]), '')
  const { short, long } = await bothWays()
  expect(short).toEqual(long)
  expect(short).toMatchObject({ unstaged: [], untracked: [], problems: [{ code: 'WORKTREE_NAME_NOT_UTF8' }] })
})

test('a file that changes within one tick of the clock is never called settled', async () => {
  temporary.write('hot', 'one')
  await temporary.commitAll('hot')
  await statusOf(temporary.workspace)
  await statusOf(temporary.workspace)
  temporary.write('hot', 'two')
  expect((await statusOf(temporary.workspace)).unstaged.map(({ path }) => path)).toEqual(['hot'])
})

test('random changes look the same both ways', async () => {
  const rng = createRng(20)
  const paths = Array.from({ length: 40 }, (_, i) => `${'abc'[i % 3]}/${'xyz'[i % 2]}/${i}`)
  await settle(paths)
  for (let round = 0; round < 12; round++) {
    for (let change = 0; change < 4; change++) {
      const path = paths[rng.below(paths.length)]!
      const at = join(temporary.dir, path)
      if (rng.below(3) === 0) rmSync(at, { force: true })
      else {
        mkdirSync(dirname(at), { recursive: true })
        writeFileSync(rng.below(4) === 0 ? `${at}-new` : at, `${path}${'!'.repeat(rng.below(3))}`)
      }
    }
    const mark = existsSync(settledFile()) ? readFileSync(settledFile()) : undefined
    const { short, long } = await bothWays()
    expect(short).toEqual(long)
    if (mark) writeFileSync(settledFile(), mark)
  }
})

test('while HEAD is at the commit that was settled on, its tree is known without reading it', async () => {
  await settle(PATHS)
  const { workspace } = temporary
  const { settled } = localFiles(workspace)
  const read: string[] = []
  const store = workspace.store as { read: typeof workspace.store.read }
  const original = store.read
  store.read = (kind, id, options) => {
    read.push(kind)
    return original(kind, id, options)
  }
  try {
    expect((await statusOf(workspace)).clean).toBe(true)
    expect(read).toEqual([])
    temporary.write('a', 'changed')
    await temporary.commitAll('another')
    read.length = 0
    const { headTree } = await readVersions(workspace, settled)
    expect(headTree).not.toBe(settled!.tree)
    expect(read).toContain('commit')
    expect((await statusOf(workspace)).clean).toBe(true)
  } finally {
    store.read = original
  }
})
