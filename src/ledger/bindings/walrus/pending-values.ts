/** `walrus::pending_values`. Generated from the compiled package by `npm run move`; not edited by hand. */

import { type LayoutOf, struct, u32, u64, vecMap } from '../../layout.ts'

export const PendingValues = struct('pending_values', 'PendingValues', {
  pos0: vecMap(u32, u64),
})
export type PendingValues = LayoutOf<typeof PendingValues>
