/** `walrus::staking`. Generated from the compiled package by `npm run move`; not edited by hand. */

import { type LayoutOf, address, option, struct, u64 } from '../../layout.ts'
import { moveCall } from '../../move-call.ts'

export const Staking = struct('staking', 'Staking', {
  id: address,
  version: u64,
  packageId: address,
  newPackageId: option(address),
})
export type Staking = LayoutOf<typeof Staking>

/** (&mut Staking, Coin<WAL>, ID, &mut TxContext): StakedWal */
export const stakeWithPool = moveCall('staking', 'stake_with_pool', { staking: 'object', toStake: 'object', nodeId: 'id' }, 1)

/** (&mut Staking, &mut StakedWal, &mut TxContext) */
export const requestWithdrawStake = moveCall('staking', 'request_withdraw_stake', { staking: 'object', stakedWal: 'object' }, 0)

/** (&mut Staking, StakedWal, &mut TxContext): Coin<WAL> */
export const withdrawStake = moveCall('staking', 'withdraw_stake', { staking: 'object', stakedWal: 'object' }, 1)

/** (&mut Staking, ID, Authenticated, &mut TxContext): Coin<WAL> */
export const collectCommission = moveCall('staking', 'collect_commission', { staking: 'object', nodeId: 'id', auth: 'object' }, 1)

/** (&mut Staking, &StorageNodeCap, u64) */
export const setStoragePriceVote = moveCall('staking', 'set_storage_price_vote', { self: 'object', cap: 'object', storagePrice: 'u64' }, 0)

/** (&mut Staking, &StorageNodeCap, u64) */
export const setWritePriceVote = moveCall('staking', 'set_write_price_vote', { self: 'object', cap: 'object', writePrice: 'u64' }, 0)

/** (&mut Staking, &StorageNodeCap, u64) */
export const setNodeCapacityVote = moveCall('staking', 'set_node_capacity_vote', { self: 'object', cap: 'object', nodeCapacity: 'u64' }, 0)

/** (&mut Staking, &mut System) */
export const updatePrices = moveCall('staking', 'update_prices', { self: 'object', system: 'object' }, 0)

/** (&mut Staking, &mut StorageNodeCap, u32, &Clock) */
export const epochSyncDone = moveCall('staking', 'epoch_sync_done', { staking: 'object', cap: 'object', epoch: 'u32', clock: 'clock' }, 0)

/** (&Staking): u32 */
export const epoch = moveCall('staking', 'epoch', { staking: 'object' }, 1)

/** (&Staking): &Committee */
export const committee = moveCall('staking', 'committee', { staking: 'object' }, 1)

/** (&Staking): &Committee */
export const previousCommittee = moveCall('staking', 'previous_committee', { staking: 'object' }, 1)

/** (&Staking, ID): NodeMetadata */
export const nodeMetadata = moveCall('staking', 'node_metadata', { self: 'object', nodeId: 'id' }, 1)
