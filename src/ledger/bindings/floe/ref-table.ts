/** `floe::ref_table`. Generated from the compiled package by `npm run move`; not edited by hand. */

import { type LayoutOf, bool, bytes, option, struct, table, u64 } from '../../layout.ts'
import { moveCall } from '../../move-call.ts'

export const Ref = struct('ref_table', 'Ref', {
  number: u64,
  commit: option(bytes),
  commitPack: u64,
  push: u64,
  updatedMs: u64,
  forbidForce: bool,
})
export type Ref = LayoutOf<typeof Ref>

export const RefTable = struct('ref_table', 'RefTable', {
  refs: table,
  names: table,
  forbidForce: bool,
})
export type RefTable = LayoutOf<typeof RefTable>

/** (&Ref): Option<vector<u8>> */
export const refCommit = moveCall('ref_table', 'ref_commit', { self: 'object' }, 1)

/** (&Ref): u64 */
export const refCommitPack = moveCall('ref_table', 'ref_commit_pack', { self: 'object' }, 1)

/** (&Ref): u64 */
export const refPush = moveCall('ref_table', 'ref_push', { self: 'object' }, 1)
