/** Of commands that make folders and files, or bring refs from elsewhere: what is shown takes it back, or it is said what stays. */

import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { runCli } from './run-cli.ts'
import { look, takesBack, type } from './take-back.ts'

let root = ''
const home = () => ({ FLOE_HOME: join(root, 'home') })
const floe = async (cwd: string, ...args: string[]) => {
  const run = await runCli(args, { cwd, env: home() })
  expect(run.exitCode, `${args.join(' ')}: ${run.stderr}`).toBe(0)
  return run
}
const json = async (cwd: string, ...args: string[]) => JSON.parse((await floe(cwd, '--json', ...args)).stdout)

let ws = ''
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'floe-cli-undo-places-'))
  ws = join(root, 'ws')
  await floe(root, 'init', 'ws')
  writeFileSync(join(ws, '.floeignore'), 'home\n')
  writeFileSync(join(ws, 'a'), 'a\n')
  await floe(ws, 'commit', '-A', '--no-provenance', '-m', 'first')
  await floe(ws, 'tag', 'v1')
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const listing = () =>
  readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => !name.startsWith('home'))

async function removes(cwd: string, ...args: string[]): Promise<string[]> {
  const before = listing().sort()
  const { undo } = await json(cwd, ...args)
  expect(listing().sort()).not.toEqual(before)
  for (const line of undo) expect((await type(cwd, line)).exitCode, line).toBe(0)
  expect(listing().sort(), undo.join(', ')).toEqual(before)
  return undo
}

it('init and clone remove the folder that they made, and nothing that was there', async () => {
  expect(await removes(root, 'init', "it's new/x")).toEqual(["rm -r 'it'\\''s new'"])
  const used = join(root, 'used')
  mkdirSync(used)
  writeFileSync(join(used, 'mine'), 'mine')
  expect(await removes(used, 'init')).toEqual(['rm -r .floe'])
  expect(await removes(root, 'init', 'used')).toEqual(['rm -r used/.floe'])
  expect(await removes(root, '-C', 'used', 'init')).toEqual(['(cd used && rm -r .floe)'])
  expect(await json(ws, 'init')).not.toHaveProperty('undo')
  expect(await removes(root, 'clone', 'ws', '-b', 'main', 'copy')).toEqual(['rm -r copy'])
  mkdirSync(join(root, 'empty'))
  expect(await removes(root, 'clone', 'ws', 'empty')).toEqual(['find empty -mindepth 1 -delete'])
  const { undo } = await json(used, 'init', '--template', 'tabular')
  expect(undo).toEqual(['rm -r .floe', expect.stringMatching(/^rm .*README\.md/)])
  for (const line of undo) await type(used, line)
  expect(readdirSync(used, { recursive: true }).sort()).toEqual(['data', 'mine'])
})

it('a bundle goes as a file, and what came from one is forgotten', async () => {
  expect(await removes(ws, 'bundle', 'create', '-f', 'b.bundle')).toEqual(['rm b.bundle'])
  await floe(ws, 'bundle', 'create', '../b.bundle')
  expect(await json(ws, 'bundle', 'create', '-f', '../b.bundle')).toMatchObject({
    notUndone: ['the file that was there before is gone'],
  })
  const other = join(root, 'other')
  await floe(root, 'init', 'other')
  const taken = await takesBack(other, ['bundle', 'unbundle', '../b.bundle'])
  expect(taken).toEqual({ undo: ['floe import --forget bundle', 'floe tag -d v1'], notUndone: [] })
  expect((await takesBack(other, ['fetch', '../ws'])).undo).toEqual(['floe import --forget mirror', 'floe tag -d v1'])
  await floe(other, 'bundle', 'unbundle', '../b.bundle')
  writeFileSync(join(ws, 'a'), 'changed\n')
  const { parents } = await json(ws, 'commit', '-a', '--no-provenance', '-m', 'second')
  await floe(ws, 'bundle', 'create', '-f', '../b.bundle')
  const moved = await json(other, 'bundle', 'unbundle', '../b.bundle')
  expect(moved).not.toHaveProperty('undo')
  expect(moved.notUndone).toEqual([
    `the branches below bundle/ stay where they are now; your own have not moved: bundle/main was at ${parents[0].slice(0, 12)}, which \`floe branch NAME ${parents[0].slice(0, 12)}\` keeps`,
  ])
})

it('an import goes, with the branch and the files that came where there was no version', async () => {
  const source = join(root, 'source')
  mkdirSync(source)
  writeFileSync(join(source, 'theirs'), 'theirs')
  const fresh = join(root, 'fresh')
  await floe(root, 'init', 'fresh', '--branch', 'trunk')
  const taken = await takesBack(fresh, ['import', '../source'])
  expect(taken.undo).toEqual(['floe reset --hard --root', 'floe branch -m main trunk', 'floe import --forget source'])
  // What was there before, and is as in the source, is not deleted with it.
  writeFileSync(join(fresh, 'theirs'), 'theirs')
  const { undo } = await json(fresh, 'import', '../source')
  for (const line of undo) await type(fresh, line)
  expect((await look(fresh)).untracked).toEqual(['theirs'])

  expect((await takesBack(ws, ['import', '../source'])).undo).toEqual(['floe import --forget source'])
  const { updated } = await json(ws, 'import', '../source')
  const id = updated[0].new.slice(0, 12)
  expect(await json(ws, 'import', '--forget', 'source')).toMatchObject({
    notUndone: [
      '`floe import SOURCE --name source` brings it again from where it came',
      `until \`floe gc\`, \`floe branch NAME ${id}\` keeps source/main`,
    ],
  })
  await type(ws, `floe branch kept ${id}`)
  expect((await floe(ws, 'ls', 'kept')).stdout).toContain('theirs')
})

it('gc, purge and a dropped stash say what stays', async () => {
  writeFileSync(join(ws, 'a'), 'put aside\n')
  await floe(ws, 'stash', 'push')
  const { notUndone, commit } = await json(ws, 'stash', 'drop')
  expect(notUndone[0]).toContain(`floe restore --source ${commit.slice(0, 12)} .`)
  await type(ws, `floe restore --source ${commit.slice(0, 12)} .`)
  expect((await look(ws)).files.a).toBe('put aside\n')
  await floe(ws, 'restore', '.')
  expect(await json(ws, 'gc', '--grace', '0', '--dry-run')).not.toHaveProperty('notUndone')
  expect(await json(ws, 'gc', '--grace', '0')).toMatchObject({
    notUndone: ['what went cannot be brought back; all that a branch, tag, stash, log or staging refers to was kept'],
  })
  expect(await json(ws, 'gc', '--grace', '0')).not.toHaveProperty('notUndone')
  expect(await json(ws, 'purge', 'a')).not.toHaveProperty('notUndone')
  expect(await json(ws, 'purge', 'a', '--yes')).toMatchObject({
    notUndone: ['what is purged here cannot be brought back here'],
  })
})

it('a remote, and a setting with a leading dash', async () => {
  const address = `local:0x${'ab'.repeat(32)}`
  await takesBack(ws, ['remote', 'add', 'a.b', address])
  await floe(ws, 'config', 'set', 'user.name', '--', '-x')
  await takesBack(ws, ['config', 'set', 'user.name', 'y'])
  await takesBack(ws, ['config', 'unset', 'user.name'])
})
