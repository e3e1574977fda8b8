/** Versions that a clone has not brought, as a user meets them: every verb that looks at one, or moves HEAD to one. */

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { stopLocalNetwork } from '../../src/localnet/daemon.ts'
import { runCli } from './run-cli.ts'

let root = ''
let home = ''
let address = ''
let dir = ''
let clones = 0

const floe = (cwd: string, ...args: string[]) => runCli(args, { cwd, env: { FLOE_HOME: home } })
/** Of a command that has to succeed. */
const lines = async (cwd: string, ...args: string[]): Promise<string[]> => {
  const run = await floe(cwd, ...args)
  expect(`${args.join(' ')}: ${run.exitCode} ${run.exitCode === 0 ? '' : run.stderr}`).toBe(`${args.join(' ')}: 0 `)
  return run.stdout.trimEnd().split('\n')
}
/** What any of the user's workspaces has fetched would come from there. */
const forget = () => rmSync(join(home, 'cache'), { recursive: true, force: true })
const version = async (cwd: string, files: Record<string, string>, message: string) => {
  for (const [path, text] of Object.entries(files)) writeFileSync(join(cwd, path), text)
  await lines(cwd, 'add', '.')
  await lines(cwd, 'commit', '-m', message)
}

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'floe-older-'))
  home = join(root, 'home')
  const origin = join(root, 'origin')
  mkdirSync(origin)
  await lines(origin, 'init', '.')
  mkdirSync(join(origin, 'many'))
  for (let i = 0; i < 300; i++) writeFileSync(join(origin, 'many', `${i}`), `${i}\n`)
  await version(origin, { 'a.txt': 'one\n' }, 'one')
  await version(origin, { 'a.txt': 'two\n', 'many/7': 'seven\n' }, 'two')
  await version(origin, { 'a.txt': 'three\n', 'many/8': 'eight\n' }, 'three')
  await lines(origin, 'push', '--create', 'words', '--yes')
  const shown = JSON.parse((await floe(origin, 'remote', 'show', '--json')).stdout)
  address = `local:${shown.repository}`
})
afterAll(async () => {
  await stopLocalNetwork({ dataDir: home })
  rmSync(root, { recursive: true, force: true })
})
const cloned = async (...options: string[]) => {
  dir = join(root, `clone${clones++}`)
  await lines(root, 'clone', ...options, address, dir)
  forget()
}

describe('a clone, which has the contents of one version', () => {
  beforeEach(() => cloned())

  it('shows, lists and compares the versions before it', async () => {
    expect(await lines(dir, 'diff', 'HEAD~2', 'HEAD')).toEqual(['M  a.txt', 'M  many/7', 'M  many/8'])
    expect((await lines(dir, 'show', 'HEAD~1')).join('\n')).toMatch(/two\n[\s\S]*a\.txt[\s\S]*many\/7/)
    expect(await lines(dir, 'log', '--oneline', '--path', 'many/7')).toMatchObject([/ two$/, / one$/].map(matching))
    expect(await lines(dir, 'ls', 'HEAD~2:many')).toHaveLength(300)
    expect((await lines(dir, 'du', 'HEAD~1')).at(-2)).toMatch(/many/)
    expect((await lines(dir, 'cache', 'pin', 'HEAD~2')).join('\n')).toMatch(/^Pinned [0-9a-f]{12} as /)
    expect(JSON.parse((await floe(dir, 'cat', 'HEAD~1:many', '--json')).stdout)).toMatchObject({
      exitCode: 2,
      error: { code: 'PATH_IS_FOLDER' },
    })
  })

  it('takes several of them back, lists what each changed, and makes the last one again', async () => {
    expect((await lines(dir, 'log', '--oneline', '--stat', '-2')).join('\n')).toMatch(
      / three\nM {2}a\.txt[\s\S]* two\nM {2}a\.txt[\s\S]*2 files changed/,
    )
    expect(await lines(dir, 'branch', '--merged', 'HEAD')).toHaveLength(1)
    writeFileSync(join(dir, 'new'), 'n\n')
    await lines(dir, 'add', 'new')
    expect((await lines(dir, 'commit', '--amend', '-m', 'three again')).join('\n')).toMatch(/1 file added/)
    forget()
    expect(await lines(dir, 'revert', 'HEAD~2..HEAD')).toEqual([expect.stringMatching(/^Reverted 2 versions/)])
    forget()
    expect(await lines(dir, 'status')).toContain('3 ahead of and 1 behind origin/main (as of the last fetch)')
    expect(readFileSync(join(dir, 'a.txt'), 'utf8')).toBe('one\n')
    await lines(dir, 'reset', 'HEAD~1', 'a.txt')
    expect((await lines(dir, 'diff', '--staged'))[0]).toBe('M  a.txt')
  })

  it('moves back to them, and can be looked at afterwards', async () => {
    for (const args of [
      ['switch', '--detach', 'HEAD~1'],
      ['reset', 'HEAD~1'],
      ['reset', '--hard', 'HEAD'],
    ]) {
      await lines(dir, ...args)
      forget()
      const run = await floe(dir, 'status', '--json')
      expect(run.exitCode, `${args.join(' ')}: ${run.stdout}`).toBe(0)
      await lines(dir, 'ls')
    }
    expect(readFileSync(join(dir, 'a.txt'), 'utf8')).toBe('one\n')
  })

  it('is bundled with all of its history', async () => {
    await lines(dir, 'bundle', 'create', join(root, 'all.bundle'))
    const fresh = join(root, 'fresh')
    mkdirSync(fresh)
    await lines(fresh, 'init', '.')
    await lines(fresh, 'bundle', 'unbundle', join(root, 'all.bundle'))
    expect(await lines(fresh, 'cat', 'bundle/main~2:a.txt')).toEqual(['one'])
  })
})

