import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const BIN = fileURLToPath(new URL('../../src/cli/bin.ts', import.meta.url))

let dir = ''
let gone = ''
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'floe-gone-'))
  gone = join(dir, 'gone')
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

/** Runs the program in a folder that is removed before it starts: only a shell can do that. */
function floe(...args: string[]) {
  mkdirSync(gone)
  const run = spawnSync('sh', ['-c', 'rmdir "$PWD" && exec "$0" "$@"', process.execPath, BIN, ...args], {
    cwd: gone,
    env: { ...process.env, FLOE_HOME: join(dir, 'home'), FLOE_AUTHOR_NAME: 'Ada', CI: '1' },
    encoding: 'utf8',
  })
  return { exitCode: run.status, stdout: run.stdout, stderr: run.stderr }
}

// Windows lets nobody remove a folder that somebody stands in.
describe.runIf(process.platform !== 'win32')('in a folder that was removed', () => {
  it.each([['status'], ['log'], ['init'], ['-C', '..', 'log']])('floe %s %s %s says so, and exits 2', (...args) => {
    expect(floe(...args)).toEqual({
      exitCode: 2,
      stdout: '',
      stderr:
        'Error: the current folder is not there any more\n' +
        'Hint: change to another one, such as with `cd ~`, or name one with `-C`\n',
    })
  })

  it('--json ends with one object', () => {
    const { exitCode, stdout, stderr } = floe('status', '--json')
    expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: '' })
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, error: { code: 'CURRENT_FOLDER_GONE', kind: 'usage' } })
  })

  it('help and version need no folder', () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
    expect(floe('--version')).toEqual({ exitCode: 0, stdout: `${version}\n`, stderr: '' })
    for (const words of [[], ['--help'], ['status', '--help']]) {
      const run = floe(...words)
      expect({ exitCode: run.exitCode, stderr: run.stderr }).toEqual({ exitCode: 0, stderr: '' })
      expect(run.stdout).toContain('Usage: floe')
    }
    expect(floe('statsu').stderr).toContain("unknown command 'statsu'")
  })

  it('-C with a whole path works as anywhere, threads included', () => {
    const place = join(dir, 'place')
    mkdirSync(place)
    expect(floe('-C', place, 'init')).toMatchObject({ exitCode: 0 })
    for (let i = 0; i < 200; i++) writeFileSync(join(place, `${i}`), `${i}`)
    expect(floe('-C', place, 'commit', '-A', '-q', '-m', 'one')).toMatchObject({ exitCode: 0, stderr: '' })
    expect(floe('-C', place, 'status').stdout).toContain('the workspace is clean')
    expect(floe('-C', join(dir, 'nothing'), 'status')).toMatchObject({ exitCode: 10 })
  })
})
