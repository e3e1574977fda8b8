/** Which shard holds what: sliver ↔ pair ↔ shard.
 *
 *  Pair p is primary sliver p with secondary sliver n-1-p. Pairs are rotated over shards by the blob id read as a
 *  BIG-endian integer (the chain reads the same bytes little-endian: the classic mistake). */

import { assertBlobId, type BlobId } from './blob-id.ts'

/** Rows of the expanded matrix are primary slivers, columns are secondary ones. */
export type SliverAxis = 'primary' | 'secondary'

export const SLIVER_AXES: readonly SliverAxis[] = ['primary', 'secondary']

export function otherAxis(axis: SliverAxis): SliverAxis {
  return axis === 'primary' ? 'secondary' : 'primary'
}

/** Rotation of a blob's pairs over the shards. */
export function shardOffset(id: BlobId, shardCount: number): number {
  assertBlobId(id)
  let remainder = 0
  for (const byte of id) remainder = (remainder * 256 + byte) % shardCount
  return remainder
}

export function shardOfPair(id: BlobId, pairIndex: number, shardCount: number): number {
  assertIndex('pairIndex', pairIndex, shardCount)
  return (pairIndex + shardOffset(id, shardCount)) % shardCount
}

export function pairOnShard(id: BlobId, shardIndex: number, shardCount: number): number {
  assertIndex('shardIndex', shardIndex, shardCount)
  return (shardIndex - shardOffset(id, shardCount) + shardCount) % shardCount
}

/** Row or column index of the pair's sliver on that axis. */
export function sliverOfPair(axis: SliverAxis, pairIndex: number, shardCount: number): number {
  assertIndex('pairIndex', pairIndex, shardCount)
  return axis === 'primary' ? pairIndex : shardCount - 1 - pairIndex
}

/** Pair that holds the sliver with that row or column index. Its own inverse. */
export function pairOfSliver(axis: SliverAxis, sliverIndex: number, shardCount: number): number {
  assertIndex('sliverIndex', sliverIndex, shardCount)
  return axis === 'primary' ? sliverIndex : shardCount - 1 - sliverIndex
}

function assertIndex(name: string, index: number, count: number): void {
  if (!Number.isInteger(index) || index < 0 || index >= count)
    throw new RangeError(`"${name}" expected 0..${count - 1}, got ${index}`)
}
