/** What a user sees of the local verbs: stdout, stderr and exit status together. */

import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { tableFromIPC } from 'apache-arrow'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runCli } from './run-cli.ts'

let cwd = ''
beforeEach(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'floe-cli-'))
  await runCli(['init', '.'], { cwd })
})
afterEach(() => rmSync(cwd, { recursive: true, force: true }))

/** Ids depend on the time of the commit. */
const masked = (text: string) => text.replace(/\b[0-9a-f]{12,64}\b/g, 'ID').replace(/Date: .*/g, 'Date')
const floe = async (...args: string[]) => {
  const run = await runCli(args, { cwd })
  return { ...run, stdout: masked(run.stdout), stderr: masked(run.stderr) }
}

describe('a first commit', () => {
  it('goes from untracked to staged to recorded, saying what comes next', async () => {
    writeFileSync(join(cwd, 'a.txt'), 'one\n')
    expect(await floe('status')).toEqual({
      exitCode: 0,
      stdout: 'On branch main\nNo commits yet\n\nNot tracked:\n  ?  a.txt\n',
      stderr: 'Hint: `floe add <path>` stages changes\n',
    })
    expect(await floe('add', '.')).toEqual({
      exitCode: 0,
      stdout: 'Staged 1 file (4 B, 4 B new)\n',
      stderr: 'Hint: undo with `floe restore --staged .`\n',
    })
    expect(await floe('commit', '-m', 'first')).toEqual({
      exitCode: 0,
      stdout: '[main ID] first\n  1 file added, 0 changed, 0 deleted\n',
      stderr: 'Hint: undo with `floe reset --soft --root`\n',
    })
    expect(await floe('log')).toEqual({
      exitCode: 0,
      stdout: 'commit ID (HEAD, main)\nAuthor: Ada <ada@example.org>\nDate\n\n    first\n\n',
      stderr: '',
    })
    expect((await floe('status')).stdout).toBe('On branch main\nNothing to commit, the workspace is clean\n')
  })

  it('is refused with exit 1 when nothing is staged, and with exit 2 when nobody can be asked for a message', async () => {
    writeFileSync(join(cwd, 'a.txt'), 'one\n')
    expect(await floe('commit', '-m', 'x')).toEqual({
      exitCode: 1,
      stdout: '',
      stderr:
        'Error: nothing is staged for a commit\n' +
        'Hint: stage changes with `floe add`, or commit everything there is with `floe commit -A`\n',
    })
    await floe('add', '.')
    expect(await floe('commit')).toEqual({
      exitCode: 2,
      stdout: '',
      stderr:
        'Error: a commit needs a message: floe commit -m "…"\nHint: no terminal is attached, so nothing can be asked\n',
    })
  })
})

