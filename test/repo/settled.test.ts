/** The short way of `status`, against the long one. */

import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createRng } from '../../src/base/rng.ts'
import { add } from '../../src/repo/add.ts'
import { statusOf } from '../../src/repo/status.ts'
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

test('a settled cache holds for its tree and its bytes only', async () => {
  await settle(PATHS)
  const mark = readFileSync(settledFile(), 'utf8')
  temporary.write('new', 'n')
  await add(temporary.workspace, { paths: ['new'] })
  // Another tree is staged, and other bytes are in the cache: the mark means nothing.
  expect((await statusOf(temporary.workspace)).staged.map(({ path }) => path)).toEqual(['new'])
  for (const damaged of [
    '',
    'x',
    mark.slice(0, 80),
    `${'0'.repeat(64)} ${'0'.repeat(64)}\n`,
    mark.replace(' ', '\n'),
  ]) {
    writeFileSync(settledFile(), damaged)
    expect((await statusOf(temporary.workspace)).unstaged).toEqual([])
  }
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
