/** Workspaces in memory, on the file system that crash tests use: no disk, no waiting for it. */

import { createManualClock } from '../../src/base/clock.ts'
import { add } from '../../src/repo/add.ts'
import { commit } from '../../src/repo/commit.ts'
import { initWorkspace } from '../../src/repo/init.ts'
import { openWorkspace } from '../../src/store/workspace.ts'
import { CrashFs } from '../faults/crash-fs.ts'
import { author, type TemporaryWorkspace } from './temporary-workspace.ts'

export const ROOT = '/ws'

export interface MemoryWorkspace extends TemporaryWorkspace {
  fs: CrashFs
  remove(path: string): void
  /** Moves the clock on; every commit does so by a second. */
  tick(ms: number): void
}

export async function memoryWorkspace(): Promise<MemoryWorkspace> {
  const fs = new CrashFs()
  fs.makeDirectory(ROOT)
  await initWorkspace(ROOT, { fs })
  const clock = createManualClock(1_700_000_000_000)
  const workspace = await openWorkspace(ROOT, { fs, clock })
  return {
    dir: ROOT,
    fs,
    workspace,
    write: (path, contents) => writeTo(fs, path, contents),
    remove: (path) => fs.unlink(`${ROOT}/${path}`),
    tick: (ms) => clock.advance(ms),
    async commitAll(message, more = {}) {
      clock.advance(1000)
      await add(workspace, { all: true })
      return commit(workspace, { message, author, ...more })
    },
    files: () => filesIn(fs),
    close: () => workspace.close(),
  }
}

export function writeTo(fs: CrashFs, path: string, contents: string | Uint8Array): void {
  const absolute = `${ROOT}/${path}`
  const there = fs.stat(absolute)
  if (there?.kind === 'directory') removeEmpty(fs, absolute)
  else if (there) fs.unlink(absolute)
  fs.makeDirectory(absolute.slice(0, absolute.lastIndexOf('/')))
  const file = fs.open(absolute, 'create')
  file.write(Buffer.from(contents))
  file.close()
}

export function filesIn(fs: CrashFs): Record<string, string> {
  const found: Record<string, string> = {}
  for (const [path, bytes] of fs.contents(ROOT))
    if (!path.startsWith(`${ROOT}/.floe/`)) found[path.slice(ROOT.length + 1)] = Buffer.from(bytes).toString('latin1')
  return found
}

function removeEmpty(fs: CrashFs, directory: string): void {
  for (const { name } of fs.readDirectory(directory)) removeEmpty(fs, `${directory}/${Buffer.from(name)}`)
  fs.removeDirectory(directory)
}
