/** The remote verbs as a user and a script meet them, against a local network that the first command starts. */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parquetReadObjects } from 'hyparquet'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { stopLocalNetwork } from '../../src/localnet/daemon.ts'
import { runCli } from './run-cli.ts'

let root = ''
let data = ''
let home = ''
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'floe-cli-net-'))
  data = join(root, 'data')
  home = join(root, 'home')
  mkdirSync(data)
  await floe(data, 'init', '.')
  writeFileSync(join(data, 'a.txt'), 'one\n')
  await floe(data, 'add', '.')
  await floe(data, 'commit', '-m', 'first')
})
afterAll(async () => {
  await stopLocalNetwork({ dataDir: home })
  rmSync(root, { recursive: true, force: true })
})

const floe = (cwd: string, ...args: string[]) => runCli(args, { cwd, env: { FLOE_HOME: home } })
const json = async (cwd: string, ...args: string[]) => {
  const run = await floe(cwd, ...args, '--json')
  expect(run.stdout.trimEnd().split('\n'), args.join(' ')).toHaveLength(1)
  return JSON.parse(run.stdout)
}

describe('the life of a repository', { timeout: 120_000 }, () => {
  it('asks a script for the name of the repository instead of guessing one', async () => {
    const run = await floe(data, 'push')
    expect(run.exitCode).toBe(2)
    expect(run.stderr).toContain('--create NAME --yes')
  })

  it('prints the cost before anything is spent, here and on mainnet', async () => {
    const run = await floe(data, 'push', '--dry-run', '--create', 'words')
    expect(run.exitCode).toBe(0)
    expect(run.stdout).toMatch(
      /new after dedup .*\npacks .*encoded\ncost here .* WAL.*SUI.*\non mainnet .*WAL.*epochs.*\nkept until .*epoch \d+, \d{4}-\d\d-\d\d\n/,
    )
    const plan = await json(data, 'push', '--dry-run', '--create', 'words')
    expect(plan).toMatchObject({ ok: true, $kind: 'dry-run', cost: { packs: 2, newObjects: expect.any(Number) } })
  })

  it('pushes, shows, clones and verifies', async () => {
    const pushed = await json(data, 'push', '--create', 'words', '--yes')
    expect(pushed).toMatchObject({ ok: true, $kind: 'pushed', ref: 'heads/main', old: null })
    const shown = await json(data, 'remote', 'show')
    expect(shown).toMatchObject({
      network: 'local',
      repository: pushed.repository,
      refs: [{ name: 'heads/main', commit: pushed.new }],
    })
    expect(await json(data, 'push')).toMatchObject({ ok: true, $kind: 'up-to-date' })

    const cloned = await floe(root, 'clone', `local:${pushed.repository}`, 'copy')
    expect(cloned.exitCode).toBe(0)
    expect(readFileSync(join(root, 'copy', 'a.txt'), 'utf8')).toBe('one\n')
    const verified = await floe(join(root, 'copy'), 'verify', '--full')
    expect(verified).toMatchObject({ exitCode: 0 })
    expect(verified.stdout).toMatch(/^ok {2}.*\[.*\]$/m)
    expect(await json(root, 'verify', `local:${pushed.repository}`)).toMatchObject({ ok: true, commit: pushed.new })
  })

  it('says what the local network is, with every id that a client needs', async () => {
    const status = await json(root, 'localnet', 'status')
    const id = expect.stringMatching(/^0x[0-9a-f]{64}$/)
    const url = expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect(status).toMatchObject({
      running: true,
      rpcUrl: url,
      faucetUrl: url,
      systemObjectId: id,
      stakingObjectId: id,
      walPackageId: id,
      walrusPackageId: id,
      floePackageId: id,
    })
    expect(status.nodes).toHaveLength(13)
  })

  it('refuses a stale push, says what to do next, and loses nothing', async () => {
    const copy = join(root, 'copy')
    writeFileSync(join(copy, 'b.txt'), 'two\n')
    await floe(copy, 'add', '.')
    await floe(copy, 'commit', '-m', 'from the copy')
    expect((await floe(copy, 'push')).exitCode).toBe(0)

    writeFileSync(join(data, 'c.txt'), 'three\n')
    await floe(data, 'add', '.')
    const { commit } = await json(data, 'commit', '-m', 'from the first')
    const stale = await floe(data, 'push')
    expect(stale.exitCode).not.toBe(0)
    expect(stale.stderr).toMatch(/Hint: .*floe pull/)
    expect((await json(data, 'log')).commits[0].commit).toBe(commit)

    const pulled = await json(data, 'pull')
    expect(pulled).toMatchObject({ ok: true, $kind: 'merged' })
    expect(readFileSync(join(data, 'b.txt'), 'utf8')).toBe('two\n')
    expect(readFileSync(join(data, 'c.txt'), 'utf8')).toBe('three\n')
    expect((await floe(data, 'push')).exitCode).toBe(0)
    expect(await json(copy, 'pull')).toMatchObject({ ok: true, $kind: 'fast-forward' })
  })

  it('lists the paths that changed on both sides, and changes nothing', async () => {
    const copy = join(root, 'copy')
    writeFileSync(join(copy, 'a.txt'), 'theirs\n')
    await floe(copy, 'commit', '-a', '-m', 'theirs')
    expect((await floe(copy, 'push')).exitCode).toBe(0)
    writeFileSync(join(data, 'a.txt'), 'ours\n')
    await floe(data, 'commit', '-a', '-m', 'ours')
    const run = await floe(data, 'pull')
    expect(run.exitCode).not.toBe(0)
    expect(run.stderr).toContain('a.txt')
    expect(readFileSync(join(data, 'a.txt'), 'utf8')).toBe('ours\n')
  })

  it('writes the push log as a table that other readers open', async () => {
    const run = await floe(join(root, 'copy'), 'log', '--parquet', 'pushes.parquet')
    expect(run).toMatchObject({ exitCode: 0, stdout: 'Wrote 4 pushes to pushes.parquet\n' })
    const bytes = readFileSync(join(root, 'copy', 'pushes.parquet'))
    const rows = await parquetReadObjects({
      file: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length),
    })
    expect(rows.map((row) => [Number(row.number), row.ref, row.forced])).toEqual(
      [0, 1, 2, 3].map((n) => [n, 'refs/heads/main', false]),
    )
  })

  it('gives and takes write access by address', async () => {
    const { address } = await json(data, 'key', 'generate', '--alias', 'guest')
    expect(await json(data, 'key', 'list')).toMatchObject({
      keys: expect.arrayContaining([expect.objectContaining({ alias: 'guest', address })]),
    })
    expect((await floe(data, 'access', 'grant', address)).exitCode).toBe(0)
    const granted = await floe(data, 'access', 'list')
    expect(granted.stdout).toContain(address)
    expect((await floe(data, 'access', 'revoke', address)).exitCode).toBe(0)
    expect((await floe(data, 'access', 'list')).stdout).not.toMatch(new RegExp(`${address}.*writer`))
  })

  it('gives test money', async () => {
    const run = await floe(data, 'faucet')
    expect(run.exitCode).toBe(0)
    expect(run.stdout).toMatch(/^0x[0-9a-f]{64} received .* SUI and .* WAL\n$/)
  })

  it('stops at once when told to', async () => {
    expect(await floe(root, 'localnet', 'down')).toMatchObject({ exitCode: 0, stdout: 'Stopped; its state stays\n' })
    expect(await json(root, 'localnet', 'status')).toMatchObject({ running: false })
  })
})
