/** `walrus::active_set`. Generated from the compiled package by `npm run move`; not edited by hand. */

import { type LayoutOf, address, struct, u16, u64, vector } from '../../layout.ts'

export const ActiveSetEntry = struct('active_set', 'ActiveSetEntry', {
  nodeId: address,
  stakedAmount: u64,
})
export type ActiveSetEntry = LayoutOf<typeof ActiveSetEntry>

export const ActiveSet = struct('active_set', 'ActiveSet', {
  maxSize: u16,
  thresholdStake: u64,
  nodes: vector(ActiveSetEntry),
  totalStake: u64,
})
export type ActiveSet = LayoutOf<typeof ActiveSet>
