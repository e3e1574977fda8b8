/** Workspaces in temporary directories on the real disk. */

import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { add } from '../../src/repo/add.ts'
import { type CommitOptions, type CommitResult, commit } from '../../src/repo/commit.ts'
import { initWorkspace } from '../../src/repo/init.ts'
import { openWorkspace, type Workspace, type WorkspaceOptions } from '../../src/store/workspace.ts'

export const author = { name: 'Ada', email: 'ada@example.org' }

export interface TemporaryWorkspace {
  dir: string
  workspace: Workspace
  write(path: string, contents: string | Uint8Array): void
  /** Stages everything and commits. */
  commitAll(message: string, options?: Partial<CommitOptions>): Promise<CommitResult>
  /** Files outside `.floe`: path → contents; links as `-> target`, executables with a leading `*`. */
  files(): Record<string, string>
  close(): Promise<void>
}

export async function temporaryWorkspace(options: WorkspaceOptions = {}): Promise<TemporaryWorkspace> {
  const dir = mkdtempSync(join(tmpdir(), 'floe-ws-'))
  await initWorkspace(dir)
  const workspace = await openWorkspace(dir, options)
  return {
    dir,
    workspace,
    write(path, contents) {
      mkdirSync(dirname(join(dir, path)), { recursive: true })
      writeFileSync(join(dir, path), contents)
    },
    async commitAll(message, more = {}) {
      await add(workspace, { all: true })
      return commit(workspace, { message, author, ...more })
    },
    files: () => filesOf(dir),
    async close() {
      await workspace.close()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

export function filesOf(dir: string): Record<string, string> {
  const found: Record<string, string> = {}
  const visit = (at: string) => {
    for (const name of readdirSync(join(dir, at))) {
      const path = at === '' ? name : `${at}/${name}`
      if (path === '.floe') continue
      const stat = lstatSync(join(dir, path))
      if (stat.isDirectory()) visit(path)
      else if (stat.isSymbolicLink()) found[path] = `-> ${readlinkSync(join(dir, path))}`
      else found[path] = (stat.mode & 0o100 ? '*' : '') + readFileSync(join(dir, path), 'latin1')
    }
  }
  visit('')
  return found
}

export async function codeOf(job: Promise<unknown>): Promise<string> {
  try {
    await job
    return 'none'
  } catch (error) {
    return (error as { code?: string }).code ?? String(error)
  }
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const item of items) found.push(item)
  return found
}
