/** `log` and `diff` with paths, and `show` with ranges and folders, typed as with git. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runCli } from './run-cli.ts'

let cwd = ''
beforeEach(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'floe-cli-log-'))
  await runCli(['init', '.'], { cwd })
  mkdirSync(join(cwd, 'd'))
})
afterEach(() => rmSync(cwd, { recursive: true, force: true }))

const floe = (...args: string[]) => runCli(args, { cwd })
async function record(message: string, files: Record<string, string | null>): Promise<void> {
  for (const [path, text] of Object.entries(files))
    if (text === null) rmSync(join(cwd, path))
    else writeFileSync(join(cwd, path), text)
  await floe('commit', '-A', '--no-provenance', '-m', message)
}
async function subjects(...args: string[]): Promise<string[]> {
  const { stdout, exitCode } = await floe('log', '--json', ...args)
  expect(exitCode).toBe(0)
  return JSON.parse(stdout).commits.map(({ message }: { message: string }) => message)
}

describe('log with paths', () => {
  beforeEach(async () => {
    await record('first', { '.floeignore': 'home\n', a: '1', 'd/x': '1', 'd/y': '1' })
    await record('second', { a: '2', gone: '1' })
    await record('third', { 'd/x': '2', gone: null })
  })

  it('lists what changed one of them, with a revision before them or none, and with or without --', async () => {
    expect(await subjects('a')).toEqual(['second', 'first'])
    expect(await subjects('d')).toEqual(['third', 'first'])
    expect(await subjects('--', 'd/y')).toEqual(['first'])
    expect(await subjects('HEAD~1', 'a', 'd')).toEqual(['second', 'first'])
    expect(await subjects('HEAD~2..HEAD', 'a', 'd/y')).toEqual(['second'])
    expect(await subjects('HEAD~2..', '--', 'd')).toEqual(['third'])
    expect(await subjects('.')).toEqual(['third', 'second', 'first'])
    expect(await subjects('a', '--path', 'd/x')).toEqual(['third', 'second', 'first'])
    expect(await subjects('HEAD', '--')).toEqual(['third', 'second', 'first'])
    expect(JSON.parse((await floe('-C', 'd', 'log', '--json', 'x')).stdout).commits).toHaveLength(2)
  })

  it('takes after -- what is no longer here, and says how to type it otherwise', async () => {
    expect(await subjects('--', 'gone')).toEqual(['third', 'second'])
    expect(await floe('log', 'gone')).toMatchObject({
      exitCode: 2,
      stderr:
        'Error: unknown revision gone: no branch, tag or commit of this name, and there is no such path\n' +
        'Hint: `floe log` and `floe branch` list what there is\n' +
        'Hint: a path that is no longer here comes after `--`: `floe log -- PATH`\n',
    })
    expect(await floe('log', '--', 'never')).toMatchObject({
      exitCode: 0,
      stdout: '',
      stderr: 'Hint: no version here changed never\n',
    })
  })

  it('asks which is meant where a name is both, and takes each when told', async () => {
    await floe('branch', 'a', 'HEAD~2')
    expect(await floe('log', 'a')).toMatchObject({
      exitCode: 2,
      stderr:
        'Error: a is both a revision and a path here\n' +
        'Hint: write `floe log a --` for the revision, `floe log -- a` for the path\n',
    })
    expect(await subjects('a', '--')).toEqual(['first'])
    expect(await subjects('--', 'a')).toEqual(['second', 'first'])
    expect((await floe('log', 'a', '--', 'a')).exitCode).toBe(0)
    expect((await floe('log', 'a', 'HEAD', '--')).exitCode).toBe(0)
    expect((await floe('log', 'd', 'HEAD')).stderr).toMatch(
      /^Error: unknown revision HEAD: revisions come before paths/,
    )
    expect((await floe('log', '--follow')).exitCode).toBe(2)
  })

  it('diff takes them too', async () => {
    writeFileSync(join(cwd, 'a'), '3')
    writeFileSync(join(cwd, 'd/x'), '3')
    expect((await floe('diff', 'a')).stdout).toBe('M  a\n')
    expect((await floe('diff', 'HEAD', '--', 'd')).stdout).toBe('M  d/x\n')
    expect((await floe('diff', 'HEAD~2', 'HEAD', 'a')).stdout).toBe('M  a\n')
    expect((await floe('diff', 'HEAD~2', 'HEAD~1', '--', 'gone')).stdout).toBe('A  gone\n')
  })
})

describe('show', () => {
  beforeEach(async () => {
    mkdirSync(join(cwd, 'd/deep'))
    await record('first', {
      '.floeignore': 'home\n',
      a: '1',
      'd/x': '1',
      'd/deep/y': '1',
      'd/deep/z': '1',
      'd/deeper': '1',
    })
    await record('second', { a: '2' })
    await record('third', { 'd/x': '2' })
  })

  it('lists what is directly in a folder of a version', async () => {
    expect((await floe('show', 'HEAD:')).stdout).toBe('tree HEAD:\n\n.floeignore\na\nd/\n')
    expect((await floe('show', 'HEAD~1:d')).stdout).toBe('tree HEAD~1:d\n\ndeep/\ndeeper\nx\n')
    expect((await floe('show', 'HEAD:d/deep/')).stdout).toBe('tree HEAD:d/deep/\n\ny\nz\n')
    expect((await floe('show', ':d/deep')).stdout).toBe('tree :d/deep\n\ny\nz\n')
    expect((await floe('show', 'HEAD:d/x')).stdout).toBe('2')
    expect((await floe('ls', 'HEAD:')).stdout).toBe((await floe('ls')).stdout)
    expect(await floe('show', 'HEAD:none')).toMatchObject({ exitCode: 2, stdout: '' })
    expect(JSON.parse((await floe('show', '--json', 'HEAD:d')).stdout)).toMatchObject({
      folder: 'HEAD:d',
      entries: [
        { name: 'deep', kind: 'folder' },
        { name: 'deeper', kind: 'file' },
        { name: 'x', kind: 'file' },
      ],
    })
  })

  it('shows each version of a range, and takes a time with colons for one', async () => {
    const each = (await floe('show', 'HEAD~2..HEAD')).stdout
    const one = async (revision: string) => (await floe('show', revision)).stdout
    expect(each).toBe(`${await one('HEAD')}\n${await one('HEAD~1')}`)
    const { commits } = JSON.parse((await floe('show', '--json', 'HEAD~2..')).stdout)
    expect(commits.map(({ message }: { message: string }) => message)).toEqual(['third', 'second'])
    expect(commits[0].changes).toMatchObject([{ path: 'd/x' }])
    expect(await floe('show', 'HEAD..HEAD')).toMatchObject({ exitCode: 0, stdout: '' })
    expect((await floe('show', 'HEAD@{2200-01-01 10:00:00}')).stdout).toBe(await one('HEAD'))
  })
})

it('log says that a branch has no commits yet', async () => {
  expect(await floe('log')).toEqual({
    exitCode: 2,
    stdout: '',
    stderr:
      'Error: unknown revision HEAD: the branch main has no commits yet\n' +
      'Hint: `floe add .` and `floe commit -m "first version"` make one\n',
  })
})
