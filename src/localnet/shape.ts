/** How many nodes and shards a network has, and which node holds which shard. Fixed when it is made. */

import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { LocalnetMismatchError, LocalnetShapeError } from './errors.ts'
import { type NetworkState, newNetworkState, readNetworkState } from './state-file.ts'

export interface ShapeOptions {
  /** Folder of the network. */
  dir: string
  nodes?: number
  shards?: number
}

// 13 and 208 are both 1 mod 3, which the official client's quorum rules need, and 11 nodes are the fewest it copes with.
const DEFAULT_NODES = 13
const SHARDS_PER_NODE = 16

/** The network's state, or that of a new one in a folder without. */
export async function openState({ dir, nodes, shards }: ShapeOptions): Promise<NetworkState> {
  const known = await readNetworkState(dir)
  if (known) {
    if (nodes !== undefined && nodes !== known.nodeCount)
      throw new LocalnetMismatchError('nodes', nodes, known.nodeCount)
    if (shards !== undefined && shards !== known.shardCount)
      throw new LocalnetMismatchError('shards', shards, known.shardCount)
    if (known.ids) return known
  }
  const nodeCount = nodes ?? known?.nodeCount ?? DEFAULT_NODES
  const shardCount = shards ?? known?.shardCount ?? nodeCount * SHARDS_PER_NODE
  assertShape(nodeCount, shardCount)
  // Without ids genesis never finished, so nothing can have been stored.
  await rm(join(dir, 'ledger'), { recursive: true, force: true })
  await rm(join(dir, 'nodes'), { recursive: true, force: true })
  return newNetworkState(nodeCount, shardCount)
}

function assertShape(nodeCount: number, shardCount: number): void {
  const data = { nodes: nodeCount, shards: shardCount }
  if (!Number.isInteger(nodeCount) || nodeCount < 1 || nodeCount > 1000)
    throw new LocalnetShapeError('the number of nodes lies in 1..1000', data)
  if (!Number.isInteger(shardCount) || shardCount < 4 || shardCount > 4096)
    throw new LocalnetShapeError('the number of shards lies in 4..4096', data)
  if (shardCount < nodeCount) throw new LocalnetShapeError('every node needs a shard', data)
}

/** Contiguous runs of shards, as even as possible. */
export function divideShards(nodeCount: number, shardCount: number): number[][] {
  const start = (index: number) => Math.floor((index * shardCount) / nodeCount)
  return Array.from({ length: nodeCount }, (_, index) =>
    Array.from({ length: start(index + 1) - start(index) }, (_, i) => start(index) + i),
  )
}

/** Shards of each node after so many rotations: with each, every node hands its first shard to the node before it and gets
 *  the first of the one behind it. */
export function shardsAfter(rotations: number, nodeCount: number, shardCount: number): number[][] {
  return divideShards(nodeCount, shardCount).map((shards) =>
    shards.map((shard) => (shard + rotations) % shardCount).sort((a, b) => a - b),
  )
}
