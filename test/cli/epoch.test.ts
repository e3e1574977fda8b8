/** Epochs and networks as a user meets them. */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { MAINNET } from '../../src/ledger/networks.ts'
import { stopLocalNetwork } from '../../src/localnet/daemon.ts'
import { runCli } from './run-cli.ts'

let root = ''
let home = ''
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'floe-epoch-'))
  home = join(root, 'home')
  await floe('init', '.')
  writeFileSync(join(root, 'a.txt'), 'one\n')
  await floe('add', 'a.txt')
  await floe('commit', '-m', 'first')
})
afterAll(async () => {
  await stopLocalNetwork({ dataDir: home })
  rmSync(root, { recursive: true, force: true })
})

const floe = (...args: string[]) => runCli(args, { cwd: root, env: { FLOE_HOME: home } })

it('cannot move the epoch of a network that does not run', async () => {
  expect((await floe('localnet', 'epoch', 'next')).exitCode).not.toBe(0)
})

it('shows when packs expire, moves the epoch on, and renews', async () => {
  expect(await floe('push', '--create', 'words', '--yes', '--epochs', '3')).toMatchObject({ exitCode: 0 })
  expect((await floe('expiry')).stdout).toMatch(
    /heads\/main {2}expires in epoch 4, \d{4}-\d\d-\d\d \(3 epochs left\)\n/,
  )
  const begun = await floe('localnet', 'epoch', 'next', '--rotate')
  expect(begun.stdout).toBe('epoch 2 has begun, with another committee\n')
  expect((await floe('verify', '--full')).exitCode).toBe(0)
  const planned = await floe('renew', '--epochs', '5', '--dry-run')
  expect(planned.stderr).toMatch(/^cost: 0\.\d+ WAL for 2 packs .* until epoch 7/)
  expect((await floe('renew', '--epochs', '5')).stdout).toMatch(/^2 packs renewed, kept until epoch 7, /)
  const after = JSON.parse((await floe('expiry', '--json')).stdout)
  expect(after).toMatchObject({ ok: true, epoch: 2, refs: [{ ref: 'heads/main', endEpoch: 7 }] })
  expect((await floe('renew', '--epochs', 'x')).exitCode).toBe(2)
})

it('offers an upload relay and an aggregator, which push and clone go through', async () => {
  const { relayUrl, aggregatorUrl } = JSON.parse((await floe('localnet', 'status', '--json')).stdout)
  expect((await floe('localnet', 'status')).stdout).toContain(aggregatorUrl)
  writeFileSync(join(root, 'a.txt'), 'two\n')
  await floe('commit', '-am', 'second')
  expect(await floe('push', '--relay', relayUrl)).toMatchObject({ exitCode: 0 })
  const address = JSON.parse((await floe('remote', 'show', 'origin', '--json')).stdout)
  const copy = join(root, 'copy')
  await floe('clone', '--aggregator', aggregatorUrl, `local:${address.repository}`, copy)
  expect(readFileSync(join(copy, 'a.txt'), 'utf8')).toBe('two\n')
  expect((await floe('push', '--relay', 'ftp://x')).exitCode).toBe(2)
})

it('mirrors the repository into a folder, which can be cloned and fetched from', async () => {
  const mirrored = await floe('mirror', 'nas', '--full')
  expect(mirrored.exitCode, mirrored.stderr).toBe(0)
  expect(mirrored.stdout).toMatch(
    /^heads\/main {2}\(new\) → [0-9a-f]{12}\nMirrored 2 versions of local:0x[0-9a-f]{64}\n {2}\d+ objects, .* downloaded, into .*\/nas\n {2}every byte checked: \d+ objects\n$/,
  )
  expect(mirrored.stderr).toMatch(/^Hint: `floe clone .*nas` needs no network; delete the folder to take it back$/m)
  expect((await floe('mirror', 'nas')).stdout).toBe('Already up to date with entry 1 of the log\n')
  expect((await floe('-C', 'nas', 'status')).stdout).toMatch(/clean/)
  const cloned = await floe('clone', 'nas', 'from-nas')
  expect(cloned).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(/^Cloned heads\/main at [0-9a-f]{12} into /),
  })
  expect(readFileSync(join(root, 'from-nas/a.txt'), 'utf8')).toBe('two\n')
  expect((await floe('-C', 'from-nas', 'fetch', '../nas')).stdout).toBe('Already up to date\n')
  expect(await floe('clone', 'nas', 'part', '--filter', 'a')).toMatchObject({ exitCode: 2 })
  // As in git, what stands before the address does not take it for one more of its own.
  const { repository } = JSON.parse((await floe('remote', 'show', 'origin', '--json')).stdout)
  const some = await floe('clone', '--filter', '*.txt', '--filter', '!b*', `local:${repository}`, 'some')
  expect(some.exitCode, some.stderr).toBe(0)
  expect(readFileSync(join(root, 'some/a.txt'), 'utf8')).toBe('two\n')
  expect(await floe('mirror', 'copy')).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/not a mirror/) })
})

it('lists networks and says step by step whether one works', async () => {
  mkdirSync(join(home, 'networks'), { recursive: true })
  writeFileSync(
    join(home, 'networks', 'gone.json'),
    JSON.stringify({ ...MAINNET, name: 'gone', rpcUrl: 'http://127.0.0.1:9' }),
  )
  const { networks } = JSON.parse((await floe('network', 'list', '--json')).stdout)
  expect(networks.map((network: { name: string }) => network.name)).toEqual(['gone', 'local', 'mainnet', 'testnet'])
  const local = JSON.parse((await floe('network', 'check', 'local', '--json')).stdout)
  expect(local).toMatchObject({ ok: true, network: 'local', walrus: { version: 3, epoch: 2, nodes: 13, shards: 208 } })
  expect(local.steps.map((step: { check: string }) => step.check)).toEqual(['rpc', 'walrus', 'committee', 'floe'])
  const gone = await floe('network', 'check', 'gone')
  expect(gone.exitCode).toBe(14)
  expect(gone.stdout).toMatch(/failed {2}rpc {2}.*cannot be reached/)
  expect((await floe('network', 'check', 'nowhere')).exitCode).toBe(2)
})
