import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { runCli } from './run-cli.ts'

let cwd = ''
beforeEach(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'floe-cli-alias-'))
  await runCli(['init', '.'], { cwd })
  writeFileSync(join(cwd, '.floeignore'), 'home\n')
})
afterEach(() => rmSync(cwd, { recursive: true, force: true }))
const floe = (...args: string[]) => runCli(args, { cwd })

it('an alias stands for its words, with what follows them, in one workspace or in all', async () => {
  await floe('config', 'set', 'alias.st', 'status')
  await floe('config', 'set', 'alias.s', 'st --quiet')
  await floe('config', 'set', '--global', 'alias.save', 'commit --no-provenance -m "two words"')
  expect((await floe('st')).stdout).toBe((await floe('status')).stdout)
  expect(JSON.parse((await floe('s', '--json')).stdout)).toMatchObject({ ok: true, untracked: ['.floeignore'] })
  expect((await runCli(['-C', cwd, 'st'], { cwd: tmpdir(), env: { FLOE_HOME: join(cwd, 'home') } })).exitCode).toBe(0)
  await floe('add', '.')
  expect((await floe('save', '-q')).stdout).toMatch(/\] two words\n/)
  await floe('config', 'set', 'alias.save', 'log')
  expect((await floe('save', '--oneline')).stdout).toMatch(/two words/)
})

it('the words of an alias are read like typed ones: its dashes, its --json, and help on it', async () => {
  writeFileSync(join(cwd, 'gone'), 'x')
  await floe('commit', '-A', '--no-provenance', '-m', 'with it')
  await floe('rm', 'gone')
  await floe('commit', '--no-provenance', '-m', 'without')
  await floe('config', 'set', 'alias.of', 'log --oneline --')
  expect((await floe('of', 'gone')).stdout.trimEnd().split('\n')).toHaveLength(2)
  await floe('config', 'set', 'alias.mine', 'status --json')
  expect(JSON.parse((await floe('mine', '--frob')).stdout)).toMatchObject({ error: { code: 'ARGUMENTS_WRONG' } })
  expect((await floe('help', 'mine')).stdout).toBe((await floe('help', 'status')).stdout)
})

it('a command keeps its name, programs do not run, and circles end', async () => {
  for (const [key, value] of [
    ['alias.push', 'status'],
    ['alias.x', '!touch ran'],
    ['alias.x', 'log "open'],
    ['alias.x', ' '],
    ['alias.a b', 'status'],
    ['alias.__proto__', 'status'],
  ] as const) {
    const run = await floe('config', 'set', key, value)
    expect(run, `${key} ${value}`).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('alias') })
  }
  // Edited by hand, it is no more than that.
  await floe('config', 'set', 'alias.a', 'b')
  await floe('config', 'set', 'alias.b', 'a')
  expect(await floe('a')).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('leads back to itself') })
  writeFileSync(
    join(cwd, '.floe/config.json'),
    JSON.stringify({ version: 1, alias: { status: 'gc', run: '!touch ran' } }),
  )
  expect((await floe('status')).stdout).toMatch(/^On branch main/)
  expect((await floe('run')).exitCode).toBe(2)
  expect((await floe('nothing')).exitCode).toBe(2)
})
