/** Hooks: programs of the user's own before a commit. */

import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { openWorkspace } from '../../src/store/workspace.ts'
import { runCli } from './run-cli.ts'

let cwd = ''
beforeEach(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'floe-cli-hooks-'))
  await runCli(['init', '.'], { cwd })
  writeFileSync(join(cwd, 'a'), 'a')
  await runCli(['add', 'a'], { cwd })
})
afterEach(() => rmSync(cwd, { recursive: true, force: true }))

function hook(name: string, body: string): string {
  const path = join(cwd, '.floe/hooks', name)
  mkdirSync(join(cwd, '.floe/hooks'), { recursive: true })
  writeFileSync(path, `#!/bin/sh\n${body}\n`)
  chmodSync(path, 0o755)
  return path
}
const commit = (...args: string[]) =>
  runCli(['commit', '--no-provenance', '-m', 'x', ...args], {
    cwd,
    env: { FLOE_KEY: 'secret', PATH: process.env.PATH ?? '', LEFT: 'in' },
  })

it('a hook runs in the workspace, without secrets, and what it prints stays out of the result', async () => {
  hook('pre-commit', 'pwd > ran; echo "key=$FLOE_KEY left=$LEFT" >> ran; echo checked; echo also >&2')
  const run = await commit('--json')
  expect(JSON.parse(run.stdout)).toMatchObject({ ok: true })
  expect(readFileSync(join(cwd, 'ran'), 'utf8')).toMatch(/floe-cli-hooks-\w+\nkey= left=in\n$/)
  writeFileSync(join(cwd, 'a'), 'b')
  const plain = await commit('-a')
  expect(plain.stdout).not.toMatch(/checked/)
  expect(plain.stderr).toMatch(/checked\n/)
})

it('a hook that says no stops the commit, and --no-verify goes without it', async () => {
  hook('pre-commit', 'echo no labels; exit 3')
  expect(await commit()).toEqual({
    exitCode: 1,
    stdout: '',
    stderr:
      'no labels\nError: pre-commit said no (it ended with 3)\n' +
      'Hint: it is .floe/hooks/pre-commit; `floe commit --no-verify` goes without it\n',
  })
  expect((await runCli(['log'], { cwd })).stdout).toBe('')
  expect((await commit('--no-verify')).exitCode).toBe(0)
})

it('a hook that does not end is ended, with what it started', async () => {
  hook('pre-commit', 'sleep 30 & echo $! > pid; wait')
  await runCli(['config', 'set', 'hooks.timeout', '1s'], { cwd })
  const run = await commit('--json')
  expect(JSON.parse(run.stdout)).toMatchObject({ ok: false, error: { code: 'HOOK_TIMEOUT' } })
  const pid = Number(readFileSync(join(cwd, 'pid'), 'utf8'))
  // Dead, or a zombie that nobody has waited for yet: on a busy machine not in the moment in which it was sent the signal, but
  // long before its half minute is over.
  await vi.waitFor(
    () => {
      const state = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, 'utf8') : ') Z'
      expect(state).toMatch(/\) [ZX]/)
    },
    { timeout: 20_000 },
  )
})

it('what is no file of .floe/hooks never runs', async () => {
  writeFileSync(join(cwd, 'evil'), '#!/bin/sh\ntouch ran\n')
  chmodSync(join(cwd, 'evil'), 0o755)
  mkdirSync(join(cwd, '.floe/hooks'))
  symlinkSync('../../evil', join(cwd, '.floe/hooks/pre-commit'))
  expect(await commit()).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('no file of its own') })
  rmSync(join(cwd, '.floe/hooks/pre-commit'))
  chmodSync(hook('pre-commit', 'touch ran'), 0o644)
  const run = await commit()
  expect(run).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('not executable') })
  rmSync(join(cwd, '.floe/hooks'), { recursive: true })
  mkdirSync(join(cwd, 'hooks'))
  writeFileSync(join(cwd, 'hooks/pre-commit'), '#!/bin/sh\ntouch ran\n')
  symlinkSync('../hooks', join(cwd, '.floe/hooks'))
  writeFileSync(join(cwd, 'a'), 'b')
  expect((await commit('-a')).exitCode).toBe(1)
  expect(existsSync(join(cwd, 'ran'))).toBe(false)
})

it('pre-push is asked before anything is sent, not by a dry run, and is told where to', async () => {
  await commit()
  hook('pre-push', 'echo "$@" > asked; cat >> asked; exit 1')
  const run = await runCli(['push', 'main', '--create', 'x', '--network', 'nowhere', '--yes'], {
    cwd,
    env: { PATH: process.env.PATH ?? '' },
  })
  expect(run).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('`floe push --no-verify`') })
  const { commits } = JSON.parse((await runCli(['log', '--json'], { cwd })).stdout)
  const [{ commit: id }] = commits
  const none = '0'.repeat(64)
  expect(readFileSync(join(cwd, 'asked'), 'utf8')).toBe(`origin main\nrefs/heads/main ${id} refs/heads/main ${none}\n`)
  await runCli(['commit', '--allow-empty', '--no-provenance', '-m', 'next'], { cwd })
  await runCli(['remote', 'add', 'up', 'nowhere:0x1'], { cwd })
  await using workspace = await openWorkspace(cwd)
  await workspace.withLock('test', () => workspace.refs.update({ name: 'remotes/up/main', next: id, reason: 'fetch' }))
  await runCli(['push', '--remote', 'up'], { cwd, env: { PATH: process.env.PATH ?? '' } })
  expect(readFileSync(join(cwd, 'asked'), 'utf8')).toBe(
    `up\nrefs/heads/main ${workspace.refs.headCommit()} refs/heads/main ${id}\n`,
  )
  // One that reads nothing is no worse.
  hook('pre-push', 'exit 1')
  expect((await runCli(['push', '--remote', 'up'], { cwd })).stderr).toMatch(/^Error: pre-push said no/)
})
