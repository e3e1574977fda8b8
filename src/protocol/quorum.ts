/** Weights are shards, never nodes. n = shard count, f = the faults tolerated, w = weight in shards.
 *  @see reference/walrus-protocol.md §10, §20 rule 9 */

import { maxFaulty } from './limits.ts'

/** True if the chain accepts a certificate of this weight: 3w ≥ 2n+1. */
export function isQuorum(weight: number, shardCount: number): boolean {
  return 3 * weight >= 2 * shardCount + 1
}

/** Smallest weight that certifies. */
export function quorumWeight(shardCount: number): number {
  return Math.ceil((2 * shardCount + 1) / 3)
}

/** True if at least one honest shard is among them: 3w ≥ n+1. */
export function hasOneCorrect(weight: number, shardCount: number): boolean {
  return 3 * weight >= shardCount + 1
}

/** n-f: always reachable while no more than f shards fail, and always enough to certify. */
export function safeWriteWeight(shardCount: number): number {
  return shardCount - maxFaulty(shardCount)
}

/** True once so much weight failed that n-f can no longer be reached. */
export function isWriteHopeless(failedWeight: number, shardCount: number): boolean {
  return failedWeight > maxFaulty(shardCount)
}

/** True once more than 2f shards say that a blob does not exist. */
export function isNotFoundQuorum(weight: number, shardCount: number): boolean {
  return weight > 2 * maxFaulty(shardCount)
}
