import { expect, it } from 'vitest'
import { createLedgerClient } from '../../src/ledger/client.ts'
import { createRepositoryReader } from '../../src/ledger/repository-state.ts'
import { blobIdText } from '../../src/protocol/blob-id.ts'
import { clone } from '../../src/repo/clone.ts'
import { push } from '../../src/repo/push.ts'
import { verifyRemote } from '../../src/repo/verify-remote.ts'
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

it('folding into full packs costs what the dry run says, and proposes the removal of no pack it relies on', async () => {
  await using world = await startLocalWorld()
  const base = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`base/${i}.bin`, noise(6_000, 100 + i)]))
  const dir = await world.workspace('full', base)
  const limits = { smallPacks: 4, packBytes: 40_000 }
  const { repository } = await push(dir, { ...world.options, limits, create: { name: 'full', network: 'local' } })
  const reader = createRepositoryReader(createLedgerClient(world.profile), repository, world.profile.floePackageIds)
  const packs = async () => {
    const state = await reader.fetchState()
    return reader.fetchPacks(
      state,
      Array.from({ length: state.packs.size }, (_, number) => number),
    )
  }
  let folded = false
  for (let i = 0; i < 4; i++) {
    await world.change(dir, { [`f${i}.bin`]: noise(3_000, 10 + i) })
    const dry = await push(dir, { ...world.options, limits, dryRun: true })
    const result = await push(dir, { ...world.options, limits })
    expect(result.cost.walFrost, `push ${i}`).toBe(dry.cost.walFrost)
    const proposed = (await packs()).filter((pack) => pack.state === 'removal-proposed')
    folded ||= proposed.length > 0
    const going = new Set(proposed.map((pack) => blobIdText(pack.blobId)))
    expect(result.packs.filter(({ blobId }) => going.has(blobId))).toEqual([])
  }
  expect(folded).toBe(true)
  await verifyRemote(`local:${repository}`, { ...world.options, full: true })
}, 600_000)
