/** `floe::members`. Generated from the compiled package by `npm run move`; not edited by hand. */

import { type LayoutOf, address, struct, u8, vecMap, vector } from '../../layout.ts'
import { moveCall } from '../../move-call.ts'

export const Members = struct('members', 'Members', {
  roles: vecMap(address, u8),
  admins: vector(address),
})
export type Members = LayoutOf<typeof Members>

/** (): u8 */
export const writer = moveCall('members', 'writer', {}, 1)

/** (): u8 */
export const attester = moveCall('members', 'attester', {}, 1)

/** (): u8 */
export const revoker = moveCall('members', 'revoker', {}, 1)
