/** Git in a temporary directory, to be compared with: no hooks, no user configuration, times as told. */

import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

export interface GitRun {
  status: number
  stdout: string
  stderr: string
}

export class GitOracle implements Disposable {
  readonly dir = mkdtempSync(join(tmpdir(), 'floe-git-'))
  /** Of the next commit or move of a ref. */
  timeMs: number

  /** @param template - a repository to begin with a copy of (default: an empty one) */
  constructor(timeMs: number, template?: string) {
    this.timeMs = timeMs
    if (template === undefined) this.ok('init', '--quiet', '--initial-branch=main')
    else cpSync(template, this.dir, { recursive: true, verbatimSymlinks: true })
  }

  run(...args: string[]): GitRun {
    const date = `@${Math.floor(this.timeMs / 1000)} +0000`
    const { status, stdout, stderr } = spawnSync('git', [...SETTINGS, ...args], {
      cwd: this.dir,
      encoding: 'utf8',
      env: {
        PATH: process.env.PATH,
        HOME: this.dir,
        TZ: 'UTC',
        LC_ALL: 'C',
        GIT_CONFIG_NOSYSTEM: '1',
        GIT_CONFIG_GLOBAL: '/dev/null',
        GIT_AUTHOR_NAME: 'Ada',
        GIT_AUTHOR_EMAIL: 'ada@example.org',
        GIT_COMMITTER_NAME: 'Ada',
        GIT_COMMITTER_EMAIL: 'ada@example.org',
        GIT_AUTHOR_DATE: date,
        GIT_COMMITTER_DATE: date,
        GIT_EDITOR: 'true',
      },
    })
    return { status: status ?? -1, stdout, stderr }
  }

  /** @throws {Error} if git fails */
  ok(...args: string[]): string {
    const { status, stdout, stderr } = this.run(...args)
    if (status !== 0) throw new Error(`git ${args.join(' ')}: ${stderr}`)
    return stdout
  }

  lines(...args: string[]): string[] {
    return this.ok(...args)
      .split('\n')
      .filter((line) => line !== '')
  }

  write(path: string, contents: string | Uint8Array): void {
    rmSync(join(this.dir, path), { force: true, recursive: true })
    mkdirSync(dirname(join(this.dir, path)), { recursive: true })
    writeFileSync(join(this.dir, path), contents)
  }

  remove(path: string): void {
    rmSync(join(this.dir, path), { force: true, recursive: true })
  }

  commitAll(message: string): void {
    this.ok('add', '-A')
    this.ok('commit', '--quiet', '--allow-empty', '-m', message)
  }

  [Symbol.dispose](): void {
    rmSync(this.dir, { recursive: true, force: true })
  }
}

const SETTINGS = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'core.autocrlf=false',
  'commit.gpgSign=false',
  'gc.auto=0',
  'diff.renames=false',
  'merge.conflictStyle=merge',
  'advice.detachedHead=false',
].flatMap((setting) => ['-c', setting])
