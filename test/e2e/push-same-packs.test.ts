/** A push that makes the very packs which another writer has brought: stored for a shorter time, or proposed for removal, so
 *  that they may take them away and we may not call it off. */

import { cp } from 'node:fs/promises'
import type { Transaction } from '@mysten/sui/transactions'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { addRemovePack } from '../../src/ledger/transactions/removal.ts'
import { addProposeRemoval } from '../../src/ledger/transactions/repository.ts'
import { formatWal } from '../../src/ledger/transactions/wal-payment.ts'
import { grantAccess } from '../../src/repo/access.ts'
import { clone } from '../../src/repo/clone.ts'
import { requestFaucet } from '../../src/repo/faucet.ts'
import { generateKey } from '../../src/repo/key.ts'
import { push } from '../../src/repo/push.ts'
import { openRemoteContext } from '../../src/repo/remote-context.ts'
import type { RemoteOptions } from '../../src/repo/remote-options.ts'
import { openWorkspace } from '../../src/store/workspace.ts'
import { type LocalWorld, noise, snapshot, startLocalWorld } from './local-world.ts'
import { createGrpcClient } from './time.ts'

let world: LocalWorld
let theirs: RemoteOptions
let ours: RemoteOptions
beforeAll(async () => {
  world = await startLocalWorld({ nodes: 4 })
  theirs = await writer('theirs')
  ours = await writer('ours')
}, 60_000)
afterAll(() => world[Symbol.asyncDispose]())

const addresses: string[] = []
async function writer(alias: string): Promise<RemoteOptions> {
  const { address } = await generateKey(world.options.homeDir, { alias })
  await requestFaucet({ ...world.options, network: 'local', address })
  addresses.push(address)
  return { ...world.options, key: { $kind: 'alias', name: alias } }
}

async function execute(options: RemoteOptions, build: (transaction: Transaction, floe: string) => void, of: string) {
  const context = await openRemoteContext('local', options)
  const { packageId } = await context.repository(of).fetchState()
  await context.ledger.execute((transaction) => build(transaction, packageId), await context.signer())
}

/** Two workspaces with one commit that is not pushed yet, and two writers. */
async function twins(name: string) {
  const first = await world.workspace(name, { 'a.bin': noise(9_000, 1) })
  const { repository } = await push(first, { ...world.options, create: { name, network: 'local' } })
  for (const address of addresses) await grantAccess(first, { ...world.options, address, role: 'writer' })
  const made = await world.change(first, { 'x.bin': noise(20_000, 2) })
  const second = world.path(`${name}-second`)
  await cp(first, second, { recursive: true })
  await using workspace = await openWorkspace(first)
  await workspace.refs.update({ name: 'heads/side', next: workspace.refs.headCommit(), reason: 'test' })
  return { first, second, repository, made }
}

it('are copied: the push is whole when the others have taken theirs, and pays for each pack once', async () => {
  const { first, second, repository, made } = await twins('proposed')
  const before = await push(first, { ...theirs, ref: 'side' })
  expect(before.packs.map(({ kind, reused }) => [kind, reused])).toEqual([
    ['data', false],
    ['meta', false],
  ])
  const numbers = [2, 3]
  const propose = (transaction: Transaction, floe: string) => {
    for (const pack of numbers) addProposeRemoval(transaction, floe, transaction.object(repository), pack)
  }
  await execute(theirs, propose, repository)
  let executions = 0
  const lost: typeof fetch = async (input, init) => {
    if (String(input).endsWith('/ExecuteTransaction') && ++executions > 1) throw new TypeError('fetch failed')
    return fetch(input, init)
  }
  await expect(push(second, { ...ours, fetch: lost })).rejects.toMatchObject({ exitCode: 14 })
  const result = await push(second, ours)
  expect(result).toMatchObject({ $kind: 'pushed', new: made, cost: { walFrost: '0' } })
  expect(result.packs.map(({ blobId }) => before.packs.some((pack) => pack.blobId === blobId))).toEqual([false, false])
  await createGrpcClient(world.profile).forkingService.advanceClock({ durationMs: 60n * 86_400_000n })
  const state = await (await openRemoteContext('local', theirs)).walrus()
  const take = (transaction: Transaction, floe: string) => {
    for (const pack of numbers)
      addRemovePack(transaction, state, floe, { repository, pack, expired: false, owner: addresses[0]! })
  }
  await execute(theirs, take, repository)
  const copy = world.path('proposed-copy')
  await clone(`local:${repository}`, copy, world.options)
  expect(await snapshot(copy)).toEqual(await snapshot(second))
})

it('are called back by who may', async () => {
  const { first, second, repository } = await twins('own')
  const before = await push(first, { ...theirs, ref: 'side' })
  await execute(
    theirs,
    (transaction, floe) => addProposeRemoval(transaction, floe, transaction.object(repository), 2),
    repository,
  )
  const result = await push(second, theirs)
  expect(result.packs.filter(({ reused }) => reused).map(({ blobId }) => blobId)).toContain(before.packs[0]!.blobId)
})

it('are stored and promised for as long as the push says', async () => {
  const { first, second, repository } = await twins('longer')
  const theirsAre = await push(first, { ...theirs, ref: 'side', epochs: 3, retainEpochs: 2 })
  const dry = await push(second, { ...ours, epochs: 9, retainEpochs: 7, dryRun: true })
  const result = await push(second, {
    ...ours,
    epochs: 9,
    retainEpochs: 7,
    maxWal: formatWal(BigInt(dry.cost.walFrost)),
  })
  const shared = result.packs.filter(({ blobId }) => theirsAre.packs.some((pack) => pack.blobId === blobId))
  expect(shared.length).toBeGreaterThan(0)
  const context = await openRemoteContext('local', ours)
  const reader = context.repository(repository)
  const walrus = await context.walrus()
  const records = await reader.fetchPacks(await reader.fetchState(), [2, 3])
  for (const { endEpoch, retainUntilMs } of records) {
    expect(endEpoch).toBe(walrus.epoch + 9)
    expect(retainUntilMs).toBeGreaterThan(Date.now() + 6 * walrus.epochDurationMs)
  }
  for (const { endEpoch } of shared) expect(endEpoch).toBe(walrus.epoch + 9)
  expect(result.cost.extendedPacks).toBeGreaterThan(0)
})
