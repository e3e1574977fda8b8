/** Ids and contents of dynamic fields, computed on this side: no indexer and no listing is needed to read a table.
 *  @see sui-grpc reference §5.3: id = BLAKE2b-256(0xf0 ‖ parent ‖ u64 key length ‖ key ‖ BCS type tag of the key) */

import { ByteReader, ByteWriter } from '../codec/cursor.ts'
import { blake2b256 } from '../crypto/hash.ts'
import { addressFromBytes, addressToBytes } from './object-id.ts'

/** BCS type tags of the key types that Walrus and Floe use. */
export const KEY_TYPES = {
  bool: Uint8Array.of(0),
  u8: Uint8Array.of(1),
  u64: Uint8Array.of(2),
  address: Uint8Array.of(4),
  u32: Uint8Array.of(9),
  u256: Uint8Array.of(10),
  bytes: Uint8Array.of(6, 1),
  string: structTypeTag('0x1', 'string', 'String'),
  id: structTypeTag('0x2', 'object', 'ID'),
} as const

/** BCS type tag of a struct, with the tags of its type parameters. */
export function structTypeTag(
  address: string,
  module: string,
  name: string,
  params: readonly Uint8Array[] = [],
): Uint8Array {
  const writer = new ByteWriter().u8(7).bytes(addressToBytes(address)).string(module).string(name).uleb(params.length)
  for (const param of params) writer.bytes(param)
  return writer.finish()
}

/** Object id of the field that holds a key under a parent.
 *  @param keyType - BCS type tag (KEY_TYPES or structTypeTag)
 *  @param key - BCS of the key */
export function dynamicFieldId(parent: string, keyType: Uint8Array, key: Uint8Array): string {
  const input = new ByteWriter().u8(0xf0).bytes(addressToBytes(parent)).u64(key.length).bytes(key).bytes(keyType)
  return addressFromBytes(blake2b256(input.finish()))
}

export function u64Key(value: bigint | number): Uint8Array {
  return new ByteWriter(8).u64(value).finish()
}

export function stringKey(value: string): Uint8Array {
  return new ByteWriter().string(value).finish()
}

/** A reader placed at the value of a `Field` object's contents: id, key, value.
 *  @throws {CodecError} if the contents are shorter than id and key */
export function fieldValueReader(contents: Uint8Array, keyBytes: number): ByteReader {
  const reader = new ByteReader(contents)
  reader.bytes(32 + keyBytes)
  return reader
}
