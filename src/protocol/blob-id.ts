/** Blob ids: 32 bytes, BLAKE2b-256 over encoding type, blob length and blob root.
 *
 *  Three text forms exist: base64url (URLs, 43 characters), u256 decimal (chain, explorers: the bytes as a
 *  LITTLE-endian integer) and hex. The shard rotation alone reads the bytes BIG-endian (shards.ts). */

import { toHex } from '../base/bytes.ts'
import { fromBase64Url, toBase64Url } from '../codec/base64url.ts'
import { blake2b256 } from '../crypto/hash.ts'
import { ProtocolError } from './errors.ts'
import { BLOB_ID_BYTES, ENCODING_RS2, HASH_BYTES } from './limits.ts'

/** 32 bytes. */
export type BlobId = Uint8Array

const TEXT_LENGTH = 43
const U256_MAX = (1n << 256n) - 1n

/** @throws {ProtocolError} PROTOCOL_BLOB_ID unless the bytes are 32 */
export function assertBlobId(bytes: Uint8Array): asserts bytes is BlobId {
  if (bytes.length !== BLOB_ID_BYTES)
    throw new ProtocolError('PROTOCOL_BLOB_ID', `a blob id has 32 bytes, not ${bytes.length}`, { got: bytes.length })
}

/** base64url without padding, as in every URL. */
export function blobIdText(id: BlobId): string {
  assertBlobId(id)
  return toBase64Url(id)
}

/** @throws {ProtocolError} PROTOCOL_BLOB_ID unless the text is 43 canonical base64url characters */
export function parseBlobId(text: string): BlobId {
  const refuse = () =>
    new ProtocolError('PROTOCOL_BLOB_ID', 'a blob id is 43 characters of base64url', { got: text.slice(0, 80) })
  if (text.length !== TEXT_LENGTH) throw refuse()
  try {
    return fromBase64Url(text)
  } catch {
    throw refuse()
  }
}

/** The on-chain u256: the 32 bytes as a little-endian integer. Also used for the root hash. */
export function u256FromBytes(bytes: Uint8Array): bigint {
  assertBlobId(bytes)
  return BigInt(`0x${toHex(Uint8Array.from(bytes).reverse())}`)
}

/** Inverse of `u256FromBytes`; takes decimal text or a bigint.
 *  @throws {ProtocolError} PROTOCOL_BLOB_ID unless it is an integer in 0..2^256-1 */
export function bytesFromU256(value: bigint | string): Uint8Array {
  if (typeof value === 'string' && !/^(0|[1-9][0-9]{0,77})$/.test(value))
    throw new ProtocolError('PROTOCOL_BLOB_ID', 'a u256 is a decimal number', { got: value.slice(0, 80) })
  let left = BigInt(value)
  if (left < 0n || left > U256_MAX)
    throw new ProtocolError('PROTOCOL_BLOB_ID', 'a u256 lies in 0..2^256-1', { got: String(value).slice(0, 80) })
  const bytes = new Uint8Array(BLOB_ID_BYTES)
  for (let i = 0; left > 0n; i++, left >>= 8n) bytes[i] = Number(left & 0xffn)
  return bytes
}

/** `H(encoding type u8 ‖ blob length u64 LE ‖ root)`. */
export function blobIdFor(rootHash: Uint8Array, blobBytes: number): BlobId {
  if (rootHash.length !== HASH_BYTES) throw new RangeError(`"rootHash" expected 32 bytes, got ${rootHash.length}`)
  const head = new Uint8Array(9)
  head[0] = ENCODING_RS2
  new DataView(head.buffer).setBigUint64(1, BigInt(blobBytes), true)
  return blake2b256(head, rootHash)
}
