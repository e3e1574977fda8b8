/** `floe import` as a person types it. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { GitOracle } from '../repo/git-oracle.ts'
import { lfsPointer } from '../repo/import-sources.ts'
import { runCli } from './run-cli.ts'

let root = ''
let git: GitOracle
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'floe-cli-import-'))
  git = new GitOracle(1_700_000_000_000)
  git.write('a.bin', lfsPointer(git, 'large'))
  git.commitAll('first')
  git.ok('tag', 'v1')
  git.write('a.bin', lfsPointer(git, 'larger', { isStored: false }))
  git.commitAll('second')
})
afterAll(() => {
  rmSync(root, { recursive: true, force: true })
  git[Symbol.dispose]()
})

const masked = (text: string) => text.replaceAll(git.dir, 'SOURCE').replace(/\b[0-9a-f]{12}\b/g, 'ID')
async function floe(...args: string[]) {
  const run = await runCli(args, { cwd: root })
  return { ...run, stdout: masked(run.stdout), stderr: masked(run.stderr) }
}

it('says what is missing, brings what there is, and how to go on', async () => {
  await floe('init', 'ws')
  expect(await floe('-C', 'ws', 'import', git.dir, '--name', 'old')).toEqual({
    exitCode: 1,
    stdout: '',
    stderr:
      'Error: the source lacks 1 of the contents that its versions need, such as a.bin\n' +
      'Hint: `git lfs fetch --all` in the source brings what its server has\n' +
      'Hint: `--skip-missing` imports the rest, with the pointers in place of the contents\n',
  })
  const dry = await floe('-C', 'ws', 'import', git.dir, '--name', 'old', '--skip-missing', '-n')
  expect(dry.stdout).toBe('Would import 2 versions from SOURCE (git)\n  1 file (1 of Git LFS), 5 B\n')
  expect(await floe('-C', 'ws', 'import', git.dir, '--name', 'old', '--skip-missing')).toEqual({
    exitCode: 0,
    stdout:
      'remotes/old/main  (new) → ID\ntags/v1  (new) → ID\nheads/main  (new) → ID\n' +
      'Imported 2 versions from SOURCE (git)\n  2 files (1 of Git LFS), 131 B read, 841 B new\n' +
      '  1 file written; on branch main\n',
    stderr:
      'Warning: a.bin: LFS has no contents here\n' +
      'Hint: import again without `--skip-missing` once the contents are there\n' +
      'Hint: undo with `floe -C ws reset --hard --root`, then `floe -C ws import --forget old --all`\n',
  })
  expect((await floe('-C', 'ws', 'import', git.dir, '--name', 'old', '--skip-missing')).stdout).toBe(
    'Already up to date\n',
  )
})

it('beside what is there already is taken back by what it prints', async () => {
  await floe('init', 'own')
  writeFileSync(join(root, 'own/mine'), 'mine')
  await floe('-C', 'own', 'add', '.')
  await floe('-C', 'own', 'commit', '--no-provenance', '-m', 'mine')
  const refs = async () =>
    (await floe('-C', 'own', 'branch', '--json')).stdout + (await floe('-C', 'own', 'tag')).stdout
  const before = await refs()
  const made = await floe('-C', 'own', 'import', git.dir, '--name', 'old', '--skip-missing')
  expect(made.stderr).toMatch(/Hint: `floe merge old\/main` brings it into the current branch\n/)
  expect(made.stderr).toMatch(/Hint: undo with `floe -C own import --forget old --all`\n/)
  expect(await floe('-C', 'own', 'import', '--forget', 'old')).toEqual({
    exitCode: 0,
    stdout: 'Forgot 1 branch of old\n  tag v1 came with it and stays\n',
    stderr:
      'Hint: `floe import --forget old --all` takes them back as well\n' +
      'Hint: `floe import SOURCE --name old` brings it again from where it came\n' +
      'Hint: until `floe gc`, `floe branch NAME ID` keeps old/main\n',
  })
  const rest = await floe('-C', 'own', 'import', '--forget', 'old', '--all')
  expect(rest).toMatchObject({
    exitCode: 0,
    stdout: 'Forgot 0 branches of old\n  1 tag of this workspace that came with it\n',
  })
  expect(await refs()).toBe(before)
  expect(await floe('-C', 'own', 'import', '--forget', 'old', '--all')).toMatchObject({ exitCode: 2 })
  expect((await floe('-C', 'own', 'import', git.dir, '--all')).stderr).toMatch(/--all goes with --forget/)
  mkdirSync(join(root, 'own/sub'))
  expect(await floe('-C', 'own', 'import', join(root, 'own/sub'))).toMatchObject({ exitCode: 2 })
  expect(await floe('-C', 'own', 'import')).toMatchObject({ exitCode: 2 })
})

it('that was forgotten says which branches of the workspace stay, and how they go', async () => {
  git.ok('branch', 'side')
  git.ok('branch', 'worked-on')
  await floe('init', 'first')
  await floe('-C', 'first', 'import', git.dir, '--name', 'old', '--skip-missing')
  await floe('-C', 'first', 'switch', 'worked-on')
  await floe('-C', 'first', 'commit', '--allow-empty', '--no-provenance', '-m', 'mine')
  await floe('-C', 'first', 'switch', 'main')
  const run = await floe('-C', 'first', 'import', '--forget', 'old')
  expect(run.stdout).toBe(
    'Forgot 3 branches of old\n  branch main came with it and stays (you are on it)\n  branch side came with it and stays\n' +
      '  branch worked-on came with it and stays (it has moved since)\n  tag v1 came with it and stays\n',
  )
  expect(run.stderr).toMatch(/`floe import --forget old --all` takes them back as well\n/)
  expect(await floe('-C', 'first', 'import', '--forget', 'old', '--all')).toMatchObject({
    exitCode: 0,
    stdout:
      'Forgot 0 branches of old\n  1 branch and 1 tag of this workspace that came with it\n' +
      '  branch main came with it and stays (you are on it)\n' +
      '  branch worked-on came with it and stays (it has moved since)\n',
  })
  expect((await floe('-C', 'first', 'branch', '-q')).stdout).toMatch(/main.*\n.*worked-on/)
  expect((await floe('-C', 'first', 'tag', '-q')).stdout).toBe('')
})
