/** `floe::ref_name`. Generated from the compiled package by `npm run move`; not edited by hand. */

import { moveCall } from '../../move-call.ts'

/** (&String) */
export const assertValid = moveCall('ref_name', 'assert_valid', { name: 'string' }, 0)

/** (&String): bool */
export const isTag = moveCall('ref_name', 'is_tag', { name: 'string' }, 1)