describe('a clone with --depth', () => {
  beforeEach(() => cloned('--depth', '1'))

  it('says that history is cut off where a name or HEAD would lead beyond, and shows what is beyond', async () => {
    for (const args of [
      ['switch', '--detach', 'HEAD~1'],
      ['reset', 'HEAD~1'],
      ['branch', 'x', 'HEAD~1'],
      ['tag', 'x', 'HEAD~2'],
      ['log', 'HEAD~1'],
    ]) {
      const run = await floe(dir, ...args)
      expect(run.exitCode, args.join(' ')).toBe(2)
      expect(run.stderr).toMatch(/history is cut off here[\s\S]*floe fetch --deepen/)
    }
    expect(await lines(dir, 'log', '--oneline')).toHaveLength(1)
    expect(await lines(dir, 'log', '--oneline', '--path', 'a.txt')).toHaveLength(1)
    expect(await lines(dir, 'cat', 'HEAD~2:a.txt')).toEqual(['one'])
    expect(await lines(dir, 'diff', 'HEAD~1', 'HEAD')).toEqual(['M  a.txt', 'M  many/8'])
  })

  it('gets more of its history, and the rest of it', async () => {
    const origin = join(root, 'origin')
    const all = await lines(dir, 'fetch', '--deepen', '1')
    expect(all.at(-1)).toBe('Brought 1 older version; there is more of it')
    await lines(dir, 'switch', '--detach', 'HEAD~1')
    await lines(dir, 'switch', 'main')
    expect((await lines(dir, 'fetch', '--unshallow')).at(-1)).toMatch(
      /^Brought \d+ older versions?, which is the rest$/,
    )
    expect((await lines(dir, 'fetch', '--unshallow')).at(-1)).toBe('History is complete here')
    const subjects = async (cwd: string) => (await lines(cwd, 'log', '--oneline')).map((line) => line.split(' ').at(-1))
    expect(await subjects(dir)).toEqual(['three', 'two', 'one'])
    expect(await subjects(dir)).toEqual(await subjects(origin))
    expect((await floe(dir, 'fetch', '--deepen', '0')).exitCode).toBe(2)
  })
})

describe('what others have pushed since', () => {
  it.each(['merge', 'rebase'])('is fetched, then taken in by %s, and can be looked at afterwards', async (verb) => {
    await cloned()
    const other = dir
    await cloned()
    const behind = dir
    await cloned()
    await version(dir, { [`mine-${verb}.txt`]: 'mine\n' }, 'mine')
    await version(other, { [`more-${verb}.txt`]: 'more\n', 'many/9': `nine ${verb}\n` }, 'more')
    await lines(other, 'push')
    forget()
    for (const cwd of [behind, dir]) {
      await lines(cwd, 'fetch')
      await lines(cwd, verb, 'origin/main')
      forget()
      expect(JSON.parse((await floe(cwd, 'status', '--json')).stdout)).toMatchObject({ ok: true, clean: true })
      expect(readFileSync(join(cwd, 'many/9'), 'utf8')).toBe(`nine ${verb}\n`)
      expect((await lines(cwd, 'ls')).length).toBe(readdirSync(cwd).length + readdirSync(join(cwd, 'many')).length - 2)
    }
  })
})

const matching = (pattern: RegExp) => expect.stringMatching(pattern)
