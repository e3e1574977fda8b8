/** `wal::wal`. Generated from the compiled package by `npm run move`; not edited by hand. */

import { type LayoutOf, address, struct } from '../../layout.ts'
import { moveCall } from '../../move-call.ts'

export const ProtectedTreasury = struct('wal', 'ProtectedTreasury', {
  id: address,
})
export type ProtectedTreasury = LayoutOf<typeof ProtectedTreasury>

export const TreasuryCapKey = struct('wal', 'TreasuryCapKey', {})
export type TreasuryCapKey = LayoutOf<typeof TreasuryCapKey>

/** (&ProtectedTreasury): u64 */
export const totalSupply = moveCall('wal', 'total_supply', { treasury: 'object' }, 1)

/** (&mut ProtectedTreasury, Coin<WAL>) */
export const burn = moveCall('wal', 'burn', { treasury: 'object', coin: 'object' }, 0)
