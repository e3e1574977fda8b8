/** `walrus::committee`. Generated from the compiled package by `npm run move`; not edited by hand. */

import { type LayoutOf, address, struct, u16, vecMap, vector } from '../../layout.ts'
import { moveCall } from '../../move-call.ts'

export const Committee = struct('committee', 'Committee', {
  pos0: vecMap(address, vector(u16)),
})
export type Committee = LayoutOf<typeof Committee>

/** (&Committee, &ID): &vector<u16> */
export const shards = moveCall('committee', 'shards', { self: 'object', nodeId: 'id' }, 1)

/** (&Committee): u64 */
export const size = moveCall('committee', 'size', { self: 'object' }, 1)

/** (&Committee): &VecMap<ID, vector<u16>> */
export const inner = moveCall('committee', 'inner', { self: 'object' }, 1)
