/** `walrus::storage_accounting`. Generated from the compiled package by `npm run move`; not edited by hand. */

import { type LayoutOf, struct, u32, u64, vector } from '../../layout.ts'
import { moveCall } from '../../move-call.ts'

export const FutureAccounting = struct('storage_accounting', 'FutureAccounting', {
  epoch: u32,
  usedCapacity: u64,
  rewardsToDistribute: u64,
})
export type FutureAccounting = LayoutOf<typeof FutureAccounting>

export const FutureAccountingRingBuffer = struct('storage_accounting', 'FutureAccountingRingBuffer', {
  currentIndex: u32,
  length: u32,
  ringBuffer: vector(FutureAccounting),
})
export type FutureAccountingRingBuffer = LayoutOf<typeof FutureAccountingRingBuffer>

/** (&FutureAccountingRingBuffer): u32 */
export const maxEpochsAhead = moveCall('storage_accounting', 'max_epochs_ahead', { self: 'object' }, 1)

/** (&FutureAccountingRingBuffer, u32): &FutureAccounting */
export const ringLookup = moveCall('storage_accounting', 'ring_lookup', { self: 'object', epochsInFuture: 'u32' }, 1)

/** (&FutureAccounting): u32 */
export const epoch = moveCall('storage_accounting', 'epoch', { self: 'object' }, 1)

/** (&FutureAccounting): u64 */
export const usedCapacity = moveCall('storage_accounting', 'used_capacity', { self: 'object' }, 1)

/** (&FutureAccounting): u64 */
export const rewards = moveCall('storage_accounting', 'rewards', { self: 'object' }, 1)
