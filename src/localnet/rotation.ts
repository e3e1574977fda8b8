/** Moves shards between nodes with a change of the epoch, so that at every moment what was stored can be read.
 *
 *  Nodes get the slivers of their coming shards before the epoch changes, so that readers who ask the new committee find
 *  them; then the epoch changes; then nodes get what was uploaded meanwhile, and report. The steps are known from the
 *  chain's events, so a process that died between them goes on at its next start. */

import type { ChainView } from './chain-view.ts'
import { reportShardsReceived, selectCommittee, startEpochChange } from './committee.ts'
import type { NetworkIds } from './genesis.ts'
import type { LedgerHandle } from './ledger/index.ts'
import type { StorageNode } from './nodes/storage-node.ts'
import { shardsAfter } from './shape.ts'

export interface RotationParts {
  ledger: LedgerHandle
  ids: NetworkIds
  view: ChainView
  nodes: readonly StorageNode[]
  shardCount: number
}

/** Gives each node the shards that the chain's events say it has. */
export function assignShards({ view, nodes, shardCount }: RotationParts): void {
  const now = shardsAfter(view.rotations, nodes.length, shardCount)
  const isMoving = view.phase === 'syncing' && view.rotatedEpoch === view.epoch
  const before = isMoving ? shardsAfter(view.rotations - 1, nodes.length, shardCount) : []
  for (const [index, node] of nodes.entries()) node.assign(now[index]!, before[index] ?? [])
}

/** The next epoch, in which every node has handed one shard on. */
export async function rotateShards(parts: RotationParts): Promise<void> {
  const { ledger, ids, view, nodes, shardCount } = parts
  const next = shardsAfter(view.rotations + 1, nodes.length, shardCount)
  await receiveAll(nodes, next)
  if (view.phase === 'done') await selectCommittee(ledger, ids, next)
  await finishRotation(parts)
}

/** Completes what is under way; does nothing if nothing is. */
export async function finishRotation(parts: RotationParts): Promise<void> {
  const { ledger, ids, view, nodes } = parts
  if (view.phase === 'selected') await startEpochChange(ledger, ids)
  if (view.phase !== 'syncing') return
  await receiveAll(
    nodes,
    nodes.map((node) => node.shards),
  )
  const reporting = ids.nodeIds.filter((_, index) => nodes[index]!.running)
  await reportShardsReceived(ledger, ids, reporting, view.epoch)
}

/** What a node does that was not there when shards moved. */
export async function catchUp(parts: RotationParts, index: number): Promise<void> {
  const { ledger, ids, view, nodes } = parts
  if (view.rotations === 0) return
  const node = nodes[index]!
  await node.receive(
    node.shards,
    nodes.filter((other) => other !== node && other.running),
  )
  if (view.rotatedEpoch === view.epoch) await reportShardsReceived(ledger, ids, [ids.nodeIds[index]!], view.epoch)
}

/** One node after the other: each holds the slivers of a blob in memory for a moment. */
async function receiveAll(nodes: readonly StorageNode[], shards: readonly (readonly number[])[]): Promise<void> {
  for (const [index, node] of nodes.entries()) {
    if (!node.running) continue
    await node.receive(
      shards[index]!,
      nodes.filter((other) => other !== node && other.running),
    )
  }
}
