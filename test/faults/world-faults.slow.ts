/** Faults of the world around a push and a pull: the ledger restarts, clocks are wrong, the disk is full, others are at
 *  work at the same time. Done, or a coded error; never a wrong byte, never paid twice. */

import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { createLedgerClient } from '../../src/ledger/client.ts'
import { walCoinType } from '../../src/ledger/networks.ts'
import { startLocalNetwork } from '../../src/localnet/index.ts'
import { clone } from '../../src/repo/clone.ts'
import { showAddress } from '../../src/repo/key.ts'
import { pull } from '../../src/repo/pull.ts'
import { push } from '../../src/repo/push.ts'
import { verifyLocal } from '../../src/repo/verify-local.ts'
import { openWorkspace } from '../../src/store/workspace.ts'
import { failure, type LocalWorld, noise, snapshot, startLocalWorld } from '../e2e/local-world.ts'

const CHILD = fileURLToPath(new URL('../e2e/transfer-child.ts', import.meta.url))
let world: LocalWorld
let dir: string
let address: string

beforeAll(async () => {
  world = await startLocalWorld()
  dir = await world.workspace('faults', { 'a.bin': noise(5_000, 1) })
  const { repository } = await push(dir, { ...world.options, create: { name: 'faults', network: 'local' } })
  address = `local:${repository}`
}, 120_000)
afterAll(() => world?.[Symbol.asyncDispose]())
afterEach(() => {
  vi.useRealTimers()
})

async function wal(): Promise<bigint> {
  const { address: owner } = await showAddress(world.options)
  return createLedgerClient(world.profile).fetchBalance(owner, walCoinType(world.profile))
}

async function assertCloned(name: string): Promise<void> {
  const copy = world.path(name)
  await clone(address, copy, { ...world.options, useCache: false })
  expect(await snapshot(copy)).toEqual(await snapshot(dir))
}

