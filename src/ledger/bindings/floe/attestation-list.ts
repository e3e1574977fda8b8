/** `floe::attestation_list`. Generated from the compiled package by `npm run move`; not edited by hand. */

import { type LayoutOf, address, bytes, string, struct, table, u64 } from '../../layout.ts'
import { moveCall } from '../../move-call.ts'

export const Attestation = struct('attestation_list', 'Attestation', {
  commit: bytes,
  predicateType: string,
  statement: bytes,
  location: string,
  attester: address,
  timeMs: u64,
  suiEpoch: u64,
})
export type Attestation = LayoutOf<typeof Attestation>

export const AttestationList = struct('attestation_list', 'AttestationList', {
  records: table,
  byCommit: table,
})
export type AttestationList = LayoutOf<typeof AttestationList>

/** (&Attestation): vector<u8> */
export const commit = moveCall('attestation_list', 'commit', { self: 'object' }, 1)

/** (&Attestation): String */
export const predicateType = moveCall('attestation_list', 'predicate_type', { self: 'object' }, 1)

/** (&Attestation): vector<u8> */
export const statement = moveCall('attestation_list', 'statement', { self: 'object' }, 1)

/** (&Attestation): address */
export const attester = moveCall('attestation_list', 'attester', { self: 'object' }, 1)
