/** Sizes and bounds that follow from the shard count. Counts are shards, symbols or slivers; sizes are bytes.
 *
 *  The same rules are the basis of `src/erasure/params.ts`; the two folders are siblings and may not import each other,
 *  so a test holds them together. @see reference/walrus-protocol.md §1 */

/** Encoding type byte of RS2 (RedStuff over Reed–Solomon), the only one in use. */
export const ENCODING_RS2 = 1

/** Below 4 shards the code has no recovery symbols. */
export const MIN_SHARD_COUNT = 4

/** Shard indices are u16 and the codes need min(P,Q)+max(k,t) ≤ 65536; deployments use 1000. */
export const MAX_SHARD_COUNT = 4096

/** A symbol size is an even u16. */
export const MAX_SYMBOL_BYTES = 65534

export const BLOB_ID_BYTES = 32
export const HASH_BYTES = 32
export const OBJECT_ID_BYTES = 32
export const BLS_SIGNATURE_BYTES = 96

/** Slack of the sliver PUT body above the sliver's own bytes (length prefix, symbol size, index). */
export const SLIVER_BODY_SLACK_BYTES = 128

/** @throws {RangeError} if the shard count is not an integer in 4..4096 */
export function assertShardCount(shardCount: number): void {
  if (!Number.isInteger(shardCount) || shardCount < MIN_SHARD_COUNT || shardCount > MAX_SHARD_COUNT)
    throw new RangeError(`"shardCount" expected ${MIN_SHARD_COUNT}..${MAX_SHARD_COUNT}, got ${shardCount}`)
}

/** Shards that may be faulty: the largest f with 3f < n. */
export function maxFaulty(shardCount: number): number {
  return Math.floor((shardCount - 1) / 3)
}

/** Rows of the source matrix: how many primary slivers restore a blob. */
export function primarySourceCount(shardCount: number): number {
  return shardCount - 2 * maxFaulty(shardCount)
}

/** Columns of the source matrix: how many secondary slivers restore a blob. */
export function secondarySourceCount(shardCount: number): number {
  return shardCount - maxFaulty(shardCount)
}

/** Largest blob that the shard count can encode, in bytes. */
export function maxBlobBytes(shardCount: number): number {
  assertShardCount(shardCount)
  return primarySourceCount(shardCount) * secondarySourceCount(shardCount) * MAX_SYMBOL_BYTES
}

/** Symbol size of a blob: even, at least 2; the empty blob is sized as one byte.
 *  @throws {RangeError} if the blob is above the largest size */
export function symbolBytesFor(shardCount: number, blobBytes: number): number {
  if (!Number.isInteger(blobBytes) || blobBytes < 0 || blobBytes > maxBlobBytes(shardCount))
    throw new RangeError(`"blobBytes" expected 0..${maxBlobBytes(shardCount)}, got ${blobBytes}`)
  const symbols = primarySourceCount(shardCount) * secondarySourceCount(shardCount)
  const smallest = Math.ceil(Math.max(blobBytes, 1) / symbols)
  return smallest + (smallest % 2)
}

/** Largest body of a sliver PUT at this shard count, in bytes. */
export function maxSliverBodyBytes(shardCount: number): number {
  return secondarySourceCount(shardCount) * MAX_SYMBOL_BYTES + SLIVER_BODY_SLACK_BYTES
}
