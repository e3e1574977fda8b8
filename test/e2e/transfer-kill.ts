/** `kill -9` at random moments and requests of push, pull and clone: the next command finishes the work, and everything is whole.
 *  `FLOE_SIM_SEED=<seed> FLOE_KILLS=<rounds> npx vitest run test/e2e/transfer-kill.test.ts` shows the same again: the same
 *  request to the number, a moment as far as the machine is as fast. */

import { spawn } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import type { FloeError } from '../../src/base/errors.ts'
import { createRng, type Rng } from '../../src/base/rng.ts'
import { createLedgerClient } from '../../src/ledger/client.ts'
import { walCoinType } from '../../src/ledger/networks.ts'
import { createTag } from '../../src/repo/branch.ts'
import { clone } from '../../src/repo/clone.ts'
import { showAddress } from '../../src/repo/key.ts'
import { pull } from '../../src/repo/pull.ts'
import { push } from '../../src/repo/push.ts'
import type { RemoteOptions } from '../../src/repo/remote-options.ts'
import { switchTo } from '../../src/repo/switch.ts'
import { verifyLocal } from '../../src/repo/verify-local.ts'
import { openWorkspace } from '../../src/store/workspace.ts'
import { type LocalWorld, noise, snapshot } from './local-world.ts'

/** About as many as they make, to four nodes and the ledger. */
const PUSH_REQUESTS = 60
const PULL_REQUESTS = 25
const CLONE_REQUESTS = 30
const CHILD = fileURLToPath(new URL('./transfer-child.ts', import.meta.url))

/** So many milliseconds after it has started, or at a request. */
type Moment = { ms: number } | { request: number; when: 'before' | 'after' }

function momentOf(rng: Rng, ms: [least: number, span: number], requests: number): Moment {
  if (rng.below(2) === 0) return { ms: ms[0] + rng.below(ms[1]) }
  return { request: rng.below(requests), when: rng.below(2) === 0 ? 'before' : 'after' }
}

/** Runs the verb in another process and kills it.
 *  @returns true if it was killed before it was done */
async function killed(
  verb: 'push' | 'pull' | 'clone',
  dir: string,
  moment: Moment,
  options: RemoteOptions & { address?: string; ref?: string | undefined },
): Promise<boolean> {
  const at = 'ms' in moment ? [] : [String(moment.request), moment.when]
  const child = spawn(process.execPath, [CHILD, verb, dir, JSON.stringify(options), ...at], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined
    if ('ms' in moment)
      child.stdout.once('data', () => {
        timer = setTimeout(() => child.kill('SIGKILL'), moment.ms)
      })
    else child.stdout.resume()
    child.once('exit', (_code, signal) => {
      clearTimeout(timer)
      resolve(signal === 'SIGKILL')
    })
  })
}

/** @throws with the command that repeats it */
async function replayable<T>(verb: string, seed: number, rounds: number, job: () => Promise<T>): Promise<T> {
  try {
    return await job()
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause)
    throw new Error(`${text}\n${replayOfKills(verb, seed, rounds)}`, { cause })
  }
}

export function replayOfKills(verb: string, seed: number, rounds: number): string {
  return `replay: FLOE_SIM_SEED=${seed} FLOE_KILLS=${rounds} npx vitest run test/e2e/transfer-kill.test.ts -t 'of a ${verb} '`
}

async function assertWhole(dir: string): Promise<void> {
  await using workspace = await openWorkspace(dir)
  expect(await verifyLocal(workspace, { full: true })).toMatchObject({ ok: true })
}

/** Each round changes a file, kills a push, pushes again, and checks that it was paid for once.
 *  @returns how many pushes died before they were done */
export function killPushes(world: LocalWorld, rounds: number, seed: number): Promise<number> {
  return replayable('push', seed, rounds, () => killPushesOf(world, rounds, seed))
}

async function killPushesOf(world: LocalWorld, rounds: number, seed: number): Promise<number> {
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
    if (await killed('push', dir, momentOf(rng, [50, 700], PUSH_REQUESTS), world.options)) died++
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
export function killPulls(world: LocalWorld, rounds: number, seed: number): Promise<number> {
  return replayable('pull', seed, rounds, () => killPullsOf(world, rounds, seed))
}

async function killPullsOf(world: LocalWorld, rounds: number, seed: number): Promise<number> {
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
    if (await killed('pull', copy, momentOf(rng, [0, 500], PULL_REQUESTS), world.options)) died++
    const result = await pull(copy, world.options)
    expect(['fast-forward', 'up-to-date']).toContain(result.$kind)
    expect(await snapshot(copy), `round ${round}`).toEqual(await snapshot(dir))
  }
  await assertWhole(copy)
  return died
}

/** Each round kills a clone, and does what the next one says.
 *  @returns how many clones died before they were done, and how many of them were gone on with */
export function killClones(world: LocalWorld, rounds: number, seed: number): Promise<{ died: number; goneOn: number }> {
  return replayable('clone', seed, rounds, () => killClonesOf(world, rounds, seed))
}

async function killClonesOf(world: LocalWorld, rounds: number, seed: number) {
  const rng = createRng(seed)
  const files = Array.from({ length: 120 }, (_, i) => [`d${i % 7}/${i}.bin`, noise(2_000 + i, i)] as const)
  const dir = await world.workspace(`clone-from-${seed}`, Object.fromEntries(files))
  const { repository } = await push(dir, { ...world.options, create: { name: 'kill', network: 'local' } })
  const address = `local:${repository}`
  const main = await snapshot(dir)
  {
    await using workspace = await openWorkspace(dir)
    await createTag(workspace, { name: 'v1' })
    await switchTo(workspace, { target: 'side', create: true })
  }
  await world.change(dir, { 'd1/side.bin': noise(3_000, 500) })
  await push(dir, { ...world.options, ref: 'side' })
  await push(dir, { ...world.options, ref: 'tags/v1' })
  const side = await snapshot(dir)
  let [died, goneOn] = [0, 0]
  for (let round = 0; round < rounds; round++) {
    const copy = world.path(`clone-to-${seed}-${round}`)
    const isPart = rng.below(2) === 0
    const ref = [undefined, 'side', 'v1'][rng.below(3)]
    const options = { ...world.options, filter: isPart ? ['d1/**', 'd2/**'] : [], ref }
    if (!(await killed('clone', copy, momentOf(rng, [0, 600], CLONE_REQUESTS), { ...options, address }))) continue
    died++
    const [hint] = await clone(address, copy, options).then(
      () => [],
      (error: FloeError) => {
        expect(error).toMatchObject({ code: 'CLONE_TARGET_NOT_EMPTY' })
        return error.hints
      },
    )
    if (hint?.includes('`floe pull` in that folder goes on')) {
      goneOn++
      expect(ref).not.toBe('v1')
      await pull(copy, world.options)
    } else if (/delete (this one|that folder)/.test(hint ?? '')) {
      // It had hardly begun, or was of no branch.
      await rm(copy, { recursive: true })
      await clone(address, copy, options)
    }
    const expected = [...(ref === 'side' ? side : main)].filter(([path]) => !isPart || /^d[12]\//.test(path))
    expect(await snapshot(copy), `round ${round}`).toEqual(new Map(expected))
    await assertWhole(copy)
  }
  return { died, goneOn }
}
