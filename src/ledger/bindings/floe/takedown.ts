/** `floe::takedown`. Generated from the compiled package by `npm run move`; not edited by hand. */

import { type LayoutOf, address, option, struct, u64 } from '../../layout.ts'
import { moveCall } from '../../move-call.ts'

export const Key = struct('takedown', 'Key', {})
export type Key = LayoutOf<typeof Key>

export const TakedownRecord = struct('takedown', 'TakedownRecord', {
  pack: u64,
  status: u64,
  retainUntilMs: u64,
  removableMs: u64,
  generation: u64,
  by: address,
  timeMs: u64,
  previous: option(u64),
})
export type TakedownRecord = LayoutOf<typeof TakedownRecord>

/** (&mut Repository, u64, u64, &Clock, &mut TxContext): u64 */
export const propose = moveCall('takedown', 'propose', { repository: 'object', pack: 'u64', status: 'u64', clock: 'clock' }, 1)

/** (&Repository, u64): bool */
export const isOpen = moveCall('takedown', 'is_open', { repository: 'object', pack: 'u64' }, 1)

/** (&Repository, u64): Option<u64> */
export const newest = moveCall('takedown', 'newest', { repository: 'object', pack: 'u64' }, 1)

/** (&Repository, u64): TakedownRecord */
export const record = moveCall('takedown', 'record', { repository: 'object', number: 'u64' }, 1)

/** (&Repository): u64 */
export const count = moveCall('takedown', 'count', { repository: 'object' }, 1)

/** (&TakedownRecord): u64 */
export const pack = moveCall('takedown', 'pack', { self: 'object' }, 1)

/** (&TakedownRecord): u64 */
export const status = moveCall('takedown', 'status', { self: 'object' }, 1)

/** (&TakedownRecord): u64 */
export const retainUntilMs = moveCall('takedown', 'retain_until_ms', { self: 'object' }, 1)

/** (&TakedownRecord): u64 */
export const removableMs = moveCall('takedown', 'removable_ms', { self: 'object' }, 1)

/** (&TakedownRecord): address */
export const by = moveCall('takedown', 'by', { self: 'object' }, 1)

/** (&TakedownRecord): Option<u64> */
export const previous = moveCall('takedown', 'previous', { self: 'object' }, 1)
