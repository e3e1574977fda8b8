/** What hands type that know git: it works, or says what to type here. */

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { insteadOf } from '../../src/cli/git-words.ts'
import { REGISTRY } from '../../src/cli/registry.ts'
import { runCli } from './run-cli.ts'

let cwd = ''
beforeEach(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'floe-cli-as-git-'))
  await floe('init', '.')
  write('a', 'one\n')
  write('b', 'one\n')
  await floe('commit', '-A', '--no-provenance', '-m', 'first')
})
afterEach(() => rmSync(cwd, { recursive: true, force: true }))

const floe = (...args: string[]) => runCli(args, { cwd })
const json = async (...args: string[]) => JSON.parse((await floe(...args, '--json')).stdout)
const write = (path: string, text: string) => writeFileSync(join(cwd, path), text)
const read = (path: string) => readFileSync(join(cwd, path), 'utf8')
const staged = async () => (await json('status')).staged.map(({ path }: { path: string }) => path)

it('checkout and others that are called something else say what to type, in words that are there', async () => {
  const run = await floe('checkout', 'main')
  expect(run).toMatchObject({ exitCode: 2, stdout: '' })
  expect(run.stderr).toBe(
    "Error: unknown command 'checkout'\nHint: `floe switch BRANCH` changes branches (-c makes one), `floe restore PATH` brings files back\n",
  )
  expect((await floe('-C', '.', 'blame', 'a')).stderr).toContain('floe log --follow PATH')
  expect((await floe('comit')).stderr).toContain('Did you mean commit?')
  for (const word of ['checkout', 'clean', 'rev-parse', 'ls-files', 'worktree', 'format-patch']) {
    for (const [, verb] of insteadOf(word)!.matchAll(/`floe (\w+)/g))
      expect(Object.keys(REGISTRY), word).toContain(verb)
    expect(Object.keys(REGISTRY)).not.toContain(word)
  }
})

it('add -u stages what is tracked, deletions too, and nothing new', async () => {
  write('a', 'two\n')
  unlinkSync(join(cwd, 'b'))
  write('new', 'n')
  const plan = await json('add', '-u', '-n')
  expect([plan.added.map(({ path }: { path: string }) => path), plan.removed]).toEqual([['a'], ['b']])
  expect(await staged()).toEqual([])
  await floe('add', '--update')
  expect(await staged()).toEqual(['a', 'b'])
  expect((await json('status')).untracked).toEqual(['new'])
})

it('reset of paths unstages them, from HEAD or another version, and leaves branch and files', async () => {
  write('a', 'two\n')
  write('b', 'two\n')
  await floe('commit', '-a', '--no-provenance', '-m', 'second')
  write('a', 'three\n')
  await floe('add', '.')
  expect(await floe('reset', 'a')).toMatchObject({ exitCode: 0, stdout: 'Unstaged 1 path\n' })
  expect(await staged()).toEqual([])
  expect(read('a')).toBe('three\n')
  await floe('add', '.')
  await floe('reset', 'HEAD', '--', 'a')
  expect(await staged()).toEqual([])
  await floe('reset', 'HEAD~1', 'b')
  expect((await json('diff', '--staged')).changes).toMatchObject([{ path: 'b', status: 'modified' }])
  expect(read('b')).toBe('two\n')
  await floe('reset', '.')
  expect(await staged()).toEqual([])
  expect(await json('reset', '--hard', 'a')).toMatchObject({ error: { code: 'RESET_MODES' } })
  expect(await json('reset', 'gone')).toMatchObject({ error: { code: 'REVISION_UNKNOWN' } })
  await floe('branch', 'b')
  expect(await json('reset', 'b')).toMatchObject({ error: { code: 'ARGUMENT_AMBIGUOUS' } })
  expect((await json('log')).commits).toHaveLength(2)
})

it('stash show lists what one changes, and stash apply brings it back and keeps it', async () => {
  expect(await json('stash', 'show')).toMatchObject({ error: { code: 'STASH_UNKNOWN' } })
  write('a', 'longer\n')
  await floe('stash')
  write('b', 'other\n')
  await floe('stash')
  expect((await floe('stash', 'show')).stdout).toMatch(/^M {2}b {2}/)
  expect((await json('stash', 'show', '1')).changes).toMatchObject([{ path: 'a', status: 'modified' }])
  const applied = await json('stash', 'apply', 'stash@{1}')
  expect(applied).toMatchObject({ ok: true, selector: 'stash@{1}', dropped: false })
  expect([read('a'), read('b')]).toEqual(['longer\n', 'one\n'])
  expect((await json('stash', 'list')).stashes).toHaveLength(2)
})

it('show takes --name-only and --name-status, tag -l a pattern, and remote alone lists', async () => {
  write('a', 'two\n')
  await floe('commit', '-a', '--no-provenance', '-m', 'second')
  expect((await floe('show', '--name-only')).stdout).toMatch(/\n {4}second\n\na\n$/)
  expect((await floe('show', '--name-status', 'HEAD~1')).stdout).toMatch(/\n\nA {2}a\nA {2}b\n$/)
  expect((await floe('show', '--stat')).stdout).toBe((await floe('show')).stdout)
  for (const name of ['v1.0', 'v1.10', 'v2', 'v1x0', 'rc-1']) await floe('tag', name)
  const tags = async (...args: string[]) => (await json('tag', ...args)).tags.map(({ name }: { name: string }) => name)
  expect(await tags('-l', 'v1.*')).toEqual(['v1.0', 'v1.10'])
  expect(await tags('-l', 'v?')).toEqual(['v2'])
  expect(await tags('-l', 'rc-*')).toEqual(['rc-1'])
  expect(await tags('-l')).toHaveLength(5)
  await floe('remote', 'add', 'up', 'local:0x1')
  expect((await floe('remote', '-v')).stdout).toBe((await floe('remote', 'list')).stdout)
  expect((await floe('remote')).stdout).toMatch(/^up {2}local:0x/)
})

it('status -s tells what is staged from what has changed since, and from conflicts', async () => {
  write('a', 'two\n')
  await floe('branch', 'dev')
  await floe('commit', '-a', '-m', 'ours')
  await floe('switch', 'dev')
  write('a', 'three\n')
  await floe('commit', '-a', '-m', 'theirs')
  write('a', 'staged\n')
  write('new', '')
  await floe('add', '.')
  write('a', 'and edited\n')
  unlinkSync(join(cwd, 'b'))
  write('loose', '')
  const short = async () => (await floe('status', '-s', 'a', 'b', 'new', 'loose')).stdout
  expect(await short()).toBe('MM a\n D b\nA  new\n?? loose\n')
  await floe('reset', '--hard')
  await floe('merge', 'main')
  expect(await short()).toBe('UU a\n?? loose\n')
})

it('diff takes --cached, and with --exit-code ends with 1 if anything differs', async () => {
  expect((await floe('diff', '--exit-code')).exitCode).toBe(0)
  write('a', 'two\n')
  expect(await floe('diff', '--exit-code', '--name-only')).toMatchObject({ exitCode: 1, stdout: 'a\n' })
  expect((await floe('diff')).exitCode).toBe(0)
  expect((await floe('diff', '--cached', '--exit-code')).exitCode).toBe(0)
  await floe('add', 'a')
  expect(await floe('diff', '--cached', '--exit-code')).toMatchObject({ exitCode: 1, stdout: 'M  a\n' })
})

it('reset unstages before the first version too', async () => {
  await floe('reset', '--soft', '--root')
  expect(await staged()).toEqual(['a', 'b'])
  expect(await floe('reset')).toMatchObject({ exitCode: 0, stdout: 'main has no version\n' })
  expect([await staged(), read('a')]).toEqual([[], 'one\n'])
  await floe('add', 'a')
  expect((await floe('reset', '--hard')).stdout).toBe('main has no version (1 file changed)\n')
  expect(existsSync(join(cwd, 'a'))).toBe(false)
  expect(read('b')).toBe('one\n')
  expect((await floe('reset', 'HEAD')).exitCode).toBe(2)
})

it('branch -m renames the current branch where one name is given, and -d does not pass over a second one', async () => {
  expect((await floe('branch', '-m', 'trunk')).stdout).toBe('Renamed main to trunk\n')
  expect((await json('status')).head.branch).toBe('trunk')
  await floe('branch', 'main')
  expect((await floe('branch', '-m', 'main')).exitCode).toBe(2)
  await floe('branch', 'other')
  expect((await floe('branch', '-d', 'main', 'other')).exitCode).toBe(2)
  await floe('tag', 'v1')
  await floe('tag', 'v2')
  expect((await floe('tag', '-d', 'v1', 'v2')).exitCode).toBe(2)
  expect((await json('branch')).branches).toHaveLength(3)
  expect((await json('tag')).tags).toHaveLength(2)
})

it('commit PATH takes these paths only, and says what to type where they cannot be meant', async () => {
  mkdirSync(join(cwd, 'd'))
  write('d/c', 'one\n')
  write('a', 'two\n')
  await floe('add', 'd', 'a')
  write('b', 'two\n')
  const inside = await runCli(['-C', 'd', 'commit', '--no-provenance', '-m', 'x', '../b', 'c'], { cwd })
  expect(inside.stdout).toMatch(/^\[main [0-9a-f]{12}\] x\n {2}1 file added, 1 changed, 0 deleted\n$/)
  expect(await staged()).toEqual(['a'])
  write('new', '')
  const refused = async (...args: string[]) => (await json('commit', '-m', 'x', ...args)).error
  expect(await refused('new')).toMatchObject({ code: 'PATH_UNTRACKED', hints: [expect.stringContaining('floe add')] })
  expect(await refused('gone')).toMatchObject({ code: 'PATH_UNKNOWN' })
  expect(await refused('-a', 'a')).toMatchObject({ code: 'COMMIT_PATHS_ALL' })
  expect(await refused('b')).toMatchObject({ code: 'COMMIT_NOTHING_STAGED' })
  expect((await floe('commit', '-o', 'a')).stderr).toContain('floe commit PATH')
  expect(await staged()).toEqual(['a'])
})

it('switch -C makes or moves a branch, under an alias too, and -C before the verb stays a folder', async () => {
  write('a', 'two\n')
  await floe('commit', '-a', '--no-provenance', '-m', 'second')
  await floe('config', 'set', 'alias.sw', 'switch')
  // A folder of that name in which the alias is not known.
  await floe('init', 'dev')
  expect((await floe('sw', '-C', 'dev', 'HEAD~1')).stdout).toMatch(/^Switched to branch dev /)
  expect((await floe('-C', '.', 'switch', '-C', 'dev', 'main')).stdout).toMatch(/^Reset and switched to branch dev /)
  expect(read('a')).toBe('two\n')
  expect(await json('switch', '-C', 'x', '-c')).toMatchObject({ error: { code: 'SWITCH_MODES' } })
  expect(await json('switch', 'dev', 'main')).toMatchObject({ error: { code: 'SWITCH_START' } })
})

it('cherry-pick -n and revert -n stage what they change, and make no version', async () => {
  write('a', 'two\n')
  await floe('commit', '-a', '--no-provenance', '-m', 'second')
  expect((await floe('revert', '-n', 'HEAD')).stdout).toBe(
    'Took back what HEAD changed: 1 file changed and staged, no version made\n',
  )
  expect([await staged(), read('a')]).toEqual([['a'], 'one\n'])
  expect((await floe('cherry-pick', '--no-commit', 'HEAD')).exitCode).toBe(0)
  expect([await staged(), read('a')]).toEqual([[], 'two\n'])
  expect((await json('log')).commits).toHaveLength(2)
  expect(await json('revert', '-n', 'HEAD', '-m', 'x')).toMatchObject({ error: { code: 'PICK_MESSAGE' } })
  expect(await json('revert', '-n')).toMatchObject({ error: { code: 'OPERATION_MODES' } })
})

it('versions are named by their messages, and one by itself with ^!, its parents with ^@', async () => {
  write('a', 'two\n')
  await floe('commit', '-a', '--no-provenance', '-m', 'second: a')
  const subjects = async (...args: string[]) =>
    (await json(...args)).commits.map(({ message }: { message: string }) => message)
  expect(await subjects('log', ':/first')).toEqual(['first'])
  expect(await subjects('log', 'HEAD^!')).toEqual(['second: a'])
  expect(await subjects('log', 'HEAD~1^@')).toEqual([])
  expect(await subjects('show', 'HEAD^@')).toEqual(['first'])
  expect((await floe('cat', 'HEAD^{/first}:a')).stdout).toBe('one\n')
  expect((await floe('diff', '--name-only', 'HEAD^!')).stdout).toBe('a\n')
  expect(await json('reset', 'HEAD^!')).toMatchObject({ error: { code: 'REVISION_MALFORMED' } })
  expect(await json('cat', ':/first')).toMatchObject({ error: { code: 'REVISION_MALFORMED' } })
  expect((await floe('switch', '-d', ':/third')).stderr).toContain('floe log --grep')
  expect((await json('reset', '--hard', ':/first')).ok).toBe(true)
  expect(read('a')).toBe('one\n')
})

it('help takes the name of a command', async () => {
  expect(await floe('help')).toEqual(await floe('--help'))
  expect((await floe('help', 'remote', 'add')).stdout).toMatch(/^Usage: floe remote add /)
  expect(await floe('help', 'push')).toMatchObject({ exitCode: 0, stdout: (await floe('push', '--help')).stdout })
})

it('options and words of nouns that are not there say what to type instead', async () => {
  const hint = async (...args: string[]) => {
    const run = await floe(...args)
    expect(run.exitCode, args.join(' ')).toBe(2)
    return run.stderr.split('\n')[1]
  }
  expect(await hint('tag', '-a', 'v1', '-m', 'text')).toMatch(/^Hint: a tag .* has no message: `floe tag NAME`$/)
  expect(await hint('log', '-p')).toContain('floe diff A B')
  expect(await hint('remote', 'rm', 'origin')).toContain('floe remote remove NAME')
  expect(await hint('status', '--porcelain')).toContain('floe status --json')
  expect(await hint('status', '-uall')).toContain('every file that is not tracked')
  expect(await hint('check-ignore', 'a')).toContain('floe add --dry-run PATH')
  expect(await hint('add', '-p')).toContain('floe add PATH')
  expect(await hint('log', '--pretty=format:%H')).toContain('floe log --oneline')
  expect(await hint('reset', '--keep', 'HEAD')).toContain('floe stash')
  expect(await hint('bisect', 'start')).toContain('floe switch --detach')
  expect((await floe('log', '--oneline', '--graph', '--all', '--decorate')).stdout).toMatch(/^\* [0-9a-f]{12} .*main/)
  write('a', 'two\n')
  await floe('add', 'a')
  expect((await floe('diff', '--cached')).stdout).toBe('M  a\n')
})

it('branch -m NAME renames the current one, -D deletes in any case, -l takes a pattern', async () => {
  const names = async (...args: string[]) =>
    (await json('branch', ...args)).branches.map(({ name }: { name: string }) => name)
  const renamed = await json('branch', '-m', 'trunk')
  expect([await names(), renamed.undo]).toEqual([['trunk'], ['floe branch -m trunk main']])
  expect((await floe('branch', '--show-current')).stdout).toBe('trunk\n')
  await floe('switch', '-c', 'exp-1')
  write('a', 'two\n')
  await floe('commit', '-a', '--no-provenance', '-m', 'second')
  await floe('switch', 'trunk')
  expect(await names('-l', 'exp-*')).toEqual(['exp-1'])
  expect((await json('branch', '-d', 'exp-1')).error).toMatchObject({ code: 'BRANCH_NOT_MERGED' })
  expect((await json('branch', '-D', 'exp-1')).undo[0]).toMatch(/^floe branch exp-1 [0-9a-f]{12}$/)
  expect(await names()).toEqual(['trunk'])
  await floe('switch', '--detach', 'HEAD')
  expect(await floe('branch', '--show-current')).toMatchObject({ exitCode: 0, stdout: '' })
})

it('status in a folder writes paths as they can be typed there', async () => {
  mkdirSync(join(cwd, 'data'))
  write('data/c', 'one\n')
  write('a', 'two\n')
  const inside = (...args: string[]) => runCli(args, { cwd: join(cwd, 'data'), env: { FLOE_HOME: `${cwd}/home` } })
  const run = await inside('status', '-s')
  expect(run.stdout).toBe(' M ../a\n?? c\n')
  expect((await json('-C', 'data', 'status')).untracked).toEqual(['data/c'])
  expect((await inside('add', '../a', 'c')).exitCode).toBe(0)
  expect((await inside('status', '-s')).stdout).toBe('M  ../a\nA  c\n')
})
