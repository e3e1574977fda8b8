/** Typing what a command says takes it back, and looking whether it did. */

import { execFileSync } from 'node:child_process'
import { expect } from 'vitest'
import { listConfig } from '../../src/repo/config.ts'
import { listStashes } from '../../src/repo/stash.ts'
import { statusOf } from '../../src/repo/status.ts'
import { openWorkspace } from '../../src/store/workspace.ts'
import { filesOf } from '../repo/temporary-workspace.ts'
import { type CliRun, runCli } from './run-cli.ts'

/** Refs, settings, staging and files; a commit that is made again is another one only by its time. */
export async function look(cwd: string) {
  await using workspace = await openWorkspace(cwd)
  const { head, staged, unstaged, untracked, operation } = await statusOf(workspace)
  const contents = (changes: typeof staged) =>
    changes.map(({ path, status, after }) => [path, status, after && 'fileId' in after ? after.fileId : null])
  return {
    head,
    operation,
    staged: contents(staged),
    unstaged: unstaged.map(({ path, status }) => [path, status]),
    untracked,
    refs: workspace.refs.list().filter(({ name }) => !name.startsWith('stash/')),
    stashes: (await listStashes(workspace)).map(({ message }) => message),
    config: await listConfig(workspace),
    files: filesOf(workspace.root),
  }
}

/** Types a line into a real shell: it cuts the words, and runs what is no command of Floe. */
export async function type(cwd: string, line: string, env?: Record<string, string>): Promise<CliRun> {
  // What stands in the line comes to a terminal: it must be shown there as it is.
  expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
  const script = `floe() { printf '%s\\0' floe "$@"; }; ${line}`
  const output = execFileSync('bash', ['-c', script], { cwd, encoding: 'utf8' })
  const words = output.split('\0').slice(0, -1)
  if (words[0] !== 'floe') return { exitCode: 0, stdout: output, stderr: '' }
  return runCli(words.slice(1), { cwd, env: { ...env } })
}

export interface Taken {
  undo: string[]
  notUndone: string[]
}

/** Runs a command, types what it says takes it back, and expects all to be as before. */
export async function takesBack(cwd: string, args: readonly string[], run = runCli): Promise<Taken> {
  const where = args.join(' ')
  const before = await look(cwd)
  const done = await run(['--json', ...args], { cwd })
  expect(done.exitCode, `${where}: ${done.stdout}`).toBe(0)
  const { undo = [], notUndone = [] } = JSON.parse(done.stdout) as Partial<Taken>
  expect(undo, where).not.toEqual([])
  expect(await look(cwd), where).not.toEqual(before)
  for (const line of undo) {
    const typed = await type(cwd, line)
    expect(typed.exitCode, `${where}: ${line}: ${typed.stderr}`).toBe(0)
  }
  expect(await look(cwd), `${where}: ${undo.join(', ')}`).toEqual(before)
  return { undo, notUndone }
}
