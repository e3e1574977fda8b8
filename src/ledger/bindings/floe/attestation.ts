/** `floe::attestation`. Generated from the compiled package by `npm run move`; not edited by hand. */

import { moveCall } from '../../move-call.ts'

/** (&mut Repository, vector<u8>, String, vector<u8>, String, &Clock, &TxContext): u64 */
export const attest = moveCall('attestation', 'attest', { repository: 'object', commit: 'vector<u8>', predicateType: 'string', statement: 'vector<u8>', location: 'string', clock: 'clock' }, 1)

/** (&Repository): u64 */
export const count = moveCall('attestation', 'count', { repository: 'object' }, 1)

/** (&Repository, u64): Attestation */
export const record = moveCall('attestation', 'record', { repository: 'object', number: 'u64' }, 1)

/** (&Repository, vector<u8>): vector<u64> */
export const ofCommit = moveCall('attestation', 'of_commit', { repository: 'object', commit: 'vector<u8>' }, 1)
