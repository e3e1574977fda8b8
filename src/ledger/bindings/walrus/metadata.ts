/** `walrus::metadata`. Generated from the compiled package by `npm run move`; not edited by hand. */

import { type LayoutOf, string, struct, vecMap } from '../../layout.ts'
import { moveCall } from '../../move-call.ts'

export const Metadata = struct('metadata', 'Metadata', {
  metadata: vecMap(string, string),
})
export type Metadata = LayoutOf<typeof Metadata>

/** (): Metadata */
const new_ = moveCall('metadata', 'new', {}, 1)
export { new_ as new }

/** (&mut Metadata, String, String) */
export const insertOrUpdate = moveCall('metadata', 'insert_or_update', { self: 'object', key: 'string', value: 'string' }, 0)

/** (&mut Metadata, &String): (String, String) */
export const remove = moveCall('metadata', 'remove', { self: 'object', key: 'string' }, 2)

/** (&mut Metadata, &String): Option<String> */
export const removeIfExists = moveCall('metadata', 'remove_if_exists', { self: 'object', key: 'string' }, 1)
