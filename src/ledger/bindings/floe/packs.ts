/** `floe::packs`. Generated from the compiled package by `npm run move`; not edited by hand. */

import { moveCall } from '../../move-call.ts'

/** (&mut Repository, u64): (Blob, Loan) */
export const lend = moveCall('packs', 'lend', { repository: 'object', pack: 'u64' }, 2)

/** (&mut Repository, Blob, Loan) */
export const restore = moveCall('packs', 'restore', { repository: 'object', blob: 'object', loan: 'object' }, 0)

/** (&mut Repository, u64, Blob): Blob */
export const replace = moveCall('packs', 'replace', { repository: 'object', pack: 'u64', blob: 'object' }, 1)

/** (&mut Repository, u64, u64, u64, &TxContext) */
export const promise = moveCall('packs', 'promise', { repository: 'object', first: 'u64', count: 'u64', untilMs: 'u64' }, 0)

/** (&Repository): u64 */
export const count = moveCall('packs', 'count', { repository: 'object' }, 1)

/** (&Repository, u64): PackRecord */
export const record = moveCall('packs', 'record', { repository: 'object', pack: 'u64' }, 1)

/** (&Repository, u64): &Blob */
export const blob = moveCall('packs', 'blob', { repository: 'object', pack: 'u64' }, 1)

/** (&Repository, u256): Option<u64> */
export const numberOf = moveCall('packs', 'number_of', { repository: 'object', blobId: 'u256' }, 1)

/** (&Repository): u64 */
export const generation = moveCall('packs', 'generation', { repository: 'object' }, 1)

/** (&Repository): u32 */
export const seenEpoch = moveCall('packs', 'seen_epoch', { repository: 'object' }, 1)
