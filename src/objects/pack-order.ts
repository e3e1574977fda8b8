/** The objects of a pack in the order in which they stand in it, which its index, sorted by id, does not show. */

import type { ObjectId, ObjectKind } from './id.ts'
import type { PackIndex } from './pack-index.ts'

export interface PackedObject {
  kind: ObjectKind
  id: ObjectId
  /** Length, raw. */
  bytes: number
}

export function objectsInOrder(index: PackIndex): PackedObject[] {
  return Array.from({ length: index.objectCount }, (_, i) => ({ i, place: index.placeAt(i) }))
    .sort((a, b) => a.place.frameOffset - b.place.frameOffset || a.place.offset - b.place.offset)
    .map(({ i, place }) => ({ kind: index.kindAt(i), id: index.idAt(i), bytes: place.bytes }))
}
