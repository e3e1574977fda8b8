/** `walrus::staking_pool`. Generated from the compiled package by `npm run move`; not edited by hand. */

import { type LayoutOf, address, struct, table, u16, u32, u64, variants } from '../../layout.ts'
import { Authorized } from '../walrus/auth.ts'
import { PendingValues } from '../walrus/pending-values.ts'
import { StorageNodeInfo } from '../walrus/storage-node.ts'

export const VotingParams = struct('staking_pool', 'VotingParams', {
  storagePrice: u64,
  writePrice: u64,
  nodeCapacity: u64,
})
export type VotingParams = LayoutOf<typeof VotingParams>

export const PoolState = variants('staking_pool', 'PoolState', {
  Active: {},
  Withdrawing: {
    pos0: u32,
  },
  Withdrawn: {},
})
export type PoolState = LayoutOf<typeof PoolState>

export const StakingPool = struct('staking_pool', 'StakingPool', {
  id: address,
  state: PoolState,
  votingParams: VotingParams,
  nodeInfo: StorageNodeInfo,
  activationEpoch: u32,
  latestEpoch: u32,
  walBalance: u64,
  numShares: u64,
  pendingSharesWithdraw: PendingValues,
  preActiveWithdrawals: PendingValues,
  pendingCommissionRate: PendingValues,
  commissionRate: u16,
  exchangeRates: table,
  pendingStake: PendingValues,
  rewardsPool: u64,
  commission: u64,
  commissionReceiver: Authorized,
  governanceAuthorized: Authorized,
  extraFields: table,
})
export type StakingPool = LayoutOf<typeof StakingPool>
