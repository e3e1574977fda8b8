/** `floe::refs`. Generated from the compiled package by `npm run move`; not edited by hand. */

import { moveCall } from '../../move-call.ts'

/** (&mut Repository, String, vector<u8>, &Clock, &TxContext): u64 */
const delete_ = moveCall('refs', 'delete', { repository: 'object', ref: 'string', expectedOld: 'vector<u8>', clock: 'clock' }, 1)
export { delete_ as delete }

/** (&mut Repository, &AdminCap, Option<String>, bool) */
export const setForbidForce = moveCall('refs', 'set_forbid_force', { repository: 'object', cap: 'object', ref: 'option<string>', forbidden: 'bool' }, 0)

/** (&Repository, String): Option<vector<u8>> */
export const commit = moveCall('refs', 'commit', { repository: 'object', ref: 'string' }, 1)

/** (&Repository, String): Ref */
export const row = moveCall('refs', 'row', { repository: 'object', ref: 'string' }, 1)

/** (&Repository): u64 */
export const count = moveCall('refs', 'count', { repository: 'object' }, 1)

/** (&Repository, u64): String */
export const name = moveCall('refs', 'name', { repository: 'object', number: 'u64' }, 1)

/** (&Repository): u64 */
export const pushCount = moveCall('refs', 'push_count', { repository: 'object' }, 1)

/** (&Repository, u64): PushRecord */
export const pushRecord = moveCall('refs', 'push_record', { repository: 'object', push: 'u64' }, 1)
