/** `walrus::staked_wal`. Generated from the compiled package by `npm run move`; not edited by hand. */

import { type LayoutOf, address, struct, u32, u64, variants } from '../../layout.ts'
import { moveCall } from '../../move-call.ts'

export const StakedWalState = variants('staked_wal', 'StakedWalState', {
  Staked: {},
  Withdrawing: {
    withdrawEpoch: u32,
  },
})
export type StakedWalState = LayoutOf<typeof StakedWalState>

export const StakedWal = struct('staked_wal', 'StakedWal', {
  id: address,
  state: StakedWalState,
  nodeId: address,
  principal: u64,
  activationEpoch: u32,
})
export type StakedWal = LayoutOf<typeof StakedWal>

/** (&StakedWal): ID */
export const nodeId = moveCall('staked_wal', 'node_id', { self: 'object' }, 1)

/** (&StakedWal): u64 */
export const value = moveCall('staked_wal', 'value', { self: 'object' }, 1)

/** (&StakedWal): u32 */
export const activationEpoch = moveCall('staked_wal', 'activation_epoch', { self: 'object' }, 1)

/** (&StakedWal): bool */
export const isStaked = moveCall('staked_wal', 'is_staked', { self: 'object' }, 1)

/** (&StakedWal): bool */
export const isWithdrawing = moveCall('staked_wal', 'is_withdrawing', { self: 'object' }, 1)

/** (&StakedWal): u32 */
export const withdrawEpoch = moveCall('staked_wal', 'withdraw_epoch', { self: 'object' }, 1)

/** (&mut StakedWal, StakedWal) */
export const join = moveCall('staked_wal', 'join', { self: 'object', other: 'object' }, 0)

/** (&mut StakedWal, u64, &mut TxContext): StakedWal */
export const split = moveCall('staked_wal', 'split', { self: 'object', amount: 'u64' }, 1)
