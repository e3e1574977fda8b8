/** `floe::commit_status`. Generated from the compiled package by `npm run move`; not edited by hand. */

import { type LayoutOf, address, bytes, option, string, struct, u64, u8 } from '../../layout.ts'
import { moveCall } from '../../move-call.ts'

export const Key = struct('commit_status', 'Key', {})
export type Key = LayoutOf<typeof Key>

export const StatusRecord = struct('commit_status', 'StatusRecord', {
  commit: bytes,
  status: u8,
  reason: string,
  evidence: option(bytes),
  successor: option(bytes),
  by: address,
  timeMs: u64,
  suiEpoch: u64,
  previous: option(u64),
})
export type StatusRecord = LayoutOf<typeof StatusRecord>

/** (&mut Repository, vector<u8>, u8, String, Option<vector<u8>>, Option<vector<u8>>, &Clock, &mut TxContext): u64 */
export const set = moveCall('commit_status', 'set', { repository: 'object', commit: 'vector<u8>', status: 'u8', reason: 'string', evidence: 'option<vector<u8>>', successor: 'option<vector<u8>>', clock: 'clock' }, 1)

/** (&Repository, vector<u8>): u8 */
export const statusOf = moveCall('commit_status', 'status_of', { repository: 'object', commit: 'vector<u8>' }, 1)

/** (&Repository, vector<u8>): Option<u64> */
export const newest = moveCall('commit_status', 'newest', { repository: 'object', commit: 'vector<u8>' }, 1)

/** (&Repository, u64): StatusRecord */
export const record = moveCall('commit_status', 'record', { repository: 'object', number: 'u64' }, 1)

/** (&Repository): u64 */
export const count = moveCall('commit_status', 'count', { repository: 'object' }, 1)

/** (): u8 */
export const active = moveCall('commit_status', 'active', {}, 1)

/** (): u8 */
export const superseded = moveCall('commit_status', 'superseded', {}, 1)

/** (): u8 */
export const licenceChanged = moveCall('commit_status', 'licence_changed', {}, 1)

/** (): u8 */
export const consentWithdrawn = moveCall('commit_status', 'consent_withdrawn', {}, 1)

/** (): u8 */
export const takenDown = moveCall('commit_status', 'taken_down', {}, 1)

/** (&StatusRecord): vector<u8> */
export const commit = moveCall('commit_status', 'commit', { self: 'object' }, 1)

/** (&StatusRecord): u8 */
export const status = moveCall('commit_status', 'status', { self: 'object' }, 1)

/** (&StatusRecord): String */
export const reason = moveCall('commit_status', 'reason', { self: 'object' }, 1)

/** (&StatusRecord): Option<vector<u8>> */
export const evidence = moveCall('commit_status', 'evidence', { self: 'object' }, 1)

/** (&StatusRecord): Option<vector<u8>> */
export const successor = moveCall('commit_status', 'successor', { self: 'object' }, 1)

/** (&StatusRecord): address */
export const by = moveCall('commit_status', 'by', { self: 'object' }, 1)

/** (&StatusRecord): u64 */
export const timeMs = moveCall('commit_status', 'time_ms', { self: 'object' }, 1)

/** (&StatusRecord): Option<u64> */
export const previous = moveCall('commit_status', 'previous', { self: 'object' }, 1)
