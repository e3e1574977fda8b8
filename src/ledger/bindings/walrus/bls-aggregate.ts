/** `walrus::bls_aggregate`. Generated from the compiled package by `npm run move`; not edited by hand. */

import { type LayoutOf, address, bytes, struct, u16, u32, vector } from '../../layout.ts'

export const BlsCommitteeMember = struct('bls_aggregate', 'BlsCommitteeMember', {
  publicKey: bytes,
  weight: u16,
  nodeId: address,
})
export type BlsCommitteeMember = LayoutOf<typeof BlsCommitteeMember>

export const BlsCommittee = struct('bls_aggregate', 'BlsCommittee', {
  members: vector(BlsCommitteeMember),
  nShards: u16,
  epoch: u32,
  totalAggregatedKey: bytes,
})
export type BlsCommittee = LayoutOf<typeof BlsCommittee>
