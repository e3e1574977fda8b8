/** The container of objects: layout, limits and the types that writer and reader share.
 *  Header, frames, locator segment (meta packs), index, footer. Byte layout: README.md, "Pack". */

import type { ObjectKind } from './id.ts'

/** A data pack holds chunks; a meta pack holds everything else, and a locator segment. */
export type PackKind = 'data' | 'meta'

export const PACK_KIND_CODES: Readonly<Record<PackKind, number>> = { data: 1, meta: 2 }

/** True if a pack of this kind may hold objects of that kind. */
export function packHolds(pack: PackKind, kind: ObjectKind): boolean {
  return pack === 'data' ? kind === 'chunk' : kind !== 'chunk'
}

/** 0: plain. 1 is reserved for AES-256-GCM, which then covers the index too. */
export const CIPHER_NONE = 0

export const PACK_VERSION = 1
export const PACK_HEADER_BYTES = 64
export const PACK_FOOTER_BYTES = 128
/** Size a pack is filled to. */
export const DEFAULT_PACK_BYTES: number = 256 * 1024 * 1024
/** Largest pack a reader opens. */
export const MAX_PACK_BYTES: number = 1024 * 1024 * 1024
export const MAX_PACK_OBJECTS = 4_194_304
/** Objects share a frame up to this many bytes; a larger object has a frame of its own. */
export const FRAME_RAW_BYTES: number = 1024 * 1024

/** Where an object is: all that is needed to read it with one range read. */
export interface ObjectPlace {
  /** Where its frame starts in the pack, and the length it has there. */
  frameOffset: number
  frameStoredBytes: number
  frameRawBytes: number
  codec: number
  /** Where the object starts in the raw frame, and its length. */
  offset: number
  bytes: number
}
