/** `walrus::encoding`. Generated from the compiled package by `npm run move`; not edited by hand. */

import { moveCall } from '../../move-call.ts'

/** (u64, u8, u16): u64 */
export const encodedBlobLength = moveCall('encoding', 'encoded_blob_length', { unencodedLength: 'u64', encodingType: 'u8', nShards: 'u16' }, 1)