describe('a push', { timeout: 300_000 }, () => {
  it.each([0, 2, 5, 9, 14, 40, 60])(
    'or the one after it is done, and whole, when ledger and nodes restart at request %i',
    async (at) => {
      const place = await mkdtemp(join(tmpdir(), 'floe-restart-'))
      const shape = { dir: join(place, 'net'), nodes: 13, shards: 13, threads: 1, sync: true }
      let net = await startLocalNetwork(shape)
      let restarted: Promise<void> | undefined
      try {
        const own = { ...world.profile, ...ids(net) }
        const options = { homeDir: join(place, 'home'), networks: [own] }
        const work = await world.workspace(`restart-${at}`, { 'x.bin': noise(9_000, at) })
        let requests = 0
        const restarting: typeof fetch = async (input, init) => {
          if (requests++ === at)
            restarted = net.close().then(async () => {
              net = await startLocalNetwork(shape)
            })
          if (requests - 1 === at) await restarted
          return fetch(input, init)
        }
        const create = { name: 'r', network: 'local' }
        const error = await push(work, { ...options, create, fetch: restarting }).then(
          () => null,
          (thrown) => thrown,
        )
        await restarted
        if (error) expect(error).toMatchObject({ code: expect.stringMatching(/^[A-Z_]+$/), exitCode: 14 })
        const again = error ? await push(work, { ...options, create }).catch(() => push(work, options)) : null
        const result = again ?? (await push(work, options))
        expect(['pushed', 'up-to-date']).toContain(result.$kind)
        await clone(`local:${result.repository}`, join(place, 'copy'), options)
        expect(await snapshot(join(place, 'copy'))).toEqual(await snapshot(work))
      } finally {
        await restarted
        await net.close()
        await rm(place, { recursive: true, force: true })
      }
    },
  )

  it.each([-400, -1, 1, 400])('and a clone do not mind a clock that is %i days off', async (days) => {
    await world.change(dir, { [`clock${days}.bin`]: noise(3_000, 500 + days) })
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + days * 86_400_000 })
    expect(await push(dir, world.options)).toMatchObject({ $kind: 'pushed' })
    await assertCloned(`clock-${days}`)
  })

  it.each([1, 8, 64])('stops with a code when no file may pass %i KiB, and goes on when there is room', async (kib) => {
    await world.change(dir, { [`full-${kib}.bin`]: noise(400_000, kib) })
    const before = await wal()
    const dry = await push(dir, { ...world.options, dryRun: true })
    const status = await limited(kib, ['push', dir, JSON.stringify(world.options)])
    expect(status.code === 0 || /EFBIG|ENOSPC|[A-Z]+_[A-Z_]+/.test(status.stderr)).toBe(true)
    const result = await push(dir, world.options)
    expect(['pushed', 'up-to-date']).toContain(result.$kind)
    expect(before - (await wal())).toBeLessThanOrEqual(BigInt(dry.cost.walFrost))
    await assertCloned(`full-${kib}`)
  })

  it('beside another and a pull: one push wins, the pull sees a whole state, the other merges', async () => {
    const [first, second, reader] = [world.path('one'), world.path('two'), world.path('three')]
    for (const copy of [first, second, reader]) await clone(address, copy, world.options)
    for (let round = 0; round < 3; round++) {
      await world.change(first, { [`one/${round}.bin`]: noise(20_000, 900 + round) })
      await world.change(second, { [`two/${round}.bin`]: noise(20_000, 950 + round) })
      const results = await Promise.allSettled([
        push(first, world.options),
        push(second, world.options),
        pull(reader, { ...world.options, author: { name: 'Reader', email: '' } }),
      ])
      const pushes = results.slice(0, 2)
      expect(pushes.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThan(0)
      for (const result of results)
        if (result.status === 'rejected')
          expect(result.reason).toMatchObject({ code: expect.stringMatching(/^[A-Z_]+$/) })
      await using workspace = await openWorkspace(reader)
      expect(await verifyLocal(workspace, { full: true })).toMatchObject({ ok: true })
      for (const copy of [first, second]) {
        await pull(copy, { ...world.options, author: { name: 'Writer', email: '' } })
        await push(copy, world.options)
      }
      await pull(first, { ...world.options, author: { name: 'Writer', email: '' } })
    }
    await pull(reader, { ...world.options, author: { name: 'Reader', email: '' } })
    expect(await snapshot(reader)).toEqual(await snapshot(first))
    await pull(dir, { ...world.options, author: { name: 'Test', email: '' } })
  })

  it('fails clearly, in time, beyond f, and reads go on while enough slivers remain', async () => {
    for (const index of [0, 1, 2, 3]) await world.net.stopNode(index)
    try {
      await world.change(dir, { 'bare.bin': noise(40_000, 77) })
      // At the bare quorum: four of thirteen shards never get their slivers.
      expect(await push(dir, world.options)).toMatchObject({ $kind: 'pushed' })
      await assertCloned('bare')
      await world.net.stopNode(4)
      await world.change(dir, { 'beyond.bin': noise(40_000, 78) })
      const started = performance.now()
      expect(await failure(push(dir, world.options))).toMatchObject({ code: 'UPLOAD_QUORUM', exitCode: 14 })
      expect(performance.now() - started).toBeLessThan(60_000)
      // kp = 5 primary slivers of the bare quorum are still there with eight nodes.
      for (const index of [5, 6, 7]) await world.net.stopNode(index)
      const copy = world.path('last')
      await clone(address, copy, { ...world.options, useCache: false })
      await world.net.stopNode(8)
      expect(await failure(clone(address, world.path('none'), { ...world.options, useCache: false }))).toMatchObject({
        code: 'BLOB_UNAVAILABLE',
        exitCode: 14,
      })
    } finally {
      for (const { index, running } of world.net.nodes) if (!running) await world.net.startNode(index)
    }
    expect(await push(dir, world.options)).toMatchObject({ $kind: 'pushed', cost: { walFrost: '0' } })
    await assertCloned('healed')
  })
})

function ids(net: Awaited<ReturnType<typeof startLocalNetwork>>) {
  const { rpcUrl, faucetUrl, systemObjectId, stakingObjectId, walPackageId, floePackageId } = net
  return { rpcUrl, faucetUrl, systemObjectId, stakingObjectId, walPackageId, floePackageIds: [floePackageId] }
}

/** A verb in a process whose files may not grow beyond a limit: what a full disk looks like, without filling one. */
function limited(kib: number, argv: string[]): Promise<{ code: number; stderr: string }> {
  const script = `trap '' XFSZ; ulimit -f ${kib}; exec "$0" "$@"`
  return new Promise((resolve) => {
    execFile('bash', ['-c', script, process.execPath, CHILD, ...argv], (error, _, stderr) =>
      resolve({ code: error ? Number(error.code ?? 1) : 0, stderr }),
    )
  })
}
