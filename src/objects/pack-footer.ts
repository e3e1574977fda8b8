/** First and last bytes of a pack. The footer repeats what the header says, so that a pack is opened from its end alone. */

import { equalBytes, utf8 } from '../base/bytes.ts'
import { ByteReader, ByteWriter } from '../codec/cursor.ts'
import { PackCorruptError } from './errors.ts'
import {
  CIPHER_NONE,
  MAX_PACK_BYTES,
  PACK_FOOTER_BYTES,
  PACK_HEADER_BYTES,
  PACK_KIND_CODES,
  PACK_VERSION,
  type PackKind,
} from './pack.ts'
import { packIndexBytes } from './pack-index.ts'

const MAGIC = utf8('FLOEPACK')
const END_MAGIC = utf8('FLOEPEND')
const FOOTER_RESERVED_BYTES = 24

export interface PackFooter {
  kind: PackKind
  indexOffset: number
  indexBytes: number
  objectCount: number
  frameCount: number
  /** Sum of the raw lengths of all objects. */
  rawBytes: number
  /** Where the locator segment stands; both 0 if there is none. */
  locatorOffset: number
  locatorBytes: number
  /** SHA-256 of the index. */
  indexHash: Uint8Array
}

/** Magic, version, kind, cipher: 12 bytes that header and footer begin with. */
function prologue(kind: PackKind): Uint8Array {
  return new ByteWriter(16).bytes(MAGIC).u16(PACK_VERSION).u8(PACK_KIND_CODES[kind]).u8(CIPHER_NONE).finish()
}

export function encodePackHeader(kind: PackKind): Uint8Array {
  const header = new Uint8Array(PACK_HEADER_BYTES)
  header.set(prologue(kind))
  return header
}

/** @throws {PackCorruptError} PACK_CORRUPT unless the header is that of a pack of this kind */
export function assertPackHeader(header: Uint8Array, kind: PackKind): void {
  if (!equalBytes(header, encodePackHeader(kind))) throw new PackCorruptError('the header is not that of its footer')
}

export function encodePackFooter(footer: PackFooter): Uint8Array {
  return new ByteWriter(PACK_FOOTER_BYTES)
    .bytes(prologue(footer.kind))
    .u32(0)
    .u64(footer.indexOffset)
    .u64(footer.indexBytes)
    .u32(footer.objectCount)
    .u32(footer.frameCount)
    .u64(footer.rawBytes)
    .u64(footer.locatorOffset)
    .u64(footer.locatorBytes)
    .bytes(footer.indexHash)
    .bytes(new Uint8Array(FOOTER_RESERVED_BYTES))
    .bytes(END_MAGIC)
    .finish()
}

/** The footer in bytes from outside, with every place and length checked against the size of the pack.
 *  @param packBytes - length of the whole pack
 *  @throws {PackCorruptError} PACK_CORRUPT */
export function parsePackFooter(encoded: Uint8Array, packBytes: number): PackFooter {
  if (packBytes > MAX_PACK_BYTES) throw new PackCorruptError('it is larger than any pack', { packBytes })
  if (encoded.length !== PACK_FOOTER_BYTES) throw new PackCorruptError('it is too short', { packBytes })
  const reader = new ByteReader(encoded)
  if (!equalBytes(encoded.subarray(PACK_FOOTER_BYTES - 8), END_MAGIC) || !equalBytes(reader.bytes(8), MAGIC))
    throw new PackCorruptError('the footer is not there: it is truncated, or no pack')
  const version = reader.u16()
  if (version !== PACK_VERSION)
    throw new PackCorruptError(`version ${version} is not known to this program`, { version })
  const kindCode = reader.u8()
  const kind = kindCode === PACK_KIND_CODES.data ? 'data' : kindCode === PACK_KIND_CODES.meta ? 'meta' : undefined
  if (!kind) throw new PackCorruptError('its kind is unknown', { kindCode })
  const cipher = reader.u8()
  if (cipher !== CIPHER_NONE) throw new PackCorruptError('it is encrypted, which this program cannot read', { cipher })
  const reserved = reader.u32()
  const [indexOffset, indexBytes] = [reader.u64(), reader.u64()]
  const [objectCount, frameCount] = [reader.u32(), reader.u32()]
  const [rawBytes, locatorOffset, locatorBytes] = [reader.u64(), reader.u64(), reader.u64()]
  const indexHash = reader.bytes(32).slice()
  if (reserved !== 0 || reader.bytes(FOOTER_RESERVED_BYTES).some((byte) => byte !== 0))
    throw new PackCorruptError('a reserved byte is not zero')
  const indexEnd = packBytes - PACK_FOOTER_BYTES
  if (indexBytes !== BigInt(packIndexBytes(objectCount, frameCount)) || indexOffset + indexBytes !== BigInt(indexEnd))
    throw new PackCorruptError('the index is not where the footer says', { objectCount, frameCount })
  if (indexOffset <= PACK_HEADER_BYTES) throw new PackCorruptError('it has no frames')
  if (locatorBytes === 0n ? locatorOffset !== 0n : kind === 'data' || locatorOffset + locatorBytes !== indexOffset)
    throw new PackCorruptError('the locator segment is not where the footer says')
  // A frame is never larger stored than raw, and never 2^53 times smaller.
  if (rawBytes < 1n || rawBytes > BigInt(Number.MAX_SAFE_INTEGER)) throw new PackCorruptError('its raw size is off')
  return {
    kind,
    indexOffset: Number(indexOffset),
    indexBytes: Number(indexBytes),
    objectCount,
    frameCount,
    rawBytes: Number(rawBytes),
    locatorOffset: Number(locatorOffset),
    locatorBytes: Number(locatorBytes),
    indexHash,
  }
}
