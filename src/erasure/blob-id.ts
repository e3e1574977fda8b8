/** From sliver hashes to the blob id. @see reference/walrus-protocol.md §4 */

import { HASH_BYTES } from './engine.ts'
import { ErasureError } from './errors.ts'
import { type BlobMetadata, type BlobParams, blobParams, type SliverAxis } from './params.ts'
import { blake2b256 } from './tree.ts'

const ENCODING_RS2 = 1
const PAIR_HASH_BYTES = 2 * HASH_BYTES

/** Pair hashes from the roots of all rows and columns: the secondary of pair p is column n-1-p. */
export function pairHashesOf(shardCount: number, rowRoots: Uint8Array, columnRoots: Uint8Array): Uint8Array {
  const pairs = new Uint8Array(shardCount * PAIR_HASH_BYTES)
  for (let p = 0; p < shardCount; p++) {
    const column = shardCount - 1 - p
    pairs.set(rowRoots.subarray(p * HASH_BYTES, (p + 1) * HASH_BYTES), p * PAIR_HASH_BYTES)
    pairs.set(columnRoots.subarray(column * HASH_BYTES, (column + 1) * HASH_BYTES), p * PAIR_HASH_BYTES + HASH_BYTES)
  }
  return pairs
}

/** `H(encoding type ‖ blob length u64 LE ‖ root)`. Blobs that differ by zeros within the padding share the root only. */
export function blobIdOf(rootHash: Uint8Array, blobBytes: number): Uint8Array {
  const head = new Uint8Array(9)
  head[0] = ENCODING_RS2
  new DataView(head.buffer).setBigUint64(1, BigInt(blobBytes), true)
  return blake2b256(head, rootHash)
}

/** Merkle root of a sliver in the metadata, a view. */
export function sliverHashOf(metadata: BlobMetadata, axis: SliverAxis, index: number): Uint8Array {
  const pair = axis === 'primary' ? index : metadata.shardCount - 1 - index
  const from = pair * PAIR_HASH_BYTES + (axis === 'primary' ? 0 : HASH_BYTES)
  return metadata.pairHashes.subarray(from, from + HASH_BYTES)
}

/** Parameters of the blob that the metadata describes.
 *  @throws {ErasureError} ERASURE_SHARD_COUNT, ERASURE_BLOB_TOO_LARGE, ERASURE_INPUT */
export function metadataParams(metadata: BlobMetadata): BlobParams {
  const params = blobParams(metadata.shardCount, metadata.blobBytes)
  const expected = metadata.shardCount * PAIR_HASH_BYTES
  if (metadata.pairHashes.length !== expected)
    throw new ErasureError('ERASURE_INPUT', 'metadata has another number of sliver hashes than shards', {
      expected,
      got: metadata.pairHashes.length,
    })
  return params
}
