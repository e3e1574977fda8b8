/** A push whose files the kernel lets grow only so far: done, or a coded error; never a wrong byte, never paid twice.
 *  Other trouble with the world around a verb, and full disks byte by byte, are in `sim/outage-schedule.ts`. */

import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createLedgerClient } from '../../src/ledger/client.ts'
import { walCoinType } from '../../src/ledger/networks.ts'
import { clone } from '../../src/repo/clone.ts'
import { showAddress } from '../../src/repo/key.ts'
import { push } from '../../src/repo/push.ts'
import { type LocalWorld, noise, snapshot, startLocalWorld } from '../e2e/local-world.ts'

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
  it.each([1, 8, 64])('stops with a code when no file may pass %i KiB, and goes on when there is room', async (kib) => {
    await world.change(dir, { [`full-${kib}.bin`]: noise(400_000, kib) })
    const before = await wal()
    const dry = await push(dir, { ...world.options, dryRun: true })
    const status = await limited(kib, ['push', dir, JSON.stringify(world.options)])
    expect(status.code === 0 || /code: 'STORE_(IO|DISK_FULL)'/.test(status.stderr)).toBe(true)
    const result = await push(dir, world.options)
    expect(['pushed', 'up-to-date']).toContain(result.$kind)
    expect(before - (await wal())).toBeLessThanOrEqual(BigInt(dry.cost.walFrost))
    await assertCloned(`full-${kib}`)
  })
})

/** A verb in a process whose files may not grow beyond a limit: what a full disk looks like, without filling one. */
function limited(kib: number, argv: string[]): Promise<{ code: number; stderr: string }> {
  const script = `trap '' XFSZ; ulimit -f ${kib}; exec "$0" "$@"`
  return new Promise((resolve) => {
    execFile('bash', ['-c', script, process.execPath, CHILD, ...argv], (error, _, stderr) =>
      resolve({ code: error ? Number(error.code ?? 1) : 0, stderr }),
    )
  })
}
