/** `blob-id`: the Walrus blob id of a file, computed with the built-in encoder and no network. */

import { createErasurePool } from '../erasure/pool.ts'
import { blobIdText } from '../protocol/blob-id.ts'
import { encodedBlobBytes } from '../protocol/cost.ts'

export interface FileBlobId {
  /** base64url, as in every Walrus URL. */
  blobId: string
  /** Hex of the root hash that registration on chain needs. */
  rootHash: string
  /** What storage is charged for. */
  encodedBytes: number
}

/** @param shards - shards of the network, at least 4; mainnet and testnet have 1000
 *  @throws {ErasureError} ERASURE_SHARD_COUNT, ERASURE_BLOB_TOO_LARGE */
export async function computeFileBlobId(
  bytes: Uint8Array,
  shards: number,
  options: { threads?: number; signal?: AbortSignal } = {},
): Promise<FileBlobId> {
  await using pool = createErasurePool({ threads: options.threads })
  const { blobId, rootHash } = await pool.computeBlobId(shards, bytes, { signal: options.signal })
  return {
    blobId: blobIdText(blobId),
    rootHash: Buffer.from(rootHash).toString('hex'),
    encodedBytes: encodedBlobBytes(shards, bytes.length),
  }
}