describe('a version', () => {
  beforeEach(async () => {
    mkdirSync(join(cwd, 'd'))
    writeFileSync(join(cwd, 'd', 'data file.bin'), new Uint8Array([0, 255, 10, 13]))
    writeFileSync(join(cwd, '-dash 😀.txt'), 'odd\n')
    writeFileSync(join(cwd, 'run.sh'), '#!/bin/sh\n')
    chmodSync(join(cwd, 'run.sh'), 0o755)
    symlinkSync('run.sh', join(cwd, 'link'))
    await floe('add', '-A')
    await floe('commit', '-m', 'first')
  })

  it('lists and prints its files byte by byte', async () => {
    expect((await floe('ls')).stdout).toBe('-dash 😀.txt\nd/data file.bin\nlink\nrun.sh\n')
    expect((await floe('ls', 'HEAD:d')).stdout).toBe('d/data file.bin\n')
    expect((await floe('cat', 'HEAD:-dash 😀.txt')).stdout).toBe('odd\n')
    expect((await floe('cat', ':run.sh', '--range', '2-5')).stdout).toBe('/bi')
    const printed = JSON.parse((await runCli(['cat', 'HEAD:run.sh', '--json'], { cwd })).stdout)
    expect(printed).toMatchObject({
      ok: true,
      path: 'run.sh',
      bytes: 10,
      base64: Buffer.from('#!/bin/sh\n').toString('base64'),
    })
    const listed = JSON.parse((await runCli(['ls', '--json'], { cwd })).stdout)
    // what `printf 'odd\\n' | sha256sum` prints
    expect(listed.files[0].fileId).toBe('80a3ef2f5539b0a6b5ee045e2a1de83bfb38550da54aa4d60dc1b9526b4b0805')
    expect(listed.files.map((file: { kind: string }) => file.kind)).toEqual(['file', 'file', 'symlink', 'file'])
  })

  it('is written as an Arrow table with the same paths and ids', async () => {
    const run = await floe('ls', '--arrow', 'files.arrow')
    expect(run.stdout).toBe('Wrote 4 rows to files.arrow\n')
    const table = tableFromIPC(readFileSync(join(cwd, 'files.arrow')))
    const rows = table.toArray().map((row) => row.toJSON())
    const listed = JSON.parse((await runCli(['ls', '--json'], { cwd })).stdout).files
    expect(rows.map((row) => [row.path, row.file_id, Number(row.bytes), row.executable])).toEqual(
      listed.map((file: Record<string, unknown>) => [file.path, file.fileId, file.bytes, file.executable]),
    )
  })

  it('changes, differs, is restored, and every step names its undo', async () => {
    writeFileSync(join(cwd, 'run.sh'), '#!/bin/sh\necho\n')
    rmSync(join(cwd, 'link'))
    expect((await floe('diff')).stdout).toBe('D  link\nM  run.sh\n')
    expect(await floe('restore', 'link')).toMatchObject({ exitCode: 0, stdout: 'Restored 1 file\n' })
    expect(await floe('commit', '-a', '-m', 'second')).toMatchObject({
      stdout: '[main ID] second\n  0 files added, 1 changed, 0 deleted\n',
    })
    expect((await floe('diff', 'HEAD~1..HEAD')).stdout).toBe('M  run.sh\n')
    expect((await floe('log', '--oneline')).stdout).toBe('ID (HEAD, main) second\nID first\n')
    expect(await floe('switch', '-c', 'other')).toMatchObject({ exitCode: 0 })
    expect(await floe('rm', 'run.sh')).toMatchObject({
      stdout: 'Deleted 1 file\n',
      stderr: 'Hint: undo with `floe restore --staged --worktree run.sh`\n',
    })
    expect(await floe('restore', '--staged', '--worktree', 'run.sh')).toMatchObject({ exitCode: 0 })
    expect((await floe('status', '-s')).stdout).toBe('')
    expect(await floe('branch', '-d', 'main')).toMatchObject({ exitCode: 0, stdout: 'Deleted branch main\n' })
    expect((await floe('branch')).stdout).toBe('* other  ID\n')
  })

  it('refuses what cannot be meant, each with its own exit status', async () => {
    const statusOf = async (...args: string[]) => (await floe(...args)).exitCode
    expect(await statusOf('log', 'nosuch')).toBe(2)
    expect(await statusOf('log', '--limit', 'many')).toBe(2)
    expect(await statusOf('cat', 'HEAD:nosuch')).toBe(2)
    expect(await statusOf('cat', 'HEAD:run.sh', '--range', 'x')).toBe(2)
    expect(await statusOf('switch', 'nosuch')).toBe(2)
    expect((await floe('switch', 'main', 'HEAD')).stderr).toBe(
      'Error: only a new branch has a place to start at: floe switch -c main HEAD\n',
    )
    expect(await statusOf('add', '../outside')).toBe(2)
    expect(await statusOf('commit', '-m', 'x', '--author', 'nobody')).toBe(2)
    expect(await statusOf('localnet', 'reset')).toBe(2)
    expect(await statusOf('clone', 'nowhere')).toBe(2)
    expect(await statusOf('config', 'get', 'user.name')).toBe(1)
    expect(await statusOf('fetch')).not.toBe(0)
  })

  it('is checked whole by verify --local, and a flipped byte ends with exit 13', async () => {
    expect(await floe('verify', '--local', '--full')).toMatchObject({ exitCode: 0 })
    const packs = join(cwd, '.floe', 'packs')
    const [name] = readdirSync(packs).filter((file) => file.endsWith('.pack'))
    chmodSync(join(packs, name!), 0o644)
    const bytes = readFileSync(join(packs, name!))
    bytes[Math.floor(bytes.length / 3)]! ^= 1
    writeFileSync(join(packs, name!), bytes)
    const run = await floe('verify', '--local', '--full')
    expect(run.exitCode).toBe(13)
    expect(run.stderr).toMatch(/^Error: /)
  })
})

describe('floe init --template', () => {
  it.each(['tabular', 'checkpoints'])('%s gives a README, ignore rules and a place for data', async (name) => {
    const run = await floe('init', name, '--template', name)
    expect(run.exitCode).toBe(0)
    expect(readFileSync(join(cwd, name, '.floeignore'), 'utf8')).toContain('*.tmp')
    expect(readFileSync(join(cwd, name, 'README.md'), 'utf8')).toContain('floe push')
    expect(run.stdout.split('\n')).toEqual(expect.arrayContaining(['  .floeignore', '  README.md']))
  })

  it('refuses an unknown template and never overwrites a file', async () => {
    expect(await floe('init', 'x', '--template', 'nosuch')).toMatchObject({ exitCode: 2 })
    mkdirSync(join(cwd, 'y'))
    writeFileSync(join(cwd, 'y', 'README.md'), 'mine')
    expect(await floe('init', 'y', '--template', 'tabular')).toMatchObject({ exitCode: 2 })
    expect(readFileSync(join(cwd, 'y', 'README.md'), 'utf8')).toBe('mine')
  })
})
