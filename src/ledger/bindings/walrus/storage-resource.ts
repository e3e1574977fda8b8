/** `walrus::storage_resource`. Generated from the compiled package by `npm run move`; not edited by hand. */

import { type LayoutOf, address, struct, u32, u64 } from '../../layout.ts'
import { moveCall } from '../../move-call.ts'

export const Storage = struct('storage_resource', 'Storage', {
  id: address,
  startEpoch: u32,
  endEpoch: u32,
  storageSize: u64,
})
export type Storage = LayoutOf<typeof Storage>

/** (&Storage): u32 */
export const startEpoch = moveCall('storage_resource', 'start_epoch', { self: 'object' }, 1)

/** (&Storage): u32 */
export const endEpoch = moveCall('storage_resource', 'end_epoch', { self: 'object' }, 1)

/** (&Storage): u64 */
export const size = moveCall('storage_resource', 'size', { self: 'object' }, 1)

/** (&mut Storage, u32, &mut TxContext): Storage */
export const splitByEpoch = moveCall('storage_resource', 'split_by_epoch', { storage: 'object', splitEpoch: 'u32' }, 1)

/** (&mut Storage, u64, &mut TxContext): Storage */
export const splitBySize = moveCall('storage_resource', 'split_by_size', { storage: 'object', splitSize: 'u64' }, 1)

/** (&mut Storage, Storage) */
export const fusePeriods = moveCall('storage_resource', 'fuse_periods', { first: 'object', second: 'object' }, 0)

/** (&mut Storage, Storage) */
export const fuseAmount = moveCall('storage_resource', 'fuse_amount', { first: 'object', second: 'object' }, 0)

/** (&mut Storage, Storage) */
export const fuse = moveCall('storage_resource', 'fuse', { first: 'object', second: 'object' }, 0)

/** (Storage) */
export const destroy = moveCall('storage_resource', 'destroy', { storage: 'object' }, 0)
