/** `floe::push`. Generated from the compiled package by `npm run move`; not edited by hand. */

import { PackRange, Segment } from '../floe/push-log.ts'
import { type LayoutOf, address, bytes, option, string, struct, u64, vector } from '../../layout.ts'
import { moveCall } from '../../move-call.ts'

export const Push = struct('push', 'Push', {
  id: address,
  repository: address,
  ref: string,
  expectedOld: option(bytes),
  generation: u64,
  retainUntilMs: u64,
  packs: vector(PackRange),
  segments: vector(Segment),
})
export type Push = LayoutOf<typeof Push>

/** (&mut Repository, String, Option<vector<u8>>, u64, u64, &mut TxContext): Push */
export const begin = moveCall('push', 'begin', { repository: 'object', ref: 'string', expectedOld: 'option<vector<u8>>', generation: 'u64', retainUntilMs: 'u64' }, 1)

/** (&mut Push, &mut Repository, Blob, u8, &Clock, &TxContext): u64 */
export const deposit = moveCall('push', 'deposit', { self: 'object', repository: 'object', blob: 'object', kind: 'u8', clock: 'clock' }, 1)

/** (&mut Push, &Repository, u64, u64, u64) */
export const addSegment = moveCall('push', 'add_segment', { self: 'object', repository: 'object', pack: 'u64', offset: 'u64', bytes: 'u64' }, 0)

/** (&mut Push, &Repository, Option<vector<u8>>, u64, &TxContext) */
export const retarget = moveCall('push', 'retarget', { self: 'object', repository: 'object', expectedOld: 'option<vector<u8>>', generation: 'u64' }, 0)

/** (Push, &mut Repository, vector<u8>, vector<u8>, u64, Option<vector<u8>>, bool, &Clock, &TxContext): u64 */
export const finish = moveCall('push', 'finish', { self: 'object', repository: 'object', new: 'vector<u8>', tree: 'vector<u8>', commitPack: 'u64', statement: 'option<vector<u8>>', forced: 'bool', clock: 'clock' }, 1)

/** (&mut Push, &mut Repository, u64, &TxContext): Blob */
export const takeBack = moveCall('push', 'take_back', { self: 'object', repository: 'object', pack: 'u64' }, 1)

/** (Push, &mut Repository) */
export const abandon = moveCall('push', 'abandon', { self: 'object', repository: 'object' }, 0)

/** (&Push): ID */
export const repository = moveCall('push', 'repository', { self: 'object' }, 1)

/** (&Push): vector<PackRange> */
export const packs = moveCall('push', 'packs', { self: 'object' }, 1)
