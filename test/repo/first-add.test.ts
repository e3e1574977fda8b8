/** The first `add` goes a way of its own (ADR 0074): it must end where the other one does. */

import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { createRng } from '../../src/base/rng.ts'
import { add } from '../../src/repo/add.ts'
import { initWorkspace } from '../../src/repo/init.ts'
import { statusOf } from '../../src/repo/status.ts'
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
  const { files, bytes, newBytes, added } = await add(workspace, { all: true })
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
