import { execFile } from 'node:child_process'
import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'
import { createRng } from '../../src/base/rng.ts'
import { initWorkspace } from '../../src/repo/init.ts'
import { verifyLocal } from '../../src/repo/verify-local.ts'
import { openWorkspace } from '../../src/store/workspace.ts'

const run = promisify(execFile)
const MIB = 2 ** 20
const GIB = 2 ** 30
const folders: string[] = []
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

async function newWorkspace(): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), 'floe-in-place-'))
  folders.push(dir)
  await initWorkspace(dir)
  return dir
}

/** Mostly holes, with some bytes of its own in every 64 KiB: no two chunks are alike. */
function writeSparse(path: string, bytes: number): void {
  const file = openSync(path, 'w')
  const rng = createRng(1)
  for (let at = 0; at < bytes; at += 65_536) writeSync(file, rng.fill(new Uint8Array(64)), 0, 64, at)
  closeSync(file)
  truncateSync(path, bytes)
}

async function measured(dir: string, ...args: string[]): Promise<number> {
  const home = mkdtempSync(join(tmpdir(), 'floe-in-place-home-'))
  folders.push(home)
  const peak = join(home, 'peak')
  const script = fileURLToPath(new URL('../e2e/measured-cli.ts', import.meta.url))
  const env = { PATH: process.env.PATH, HOME: home, FLOE_HOME: home, CI: '1', FLOE_AUTHOR_NAME: 'Scale' }
  await run(process.execPath, ['--no-warnings', script, peak, ...args], { cwd: dir, env })
  return Number(readFileSync(peak, 'utf8'))
}

function floeBytes(dir: string): number {
  let bytes = 0
  for (const entry of readdirSync(join(dir, '.floe'), { recursive: true, withFileTypes: true }))
    if (entry.isFile()) bytes += statSync(join(entry.parentPath, entry.name)).size
  return bytes
}

describe('committing in place', { timeout: 600_000 }, () => {
  it.each([1, 4])(
    '%i GiB of distinct content takes less than a hundredth of that in .floe, and little memory',
    async (gib) => {
      const dir = await newWorkspace()
      writeSparse(join(dir, 'big.bin'), gib * GIB)
      const peaks = [
        await measured(dir, 'add', '--in-place', 'big.bin'),
        await measured(dir, 'commit', '-m', 'one', '--no-provenance'),
        await measured(dir, 'status'),
      ]
      expect(Math.max(...peaks)).toBeLessThan(400 * MIB)
      expect(floeBytes(dir)).toBeLessThan((gib * GIB) / 100)
      await using workspace = await openWorkspace(dir)
      const lists = await workspace.store.held.lists()
      expect(lists).toHaveLength(1)
      expect(lists[0]!.counts.held).toBeGreaterThan(900)
      await verifyLocal(workspace, { full: true })
    },
  )

  it('a file of a million chunks takes about half a gibibyte of memory, and each chunk is found by a few reads', async () => {
    const dir = await newWorkspace()
    const script = fileURLToPath(new URL('./hold-child.ts', import.meta.url))
    const { stdout } = await run(process.execPath, ['--no-warnings', script, dir, '1000000'])
    const { found, lookups, msPerLookup, peakBytes } = JSON.parse(stdout)
    expect(found).toBe(lookups)
    expect(peakBytes).toBeLessThan(576 * MIB)
    expect(msPerLookup).toBeLessThan(20)
  })
})
