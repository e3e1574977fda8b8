/** The index of a pack: where each object is, as two Arrow tables back to back (objects, then frames).
 *  In memory it stays packed: 45 bytes per object, no JavaScript object per entry. Byte layout: README.md, "Pack". */

import { fromHex } from '../base/bytes.ts'
import { type ArrowLayout, arrowTableBytes, encodeArrowTable, parseArrowTable } from './arrow-table.ts'
import { PackCorruptError } from './errors.ts'
import { CODEC_STORED, CODEC_ZSTD_GROUPED_4, MAX_FRAME_RAW_BYTES } from './frame.ts'
import {
  ID_BYTES,
  KIND_CODES,
  kindOfCode,
  MAX_OBJECT_BYTES,
  type ObjectId,
  type ObjectKind,
  objectIdFromBytes,
  objectIdToBytes,
} from './id.ts'
import {
  FRAME_RAW_BYTES,
  MAX_PACK_OBJECTS,
  type ObjectPlace,
  PACK_HEADER_BYTES,
  type PackKind,
  packHolds,
} from './pack.ts'

/** kind: u8, id: 32 bytes, frame: u32 (number of the frame), offset: u32 (in the raw frame), length: u32. */
const OBJECTS: ArrowLayout = {
  name: 'objects',
  schema: fromHex(
    'ffffffff380100001000000000000a0010000e00070008000a00000000000001100000000000040008000800000004000800000004000000' +
      '05000000d00000009400000064000000340000000400000054ffffff10000000180000000000000214000000060000006c656e6774680000' +
      '0000000042ffffff2000000080ffffff10000000180000000000000214000000060000006f66667365740000000000006effffff20000000' +
      'acffffff10000000180000000000000214000000050000006672616d65000000000000009affffff20000000d8ffffff1000000014000000' +
      '0000000f10000000020000006964000000000000c2ffffff2000000010001400040000000f00100000000800100000001000000018000000' +
      '000000021c000000040000006b696e64000000000000000000000600080004000600000008000000',
  ),
  widths: [1, ID_BYTES, 4, 4, 4],
}

/** offset: u64 (in the pack), stored: u32 (length there), raw: u32, codec: u8. */
const FRAMES: ArrowLayout = {
  name: 'frames',
  schema: fromHex(
    'ffffffff080100001000000000000a0010000e00070008000a00000000000001100000000000040008000800000004000800000004000000' +
      '04000000a000000060000000340000000400000080ffffff1000000018000000000000021400000005000000636f64656300000000000000' +
      '6effffff08000000acffffff1000000014000000000000021000000003000000726177000000000096ffffff20000000d4ffffff10000000' +
      '1800000000000002140000000600000073746f726564000000000000c2ffffff2000000010001400040000000f0010000000080010000000' +
      '1000000018000000000000021c000000060000006f666673657400000000000000000600080004000600000040000000',
  ),
  widths: [8, 4, 4, 1],
}

/** Length of an index in bytes. */
export function packIndexBytes(objectCount: number, frameCount: number): number {
  return arrowTableBytes(OBJECTS, objectCount) + arrowTableBytes(FRAMES, frameCount)
}

/** Columns of the index; objects sorted by (kind, id), frames by offset. Little-endian hosts only, as Node's are. */
interface PackColumns {
  kinds: Uint8Array
  ids: Uint8Array
  frames: Uint32Array
  offsets: Uint32Array
  lengths: Uint32Array
  frameOffsets: BigUint64Array
  frameStoredBytes: Uint32Array
  frameRawBytes: Uint32Array
  frameCodecs: Uint8Array
}

/** Which objects a pack holds, in the order of its index: by kind code, then id. */
export interface PackObjects {
  kinds: Uint8Array
  /** Back to back. */
  ids: Uint8Array
}

export class PackIndex {
  readonly kind: PackKind
  readonly objectCount: number
  readonly frameCount: number
  /** Sum of the raw lengths of all objects. */
  readonly rawBytes: number
  /** Where the last frame ends in the pack. */
  readonly framesEnd: number
  readonly #columns: PackColumns

  /** Checks everything that makes an index one.
   *  @throws {PackCorruptError} PACK_CORRUPT */
  constructor(kind: PackKind, columns: PackColumns) {
    this.kind = kind
    this.objectCount = columns.kinds.length
    this.frameCount = columns.frameCodecs.length
    this.#columns = columns
    const { rawBytes, framesEnd } = checkFrames(columns)
    checkObjects(kind, columns)
    checkTiling(columns)
    this.rawBytes = rawBytes
    this.framesEnd = framesEnd
  }

