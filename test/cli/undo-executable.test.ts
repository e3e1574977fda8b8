/** The executable bit comes back with what is shown, on disk and as it was staged. */

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runCli } from './run-cli.ts'
import { takesBack } from './take-back.ts'

let cwd = ''
const floe = async (...args: string[]) => {
  const run = await runCli(args, { cwd })
  expect(run.exitCode, `${args.join(' ')}: ${run.stderr}`).toBe(0)
}
const write = (path: string, text: string) => writeFileSync(join(cwd, path), text)
const setBit = (path: string, executable: boolean) => chmodSync(join(cwd, path), executable ? 0o755 : 0o644)

beforeEach(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'floe-cli-undo-executable-'))
  await floe('init', '.')
  write('.floeignore', 'home\n')
  write('plain', 'one\n')
  write('program', '#!/bin/sh\n')
  setBit('program', true)
  await floe('commit', '-A', '--no-provenance', '-m', 'first')
  await floe('tag', 'v1')
  write('plain', 'two\n')
  await floe('commit', '-A', '--no-provenance', '-m', 'second')
})
afterEach(() => rmSync(cwd, { recursive: true, force: true }))

const onDisk = () => {
  setBit('plain', true)
  setBit('program', false)
}
const staged = async () => {
  onDisk()
  await floe('add', '.')
}
const stagedAndBack = async () => {
  await staged()
  setBit('plain', false)
}
const stagedAndGone = async () => {
  await staged()
  rmSync(join(cwd, 'plain'))
}

describe.skipIf(process.platform === 'win32')('what is shown takes back a change of bits', () => {
  for (const [state, prepare] of Object.entries({ onDisk, staged, stagedAndBack, stagedAndGone })) {
    const commands = [
      ['restore', '--staged', '--worktree', '.'],
      ['rm', '--force', 'plain', 'program'],
      ['rm', '--cached', '--force', 'plain', 'program'],
      ['restore', '--source', 'v1', 'plain'],
      ...(state === 'staged' ? [] : [['restore', '.']]),
      ...(state === 'onDisk' ? [] : [['restore', '--staged', '.'], ['reset']]),
    ]
    for (const args of commands)
      it(`${state}: ${args.join(' ')}`, async () => {
        await prepare()
        expect((await takesBack(cwd, args)).notUndone).toEqual([])
      })
  }

  it('of a file whose bit alone came back, without what would change others', async () => {
    onDisk()
    expect((await takesBack(cwd, ['restore', '.'])).undo).toEqual(['chmod +x plain', 'chmod -x program'])
  })

  it('whatever comes first among the paths', async () => {
    setBit('plain', true)
    write('program', 'other\n')
    await floe('add', 'program')
    write('program', '#!/bin/sh\n')
    setBit('program', false)
    expect((await takesBack(cwd, ['restore', 'program', 'plain'])).undo).toEqual([
      'floe restore --source HEAD program',
      'chmod +x plain',
      'chmod -x program',
    ])
  })
})
