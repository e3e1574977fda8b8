/** Wrote `workspace-v1.json`. Kept to show how; running it again gives the same ids but may give other pack bytes, since
 *  those depend on the version of zstd. Usage: `node test/vectors/store/write-workspace.ts <new file>`. */

import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync, mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createManualClock } from '../../../src/base/clock.ts'
import { createRng } from '../../../src/base/rng.ts'
import { sha256Hex } from '../../../src/crypto/hash.ts'
import { add } from '../../../src/repo/add.ts'
import { createBranch, createTag } from '../../../src/repo/branch.ts'
import { commit } from '../../../src/repo/commit.ts'
import { initWorkspace } from '../../../src/repo/init.ts'
import { openWorkspace } from '../../../src/store/workspace.ts'

const dir = mkdtempSync(join(tmpdir(), 'floe-golden-'))
const clock = createManualClock(1_795_000_000_000)
await initWorkspace(dir, { clock })
await using workspace = await openWorkspace(dir, { clock })
const author = { name: 'Ada', email: 'ada@example.org' }
const big = createRng(42).fill(new Uint8Array(150_000))
mkdirSync(join(dir, 'data'))
writeFileSync(join(dir, 'alpha.txt'), 'alpha\n')
writeFileSync(join(dir, 'data/big.bin'), big)
writeFileSync(join(dir, 'empty'), '')
symlinkSync('alpha.txt', join(dir, 'link'))
await add(workspace, { all: true })
const attachments = new Map([['note', new TextEncoder().encode('kept')]])
const first = await commit(workspace, { message: 'first', author, attachments })
await createTag(workspace, { name: 'v1' })
await createBranch(workspace, { name: 'side' })
writeFileSync(join(dir, 'alpha.txt'), 'alpha\nbeta\n', { mode: 0o755 })
rmSync(join(dir, 'empty'))
await add(workspace, { all: true })
clock.advance(1000)
const second = await commit(workspace, { message: 'second', author })
writeFileSync(join(dir, 'staged'), 'staged\n')
await add(workspace, { all: true })
const files: Record<string, string> = {}
const visit = (at: string) => {
  for (const name of readdirSync(join(dir, at)).sort()) {
    const path = `${at}/${name}`
    if (lstatSync(join(dir, path)).isDirectory()) visit(path)
    else files[path] = readFileSync(join(dir, path)).toString('base64')
  }
}
visit('.floe')
delete files['.floe/stat'] // a cache of this machine's inodes
const expected = { first: first.commit, second: second.commit, bigSha256: sha256Hex(big) }
writeFileSync(process.argv[2]!, `${JSON.stringify({ expected, files }, null, 1)}\n`)
rmSync(dir, { recursive: true })
