import { expect, it } from 'vitest'
import { createLedgerClient } from '../../src/ledger/client.ts'
import { walCoinType } from '../../src/ledger/networks.ts'
import { formatWal } from '../../src/ledger/transactions/wal-payment.ts'
import { showAddress } from '../../src/repo/key.ts'
import { purge } from '../../src/repo/purge.ts'
import { push } from '../../src/repo/push.ts'
import { switchTo } from '../../src/repo/switch.ts'
import { openWorkspace } from '../../src/store/workspace.ts'
import { noise, startLocalWorld } from './local-world.ts'

it('keeps --max-wal over all branches that a purge moves', async () => {
  await using world = await startLocalWorld({ nodes: 4 })
  const wal = async () => {
    const { address } = await showAddress(world.options)
    return createLedgerClient(world.profile).fetchBalance(address, walCoinType(world.profile))
  }
  /** Two branches, at versions of their own, with a file that is to go. */
  const twoBranches = async (name: string, seed: number) => {
    const dir = await world.workspace(name, { secret: noise(1_000, seed), other: noise(1_000, seed + 1) })
    await push(dir, { ...world.options, create: { name, network: 'local' } })
    {
      await using workspace = await openWorkspace(dir)
      await switchTo(workspace, { target: 'side', create: true })
    }
    await world.change(dir, { side: noise(1_000, seed + 2) })
    await push(dir, world.options)
    {
      await using workspace = await openWorkspace(dir)
      await switchTo(workspace, { target: 'main' })
    }
    await world.change(dir, { more: noise(1_000, seed + 3) })
    await push(dir, world.options)
    return dir
  }
  const options = { ...world.options, paths: ['secret'] }
  const free = await twoBranches('free', 1)
  const before = await wal()
  expect((await purge(free, options)).remote?.pushed).toHaveLength(2)
  const cost = before - (await wal())
  expect(cost).toBeGreaterThan(0n)

  const limited = await twoBranches('limited', 11)
  const start = await wal()
  const maxWal = formatWal(cost - 1n)
  await expect(purge(limited, { ...options, maxWal })).rejects.toMatchObject({ code: 'PUSH_MAX_WAL' })
  const spent = start - (await wal())
  expect(spent).toBeGreaterThan(0n)
  expect(spent).toBeLessThan(cost)
  expect((await purge(limited, { ...options, maxWal })).remote?.pushed).toHaveLength(1)
  expect(start - (await wal())).toBe(cost)
})
