import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { runCli } from './run-cli.ts'

let cwd = ''
beforeEach(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'floe-cli-config-'))
  await floe('init', '.')
})
afterEach(() => rmSync(cwd, { recursive: true, force: true }))

const floe = (...args: string[]) => runCli(args, { cwd, env: { FLOE_HOME: join(cwd, 'home') } })

it('config KEY prints a setting and config KEY VALUE sets it, with the options of git', async () => {
  expect(await floe('config', '--global', 'user.name', 'Ada L')).toMatchObject({ stdout: 'user.name = Ada L\n' })
  expect(await floe('config', 'user.name')).toMatchObject({ exitCode: 0, stdout: 'Ada L\n' })
  expect(await floe('config', 'user.name', 'Bob', '-q')).toMatchObject({ exitCode: 0, stderr: '' })
  expect(await floe('config', '--get', 'user.name')).toMatchObject({ stdout: 'Bob\n' })
  expect(await floe('-C', '.', 'config', '--global', 'user.name')).toMatchObject({ stdout: 'Ada L\n' })
  expect((await floe('config', '-l')).stdout).toMatch(/^user.name = Bob$/m)
  expect(await floe('config', '--local', '--unset', 'user.name')).toMatchObject({ exitCode: 0 })
  expect((await floe('config', '--list', '--show-origin')).stdout).toMatch(/^global +user.name = Ada L$/m)
  expect((await floe('config', 'user.nam', 'x')).stderr).toContain('user.name')
  // Behind an option the verb is one all the same, and what is mistyped is none.
  expect(await floe('config', '--global', 'set', 'user.name', 'C')).toMatchObject({ stdout: 'user.name = C\n' })
  expect((await floe('config', 'gett', 'user.name')).stderr).toContain("unknown command 'gett'")
  expect(await floe('config', 'set', 'user.name', 'a.b')).toMatchObject({ stdout: 'user.name = a.b\n' })
  expect((await floe('config', '--help')).stdout).toContain('config user.name NAME')
})
