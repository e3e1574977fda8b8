/** `walrus::shared_blob`. Generated from the compiled package by `npm run move`; not edited by hand. */

import { type LayoutOf, address, struct, u64 } from '../../layout.ts'
import { moveCall } from '../../move-call.ts'
import { Blob } from '../walrus/blob.ts'

export const SharedBlob = struct('shared_blob', 'SharedBlob', {
  id: address,
  blob: Blob,
  funds: u64,
})
export type SharedBlob = LayoutOf<typeof SharedBlob>

/** (Blob, &mut TxContext) */
const new_ = moveCall('shared_blob', 'new', { blob: 'object' }, 0)
export { new_ as new }

/** (Blob, Coin<WAL>, &mut TxContext) */
export const newFunded = moveCall('shared_blob', 'new_funded', { blob: 'object', funds: 'object' }, 0)

/** (&mut SharedBlob, Coin<WAL>) */
export const fund = moveCall('shared_blob', 'fund', { self: 'object', addedFunds: 'object' }, 0)

/** (&mut SharedBlob, &mut System, u32, &mut TxContext) */
export const extend = moveCall('shared_blob', 'extend', { self: 'object', system: 'object', extendedEpochs: 'u32' }, 0)

/** (&SharedBlob): &Blob */
export const blob = moveCall('shared_blob', 'blob', { self: 'object' }, 1)

/** (&SharedBlob): &Balance<WAL> */
export const funds = moveCall('shared_blob', 'funds', { self: 'object' }, 1)