  /** Position of an object, or -1. */
  find(kind: ObjectKind, id: ObjectId): number {
    const { kinds, ids } = this.#columns
    const code = KIND_CODES[kind]
    const wanted = objectIdToBytes(id)
    let low = 0
    let high = this.objectCount - 1
    while (low <= high) {
      const middle = (low + high) >>> 1
      const order = kinds[middle]! - code || compareIdAt(ids, middle, wanted)
      if (order === 0) return middle
      if (order < 0) low = middle + 1
      else high = middle - 1
    }
    return -1
  }

  has(kind: ObjectKind, id: ObjectId): boolean {
    return this.find(kind, id) >= 0
  }

  /** All at once, as views. */
  objects(): PackObjects {
    const { kinds, ids } = this.#columns
    return { kinds, ids }
  }

  kindAt(position: number): ObjectKind {
    return kindOfCode(this.#columns.kinds[position]!)!
  }

  idAt(position: number): ObjectId {
    return objectIdFromBytes(this.idBytesAt(position))
  }

  /** The 32 bytes of an id: a view. */
  idBytesAt(position: number): Uint8Array {
    return this.#columns.ids.subarray(position * ID_BYTES, (position + 1) * ID_BYTES)
  }

  /** Number of the frame that holds an object. */
  frameOf(position: number): number {
    return this.#columns.frames[position]!
  }

  /** Length of an object. */
  bytesAt(position: number): number {
    return this.#columns.lengths[position]!
  }

  placeAt(position: number): ObjectPlace {
    const { frames, offsets, lengths } = this.#columns
    const frame = this.frameAt(frames[position]!)
    return { ...frame, offset: offsets[position]!, bytes: lengths[position]! }
  }

  frameAt(frame: number): Omit<ObjectPlace, 'offset' | 'bytes'> {
    const { frameOffsets, frameStoredBytes, frameRawBytes, frameCodecs } = this.#columns
    return {
      frameOffset: Number(frameOffsets[frame]!),
      frameStoredBytes: frameStoredBytes[frame]!,
      frameRawBytes: frameRawBytes[frame]!,
      codec: frameCodecs[frame]!,
    }
  }

  /** Positions of all objects in the order in which they stand in the pack. */
  positionsInPackOrder(): Uint32Array {
    const { frames, offsets } = this.#columns
    return new Uint32Array(this.objectCount)
      .map((_, position) => position)
      .sort((a, b) => frames[a]! - frames[b]! || offsets[a]! - offsets[b]!)
  }

  encode(): Uint8Array {
    return Buffer.concat(this.encodePieces())
  }

  /** The same in pieces: of a million objects one copy is 45 MB. */
  encodePieces(): Uint8Array[] {
    const { kinds, ids, frames, offsets, lengths } = this.#columns
    const { frameOffsets, frameStoredBytes, frameRawBytes, frameCodecs } = this.#columns
    return [
      encodeArrowTable(OBJECTS, this.objectCount, [kinds, ids, bytesOf(frames), bytesOf(offsets), bytesOf(lengths)]),
      encodeArrowTable(FRAMES, this.frameCount, [
        bytesOf(frameOffsets),
        bytesOf(frameStoredBytes),
        bytesOf(frameRawBytes),
        frameCodecs,
      ]),
    ]
  }
}

/** The index in bytes from outside; the counts come from the footer.
 *  @throws {PackCorruptError} PACK_CORRUPT */
export function parsePackIndex(
  kind: PackKind,
  objectCount: number,
  frameCount: number,
  encoded: Uint8Array,
): PackIndex {
  if (objectCount < 1 || objectCount > MAX_PACK_OBJECTS || frameCount < 1 || frameCount > objectCount)
    throw new PackCorruptError('the number of objects or frames is outside its limits', { objectCount, frameCount })
  if (encoded.length !== packIndexBytes(objectCount, frameCount))
    throw new PackCorruptError('the index has another length than its counts demand')
  const split = arrowTableBytes(OBJECTS, objectCount)
  const objects = parseArrowTable(OBJECTS, objectCount, encoded.subarray(0, split))
  const frames = parseArrowTable(FRAMES, frameCount, encoded.subarray(split))
  return new PackIndex(kind, {
    kinds: objects[0]!.slice(),
    ids: objects[1]!.slice(),
    frames: new Uint32Array(objects[2]!.slice().buffer),
    offsets: new Uint32Array(objects[3]!.slice().buffer),
    lengths: new Uint32Array(objects[4]!.slice().buffer),
    frameOffsets: new BigUint64Array(frames[0]!.slice().buffer),
    frameStoredBytes: new Uint32Array(frames[1]!.slice().buffer),
    frameRawBytes: new Uint32Array(frames[2]!.slice().buffer),
    frameCodecs: frames[3]!.slice(),
  })
}

function bytesOf(array: Uint32Array | BigUint64Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
}

function compareIdAt(ids: Uint8Array, position: number, wanted: Uint8Array): number {
  for (let i = 0, at = position * ID_BYTES; i < ID_BYTES; i++, at++) {
    const difference = ids[at]! - wanted[i]!
    if (difference !== 0) return difference
  }
  return 0
}

/** Order of an id against the next one; a view of each would take longer than to compare them. */
function compareWithNext(ids: Uint8Array, position: number): number {
  for (let at = position * ID_BYTES, end = at + ID_BYTES; at < end; at++) {
    const difference = ids[at]! - ids[at + ID_BYTES]!
    if (difference !== 0) return difference
  }
  return 0
}

function checkFrames(columns: PackColumns): { rawBytes: number; framesEnd: number } {
  const { frameOffsets, frameStoredBytes, frameRawBytes, frameCodecs } = columns
  let at = PACK_HEADER_BYTES
  let rawBytes = 0
  for (let frame = 0; frame < frameCodecs.length; frame++) {
    const stored = frameStoredBytes[frame]!
    const raw = frameRawBytes[frame]!
    const codec = frameCodecs[frame]!
    if (frameOffsets[frame] !== BigInt(at)) throw new PackCorruptError('frames are not back to back', { frame })
    if (codec > CODEC_ZSTD_GROUPED_4) throw new PackCorruptError('a frame has an unknown codec', { frame, codec })
    if (raw < 1 || raw > MAX_FRAME_RAW_BYTES || stored < 1 || (codec === CODEC_STORED ? stored !== raw : stored >= raw))
      throw new PackCorruptError('the lengths of a frame are outside their limits', { frame, raw, stored })
    at += stored
    rawBytes += raw
  }
  return { rawBytes, framesEnd: at }
}

function checkObjects(pack: PackKind, columns: PackColumns): void {
  const { kinds, ids, frames, offsets, lengths, frameRawBytes } = columns
  let code = -1
  let maxBytes = 0
  for (let i = 0; i < kinds.length; i++) {
    if (kinds[i] !== code) {
      const kind = kindOfCode(kinds[i]!)
      if (!kind || !packHolds(pack, kind)) throw new PackCorruptError(`a ${pack} pack cannot hold kind ${kinds[i]}`)
      if (kinds[i]! < code) throw new PackCorruptError('ids are not sorted and unique', { position: i })
      code = kinds[i]!
      maxBytes = MAX_OBJECT_BYTES[kind]
    } else if (compareWithNext(ids, i - 1) >= 0)
      throw new PackCorruptError('ids are not sorted and unique', { position: i })
    const raw = frameRawBytes[frames[i]!]
    if (raw === undefined) throw new PackCorruptError('an object is in a frame that does not exist', { position: i })
    const length = lengths[i]!
    if (length < 1 || length > maxBytes || offsets[i]! + length > raw)
      throw new PackCorruptError('an object does not fit its frame or kind', { position: i, length })
    if (raw > FRAME_RAW_BYTES && length !== raw)
      throw new PackCorruptError('a frame above 1 MiB has several objects', { position: i })
  }
}

/** Above the length of any object; times the offset in any frame it is a safe integer. */
const SPAN = 2 ** 23

/** Objects cover every frame without gap or overlap. They are dealt out to their frames first: to sort the few hundred of
 *  each takes a fraction of sorting all. */
function checkTiling(columns: PackColumns): void {
  const { frames, offsets, lengths, frameRawBytes } = columns
  const begins = new Uint32Array(frameRawBytes.length + 1)
  for (let i = 0; i < frames.length; i++) begins[frames[i]! + 1]!++
  for (let frame = 1; frame < begins.length; frame++) begins[frame]! += begins[frame - 1]!
  const spans = new Float64Array(frames.length)
  const next = begins.slice()
  for (let i = 0; i < frames.length; i++) spans[next[frames[i]!]!++] = offsets[i]! * SPAN + lengths[i]!
  for (let frame = 0; frame < frameRawBytes.length; frame++) {
    const end = begins[frame + 1]!
    if (end - begins[frame]! > 1) spans.subarray(begins[frame], end).sort()
    let at = 0
    let i = begins[frame]!
    for (; i < end && Math.floor(spans[i]! / SPAN) === at; i++) at += spans[i]! % SPAN
    if (i < end || at !== frameRawBytes[frame]) throw new PackCorruptError('objects overlap or leave a gap', { frame })
  }
}
