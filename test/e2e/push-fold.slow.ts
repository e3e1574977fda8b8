import { expect, it } from 'vitest'
import { createLedgerClient } from '../../src/ledger/client.ts'
import { createRepositoryReader } from '../../src/ledger/repository-state.ts'
import { clone } from '../../src/repo/clone.ts'
import { push } from '../../src/repo/push.ts'
import { noise, snapshot, startLocalWorld } from './local-world.ts'

it('20 small pushes leave at most 16 live small packs', async () => {
  await using world = await startLocalWorld()
  const dir = await world.workspace('small', { 'base.bin': noise(20_000, 1) })
  const { repository } = await push(dir, { ...world.options, create: { name: 'small', network: 'local' } })
  const reader = createRepositoryReader(createLedgerClient(world.profile), repository, world.profile.floePackageIds)
  for (let i = 0; i < 20; i++) {
    await world.change(dir, { [`f${i}.txt`]: `small file ${i}\n` })
    await push(dir, world.options)
    const state = await reader.fetchState()
    const numbers = Array.from({ length: state.packs.size }, (_, number) => number)
    const live = (await reader.fetchPacks(state, numbers)).filter((pack) => pack.state === 'live')
    expect(live.length).toBeLessThanOrEqual(16)
  }
  await clone(`local:${repository}`, world.path('clone'), world.options)
  expect(await snapshot(world.path('clone'))).toEqual(await snapshot(dir))
}, 600_000)
