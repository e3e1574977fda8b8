/** Runs what the README tells a newcomer to type. */

import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { stopLocalNetwork } from '../src/localnet/daemon.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const readme = readFileSync(join(root, 'README.md'), 'utf8')
let dir = ''
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'floe-readme-'))
})
afterAll(async () => {
  await stopLocalNetwork({ dataDir: join(dir, 'home') })
  rmSync(dir, { recursive: true, force: true })
})

it('the first session of the README runs as it stands', async () => {
  const block = /```console\n([\s\S]*?)```/.exec(readme)![1]!
  const lines = block
    .split('\n')
    .filter((line) => line.startsWith('$ '))
    .map((line) => line.slice(2))
  expect(lines.length).toBe(10)
  const script = `set -euo pipefail\nfloe() { "${process.execPath}" "${join(root, 'src/cli/bin.ts')}" "$@"; }\n${lines.join('\n')}\n`
  const { stdout } = await promisify(execFile)('bash', ['-c', script], {
    cwd: dir,
    env: { PATH: process.env.PATH, HOME: dir, FLOE_HOME: join(dir, 'home'), CI: '1', LANG: 'C.UTF-8' },
  })
  expect(stdout).toMatch(/one more\n/)
  expect(stdout).toMatch(/Verified: nothing contradicts the records\n$/)
  expect(readFileSync(join(dir, 'copy', 'data', 'train.csv'), 'utf8')).toBe('word,label\nfloe,1\nberg,0\ncalf,1\n')
})

it('the README names every command that there is', async () => {
  const { REGISTRY } = await import('../src/cli/registry.ts')
  const table = readme.slice(readme.indexOf('## Commands'), readme.indexOf('Exit status:'))
  for (const name of Object.keys(REGISTRY)) expect(table).toContain(`\`${name}\``)
})
