/** The official client, unmodified, against the local network: the proof that the network is faithful. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SuiGrpcClient } from '@mysten/sui/grpc'
import { Ed25519Keypair } from '@mysten/sui/keypairs/ed25519'
import { WalrusClient } from '@mysten/walrus'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createRng } from '../../src/base/rng.ts'
import { createErasurePool } from '../../src/erasure/pool.ts'
import { type LocalNetwork, startLocalNetwork } from '../../src/localnet/network.ts'
import { blobIdText } from '../../src/protocol/blob-id.ts'
import { parseBlobStatusData } from '../../src/protocol/status.ts'
import { createBlobClient } from './blob-client.ts'

const signer = Ed25519Keypair.deriveKeypairFromSeed('11'.repeat(32))
const owner = signer.toSuiAddress()
const blob = createRng(7).fill(new Uint8Array(50_000))

let dir: string
let network: LocalNetwork
let suiClient: SuiGrpcClient
/** A client without the caches of an earlier one. */
function freshClient(): WalrusClient {
  const packageConfig = { systemObjectId: network.systemObjectId, stakingPoolId: network.stakingObjectId }
  return new WalrusClient({ packageConfig, suiClient, storageNodeUrlScheme: 'http' })
}

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'floe-walrus-client-'))
  network = await startLocalNetwork({ dir, sync: false, threads: 1 })
  suiClient = new SuiGrpcClient({ network: 'localnet', baseUrl: network.rpcUrl })
  await network.fund(owner, { sui: 100_000_000_000n, wal: 1_000_000_000_000n })
})
afterAll(async () => {
  await network?.close()
  await rm(dir, { recursive: true, force: true })
})

async function walOf(address: string): Promise<bigint> {
  const { balance } = await suiClient.core.getBalance({
    owner: address,
    coinType: `${network.walPackageId}::wal::WAL`,
  })
  return BigInt(balance.balance)
}

describe('the official Walrus client on the local network', () => {
  let blobId: string
  let blobObjectId: string

  it('writes a blob, pays for it, and gets the blob id that our encoder computes', async () => {
    const before = await walOf(owner)
    const written = await freshClient().writeBlob({
      blob,
      deletable: true,
      epochs: 3,
      signer,
      attributes: { contentType: 'text/plain' },
    })
    blobId = written.blobId
    blobObjectId = written.blobObject.id
    expect(written.blobObject).toMatchObject({ deletable: true, size: String(blob.length), certified_epoch: 1 })
    expect(written.blobObject.storage).toMatchObject({ start_epoch: 1, end_epoch: 4 })
    await using pool = createErasurePool({ threads: 1 })
    expect(blobId).toBe(blobIdText((await pool.computeBlobId(network.shardCount, blob)).blobId))
    const units = BigInt(Math.ceil(Number(written.blobObject.storage.storage_size) / 2 ** 20))
    expect(before - (await walOf(owner))).toBe(units * (100_000n * 3n + 20_000n))
  })

  it('reads it back', async () => {
    expect(Buffer.from(await freshClient().readBlob({ blobId }))).toEqual(Buffer.from(blob))
  })

  it('reads it back while four of thirteen nodes are down', async () => {
    for (const index of [0, 4, 8, 12]) await network.stopNode(index)
    try {
      expect(Buffer.from(await freshClient().readBlob({ blobId }))).toEqual(Buffer.from(blob))
    } finally {
      for (const index of [0, 4, 8, 12]) await network.startNode(index)
    }
  })

  it('and our client read what the other wrote', async () => {
    await using ours = await createBlobClient(network, signer.getSecretKey())
    expect(Buffer.from((await ours.read(blobId)).bytes)).toEqual(Buffer.from(blob))
    const own = createRng(8).fill(new Uint8Array(12_345))
    const written = await ours.write(own)
    expect(Buffer.from(await freshClient().readBlob({ blobId: written.blobId }))).toEqual(Buffer.from(own))
    await freshClient().executeDeleteBlobTransaction({ blobObjectId: written.objectId, signer })
  })

  it('is told the status of the blob by every node', async () => {
    const status = await freshClient().getVerifiedBlobStatus({ blobId })
    expect(status).toMatchObject({ type: 'deletable', initialCertifiedEpoch: 1 })
    for (const { url } of network.nodes) {
      const body = (await (await fetch(`${url}/v1/blobs/${blobId}/status`)).json()) as { success: { data: unknown } }
      expect(parseBlobStatusData(body.success.data)).toMatchObject({
        $kind: 'deletable',
        deletableCounts: { total: 1, certified: 1 },
      })
    }
  })

  it('leaves a node that lies to our client, which reads the right bytes and names it', async () => {
    expect(await network.corruptNode(5, { blobId })).toBe(32)
    await using ours = await createBlobClient(network, signer.getSecretKey())
    const { bytes, reports } = await ours.read(blobId)
    expect(Buffer.from(bytes)).toEqual(Buffer.from(blob))
    for (const report of reports) expect(report).toMatchObject({ name: 'node-5', lied: true })
    expect(await network.corruptNode(5, { blobId })).toBe(32)
  })

  it('reads and changes attributes', async () => {
    expect(await freshClient().readBlobAttributes({ blobObjectId })).toEqual({ contentType: 'text/plain' })
    const attributes = { contentType: null, split: 'train' }
    await freshClient().executeWriteBlobAttributesTransaction({ blobObjectId, attributes, signer })
    expect(await freshClient().readBlobAttributes({ blobObjectId })).toEqual({ split: 'train' })
  })

  it('extends its lifetime', async () => {
    await freshClient().executeExtendBlobTransaction({ blobObjectId, epochs: 2, signer })
    expect((await freshClient().getBlobObject(blobObjectId)).storage.end_epoch).toBe(6)
  })

  it('writes a permanent blob, whose status names its end', async () => {
    const small = blob.subarray(0, 100)
    const written = await freshClient().writeBlob({ blob: small, deletable: false, epochs: 1, signer })
    const status = await freshClient().getVerifiedBlobStatus({ blobId: written.blobId })
    expect(status).toMatchObject({ type: 'permanent', endEpoch: 2, isCertified: true })
    expect(Buffer.from(await freshClient().readBlob({ blobId: written.blobId }))).toEqual(Buffer.from(small))
  })

  it('deletes the blob, after which no node serves it', async () => {
    await freshClient().executeDeleteBlobTransaction({ blobObjectId, signer })
    await expect(freshClient().readBlob({ blobId })).rejects.toThrow()
    for (const { url } of network.nodes) expect((await fetch(`${url}/v1/blobs/${blobId}/metadata`)).status).toBe(404)
  })

  it('keeps data over an epoch and loses it at its end', async () => {
    const kept = await freshClient().writeBlob({ blob, deletable: false, epochs: 2, signer })
    expect(await network.advanceEpoch()).toBe(2)
    expect(Buffer.from(await freshClient().readBlob({ blobId: kept.blobId }))).toEqual(Buffer.from(blob))
    await network.advanceEpoch()
    await expect(freshClient().readBlob({ blobId: kept.blobId })).rejects.toThrow()
  })

  it('needs less than 2 GiB for all of it', () => {
    expect(process.memoryUsage().rss).toBeLessThan(2 * 2 ** 30)
  })
})
