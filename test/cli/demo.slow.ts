import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { runCli } from './run-cli.ts'

it('the demo pushes three versions, survives stopped nodes, names the liar, and leaves nothing behind', async () => {
  const cwd = await mkdtemp(join(tmpdir(), 'floe-demo-test-'))
  const ours = async () => (await readdir(tmpdir())).filter((name) => /^floe-demo-(?!test-)/.test(name))
  try {
    const before = new Set(await ours())
    const { exitCode, stdout, stderr } = await runCli(['demo', '--small'], { cwd })
    expect(exitCode, stderr).toBe(0)
    // version, size, stored (share), packs, WAL, time
    const stored = stdout.match(/^[123] .*\((\d+\.\d) %\) +2 /gm)?.map((row) => Number(/\((.*) %\)/.exec(row)![1]))
    expect(stored).toHaveLength(3)
    expect(stored![1]).toBeLessThan(stored![0]! / 2)
    expect(stored![2]).toBeLessThan(stored![0]! / 2)
    expect(stderr).toContain('302 files staged')
    expect(stderr.match(/cloned and compared byte by byte: 300 files/g)).toHaveLength(2)
    expect(new Set(stderr.match(/node-\d+ \(\S+\): NODE_UNREACHABLE/g)).size).toBe(4)
    expect(stderr).toMatch(/verified against the chain: .*certificates/)
    expect(stderr).toMatch(/the liar is named: node-\d+ \(ERASURE_SLIVER_MISMATCH\)/)
    expect((await ours()).filter((name) => !before.has(name))).toEqual([])
    expect(existsSync(join(cwd, 'home'))).toBe(false)
  } finally {
    await rm(cwd, { recursive: true, force: true })
  }
}, 180_000)
