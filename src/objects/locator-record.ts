/** One entry of a locator segment: 64 bytes that say all that is needed to read an object with one range read.
 *  Records stay packed; this file gives names to their bytes. Byte layout: README.md, "Locator segment". */

import { LocatorCorruptError } from './errors.ts'
import { CODEC_STORED, CODEC_ZSTD_GROUPED_4, MAX_FRAME_RAW_BYTES } from './frame.ts'
import { ID_BYTES, KIND_CODES, kindOfCode, MAX_OBJECT_BYTES, type ObjectId, type ObjectKind } from './id.ts'
import { MAX_PACK_BYTES, type ObjectPlace } from './pack.ts'
import type { PackIndex } from './pack-index.ts'

export const RECORD_BYTES = 64
/** Kind, codec, two zero bytes, pack (u32), id, frame offset (u64), stored, raw, offset, length (u32 each). */
const AT = {
  kind: 0,
  codec: 1,
  zero: 2,
  pack: 4,
  id: 8,
  frame: 40,
  stored: 48,
  raw: 52,
  offset: 56,
  bytes: 60,
} as const

/** Kind and id: what records are sorted by. */
export const KEY_BYTES: number = 1 + ID_BYTES

/** The key of an object, to compare records with. */
export function locatorKey(kind: ObjectKind, id: ObjectId): Uint8Array {
  const key = new Uint8Array(KEY_BYTES)
  key[0] = KIND_CODES[kind]
  Buffer.from(key.buffer).write(id, 1, 'hex')
  return key
}

/** Order of a record against a key. */
export function compareRecordToKey(records: Uint8Array, at: number, key: Uint8Array): number {
  const byKind = records[at]! - key[0]!
  if (byKind !== 0) return byKind
  for (let i = 0; i < ID_BYTES; i++) {
    const difference = records[at + AT.id + i]! - key[i + 1]!
    if (difference !== 0) return difference
  }
  return 0
}

/** Order of two records by kind and id. */
export function compareRecordKeys(a: Uint8Array, aAt: number, b: Uint8Array, bAt: number): number {
  const byKind = a[aAt]! - b[bAt]!
  if (byKind !== 0) return byKind
  for (let i = AT.id; i < AT.id + ID_BYTES; i++) {
    const difference = a[aAt + i]! - b[bAt + i]!
    if (difference !== 0) return difference
  }
  return 0
}

/** The id bytes of a record: a view. */
export function recordId(records: Uint8Array, at: number): Uint8Array {
  return records.subarray(at + AT.id, at + AT.id + ID_BYTES)
}

export function recordPack(records: Uint8Array, at: number): number {
  return viewOf(records).getUint32(at + AT.pack, true)
}

export function setRecordPack(records: Uint8Array, at: number, pack: number): void {
  viewOf(records).setUint32(at + AT.pack, pack, true)
}

export function recordPlace(records: Uint8Array, at: number): ObjectPlace {
  const view = viewOf(records)
  return {
    frameOffset: frameOffsetAt(view, at),
    frameStoredBytes: view.getUint32(at + AT.stored, true),
    frameRawBytes: view.getUint32(at + AT.raw, true),
    codec: records[at + AT.codec]!,
    offset: view.getUint32(at + AT.offset, true),
    bytes: view.getUint32(at + AT.bytes, true),
  }
}

/** Records of all objects of a pack, in order, as number `pack`. */
export function recordsOfIndex(index: PackIndex, pack: number): Uint8Array {
  const records = new Uint8Array(index.objectCount * RECORD_BYTES)
  const view = viewOf(records)
  for (let position = 0, at = 0; position < index.objectCount; position++, at += RECORD_BYTES) {
    const place = index.placeAt(position)
    records[at + AT.kind] = KIND_CODES[index.kindAt(position)]
    records[at + AT.codec] = place.codec
    view.setUint32(at + AT.pack, pack, true)
    records.set(index.idBytesAt(position), at + AT.id)
    view.setBigUint64(at + AT.frame, BigInt(place.frameOffset), true)
    view.setUint32(at + AT.stored, place.frameStoredBytes, true)
    view.setUint32(at + AT.raw, place.frameRawBytes, true)
    view.setUint32(at + AT.offset, place.offset, true)
    view.setUint32(at + AT.bytes, place.bytes, true)
  }
  return records
}

/** Checks records from outside: each within the limits, and all in order. Every lookup that reads a bucket comes through
 *  here, so that fields are read in place: an object per record would cost more than the lookup.
 *  @param packCount - entries of the pack table
 *  @throws {LocatorCorruptError} LOCATOR_CORRUPT */
export function assertRecords(records: Uint8Array, packCount: number): void {
  const view = viewOf(records)
  for (let at = 0; at < records.length; at += RECORD_BYTES) {
    const kind = kindOfCode(records[at + AT.kind]!)
    const codec = records[at + AT.codec]!
    const stored = view.getUint32(at + AT.stored, true)
    const raw = view.getUint32(at + AT.raw, true)
    const bytes = view.getUint32(at + AT.bytes, true)
    const sane =
      kind !== undefined &&
      view.getUint16(at + AT.zero, true) === 0 &&
      view.getUint32(at + AT.pack, true) < packCount &&
      codec <= CODEC_ZSTD_GROUPED_4 &&
      frameOffsetAt(view, at) < MAX_PACK_BYTES &&
      stored > 0 &&
      raw <= MAX_FRAME_RAW_BYTES &&
      (codec === CODEC_STORED ? stored === raw : stored < raw) &&
      bytes > 0 &&
      bytes <= MAX_OBJECT_BYTES[kind] &&
      view.getUint32(at + AT.offset, true) + bytes <= raw
    if (!sane) throw new LocatorCorruptError('an entry is outside its limits')
    if (at > 0 && compareRecordKeys(records, at - RECORD_BYTES, records, at) > 0)
      throw new LocatorCorruptError('entries are not in order')
  }
}

/** A number up to 2^64, exact below 2^53: far above what a pack may be. */
function frameOffsetAt(view: DataView, at: number): number {
  return view.getUint32(at + AT.frame + 4, true) * 2 ** 32 + view.getUint32(at + AT.frame, true)
}

function viewOf(records: Uint8Array): DataView {
  return new DataView(records.buffer, records.byteOffset, records.byteLength)
}
