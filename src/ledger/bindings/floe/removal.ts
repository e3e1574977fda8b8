/** `floe::removal`. Generated from the compiled package by `npm run move`; not edited by hand. */

import { moveCall } from '../../move-call.ts'

/** (&mut Repository, u64, &Clock, &TxContext) */
export const propose = moveCall('removal', 'propose', { repository: 'object', pack: 'u64', clock: 'clock' }, 0)

/** (&mut Repository, u64, &TxContext) */
export const cancel = moveCall('removal', 'cancel', { repository: 'object', pack: 'u64' }, 0)

/** (&mut Repository, u64, &Clock, &TxContext): Blob */
export const take = moveCall('removal', 'take', { repository: 'object', pack: 'u64', clock: 'clock' }, 1)
