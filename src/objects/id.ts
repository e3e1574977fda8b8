/** Object ids and kinds.
 *
 *  The id of a chunk or an attachment is the plain SHA-256 of its bytes, so that `sha256sum` prints it; maps, trees and
 *  commits hash a domain prefix first. A file can therefore be made whose chunk id equals a tree's id:
 *  identity is always (kind, id), never the id alone. */

import { concatBytes, utf8 } from '../base/bytes.ts'
import { sha256Hex } from '../crypto/hash.ts'
import { ObjectCorruptError, ObjectIdError } from './errors.ts'

export type ObjectKind = 'chunk' | 'map' | 'tree' | 'commit' | 'attachment'

declare const objectIdBrand: unique symbol
/** SHA-256 as 64 lower-case hex digits. */
export type ObjectId = string & { readonly [objectIdBrand]: true }

/** Codes in packs and locators; never reused. */
export const KIND_CODES: Readonly<Record<ObjectKind, number>> = { chunk: 1, map: 2, tree: 3, commit: 4, attachment: 5 }

/** Largest object of each kind, in bytes: checked before anything is allocated.
 *  A map of 4,096 links takes 163,843; a tree node cannot exceed 20 KiB by its cut rule. */
export const MAX_OBJECT_BYTES: Readonly<Record<ObjectKind, number>> = {
  chunk: 4 * 1024 * 1024,
  map: 192 * 1024,
  tree: 32 * 1024,
  commit: 128 * 1024,
  attachment: 1024 * 1024,
}

/** Bytes of an id in binary structures. */
export const ID_BYTES = 32

const KINDS_BY_CODE: readonly (ObjectKind | undefined)[] = [undefined, 'chunk', 'map', 'tree', 'commit', 'attachment']

/** The kind with this code, or undefined. */
export function kindOfCode(code: number): ObjectKind | undefined {
  return KINDS_BY_CODE[code]
}

const DOMAINS: Readonly<Record<ObjectKind, Uint8Array | null>> = {
  chunk: null,
  map: utf8('floe.map.v1\0'),
  tree: utf8('floe.tree.v1\0'),
  commit: utf8('floe.commit.v1\0'),
  attachment: null,
}

/** Id of an object with these bytes. */
export function objectIdFor(kind: ObjectKind, bytes: Uint8Array): ObjectId {
  const domain = DOMAINS[kind]
  return sha256Hex(domain ? concatBytes(domain, bytes) : bytes) as ObjectId
}

/** SHA-256 of no bytes: the file id of an empty file. Written out, so that nothing is hashed where nothing need be. */
export const EMPTY_FILE_ID = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' as ObjectId

export function isObjectId(text: string): text is ObjectId {
  return /^[0-9a-f]{64}$/.test(text)
}

/** @throws {ObjectIdError} OBJECT_ID_MALFORMED if the text is not 64 lower-case hex digits */
export function parseObjectId(text: string): ObjectId {
  if (!isObjectId(text)) throw new ObjectIdError(text)
  return text
}

/** Text form of 32 bytes. */
export function objectIdFromBytes(bytes: Uint8Array): ObjectId {
  if (bytes.length !== ID_BYTES) throw new RangeError(`"bytes" expected ${ID_BYTES} bytes, got ${bytes.length}`)
  return Buffer.from(bytes.buffer, bytes.byteOffset, ID_BYTES).toString('hex') as ObjectId
}

/** Text form of the 32 bytes at a place of a structure. Of many ids in one, this spares a view of each. */
export function objectIdAt(structure: Buffer, at: number): ObjectId {
  if (at + ID_BYTES > structure.length) throw new RangeError(`"structure" has no ${ID_BYTES} bytes at ${at}`)
  return structure.toString('hex', at, at + ID_BYTES) as ObjectId
}

/** The 32 bytes of an id. */
export function objectIdToBytes(id: ObjectId): Uint8Array {
  const bytes = new Uint8Array(ID_BYTES)
  putObjectId(id, bytes, 0)
  return bytes
}

/** Value of a hex digit by its character code; 16 for all else. */
const HEX_VALUES = Uint8Array.from({ length: 128 }, (_, code) => {
  const value = '0123456789abcdef'.indexOf(String.fromCharCode(code))
  return value < 0 ? 16 : value
})

/** Writes the 32 bytes of an id. By hand: a Buffer over 32 bytes costs more than all of its digits. */
export function putObjectId(id: ObjectId, target: Uint8Array, at: number): void {
  let seen = 0
  for (let i = 0; i < ID_BYTES; i++) {
    const high = HEX_VALUES[id.charCodeAt(2 * i)] ?? 16
    const low = HEX_VALUES[id.charCodeAt(2 * i + 1)] ?? 16
    seen |= high | low
    target[at + i] = (high << 4) | low
  }
  if (id.length !== 2 * ID_BYTES || seen > 15)
    throw new RangeError(`"id" expected 64 hex digits, got ${JSON.stringify(id)}`)
}

/** Writes the 32 bytes of an id in either form. */
export function putAnyId(id: ObjectId | Uint8Array, target: Uint8Array, at: number): void {
  if (typeof id === 'string') putObjectId(id, target, at)
  else if (id.length === ID_BYTES) target.set(id, at)
  else throw new RangeError(`"id" expected ${ID_BYTES} bytes, got ${id.length}`)
}

/** Key of an object in maps and sets: `chunk:…`. */
export function objectKey(kind: ObjectKind, id: ObjectId): string {
  return `${kind}:${id}`
}

/** @throws {ObjectCorruptError} OBJECT_CORRUPT if the bytes are too many for the kind or do not hash to the id */
export function assertObjectBytes(kind: ObjectKind, id: ObjectId, bytes: Uint8Array): void {
  if (bytes.length > MAX_OBJECT_BYTES[kind])
    throw new ObjectCorruptError(kind, id, `${bytes.length} bytes are too many`)
  const got = objectIdFor(kind, bytes)
  if (got !== id) throw new ObjectCorruptError(kind, id, `its bytes hash to ${got}`)
}
