/** Whole blobs through our own client, below packs and repositories: register, upload, certify, read. */

import { createErasurePool } from '../../src/erasure/pool.ts'
import { createLedgerClient } from '../../src/ledger/client.ts'
import { signerFromSecret } from '../../src/ledger/keystore.ts'
import { type NetworkProfile, parseNetworkProfile } from '../../src/ledger/networks.ts'
import { fetchWalrusState } from '../../src/ledger/system-state.ts'
import { addRegistration, blobCost, paymentLimit } from '../../src/ledger/transactions/register.ts'
import { addCertify } from '../../src/ledger/transactions/repository.ts'
import { fetchWalFunds } from '../../src/ledger/transactions/wal-payment.ts'
import type { LocalNetworkInfo } from '../../src/localnet/info.ts'
import { blobIdText, parseBlobId } from '../../src/protocol/blob-id.ts'
import { openBlob } from '../../src/transfer/blob-source.ts'
import { createCommittee, type NodeReport } from '../../src/transfer/committee.ts'
import { uploadBlob } from '../../src/transfer/upload.ts'

export interface BlobClient extends AsyncDisposable {
  readonly address: string
  /** Memory for a blob that is written with `takes`, as a push has it for its packs. */
  allocate(bytes: number): Uint8Array
  /** Stores a deletable blob until it is certified.
   *  @param options.takes - see `EncodeOptions` */
  write(
    bytes: Uint8Array,
    options?: { epochs?: number; signal?: AbortSignal; takes?: boolean },
  ): Promise<{ blobId: string; objectId: string }>
  /** The blob, and the nodes that failed or lied on the way. */
  read(blobId: string): Promise<{ bytes: Uint8Array; reports: NodeReport[] }>
}

export function localProfile(info: LocalNetworkInfo): NetworkProfile {
  const { rpcUrl, faucetUrl, systemObjectId, stakingObjectId, walPackageId, floePackageId } = info
  const ids = { systemObjectId, stakingObjectId, walPackageId, floePackageIds: [floePackageId] }
  return parseNetworkProfile({ name: 'local', rpcUrl, faucetUrl, ...ids, nodeScheme: 'http', local: true })
}

export async function createBlobClient(
  info: LocalNetworkInfo,
  secret: string,
  options: { threads?: number } = {},
): Promise<BlobClient> {
  const profile = localProfile(info)
  const ledger = createLedgerClient(profile)
  const signer = await signerFromSecret(secret)
  // One blob at a time: all of it in memory, as a push of one pack has it.
  const pool = createErasurePool({ threads: options.threads ?? 1, spill: { memoryBytes: 512 * 2 ** 20 } })
  return {
    address: signer.address,
    allocate: pool.allocate,
    async write(bytes, { epochs = 3, signal, takes = false } = {}) {
      const state = await fetchWalrusState(ledger, profile, { signal })
      const blobBytes = bytes.length
      const blob = await pool.encodeBlob(state.shardCount, bytes, { takes })
      const funds = await fetchWalFunds(ledger, signer.address, `${profile.walPackageId}::wal::WAL`)
      const cost = blobCost(state.shardCount, blobBytes, epochs, state.prices)
      const registered = await ledger.execute(
        (transaction) => {
          addRegistration(transaction, {
            state,
            packs: [{ blobId: blob.blobId, rootHash: blob.rootHash, blobBytes }],
            epochs,
            funds,
            limitFrost: paymentLimit(cost, undefined),
            owner: signer.address,
            network: { name: 'local', faucet: true },
          })
        },
        signer,
        { signal },
      )
      const type = `${state.originalPackageId}::blob::Blob`
      const { id: objectId } = registered.changed.find((object) => object.change === 'created' && object.type === type)!
      const persistence = { $kind: 'deletable', objectId: Buffer.from(objectId.slice(2), 'hex') } as const
      const { certificate } = await uploadBlob(createCommittee(state), blob, persistence, { signal })
      await ledger.execute(
        (transaction) => {
          addCertify(transaction, state, transaction.object(objectId), certificate)
        },
        signer,
        { signal },
      )
      return { blobId: blobIdText(blob.blobId), objectId }
    },
    async read(blobId) {
      const committee = createCommittee(await fetchWalrusState(ledger, profile))
      const source = await openBlob(committee, pool, parseBlobId(blobId))
      return { bytes: await source.readAll(), reports: committee.reports() }
    },
    async [Symbol.asyncDispose]() {
      await pool.close()
    },
  }
}
