/** A push and a renewal of 4,000 packs: tiny ones, but each is encoded, registered, uploaded, certified and deposited. */

import { expect, it } from 'vitest'
import { createLedgerClient } from '../../src/ledger/client.ts'
import { walCoinType } from '../../src/ledger/networks.ts'
import { clone } from '../../src/repo/clone.ts'
import { expiry } from '../../src/repo/expiry.ts'
import { showAddress } from '../../src/repo/key.ts'
import { push } from '../../src/repo/push.ts'
import { renew } from '../../src/repo/renew.ts'
import { noise, snapshot, startLocalWorld } from './local-world.ts'

const PACKS = Number(process.env['FLOE_MANY_PACKS'] ?? 4_000)
/** One chunk of 5 KB fits, two do not. */
const PACK_BYTES = 9_000

it(`pushes ${PACKS} packs, extends them with the next push, and renews them`, async () => {
  // The pack with the locator of so many is larger than four shards hold.
  await using world = await startLocalWorld({ nodes: 4, shards: 10 })
  const files = Object.fromEntries(Array.from({ length: PACKS }, (_, i) => [`${i % 40}/${i}.bin`, noise(5_000, i + 1)]))
  const dir = await world.workspace('many', files)
  const wal = async () => {
    const { address } = await showAddress(world.options)
    return createLedgerClient(world.profile).fetchBalance(address, walCoinType(world.profile))
  }
  const limits = { packBytes: PACK_BYTES }
  const started = performance.now()
  const lap = (what: string) => console.log(`${what}: ${Math.round((performance.now() - started) / 1000)} s`)
  const first = await push(dir, { ...world.options, limits, epochs: 3, create: { name: 'many', network: 'local' } })
  lap('pushed')
  expect(first.packs.length).toBeGreaterThanOrEqual(PACKS)
  const { refs } = await expiry(dir, world.options)
  expect(refs[0]!.packs.length).toBe(first.packs.length)
  await clone(`local:${first.repository}`, world.path('copy'), world.options)
  expect(await snapshot(world.path('copy'))).toEqual(await snapshot(dir))
  lap('cloned')
  await world.change(dir, { 'one-more.bin': noise(5_000, PACKS + 1) })
  const before = await wal()
  // As small as they are, the push would make one pack of them instead.
  const unfolded = { limits: { ...limits, smallPacks: 10 * PACKS }, epochs: 4 }
  const second = await push(dir, { ...world.options, ...unfolded })
  expect(second.cost.extendedPacks).toBeGreaterThanOrEqual(PACKS)
  expect(before - (await wal())).toBe(BigInt(second.cost.walFrost))
  lap('pushed again')
  const held = await wal()
  const renewed = await renew(dir, { ...world.options, epochs: 6 })
  expect(renewed.cost.packs).toBeGreaterThanOrEqual(PACKS)
  expect(renewed.digests.length).toBe(Math.ceil(renewed.cost.packs / 200))
  expect(held - (await wal())).toBe(BigInt(renewed.cost.walFrost))
  expect(await renew(dir, { ...world.options, epochs: 6 })).toMatchObject({ $kind: 'up-to-date' })
  lap('renewed')
}, 3_600_000)
