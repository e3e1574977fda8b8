/** The first `add` goes a way of its own (ADR 0074): it must end where the other one does. */

import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { createRng } from '../../src/base/rng.ts'
import { add as addFiles } from '../../src/repo/add.ts'
import { commit } from '../../src/repo/commit.ts'
import { initWorkspace } from '../../src/repo/init.ts'
import { statusOf } from '../../src/repo/status.ts'
import { verifyLocal } from '../../src/repo/verify-local.ts'
import type { FileSystem } from '../../src/store/file-system.ts'
import { nodeFs } from '../../src/store/node-fs.ts'
import { openWorkspace } from '../../src/store/workspace.ts'

const root = mkdtempSync(join(tmpdir(), 'floe-first-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
const rng = createRng(74)
const KIB = 1024

/** More files than start threads, of all the sizes that go different ways, mixed. */
function fill(): number {
  let count = 0
  const write = (path: string, bytes: number) => {
    writeFileSync(join(root, path), rng.fill(new Uint8Array(bytes)))
    count++
  }
  for (const folder of ['a', 'b', 'b-c', 'b/d']) {
    mkdirSync(join(root, folder))
    for (let i = 0; i < 200; i++) write(`${folder}/${i}`, i % 50 === 0 ? 0 : 1 + rng.below(9 * KIB))
    // A slot holds few of the larger ones: names have to be sent again.
    for (let i = 0; i < 12; i++) write(`${folder}/m${i}`, 16 * KIB + rng.below(480 * KIB))
    for (let i = 0; i < 3; i++) write(`${folder}/z${i}`, 600 * KIB + rng.below(2000 * KIB))
  }
  chmodSync(join(root, 'a/7'), 0o755)
  symlinkSync('a/7', join(root, 'link'))
  return count + 1
}

async function addAll(fs: FileSystem) {
  rmSync(join(root, '.floe'), { recursive: true, force: true })
  await initWorkspace(root, { fs })
  await using workspace = await openWorkspace(root, { fs })
  const { files, bytes, newBytes, added } = await addFiles(workspace, { all: true })
  const { staged, unstaged, untracked } = await statusOf(workspace)
  const [staging, stat] = ['staging', 'stat'].map((name) => readFileSync(join(root, '.floe', name)))
  return {
    files,
    bytes,
    newBytes,
    added,
    left: [unstaged.length, untracked.length],
    staged: staged.length,
    staging,
    stat,
  }
}

const sign = { message: 'first', author: { name: 'Ada', email: 'ada@example.org' } }

/** @param only - below this folder are no large files, so that all come in path order */
async function firstCommit(fs: FileSystem, add: boolean, only: string) {
  rmSync(join(only, '.floe'), { recursive: true, force: true })
  await initWorkspace(only, { fs })
  await using workspace = await openWorkspace(only, { fs })
  if (!add) await addFiles(workspace, { all: true })
  const { tree, changes, warnings } = await commit(workspace, { ...sign, add })
  const status = await statusOf(workspace)
  await verifyLocal(workspace, { full: true })
  return { tree, changes, warnings, isClean: status.clean, stat: readFileSync(join(only, '.floe/stat')) }
}

test('a first add by threads stages what one file after the other does, to the byte, whatever comes first', async () => {
  const count = fill()
  // Until the file system's clock has gone on since the last was written.
  await new Promise((resolve) => setTimeout(resolve, 50))
  // Any other file system than the machine's own is read in turn.
  const inTurn = await addAll({ ...nodeFs })
  expect(inTurn.files).toBe(count)
  for (let round = 0; round < 3; round++) {
    const threaded = await addAll(nodeFs)
    expect(threaded.left).toEqual([0, 0])
    expect(threaded).toEqual(inTurn)
  }
})

test('a first commit of everything is what add and commit make of it', async () => {
  const small = join(root, 'small')
  mkdirSync(small)
  for (let i = 0; i < 700; i++) {
    mkdirSync(join(small, `${i % 30}`), { recursive: true })
    writeFileSync(join(small, `${i % 30}/${i}`), rng.fill(new Uint8Array(rng.below(9 * KIB))))
  }
  for (const name of ['Same', 'same']) writeFileSync(join(small, name), name)
  await new Promise((resolve) => setTimeout(resolve, 50))
  const inTwo = await firstCommit(nodeFs, false, small)
  expect(inTwo).toMatchObject({ isClean: true, changes: { added: 702, modified: 0, deleted: 0 } })
  expect(inTwo.warnings).toMatchObject([{ code: 'NAME_COLLISION', paths: ['Same', 'same'] }])
  for (const fs of [nodeFs, { ...nodeFs }]) expect(await firstCommit(fs, true, small)).toEqual(inTwo)
  rmSync(small, { recursive: true })
  // With large ones among them, which are done when they are done.
  const mixed = await firstCommit(nodeFs, false, root)
  for (const fs of [nodeFs, { ...nodeFs }]) expect(await firstCommit(fs, true, root)).toEqual(mixed)
})
