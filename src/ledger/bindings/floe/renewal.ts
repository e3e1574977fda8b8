/** `floe::renewal`. Generated from the compiled package by `npm run move`; not edited by hand. */

import { type LayoutOf, struct, u32, u64 } from '../../layout.ts'
import { moveCall } from '../../move-call.ts'

export const Key = struct('renewal', 'Key', {})
export type Key = LayoutOf<typeof Key>

export const Rule = struct('renewal', 'Rule', {
  renewBelow: u32,
  renewTo: u32,
  maxPrice: u64,
  maxPerPack: u64,
  maxPerEpoch: u64,
})
export type Rule = LayoutOf<typeof Rule>

export const Account = struct('renewal', 'Account', {
  rule: Rule,
  epoch: u32,
  spent: u64,
})
export type Account = LayoutOf<typeof Account>

/** (&mut Repository, &AdminCap, u32, u32, u64, u64, u64) */
export const setRule = moveCall('renewal', 'set_rule', { repository: 'object', cap: 'object', renewBelow: 'u32', renewTo: 'u32', maxPrice: 'u64', maxPerPack: 'u64', maxPerEpoch: 'u64' }, 0)

/** (&mut Repository, &AdminCap) */
export const clearRule = moveCall('renewal', 'clear_rule', { repository: 'object', cap: 'object' }, 0)

/** (&mut Repository, &Blob) */
export const showEpoch = moveCall('renewal', 'show_epoch', { repository: 'object', blob: 'object' }, 0)

/** (&mut Repository, u64, &mut TxContext): (Blob, Coin<WAL>, Renewal) */
export const begin = moveCall('renewal', 'begin', { repository: 'object', pack: 'u64' }, 3)

/** (&mut Repository, Blob, Coin<WAL>, Renewal, &TxContext) */
export const finish = moveCall('renewal', 'finish', { repository: 'object', blob: 'object', money: 'object', renewal: 'object' }, 0)

/** (&Repository): bool */
export const hasRule = moveCall('renewal', 'has_rule', { repository: 'object' }, 1)

/** (&Repository): Rule */
export const rule = moveCall('renewal', 'rule', { repository: 'object' }, 1)

/** (&Repository): u64 */
export const spent = moveCall('renewal', 'spent', { repository: 'object' }, 1)

/** (&Rule): u32 */
export const renewBelow = moveCall('renewal', 'renew_below', { self: 'object' }, 1)

/** (&Rule): u32 */
export const renewTo = moveCall('renewal', 'renew_to', { self: 'object' }, 1)

/** (&Rule): u64 */
export const maxPrice = moveCall('renewal', 'max_price', { self: 'object' }, 1)

/** (&Rule): u64 */
export const maxPerPack = moveCall('renewal', 'max_per_pack', { self: 'object' }, 1)

/** (&Rule): u64 */
export const maxPerEpoch = moveCall('renewal', 'max_per_epoch', { self: 'object' }, 1)
