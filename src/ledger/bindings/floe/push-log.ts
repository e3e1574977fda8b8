/** `floe::push_log`. Generated from the compiled package by `npm run move`; not edited by hand. */

import { type LayoutOf, address, bool, bytes, option, string, struct, table, u32, u64, vector } from '../../layout.ts'
import { moveCall } from '../../move-call.ts'

export const PackRange = struct('push_log', 'PackRange', {
  first: u64,
  count: u64,
})
export type PackRange = LayoutOf<typeof PackRange>

export const Segment = struct('push_log', 'Segment', {
  pack: u64,
  offset: u64,
  bytes: u64,
})
export type Segment = LayoutOf<typeof Segment>

export const PushRecord = struct('push_log', 'PushRecord', {
  ref: string,
  old: option(bytes),
  new: option(bytes),
  pusher: address,
  packs: vector(PackRange),
  commitPack: u64,
  segments: vector(Segment),
  tree: bytes,
  statement: option(bytes),
  forced: bool,
  retainUntilMs: u64,
  generation: u64,
  timeMs: u64,
  suiEpoch: u64,
  walrusEpoch: u32,
})
export type PushRecord = LayoutOf<typeof PushRecord>

export const PushLog = struct('push_log', 'PushLog', {
  records: table,
})
export type PushLog = LayoutOf<typeof PushLog>

/** (&PushRecord): String */
export const ref = moveCall('push_log', 'ref', { self: 'object' }, 1)

/** (&PushRecord): Option<vector<u8>> */
export const old = moveCall('push_log', 'old', { self: 'object' }, 1)

/** (&PushRecord): Option<vector<u8>> */
export const newCommit = moveCall('push_log', 'new_commit', { self: 'object' }, 1)

/** (&PushRecord): address */
export const pusher = moveCall('push_log', 'pusher', { self: 'object' }, 1)

/** (&PushRecord): vector<PackRange> */
export const packs = moveCall('push_log', 'packs', { self: 'object' }, 1)

/** (&PushRecord): u64 */
export const commitPack = moveCall('push_log', 'commit_pack', { self: 'object' }, 1)

/** (&PushRecord): vector<Segment> */
export const segments = moveCall('push_log', 'segments', { self: 'object' }, 1)

/** (&PushRecord): vector<u8> */
export const tree = moveCall('push_log', 'tree', { self: 'object' }, 1)

/** (&PushRecord): Option<vector<u8>> */
export const statement = moveCall('push_log', 'statement', { self: 'object' }, 1)

/** (&PushRecord): bool */
export const isForced = moveCall('push_log', 'is_forced', { self: 'object' }, 1)

/** (&PushRecord): u64 */
export const timeMs = moveCall('push_log', 'time_ms', { self: 'object' }, 1)

/** (&PushRecord): u32 */
export const walrusEpoch = moveCall('push_log', 'walrus_epoch', { self: 'object' }, 1)

/** (&PackRange): u64 */
export const rangeFirst = moveCall('push_log', 'range_first', { self: 'object' }, 1)

/** (&PackRange): u64 */
export const rangeCount = moveCall('push_log', 'range_count', { self: 'object' }, 1)

/** (&Segment): u64 */
export const segmentPack = moveCall('push_log', 'segment_pack', { self: 'object' }, 1)
