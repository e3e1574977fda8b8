/** `walrus::node_metadata`. Generated from the compiled package by `npm run move`; not edited by hand. */

import { type LayoutOf, string, struct, vecMap } from '../../layout.ts'
import { moveCall } from '../../move-call.ts'

export const NodeMetadata = struct('node_metadata', 'NodeMetadata', {
  imageUrl: string,
  projectUrl: string,
  description: string,
  extraFields: vecMap(string, string),
})
export type NodeMetadata = LayoutOf<typeof NodeMetadata>

/** (String, String, String): NodeMetadata */
const new_ = moveCall('node_metadata', 'new', { imageUrl: 'string', projectUrl: 'string', description: 'string' }, 1)
export { new_ as new }

/** (): NodeMetadata */
const default_ = moveCall('node_metadata', 'default', {}, 1)
export { default_ as default }

/** (&NodeMetadata): String */
export const description = moveCall('node_metadata', 'description', { self: 'object' }, 1)
