/** How a blob of some length is laid out over some number of shards.
 *
 *  The source matrix has kp rows and ks columns of s-byte symbols, filled row by row and zero padded. It is extended to
 *  n × n. Primary sliver i is row i, columns 0..ks-1; secondary sliver j is column j, rows 0..kp-1. Pair p is primary
 *  sliver p with secondary sliver n-1-p. @see reference/walrus-protocol.md §1, §3 */

import { ErasureError } from './errors.ts'

/** Rows of the expanded matrix are primary slivers, columns are secondary ones. */
export type SliverAxis = 'primary' | 'secondary'

export interface BlobParams {
  /** n */
  readonly shardCount: number
  /** L, bytes of the unencoded blob. */
  readonly blobBytes: number
  /** f, shards that may be faulty. */
  readonly faultyCount: number
  /** kp: rows of the source matrix; any kp primary slivers restore the blob. */
  readonly primarySourceCount: number
  /** ks: columns of the source matrix; any ks secondary slivers restore the blob. */
  readonly secondarySourceCount: number
  /** s: even, 2..65534. */
  readonly symbolBytes: number
  /** ks·s */
  readonly primarySliverBytes: number
  /** kp·s */
  readonly secondarySliverBytes: number
}

/** What metadata says about a blob; the same shape as `BlobMetadata` of `src/protocol`. */
export interface BlobMetadata {
  readonly blobBytes: number
  readonly shardCount: number
  /** 64 bytes per pair, in pair order: primary root ‖ secondary root. */
  readonly pairHashes: Uint8Array
}

/** One row or column; the same shape as `SliverData` of `src/protocol`. */
export interface Sliver {
  readonly bytes: Uint8Array
  readonly symbolBytes: number
  /** Row index on the primary axis, column index on the secondary. */
  readonly index: number
}

/** Below 4 shards the code has no recovery symbols. */
export const MIN_SHARD_COUNT = 4
/** The rate rule is checked against the reference up to here; deployments use 1000. */
export const MAX_SHARD_COUNT = 4096
/** An even u16. */
export const MAX_SYMBOL_BYTES = 65534

/** Largest blob in bytes.
 *  @throws {ErasureError} ERASURE_SHARD_COUNT */
export function largestBlobBytes(shardCount: number): number {
  const { kp, ks } = sourceCounts(shardCount)
  return kp * ks * MAX_SYMBOL_BYTES
}

/** @throws {ErasureError} ERASURE_SHARD_COUNT, ERASURE_BLOB_TOO_LARGE */
export function blobParams(shardCount: number, blobBytes: number): BlobParams {
  if (!Number.isSafeInteger(blobBytes) || blobBytes < 0)
    throw new RangeError(`"blobBytes" expected a non-negative integer, got ${blobBytes}`)
  const { f, kp, ks } = sourceCounts(shardCount)
  const largest = kp * ks * MAX_SYMBOL_BYTES
  if (blobBytes > largest)
    throw new ErasureError('ERASURE_BLOB_TOO_LARGE', `${shardCount} shards hold blobs of at most ${largest} bytes`, {
      shardCount,
      blobBytes,
      largest,
    })
  // The empty blob is sized as one byte, but hashed with length 0.
  const smallest = Math.ceil(Math.max(blobBytes, 1) / (kp * ks))
  const symbolBytes = smallest + (smallest % 2)
  return {
    shardCount,
    blobBytes,
    faultyCount: f,
    primarySourceCount: kp,
    secondarySourceCount: ks,
    symbolBytes,
    primarySliverBytes: ks * symbolBytes,
    secondarySliverBytes: kp * symbolBytes,
  }
}

function sourceCounts(shardCount: number): { f: number; kp: number; ks: number } {
  if (!Number.isInteger(shardCount) || shardCount < MIN_SHARD_COUNT || shardCount > MAX_SHARD_COUNT)
    throw new ErasureError('ERASURE_SHARD_COUNT', `expected ${MIN_SHARD_COUNT} to ${MAX_SHARD_COUNT} shards`, {
      shardCount,
    })
  const f = Math.floor((shardCount - 1) / 3)
  return { f, kp: shardCount - 2 * f, ks: shardCount - f }
}

/** How many slivers of an axis restore the blob; also the symbols in a sliver of the OTHER axis. */
export function sourceCount(params: BlobParams, axis: SliverAxis): number {
  return axis === 'primary' ? params.primarySourceCount : params.secondarySourceCount
}

/** Bytes of one sliver of that axis. */
export function sliverBytesOf(params: BlobParams, axis: SliverAxis): number {
  return axis === 'primary' ? params.primarySliverBytes : params.secondarySliverBytes
}

/** BLAKE2b blocks of 128 bytes. */
const HASHED_AT_ONCE_BYTES = 128

/** Compressions of the hash that it takes to check so many slivers; all of a blob's, if as many as there are shards. It is
 *  most of the work of whatever is done with them: some 9,000 a millisecond. */
export function hashWork({ shardCount, symbolBytes }: BlobParams, slivers: number): number {
  // Of each symbol a leaf, and about as many inner nodes; twice as many where rows and columns have trees.
  return slivers * shardCount * (Math.ceil((symbolBytes + 1) / HASHED_AT_ONCE_BYTES) + 2)
}

/** Consecutive rows of the source matrix: systematic primary slivers. */
export interface RowRange {
  readonly first: number
  readonly count: number
}

/** The rows that hold blob bytes [from, to): what a range read has to fetch. @see reference/walrus-protocol.md §8
 *  @throws {RangeError} unless 0 ≤ from ≤ to ≤ blob length */
export function rowsOfRange(params: BlobParams, from: number, to: number): RowRange {
  if (!Number.isInteger(from) || !Number.isInteger(to) || from < 0 || to < from || to > params.blobBytes)
    throw new RangeError(`"from", "to" expected a range within 0..${params.blobBytes}, got ${from}..${to}`)
  const first = Math.floor(from / params.primarySliverBytes)
  return { first, count: from === to ? 0 : Math.floor((to - 1) / params.primarySliverBytes) - first + 1 }
}
