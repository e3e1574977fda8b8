/** Many files, or a big one, through init, add, commit and checkout in child processes of their own, so that the peak
 *  memory of each command can be told. */

import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRng } from '../../src/base/rng.ts'

export function makeTemporary(): { dir: string; remove(): void } {
  const dir = mkdtempSync(join(tmpdir(), 'floe-trip-'))
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) }
}

/** Files of 1 to 8 KB in folders of 100. */
export function writeManyFiles(dir: string, count: number): void {
  const rng = createRng(count)
  for (let i = 0; i < count; i++) {
    const folder = join(dir, `folder-${Math.floor(i / 100)}`)
    if (i % 100 === 0) mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, `file ${i}.bin`), rng.fill(new Uint8Array(1024 + rng.below(7168))))
  }
}

/** One file of random bytes. */
export function writeBigFile(path: string, bytes: number): void {
  const rng = createRng(1)
  const piece = new Uint8Array(1 << 24)
  const fd = openSync(path, 'w')
  for (let done = 0; done < bytes; done += piece.length) writeSync(fd, rng.fill(piece))
  closeSync(fd)
}

export function sha256OfFile(path: string): string {
  const hash = createHash('sha256')
  const buffer = new Uint8Array(1 << 22)
  const fd = openSync(path, 'r')
  for (let count = readSync(fd, buffer); count > 0; count = readSync(fd, buffer)) hash.update(buffer.subarray(0, count))
  closeSync(fd)
  return hash.digest('hex')
}

/** Runs statements over `workspace` in a process of its own.
 *  @returns its peak memory in bytes */
export function runVerb(dir: string, statements: string): number {
  const source = (path: string) => JSON.stringify(new URL(`../../src/${path}`, import.meta.url).href)
  const script = `
    import { openWorkspace } from ${source('store/workspace.ts')}
    import { initWorkspace } from ${source('repo/init.ts')}
    import { add } from ${source('repo/add.ts')}
    import { commit } from ${source('repo/commit.ts')}
    import { restore } from ${source('repo/restore.ts')}
    import { statusOf } from ${source('repo/status.ts')}
    import { verifyLocal } from ${source('repo/verify-local.ts')}
    const dir = ${JSON.stringify(dir)}
    await initWorkspace(dir)
    await using workspace = await openWorkspace(dir)
    const author = { name: 'Ada', email: '' }
    ${statements}
    console.log(process.resourceUsage().maxRSS * 1024)`
  const { dir: scripts, remove } = makeTemporary()
  try {
    writeFileSync(join(scripts, 'verb.mjs'), script)
    return Number(execFileSync(process.execPath, [join(scripts, 'verb.mjs')], { encoding: 'utf8' }).trim())
  } finally {
    remove()
  }
}

export function sizeOf(path: string): number {
  return statSync(path).size
}
