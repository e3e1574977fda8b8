/** What storing a blob costs. Sizes in bytes, prices and costs in FROST (1 WAL = 10^9 FROST).
 *  @see reference/walrus-protocol.md §6 */

import { assertShardCount, HASH_BYTES, primarySourceCount, secondarySourceCount, symbolBytesFor } from './limits.ts'

/** Storage is charged in units of 1 MiB. */
export const STORAGE_UNIT_BYTES = 2 ** 20
export const FROST_PER_WAL = 1_000_000_000n

/** Bytes charged for a blob: all slivers, plus metadata once per shard.
 *  The metadata term counts two hashes a pair and one id, as the chain does; the few bytes of type and length are free. */
export function encodedBlobBytes(shardCount: number, blobBytes: number): number {
  assertShardCount(shardCount)
  const symbols = shardCount * (primarySourceCount(shardCount) + secondarySourceCount(shardCount))
  const metadata = shardCount * (2 * HASH_BYTES * shardCount + HASH_BYTES)
  return symbols * symbolBytesFor(shardCount, blobBytes) + metadata
}

/** Units of a size, rounded up. */
export function storageUnits(encodedBytes: number | bigint): bigint {
  const unit = BigInt(STORAGE_UNIT_BYTES)
  return (BigInt(encodedBytes) + unit - 1n) / unit
}

export interface StoragePrices {
  /** FROST per unit and epoch. */
  readonly storagePerUnit: bigint
  /** FROST per unit, once. */
  readonly writePerUnit: bigint
}

/** Price of reserving `encodedBytes` for `epochs`; extending by `epochs` costs the same. */
export function storageCost(encodedBytes: number | bigint, epochs: number, prices: StoragePrices): bigint {
  return storageUnits(encodedBytes) * prices.storagePerUnit * BigInt(epochs)
}

/** Price of writing, charged once at registration. */
export function writeCost(encodedBytes: number | bigint, prices: StoragePrices): bigint {
  return storageUnits(encodedBytes) * prices.writePerUnit
}
