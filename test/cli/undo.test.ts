/** What a command says takes it back, takes it back: typed as it is printed, everything is as before. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { floeCommand } from '../../src/cli/undo.ts'
import { runCli } from './run-cli.ts'
import { takesBack, type } from './take-back.ts'

let cwd = ''
const floe = (...args: string[]) => runCli(args, { cwd })
const write = (path: string, text: string) => writeFileSync(join(cwd, path), text)
async function record(path: string, text: string): Promise<void> {
  write(path, text)
  await floe('add', path)
  await floe('commit', '--no-provenance', '-m', path)
}

beforeAll(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'floe-cli-undo-'))
  await floe('init', '.')
  write('.floeignore', 'home\n')
  await record('.floeignore', 'home\n')
  mkdirSync(join(cwd, 'it is a folder'))
  await record('it is a folder/b', 'b')
  await record('a', 'one\n')
  await floe('branch', 'dev', 'HEAD~1')
  await floe('switch', 'dev')
  await record('theirs', 't')
  await floe('switch', 'main')
  await floe('tag', 'v1', 'HEAD~1')
  await floe('remote', 'add', 'up', `local:0x${'1'.repeat(64)}`)
  await floe('branch', '-u', 'up/main')
})
afterAll(() => rmSync(cwd, { recursive: true, force: true }))

it('of every command that changes refs, files or settings', async () => {
  const steps: [args: string[], before?: () => void][] = [
    [['switch', 'dev']],
    [['switch', '-c', 'new']],
    [['switch', '-c', 'new', 'dev']],
    [['switch', '-C', 'new', 'dev']],
    [['switch', '-C', 'dev']],
    [['switch', '-C', 'main', 'dev']],
    [['switch', '-C', 'main', 'HEAD~1'], () => write('never seen', 'x\n')],
    [['switch', '--detach', 'v1']],
    [['branch', 'other', 'v1']],
    [['branch', '-f', 'dev', 'v1']],
    [['branch', '-m', 'dev', 'renamed']],
    [['branch', '-f', '-d', 'dev']],
    [['tag', 'v2']],
    [['tag', '-d', 'v1']],
    [['merge', 'dev']],
    [['cherry-pick', 'dev']],
    [['revert', 'HEAD']],
    [['commit', '--amend', '--no-provenance', '-m', 'again']],
    [['rebase', 'dev']],
    [['reset', '--hard', 'HEAD~1']],
    [['rm', 'a']],
    [['rm', '--cached', 'it is a folder/b']],
    [['mv', 'a', 'it is a folder']],
    [['mv', 'it is a folder', 'c d']],
    [['config', 'set', 'user.name', "it's me"]],
    [['config', 'set', 'user.name', 'someone else']],
    [['config', 'unset', 'user.name']],
    [['remote', 'add', 'origin', 'local:0x2']],
    [['remote', 'rename', 'up', 'down']],
    [['remote', 'set-url', 'up', 'testnet:0x3']],
    [['remote', 'remove', 'up']],
    [['add', 'a'], () => write('a', 'edited\n')],
    [['stash', 'push']],
    [['commit', '-a', '--no-provenance', '-m', 'x']],
    [['commit', '-A', '--no-provenance', '-m', 'x'], () => write('never seen', 'x\n')],
    [['commit', '--amend', '--no-provenance', '-a'], () => write('a', 'amended\n')],
    [['commit', '--no-provenance', '-m', 'x', 'a'], () => write('a', 'named\n')],
    [['reset', '--soft', 'HEAD~1'], () => write('a', 'one\n')],
    [['stash', 'pop'], () => {}],
  ]
  for (const [args, prepare] of steps) {
    prepare?.()
    if (args.join(' ') === 'stash pop') {
      write('a', 'put aside\n')
      await floe('stash', 'push')
    }
    expect((await takesBack(cwd, args)).notUndone, args.join(' ')).toEqual([])
    if (args[1] === 'set') await floe(...args)
  }
})

it('of a commit of paths while something is staged', async () => {
  write('a', 'staged\n')
  await floe('add', 'a')
  write('it is a folder/b', 'named\n')
  const named = (path: string) => takesBack(cwd, ['commit', '--no-provenance', '-m', 'x', '--', path])
  expect((await named('it is a folder')).notUndone).toEqual([])
  expect((await named('a')).notUndone).toHaveLength(1)
  await floe('reset', '--hard')
})

it('of what is picked without a version made of it', async () => {
  expect(await takesBack(cwd, ['cherry-pick', '-n', 'dev'])).toEqual({ undo: ['floe reset --hard'], notUndone: [] })
  write('it is a folder/b', 'edited\n')
  const { undo } = await takesBack(cwd, ['cherry-pick', '-n', 'dev'])
  expect(undo).toEqual(['floe restore --staged theirs', 'rm theirs'])
  await floe('cherry-pick', '-n', 'dev')
  expect((await takesBack(cwd, ['revert', '-n', 'dev'])).undo).toEqual(['floe cherry-pick -n dev'])
  await floe('reset', '--hard')
})

it('of a branch made where nothing else leads is to delete it with --force', async () => {
  await floe('branch', '-f', 'lost', 'dev')
  await floe('switch', 'lost')
  await floe('commit', '--allow-empty', '--no-provenance', '-m', 'lost')
  await floe('switch', 'main')
  const { undo } = JSON.parse((await floe('branch', '-f', '-d', 'lost', '--json')).stdout)
  const id = undo[0].split(' ').at(-1)
  const made = JSON.parse((await floe('switch', '-c', 'found', id, '--json')).stdout)
  expect(made.undo).toEqual(['floe switch main', 'floe branch -d found --force'])
  for (const line of made.undo) expect((await type(cwd, line)).exitCode, line).toBe(0)
  expect((await floe('branch', '-q')).stdout).not.toMatch(/found/)
})

it('is given as hints too, and it is said where nothing can take it back', async () => {
  expect((await floe('switch', 'dev')).stderr).toMatch(/^Hint: undo with `floe switch main`$/m)
  expect((await floe('switch', '-c', 'more')).stderr).toMatch(
    /^Hint: undo with `floe switch dev`, then `floe branch -d more`$/m,
  )
  write('theirs', 'edited')
  expect((await floe('restore', 'theirs')).stderr).toMatch(/they cannot be brought back/)
  write('theirs', 'edited')
  expect((await floe('reset', '--hard')).stderr).toMatch(/they cannot be brought back/)
  expect((await floe('reset', '--hard', '--quiet')).stderr).toBe('')
  expect(floeCommand('rm', 'a b', "it's", '-x', 'HEAD~1')).toBe("floe rm 'a b' 'it'\\''s' -x HEAD~1")
})
