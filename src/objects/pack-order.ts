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
  return Array.from(index.positionsInPackOrder(), (at) => ({
    kind: index.kindAt(at),
    id: index.idAt(at),
    bytes: index.placeAt(at).bytes,
  }))
}
