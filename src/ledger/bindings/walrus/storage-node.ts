/** `walrus::storage_node`. Generated from the compiled package by `npm run move`; not edited by hand. */

import { type LayoutOf, address, bytes, option, string, struct, u256, u32, u64 } from '../../layout.ts'
import { moveCall } from '../../move-call.ts'
import { EventBlobAttestation } from '../walrus/event-blob.ts'
import { ExtendedField } from '../walrus/extended-field.ts'

export const StorageNodeInfo = struct('storage_node', 'StorageNodeInfo', {
  name: string,
  nodeId: address,
  networkAddress: string,
  publicKey: bytes,
  nextEpochPublicKey: option(bytes),
  networkPublicKey: bytes,
  metadata: ExtendedField,
})
export type StorageNodeInfo = LayoutOf<typeof StorageNodeInfo>

export const StorageNodeCap = struct('storage_node', 'StorageNodeCap', {
  id: address,
  nodeId: address,
  lastEpochSyncDone: u32,
  lastEventBlobAttestation: option(EventBlobAttestation),
  denyListRoot: u256,
  denyListSequence: u64,
  denyListSize: u64,
})
export type StorageNodeCap = LayoutOf<typeof StorageNodeCap>

/** (&StorageNodeCap): ID */
export const nodeId = moveCall('storage_node', 'node_id', { cap: 'object' }, 1)

/** (&StorageNodeCap): u32 */
export const lastEpochSyncDone = moveCall('storage_node', 'last_epoch_sync_done', { cap: 'object' }, 1)
