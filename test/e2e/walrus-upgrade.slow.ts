/** Walrus is upgraded under an existing repository, version check and all: the floe package knows nothing of it, and the
 *  client finds the new package by itself, in the middle of a push too. */

import { expect, it } from 'vitest'
import { createLedgerClient } from '../../src/ledger/client.ts'
import { fetchWalrusState } from '../../src/ledger/system-state.ts'
import { clone } from '../../src/repo/clone.ts'
import { push } from '../../src/repo/push.ts'
import { renew } from '../../src/repo/renew.ts'
import { verifyRemote } from '../../src/repo/verify-remote.ts'
import { noise, snapshot, startLocalWorld } from './local-world.ts'
import { meeting } from './meeting.ts'

it('goes on with pushes, renewals, verification and clones across an upgrade of Walrus', {
  timeout: 120_000,
}, async () => {
  await using world = await startLocalWorld({ nodes: 4 })
  const ledger = createLedgerClient(world.profile)
  const dir = await world.workspace('data', { 'a.bin': noise(20_000, 1) })
  const options = { ...world.options, epochs: 3 }
  const { repository } = await push(dir, { ...options, create: { name: 'upgraded', network: 'local' } })
  const before = await fetchWalrusState(ledger, world.profile)

  // Registered with the old package, certified with the new one.
  await world.change(dir, { 'b.bin': noise(20_000, 2) })
  const across = meeting(world, { 2: () => world.net.upgradeWalrus() })
  const pushed = await push(dir, { ...across, epochs: 3 })
  expect(pushed.$kind).toBe('pushed')
  const after = await fetchWalrusState(ledger, world.profile)
  expect(after.packageId).not.toBe(before.packageId)
  expect(after.originalPackageId).toBe(before.originalPackageId)
  expect(after.version).toBe(before.version + 1)

  await world.net.advanceEpoch()
  const renewed = await renew(dir, { ...world.options, epochs: 9 })
  expect(renewed).toMatchObject({ $kind: 'renewed', cost: { packs: 4 } })
  await world.change(dir, { 'c.bin': noise(20_000, 3) })
  await push(dir, { ...world.options, epochs: 9 })
  expect(await verifyRemote(`local:${repository}`, { ...world.options, full: true })).toMatchObject({ ok: true })
  await clone(`local:${repository}`, world.path('copy'), world.options)
  expect(await snapshot(world.path('copy'))).toEqual(await snapshot(dir))

  // The repository is still ruled by the very package that made it.
  const object = await ledger.fetchObject(repository)
  expect(object?.type).toBe(`${world.net.floePackageId}::repository::Repository`)
  expect((await ledger.fetchPackage(world.net.floePackageId))?.version).toBe(1)
})
