/** A push that makes the very packs which another writer has brought: stored for a shorter time, or proposed for removal, so
 *  that they may take them away and we may not call it off. */

import { cp } from 'node:fs/promises'
import type { Transaction } from '@mysten/sui/transactions'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { addRemovePack } from '../../src/ledger/transactions/removal.ts'
import { addProposeRemoval } from '../../src/ledger/transactions/repository.ts'
import { formatWal } from '../../src/ledger/transactions/wal-payment.ts'
import { parseBlobId } from '../../src/protocol/blob-id.ts'
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
/** Where the remote's branch is. */
let base: string
let repository: string
beforeAll(async () => {
  world = await startLocalWorld({ nodes: 4 })
  theirs = await writer('theirs')
  ours = await writer('ours')
  base = await world.workspace('base', { 'a.bin': noise(9_000, 1) })
  repository = (await push(base, { ...world.options, create: { name: 'same', network: 'local' } })).repository
  for (const address of addresses) await grantAccess(base, { ...world.options, address, role: 'writer' })
})
afterAll(() => world[Symbol.asyncDispose]())

const addresses: string[] = []
async function writer(alias: string): Promise<RemoteOptions> {
  const { address } = await generateKey(world.options.homeDir, { alias })
  await requestFaucet({ ...world.options, network: 'local', address })
  addresses.push(address)
  return { ...world.options, key: { $kind: 'alias', name: alias } }
}

async function execute(options: RemoteOptions, build: (transaction: Transaction, floe: string) => void) {
  const context = await openRemoteContext('local', options)
  const { packageId } = await context.repository(repository).fetchState()
  await context.ledger.execute((transaction) => build(transaction, packageId), await context.signer())
}

/** Two workspaces with one commit that is not pushed yet; in the first, a branch of its own is at it. */
async function twins(name: string, seed: number) {
  const [first, second] = [world.path(name), world.path(`${name}-second`)]
  await cp(base, first, { recursive: true })
  const made = await world.change(first, { [`${name}.bin`]: noise(20_000, seed) })
  await cp(first, second, { recursive: true })
  await using workspace = await openWorkspace(first)
  await workspace.refs.update({ name: `heads/${name}`, next: workspace.refs.headCommit(), reason: 'test' })
  base = second
  return { first, second, made }
}

/** Numbers of the packs of a push. */
async function numbersOf({ packs }: { packs: readonly { blobId: string }[] }): Promise<number[]> {
  const reader = (await openRemoteContext('local', ours)).repository(repository)
  const blobIds = packs.map(({ blobId }) => parseBlobId(blobId))
  return (await reader.fetchPackNumbers(await reader.fetchState(), blobIds)).map((number) => number!)
}

const propose = (numbers: readonly number[]) => (transaction: Transaction, floe: string) => {
  for (const pack of numbers) addProposeRemoval(transaction, floe, transaction.object(repository), pack)
}

it('are copied: the push is whole when the others have taken theirs, and pays for each pack once', async () => {
  const { first, second, made } = await twins('proposed', 2)
  const before = await push(first, { ...theirs, ref: 'proposed' })
  expect(before.packs.map(({ kind, reused }) => [kind, reused])).toEqual([
    ['data', false],
    ['meta', false],
  ])
  const numbers = await numbersOf(before)
  await execute(theirs, propose(numbers))
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
  await execute(theirs, take)
  const copy = world.path('proposed-copy')
  await clone(`local:${repository}`, copy, world.options)
  expect(await snapshot(copy)).toEqual(await snapshot(second))
})

it('are called back by who may', async () => {
  const { first, second } = await twins('own', 3)
  const before = await push(first, { ...theirs, ref: 'own' })
  const [data] = await numbersOf(before)
  await execute(theirs, propose([data!]))
  const result = await push(second, theirs)
  expect(result.packs.filter(({ reused }) => reused).map(({ blobId }) => blobId)).toContain(before.packs[0]!.blobId)
})

it('are stored and promised for as long as the push says', async () => {
  const { first, second } = await twins('longer', 4)
  const theirsAre = await push(first, { ...theirs, ref: 'longer', epochs: 3, retainEpochs: 2 })
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
  const records = await reader.fetchPacks(await reader.fetchState(), await numbersOf({ packs: shared }))
  for (const { endEpoch, retainUntilMs } of records) {
    expect(endEpoch).toBe(walrus.epoch + 9)
    expect(retainUntilMs).toBeGreaterThan(Date.now() + 6 * walrus.epochDurationMs)
  }
  for (const { endEpoch } of shared) expect(endEpoch).toBe(walrus.epoch + 9)
  expect(result.cost.extendedPacks).toBeGreaterThan(0)
})
