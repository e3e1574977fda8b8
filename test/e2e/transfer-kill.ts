/** `kill -9` at random moments of push and pull: the next command finishes the work, and everything is whole. */

import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { createRng } from '../../src/base/rng.ts'
import { createLedgerClient } from '../../src/ledger/client.ts'
import { walCoinType } from '../../src/ledger/networks.ts'
import { clone } from '../../src/repo/clone.ts'
import { showAddress } from '../../src/repo/key.ts'
import { pull } from '../../src/repo/pull.ts'
import { push } from '../../src/repo/push.ts'
import { verifyLocal } from '../../src/repo/verify-local.ts'
import { openWorkspace } from '../../src/store/workspace.ts'
import { type LocalWorld, noise, snapshot } from './local-world.ts'

const CHILD = fileURLToPath(new URL('./transfer-child.ts', import.meta.url))

/** Runs the verb in another process and kills it some time after it has started.
 *  @returns true if it was killed before it was done */
async function killed(world: LocalWorld, verb: 'push' | 'pull', dir: string, afterMs: number): Promise<boolean> {
  const child = spawn(process.execPath, [CHILD, verb, dir, JSON.stringify(world.options)], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined
    child.stdout.once('data', () => {
      timer = setTimeout(() => child.kill('SIGKILL'), afterMs)
    })
    child.once('exit', (_code, signal) => {
      clearTimeout(timer)
      resolve(signal === 'SIGKILL')
    })
  })
}

async function assertWhole(dir: string): Promise<void> {
  await using workspace = await openWorkspace(dir)
  expect(await verifyLocal(workspace, { full: true })).toMatchObject({ ok: true })
}

/** Each round changes a file, kills a push, pushes again, and checks that it was paid for once.
 *  @returns how many pushes died before they were done */
export async function killPushes(world: LocalWorld, rounds: number, seed: number): Promise<number> {
  const rng = createRng(seed)
  const dir = await world.workspace(`push-${seed}`, { 'a.bin': noise(1_000, 1) })
  const { repository } = await push(dir, { ...world.options, create: { name: 'kill', network: 'local' } })
  const { address } = await showAddress(world.options)
  const balance = () => createLedgerClient(world.profile).fetchBalance(address, walCoinType(world.profile))
  let died = 0
  for (let round = 0; round < rounds; round++) {
    await world.change(dir, { [`${round}.bin`]: noise(30_000 + round, 50 + round) })
    // Without a faucet visit in between, what leaves the purse is what was paid.
    const before = await balance()
    const dry = await push(dir, { ...world.options, dryRun: true })
    if (await killed(world, 'push', dir, 50 + rng.below(700))) died++
    const result = await push(dir, world.options)
    expect(['pushed', 'up-to-date']).toContain(result.$kind)
    const paid = before - (await balance())
    expect(paid).toBeGreaterThan(0n)
    // The dry run estimates the locator; both land in the same unit of storage.
    expect(paid).toBe(BigInt(dry.cost.walFrost))
  }
  await assertWhole(dir)
  await clone(`local:${repository}`, world.path(`clone-${seed}`), world.options)
  expect(await snapshot(world.path(`clone-${seed}`))).toEqual(await snapshot(dir))
  return died
}

/** Each round publishes a change of many files, kills a pull of it, and pulls again.
 *  @returns how many pulls died before they were done */
export async function killPulls(world: LocalWorld, rounds: number, seed: number): Promise<number> {
  const rng = createRng(seed)
  const files = (round: number) =>
    Object.fromEntries(
      Array.from({ length: 60 }, (_, i) => [`d${i % 7}/${i}.bin`, noise(2_000 + ((i * round) % 97), i + 1000 * round)]),
    )
  const dir = await world.workspace(`pull-from-${seed}`, files(0))
  const { repository } = await push(dir, { ...world.options, create: { name: 'kill', network: 'local' } })
  const copy = world.path(`pull-to-${seed}`)
  await clone(`local:${repository}`, copy, world.options)
  let died = 0
  for (let round = 1; round <= rounds; round++) {
    await world.change(dir, files(round))
    await push(dir, world.options)
    if (await killed(world, 'pull', copy, rng.below(500))) died++
    const result = await pull(copy, world.options)
    expect(['fast-forward', 'up-to-date']).toContain(result.$kind)
    expect(await snapshot(copy), `round ${round}`).toEqual(await snapshot(dir))
  }
  await assertWhole(copy)
  return died
}
