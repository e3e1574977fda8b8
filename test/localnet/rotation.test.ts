import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SuiGrpcClient } from '@mysten/sui/grpc'
import { Ed25519Keypair } from '@mysten/sui/keypairs/ed25519'
import { WalrusClient } from '@mysten/walrus'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createRng } from '../../src/base/rng.ts'
import type { EpochPhase } from '../../src/localnet/chain-view.ts'
import { type LocalNetwork, startLocalNetwork } from '../../src/localnet/network.ts'
import { finishRotation, type RotationParts, rotateShards } from '../../src/localnet/rotation.ts'
import { shardsAfter } from '../../src/localnet/shape.ts'

const keypair = Ed25519Keypair.deriveKeypairFromSeed('44'.repeat(32))
const blob = createRng(1).fill(new Uint8Array(20_000))

let dir: string
let network: LocalNetwork
const start = async () => {
  network = await startLocalNetwork({ dir, sync: false, threads: 1, nodes: 11, shards: 22 })
}
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'floe-rotation-'))
  await start()
  await network.fund(keypair.toSuiAddress(), { sui: 10n ** 11n, wal: 10n ** 12n })
})
afterAll(async () => {
  await network.close()
  await rm(dir, { recursive: true, force: true })
})

/** The official client, without anything it remembers of the committee. */
function client(): WalrusClient {
  const { systemObjectId, stakingObjectId, rpcUrl } = network
  return new WalrusClient({
    packageConfig: { systemObjectId, stakingPoolId: stakingObjectId },
    suiClient: new SuiGrpcClient({ network: 'localnet', baseUrl: rpcUrl }),
    storageNodeUrlScheme: 'http',
  })
}

const write = (bytes: Uint8Array) => client().writeBlob({ blob: bytes, deletable: false, epochs: 12, signer: keypair })
const read = async (blobId: string) => Buffer.from(await client().readBlob({ blobId }))

/** Shards of each node as the chain has them. */
async function shardsOnChain(): Promise<number[][]> {
  const { committee } = await client().stakingState()
  const lists = new Map(committee[0].contents.map(({ key, value }) => [key, value]))
  return network.nodes.map(({ nodeId }) => [...lists.get(nodeId)!].sort((a, b) => a - b))
}

/** Both slivers of every pair that the node has to have. */
async function hasAll(index: number, blobId: string): Promise<boolean> {
  const { url } = network.nodes[index]!
  const confirmation = await fetch(`${url}/v1/blobs/${blobId}/confirmation/permanent`)
  return confirmation.status === 200
}

let blobId: string

