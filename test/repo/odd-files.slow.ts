/** Sizes that a test of every day has no time for. */

import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { add } from '../../src/repo/add.ts'
import { commit } from '../../src/repo/commit.ts'
import { diffOf } from '../../src/repo/diff.ts'
import { initWorkspace } from '../../src/repo/init.ts'
import { listFiles } from '../../src/repo/ls.ts'
import { statusOf } from '../../src/repo/status.ts'
import { openWorkspace } from '../../src/store/workspace.ts'
import { expectDeepFolders } from './deep-folders.ts'
import { author } from './temporary-workspace.ts'

let dir = ''
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'floe-odd-'))
  await initWorkspace(dir)
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

it('a million files in one folder are versioned, and one change among them is found', async () => {
  const count = Number(process.env.FLOE_FILES ?? 1_000_000)
  for (let i = 0; i < count; i++) writeFileSync(join(dir, `f${i}`), `${i % 1000}`)
  await using workspace = await openWorkspace(dir)
  const { files } = await add(workspace, { all: true })
  expect(files).toBe(count)
  await commit(workspace, { message: 'all', author })
  writeFileSync(join(dir, 'f500'), 'changed')
  expect((await statusOf(workspace)).unstaged.map(({ path }) => path)).toEqual(['f500'])
  await commit(workspace, { message: 'one', author, all: true })
  expect((await diffOf(workspace, { from: 'HEAD~1', to: 'HEAD' })).map(({ path }) => path)).toEqual(['f500'])
}, 3_600_000)

it(
  'the longest path there can be is versioned, and 10,000 levels are named as a problem',
  () => expectDeepFolders(2047, 'e/'.repeat(10_000)),
  1_200_000,
)

// 64 GiB take minutes of hashing: only where it is asked for, with FLOE_SPARSE_GIB=64.
const sparseGib = Number(process.env.FLOE_SPARSE_GIB ?? 0)
if (sparseGib > 0)
  it(`a sparse file of ${sparseGib} GiB is read as the zeros it stands for, which are stored once`, async () => {
    const bytes = sparseGib * 2 ** 30
    const file = openSync(join(dir, 'sparse'), 'w')
    ftruncateSync(file, bytes)
    writeSync(file, 'end', bytes - 3)
    closeSync(file)
    await using workspace = await openWorkspace(dir)
    const { newBytes } = await add(workspace, { all: true })
    expect(newBytes).toBeLessThan(64 * 2 ** 20)
    await commit(workspace, { message: 'sparse', author })
    for await (const record of listFiles(workspace)) expect(record).toMatchObject({ path: 'sparse', bytes })
    expect((await statusOf(workspace)).clean).toBe(true)
  }, 7_200_000)
