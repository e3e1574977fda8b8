import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createRng } from '../../src/base/rng.ts'
import { createLedgerClient } from '../../src/ledger/client.ts'
import { walCoinType } from '../../src/ledger/networks.ts'
import { clone } from '../../src/repo/clone.ts'
import { showAddress } from '../../src/repo/key.ts'
import { push } from '../../src/repo/push.ts'
import { verifyLocal } from '../../src/repo/verify-local.ts'
import { openWorkspace } from '../../src/store/workspace.ts'
import { type LocalWorld, noise, snapshot, startLocalWorld } from './local-world.ts'

const CHILD = fileURLToPath(new URL('./push-child.ts', import.meta.url))
const KILLS = 4

let world: LocalWorld
beforeAll(async () => {
  world = await startLocalWorld()
}, 60_000)
afterAll(() => world[Symbol.asyncDispose]())

/** Pushes in another process and kills it some time after it has started. */
async function killedPush(dir: string, afterMs: number): Promise<void> {
  const child = spawn(process.execPath, [CHILD, dir, JSON.stringify(world.options)], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  await new Promise<void>((resolve) => {
    let timer: NodeJS.Timeout | undefined
    child.stdout.once('data', () => {
      timer = setTimeout(() => child.kill('SIGKILL'), afterMs)
    })
    child.once('exit', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}

const balance = async () => {
  const { address } = await showAddress(world.options)
  return createLedgerClient(world.profile).fetchBalance(address, walCoinType(world.profile))
}

describe('a push that is killed', () => {
  it('leaves a workspace that the next push finishes, and is paid for once', async () => {
    const rng = createRng(17)
    const dir = await world.workspace('ws', { 'a.bin': noise(1_000, 1) })
    const { repository } = await push(dir, { ...world.options, create: { name: 'kill', network: 'local' } })
    for (let round = 0; round < KILLS; round++) {
      await world.change(dir, { [`${round}.bin`]: noise(30_000 + round, 50 + round) })
      // Without a faucet visit in between, what leaves the purse is what was paid.
      const before = await balance()
      const dry = await push(dir, { ...world.options, dryRun: true })
      await killedPush(dir, 50 + rng.below(700))
      const result = await push(dir, world.options)
      expect(['pushed', 'up-to-date']).toContain(result.$kind)
      const paid = before - (await balance())
      expect(paid).toBeGreaterThan(0n)
      // The dry run estimates the locator; both land in the same unit of storage.
      expect(paid).toBe(BigInt(dry.cost.walFrost))
    }
    await using workspace = await openWorkspace(dir)
    expect(await verifyLocal(workspace, { full: true })).toMatchObject({ ok: true })
    await clone(`local:${repository}`, world.path('clone'), world.options)
    expect(await snapshot(world.path('clone'))).toEqual(await snapshot(dir))
  })
})
