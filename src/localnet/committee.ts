/** The committee of the next epoch: the same nodes, with other shards. The chain's side; slivers are moved by
 *  `nodes/shard-sync.ts`. */

import { bcs } from '@mysten/sui/bcs'
import { Transaction } from '@mysten/sui/transactions'
import { toHex } from '../base/bytes.ts'
import { ByteReader } from '../codec/cursor.ts'
import { currentWalrus, type NetworkIds } from './genesis.ts'
import { type LedgerHandle, SYSTEM_ADDRESS } from './ledger/index.ts'

const CLOCK = '0x6'

/** Names the shards of each node for the next epoch.
 *  @param shards - by index of the node */
export async function selectCommittee(
  ledger: LedgerHandle,
  ids: NetworkIds,
  shards: readonly (readonly number[])[],
): Promise<void> {
  const tx = new Transaction()
  tx.moveCall({
    target: `${currentWalrus(ledger, ids)}::genesis::select_committee`,
    arguments: [
      tx.object(ids.adminCapId),
      tx.object(ids.systemObjectId),
      tx.object(ids.stakingObjectId),
      tx.pure(bcs.vector(bcs.Address).serialize(ids.nodeIds)),
      tx.pure(bcs.vector(bcs.vector(bcs.u16())).serialize(shards.map((list) => [...list]))),
    ],
  })
  await ledger.executeAs(SYSTEM_ADDRESS, tx.getData())
}

/** Enters the next epoch with the committee that was selected. */
export async function startEpochChange(ledger: LedgerHandle, ids: NetworkIds): Promise<void> {
  const tx = new Transaction()
  tx.moveCall({
    target: `${currentWalrus(ledger, ids)}::genesis::start_epoch_change`,
    arguments: [tx.object(ids.adminCapId), tx.object(ids.systemObjectId), tx.object(ids.stakingObjectId)],
  })
  await ledger.executeAs(SYSTEM_ADDRESS, tx.getData())
}

/** Reports for nodes that they have their shards, unless they have done so in this epoch.
 *  @param nodeIds - object ids of the nodes */
export async function reportShardsReceived(
  ledger: LedgerHandle,
  ids: NetworkIds,
  nodeIds: readonly string[],
  epoch: number,
): Promise<void> {
  const tx = new Transaction()
  const caps = ledger.ownedObjects(SYSTEM_ADDRESS, `${ids.walrusPackageId}::storage_node::StorageNodeCap`)
  for (const { id, data } of caps) {
    if (data.kind !== 'move') continue
    const reader = new ByteReader(data.contents)
    reader.bytes(32)
    const nodeId = `0x${toHex(reader.bytes(32))}`
    const reported = reader.u32()
    if (!nodeIds.includes(nodeId) || reported >= epoch) continue
    tx.moveCall({
      target: `${currentWalrus(ledger, ids)}::staking::epoch_sync_done`,
      arguments: [tx.object(ids.stakingObjectId), tx.object(id), tx.pure.u32(epoch), tx.object(CLOCK)],
    })
  }
  if (tx.getData().commands.length > 0) await ledger.executeAs(SYSTEM_ADDRESS, tx.getData())
}
