/** `floe::pack_table`. Generated from the compiled package by `npm run move`; not edited by hand. */

import { type LayoutOf, address, bool, struct, table, u256, u32, u64, u8 } from '../../layout.ts'
import { moveCall } from '../../move-call.ts'

export const PackRecord = struct('pack_table', 'PackRecord', {
  blobId: u256,
  objectId: address,
  bytes: u64,
  kind: u8,
  certifiedEpoch: u32,
  endEpoch: u32,
  permanent: bool,
  pusher: address,
  push: address,
  depositedMs: u64,
  retainUntilMs: u64,
  state: u8,
  removableMs: u64,
})
export type PackRecord = LayoutOf<typeof PackRecord>

export const PackTable = struct('pack_table', 'PackTable', {
  records: table,
  numbers: table,
  blobs: table,
  openPushes: table,
  generation: u64,
  seenEpoch: u32,
})
export type PackTable = LayoutOf<typeof PackTable>

/** (&PackRecord): u256 */
export const blobId = moveCall('pack_table', 'blob_id', { self: 'object' }, 1)

/** (&PackRecord): ID */
export const objectId = moveCall('pack_table', 'object_id', { self: 'object' }, 1)

/** (&PackRecord): u64 */
export const bytes = moveCall('pack_table', 'bytes', { self: 'object' }, 1)

/** (&PackRecord): bool */
export const isMeta = moveCall('pack_table', 'is_meta', { self: 'object' }, 1)

/** (&PackRecord): u32 */
export const certifiedEpoch = moveCall('pack_table', 'certified_epoch', { self: 'object' }, 1)

/** (&PackRecord): u32 */
export const endEpoch = moveCall('pack_table', 'end_epoch', { self: 'object' }, 1)

/** (&PackRecord): bool */
export const isPermanent = moveCall('pack_table', 'is_permanent', { self: 'object' }, 1)

/** (&PackRecord): address */
export const pusher = moveCall('pack_table', 'pusher', { self: 'object' }, 1)

/** (&PackRecord): ID */
export const push = moveCall('pack_table', 'push', { self: 'object' }, 1)

/** (&PackRecord): u64 */
export const depositedMs = moveCall('pack_table', 'deposited_ms', { self: 'object' }, 1)

/** (&PackRecord): u64 */
export const retainUntilMs = moveCall('pack_table', 'retain_until_ms', { self: 'object' }, 1)

/** (&PackRecord): bool */
export const isLive = moveCall('pack_table', 'is_live', { self: 'object' }, 1)

/** (&PackRecord): bool */
export const isProposed = moveCall('pack_table', 'is_proposed', { self: 'object' }, 1)

/** (&PackRecord): bool */
export const isRemoved = moveCall('pack_table', 'is_removed', { self: 'object' }, 1)

/** (&PackRecord): u64 */
export const removableMs = moveCall('pack_table', 'removable_ms', { self: 'object' }, 1)
