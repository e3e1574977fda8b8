/** Every transaction of a push, a renewal and a revival loses its answer, and the connection with it, once: the command
 *  run again finds on the chain what took effect, and pays for nothing twice. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createLedgerClient } from '../../src/ledger/client.ts'
import { walCoinType } from '../../src/ledger/networks.ts'
import { clone } from '../../src/repo/clone.ts'
import { showAddress } from '../../src/repo/key.ts'
import { push } from '../../src/repo/push.ts'
import { renew } from '../../src/repo/renew.ts'
import { revive } from '../../src/repo/revive.ts'
import { failure, type LocalWorld, noise, snapshot, startLocalWorld } from './local-world.ts'

let world: LocalWorld
beforeAll(async () => {
  world = await startLocalWorld()
}, 120_000)
afterAll(() => world[Symbol.asyncDispose]())

async function wal(): Promise<bigint> {
  const { address } = await showAddress(world.options)
  return createLedgerClient(world.profile).fetchBalance(address, walCoinType(world.profile))
}

/** Lets `count` transactions through and then loses the answer to one more, and everything after it. */
function losing(count: number): { fetch: typeof fetch; transactions(): number } {
  let transactions = 0
  let gone = false
  return {
    transactions: () => transactions,
    async fetch(input, init) {
      if (gone) throw new TypeError('fetch failed')
      const answer = await fetch(input, init)
      if (!String(input).endsWith('/ExecuteTransaction')) return answer
      if (transactions++ < count) return answer
      gone = true
      throw new TypeError('fetch failed')
    },
  }
}

const limits = { packBytes: 50_000, packsPerTransaction: 1 }
const files = (seed: number) =>
  Object.fromEntries(Array.from({ length: 3 }, (_, i) => [`${i}.bin`, noise(20_000, seed * 10 + i)]))
let made = 0

/** Runs a command with ever later losses, each time followed by a run without, until no transaction is left to lose. */
async function sweep(
  prepare: () => Promise<string>,
  command: (dir: string, options: { fetch?: typeof fetch }) => Promise<unknown>,
): Promise<number> {
  let price: bigint | undefined
  for (let lost = -1; ; lost++) {
    const dir = await prepare()
    const before = await wal()
    const faults = losing(lost < 0 ? Number.MAX_SAFE_INTEGER : lost)
    if (lost < 0) await command(dir, { fetch: faults.fetch })
    else {
      const error = await failure(command(dir, { fetch: faults.fetch })).catch(() => null)
      // It ended before the fault: every transaction has had its turn.
      if (error === null) return lost
      expect(error).toMatchObject({ exitCode: 14, retryable: true })
      await command(dir, {})
    }
    const paid = before - (await wal())
    price ??= paid
    expect(paid).toBe(price)
  }
}

describe('a lost answer', () => {
  it('to any transaction of a push costs nothing', async () => {
    let seed = 0
    const prepare = async () => {
      const dir = await world.workspace(`push-${++made}`, { 'a.txt': `${made}\n` })
      await push(dir, { ...world.options, create: { name: 'push', network: 'local' } })
      await world.change(dir, files(++seed))
      return dir
    }
    const transactions = await sweep(prepare, async (dir, faults) => {
      const { repository } = await push(dir, { ...world.options, ...faults, limits })
      const copy = world.path(`push-copy-${++made}`)
      await clone(`local:${repository}`, copy, { ...world.options, useCache: false })
      expect(await snapshot(copy)).toEqual(await snapshot(dir))
    })
    expect(transactions).toBeGreaterThanOrEqual(4)
  })

  it('to any transaction of a renewal costs nothing', async () => {
    const prepare = async () => {
      const dir = await world.workspace(`renew-${++made}`, { 'a.bin': noise(2_000, made) })
      await push(dir, { ...world.options, create: { name: 'renew', network: 'local' }, epochs: 4 })
      return dir
    }
    const command = (dir: string, faults: object) =>
      renew(dir, { ...world.options, ...faults, epochs: 9, packsPerTransaction: 1 })
    expect(await sweep(prepare, command)).toBe(2)
  })

  it('to any transaction of a revival costs nothing', async () => {
    const prepare = async () => {
      const dir = await world.workspace(`revive-${++made}`, { 'a.bin': noise(2_000, made) })
      const options = { ...world.options, epochs: 1 }
      await push(dir, { ...options, create: { name: 'revive', network: 'local' } })
      await world.change(dir, { 'b.bin': noise(2_000, 1_000 + made) })
      await push(dir, options)
      await world.net.advanceEpoch()
      return dir
    }
    const command = (dir: string, faults: object) => revive(dir, { ...world.options, ...faults, epochs: 5 })
    expect(await sweep(prepare, command)).toBeGreaterThanOrEqual(3)
  })
})
