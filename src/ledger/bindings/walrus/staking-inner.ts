/** `walrus::staking_inner`. Generated from the compiled package by `npm run move`; not edited by hand. */

import { type LayoutOf, option, struct, table, u16, u32, u64, variants } from '../../layout.ts'
import { Committee } from '../walrus/committee.ts'
import { EpochParams } from '../walrus/epoch-parameters.ts'
import { ExtendedField } from '../walrus/extended-field.ts'

export const EpochState = variants('staking_inner', 'EpochState', {
  EpochChangeSync: {
    pos0: u16,
  },
  EpochChangeDone: {
    pos0: u64,
  },
  NextParamsSelected: {
    pos0: u64,
  },
})
export type EpochState = LayoutOf<typeof EpochState>

export const StakingInnerV1 = struct('staking_inner', 'StakingInnerV1', {
  nShards: u16,
  epochDuration: u64,
  firstEpochStart: u64,
  pools: table,
  epoch: u32,
  activeSet: ExtendedField,
  nextCommittee: option(Committee),
  committee: Committee,
  previousCommittee: Committee,
  nextEpochParams: option(EpochParams),
  epochState: EpochState,
  nextEpochPublicKeys: ExtendedField,
})
export type StakingInnerV1 = LayoutOf<typeof StakingInnerV1>