describe('an epoch with another committee', () => {
  it('moves shards with what is stored in them, so that blobs stay readable and are confirmed', async () => {
    ;({ blobId } = await write(blob))
    const before = network.nodes.map(({ shards }) => shards)
    expect(await network.advanceEpoch({ rotate: true })).toBe(2)
    expect(network.nodes.map(({ shards }) => shards)).toEqual(shardsAfter(1, 11, 22))
    expect(network.nodes.map(({ shards }) => shards)).not.toEqual(before)
    expect(await shardsOnChain()).toEqual(shardsAfter(1, 11, 22))
    expect((await client().stakingState()).epoch_state.$kind).toBe('EpochChangeDone')
    for (const { index } of network.nodes) expect(await hasAll(index, blobId)).toBe(true)
    expect(await read(blobId)).toEqual(Buffer.from(blob))
  })

  it('takes new blobs, with confirmations of the new committee', async () => {
    const small = blob.subarray(0, 700)
    expect(await read((await write(small)).blobId)).toEqual(Buffer.from(small))
  })

  it('goes on without nodes that are away, whose slivers are computed, and who catch up', async () => {
    await network.stopNode(4)
    await network.stopNode(5)
    await network.advanceEpoch({ rotate: true })
    expect((await client().stakingState()).epoch_state.$kind).toBe('EpochChangeDone')
    // Node 3 got a shard of node 4, which could not hand it over.
    expect(await hasAll(3, blobId)).toBe(true)
    expect(await read(blobId)).toEqual(Buffer.from(blob))
    await network.startNode(4)
    await network.startNode(5)
    expect(await hasAll(4, blobId)).toBe(true)
    expect(await hasAll(5, blobId)).toBe(true)
  })

  it('does not pass on slivers that have rotted', async () => {
    const other = await write(blob.subarray(0, 5_000))
    await network.corruptNode(7, { blobId: other.blobId })
    await network.advanceEpoch({ rotate: true })
    expect(network.nodes[6]!.shards.at(-1)).toBe(network.nodes[7]!.shards[0]! - 1)
    expect(await hasAll(6, other.blobId)).toBe(true)
    await network.stopNode(7)
    expect(await read(other.blobId)).toEqual(Buffer.from(blob.subarray(0, 5_000)))
    await network.startNode(7)
  })

  it('lasts through a restart, and through epochs of the old kind', async () => {
    await network.close()
    await start()
    expect(await shardsOnChain()).toEqual(network.nodes.map(({ shards }) => shards))
    expect(await network.advanceEpoch()).toBe(5)
    expect(network.nodes.map(({ shards }) => shards)).toEqual(shardsAfter(3, 11, 22))
    expect(await read(blobId)).toEqual(Buffer.from(blob))
  })

  it('has each sliver at one node only, and takes it nowhere else', async () => {
    const sliver = (url: string, init?: RequestInit) => fetch(`${url}/v1/blobs/${blobId}/slivers/0/primary`, init)
    const answers = await Promise.all(network.nodes.map(({ url }) => sliver(url)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    const other = network.nodes[answers.findIndex(({ status }) => status !== 200)]!
    const refusal = await (await sliver(other.url, { method: 'PUT', body: new Uint8Array(8) })).json()
    expect(JSON.stringify(refusal)).toContain('is not assigned to')
  })
})

describe('a rotation that a process died in', () => {
  const steps = (phase: EpochPhase) => {
    const calls: string[] = []
    const view = { phase, epoch: 7, rotations: 1, rotatedEpoch: 7 }
    const node = {
      running: true,
      shards: [0],
      receive: async () => void calls.push('receive'),
      assign: () => {},
    }
    const ledger = {
      // The walrus package has been upgraded: the System names another one than the network began with.
      getObject: () => ({ data: { kind: 'move', contents: new Uint8Array([...new Uint8Array(71), 8]) } }),
      ownedObjects: () => [
        { id: '0xca', data: { kind: 'move', contents: new Uint8Array([...new Uint8Array(63), 9, 6, 0, 0, 0]) } },
      ],
      executeAs: async (
        _: string,
        { commands }: { commands: { MoveCall: { package: string; function: string } }[] },
      ) => {
        for (const { MoveCall: call } of commands) {
          expect(call.package).toBe(id('8'))
          calls.push(call.function)
        }
        if (calls.at(-1) === 'start_epoch_change') view.phase = 'syncing'
      },
    }
    const id = (digit: string) => `0x${digit.padStart(64, '0')}`
    const ids = {
      walrusPackageId: id('2'),
      adminCapId: id('3'),
      systemObjectId: id('4'),
      stakingObjectId: id('5'),
      nodeIds: [id('9')],
    }
    const parts = { ledger, ids, view, nodes: [node], shardCount: 4 } as unknown as RotationParts
    return { parts, calls }
  }

  it.each([
    ['done', []],
    ['selected', ['start_epoch_change', 'receive', 'epoch_sync_done']],
    ['syncing', ['receive', 'epoch_sync_done']],
  ] as const)('goes on from where the chain says it was: %s', async (phase, expected) => {
    const { parts, calls } = steps(phase)
    await finishRotation(parts)
    expect(calls).toEqual(expected)
  })

  it('does not select another committee when one is selected', async () => {
    const { parts, calls } = steps('selected')
    await rotateShards(parts)
    expect(calls).toEqual(['receive', 'start_epoch_change', 'receive', 'epoch_sync_done'])
  })
})
