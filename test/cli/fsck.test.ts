import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createRng } from '../../src/base/rng.ts'
import { runCli } from './run-cli.ts'

let cwd = ''
const floe = (...args: string[]) => runCli(args, { cwd })

beforeEach(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'floe-fsck-'))
  const rng = createRng(3)
  await floe('init')
  for (const name of ['a', 'b']) {
    writeFileSync(join(cwd, name), rng.fill(new Uint8Array(5000)))
    await floe('add', name)
    await floe('commit', '-m', name)
  }
  // The two that hold contents are the largest.
  for (const path of packs().slice(0, 2)) {
    const bytes = readFileSync(path)
    bytes[1000]! ^= 1
    writeFileSync(path, bytes)
  }
})
afterEach(() => rmSync(cwd, { recursive: true, force: true }))

function packs(): string[] {
  const dir = join(cwd, '.floe/packs')
  const paths = readdirSync(dir)
    .filter((name) => name.endsWith('.pack'))
    .map((name) => join(dir, name))
  return paths.sort((one, other) => readFileSync(other).length - readFileSync(one).length)
}

const masked = (text: string) => text.replace(/[0-9a-f]{64}/g, 'ID').replace(/[0-9a-f]{12}/g, 'PACK')

describe('a damaged HEAD', () => {
  it('is told of by status, doctor and fsck, and put back by what they name', async () => {
    const good = readFileSync(join(cwd, '.floe/HEAD'), 'utf8')
    writeFileSync(join(cwd, '.floe/HEAD'), '')
    const status = await floe('status')
    expect(status).toMatchObject({ exitCode: 13, stderr: expect.stringContaining('`floe fsck --repair` puts it back') })
    const doctor = await floe('doctor', '--offline')
    expect(doctor.exitCode).toBe(1)
    expect(doctor.stdout).toMatch(/^problem {2}refs +HEAD is damaged: its check does not match$/m)
    expect(doctor.stdout).toMatch(/^ok +disk/m)
    expect(doctor.stderr).toContain('Hint: refs: `floe fsck --repair` puts HEAD back at branch main, since ')
    expect((await floe('fsck')).exitCode).toBe(13)
    const repaired = await floe('fsck', '--repair')
    expect(repaired.stdout).toMatch(/^Put back HEAD at branch main, since it is the only branch at the commit/m)
    expect(repaired).toMatchObject({ exitCode: 0, stderr: expect.not.stringContaining('.floe/damaged') })
    expect(readFileSync(join(cwd, '.floe/HEAD'), 'utf8')).toBe(good)
  })

  it('is told of although something else cannot be repaired', async () => {
    rmSync(join(cwd, 'a'))
    writeFileSync(join(cwd, '.floe/HEAD'), '')
    const { exitCode, stderr } = await floe('fsck', '--full', '--repair')
    expect(exitCode).toBe(13)
    expect(stderr).toContain('Warning: Put back HEAD at branch main, since ')
    expect(stderr).toContain('there is no good copy')
  })

  it('goes where --ref says if nothing tells', async () => {
    await floe('branch', 'other')
    rmSync(join(cwd, '.floe/reflog/HEAD'))
    writeFileSync(join(cwd, '.floe/HEAD'), 'rubbish')
    expect((await floe('fsck', '--repair')).stderr).toContain('`floe fsck --repair --ref HEAD=BRANCH`')
    expect((await floe('fsck', '--ref', 'HEAD=other')).exitCode).toBe(2)
    expect((await floe('fsck', '--repair', '--ref', 'HEAD=other')).stdout).toContain(
      'Put back HEAD at branch other, since you said so\n',
    )
    expect((await floe('status')).stdout).toContain('On branch other')
  })
})

describe('fsck on damaged packs', () => {
  it('names every pack, object and file, and what it types repairs them', async () => {
    const found = await floe('fsck', '--full')
    expect(found.exitCode).toBe(13)
    const lines = masked(found.stdout).split('\n')
    expect(lines.filter((line) => line === 'damaged  pack ID: 1 of its objects cannot be read')).toHaveLength(2)
    expect(lines.filter((line) => line.startsWith('  chunk ID')).sort()).toEqual(['  chunk ID  a', '  chunk ID  b'])
    expect(lines).toContain('Files that need them: 2 files')
    expect(masked(found.stderr)).toMatch(
      /^Error: 2 packs are damaged: PACK: 1 of its objects cannot be read; needed by/,
    )
    expect(found.stderr).toContain(
      'Hint: `floe fsck --full --repair` takes good copies from other packs and the files of the workspace\n',
    )
    const repaired = await floe('fsck', '--full', '--repair')
    expect(repaired).toMatchObject({ exitCode: 0 })
    expect(repaired.stdout).toContain(
      'Repaired 2 packs: 0 objects from packs, 2 from files of the workspace, 0 from the remote\n',
    )
    expect(repaired.stdout).toContain('\n  a: 1 object\n')
    expect(repaired.stderr).toContain('.floe/damaged')
    rmSync(join(cwd, 'a'))
    expect((await floe('restore', 'a')).exitCode).toBe(0)
    expect((await floe('fsck', '--full')).exitCode).toBe(0)
  })

  it('ends --json with one object that lists them', async () => {
    const { stdout } = await floe('fsck', '--full', '--json')
    const { error } = JSON.parse(stdout)
    expect(error.code).toBe('FSCK_DAMAGED')
    expect(error.data).toMatchObject({ packCount: 2, count: 2, missingCount: 0, pathCount: 2 })
    expect(error.data.objects).toHaveLength(2)
  })

  it('says which file to put back where no copy is left, and whether there is a remote to ask', async () => {
    rmSync(join(cwd, 'a'))
    const { stdout, stderr, exitCode } = await floe('fsck', '--full', '--repair')
    expect(exitCode).toBe(13)
    expect(masked(stdout)).toContain('  chunk ID  a\nFiles that need them: 1 file\n  a\n')
    expect(stderr).toContain(
      'Hint: put a back as the version has it, from a copy you have: `floe fsck --full --repair`',
    )
    expect(stderr).toContain('`floe remote add origin ADDRESS`')
  })
})
