/** Reads packs from anywhere that has range reads. Nothing in a pack is believed: the index is checked when it is opened,
 *  every object against (kind, id) when it is read. */

import { throwIfAborted } from '../base/abort.ts'
import { equalBytes } from '../base/bytes.ts'
import { IntegrityError } from '../base/errors.ts'
import { sha256 } from '../crypto/hash.ts'
import { ObjectCorruptError, ObjectMissingError, PackCorruptError } from './errors.ts'
import { CODEC_STORED, decodeFrame } from './frame.ts'
import { createFrameCache, type FrameCache } from './frame-cache.ts'
import { assertObjectBytes, type ObjectId, type ObjectKind } from './id.ts'
import { type ObjectPlace, PACK_FOOTER_BYTES, PACK_HEADER_BYTES, type PackKind } from './pack.ts'
import { assertPackHeader, type PackFooter, parsePackFooter } from './pack-footer.ts'
import { type PackIndex, parsePackIndex } from './pack-index.ts'
import type { RangeReader } from './reader.ts'

/** What is read at first: footer, index and more in one go for all but large packs. */
const TAIL_BYTES = 64 * 1024
const DEFAULT_CACHE_BYTES = 8 * 1024 * 1024

interface ReadOptions {
  signal?: AbortSignal | undefined
}

export interface PackReader {
  readonly kind: PackKind
  readonly bytes: number
  readonly index: PackIndex
  readonly footer: PackFooter
  has(kind: ObjectKind, id: ObjectId): boolean
  /** One object, checked; one range read unless its frame was read lately.
   *  @throws {ObjectMissingError} OBJECT_MISSING if the index does not name it
   *  @throws {ObjectCorruptError} OBJECT_CORRUPT if its bytes are not what the id says
   *  @throws {PackCorruptError} PACK_CORRUPT if its frame cannot be decoded */
  readObject(kind: ObjectKind, id: ObjectId, options?: ReadOptions): Promise<Uint8Array>
  /** The bytes of the locator segment, unparsed; null if there is none. */
  readLocator(options?: ReadOptions): Promise<Uint8Array | null>
}

export interface OpenPackOptions extends ReadOptions {
  /** Where read frames are kept (default: 8 MiB for this pack alone). Shared between packs under different names. */
  cache?: { frames: FrameCache; name: string }
  /** A read costs little beside the bytes it brings: the first object of a frame that is stored as it is is read alone, the
   *  frame with the next one (default false, for readers over a network). */
  isNear?: boolean
}

/** Opens a pack: one range read, two for an index above 64 KiB.
 *  @throws {PackCorruptError} PACK_CORRUPT if footer or index are not what the format demands */
export async function openPack(reader: RangeReader, options: OpenPackOptions = {}): Promise<PackReader> {
  const { signal, cache = { frames: createFrameCache(DEFAULT_CACHE_BYTES), name: '' } } = options
  const tailBytes = Math.min(reader.bytes, TAIL_BYTES)
  const tail = await reader.read(reader.bytes - tailBytes, tailBytes, { signal })
  const footer = parsePackFooter(tail.subarray(Math.max(0, tail.length - PACK_FOOTER_BYTES)), reader.bytes)
  const { indexOffset, indexBytes } = footer
  const tailOffset = reader.bytes - tailBytes
  const encoded =
    indexOffset >= tailOffset
      ? tail.subarray(indexOffset - tailOffset, indexOffset - tailOffset + indexBytes)
      : await reader.read(indexOffset, indexBytes, { signal })
  if (!equalBytes(sha256(encoded), footer.indexHash))
    throw new PackCorruptError('the index does not hash to the footer')
  const index = parsePackIndex(footer.kind, footer.objectCount, footer.frameCount, encoded)
  if (index.rawBytes !== footer.rawBytes) throw new PackCorruptError('the footer has another raw size than the index')
  const framesEnd = footer.locatorBytes > 0 ? footer.locatorOffset : indexOffset
  if (index.framesEnd !== framesEnd) throw new PackCorruptError('the frames do not end where the footer says')
  if (tailOffset === 0) assertPackHeader(tail.subarray(0, PACK_HEADER_BYTES), footer.kind)

  /** Offset of the frame that an object was read from alone. */
  let touched = -1
  return {
    kind: footer.kind,
    bytes: reader.bytes,
    index,
    footer,
    has: (kind, id) => index.has(kind, id),
    async readObject(kind, id, readOptions = {}) {
      const position = index.find(kind, id)
      if (position < 0) throw new ObjectMissingError(kind, id)
      const place = index.placeAt(position)
      const key = `${cache.name}:${place.frameOffset}`
      let raw = cache.frames.get(key)
      if (!raw) {
        if (options.isNear && place.codec === CODEC_STORED && place.frameOffset !== touched) {
          touched = place.frameOffset
          return readStoredObject(reader, kind, id, place, readOptions)
        }
        raw = await readFrame(reader, place, readOptions)
        cache.frames.set(key, raw)
      }
      return cutObject(kind, id, raw, place)
    },
    async readLocator(readOptions = {}) {
      if (footer.locatorBytes === 0) return null
      return reader.read(footer.locatorOffset, footer.locatorBytes, readOptions)
    },
  }
}

/** Reads and decodes the frame at a place.
 *  @throws {PackCorruptError} PACK_CORRUPT */
export async function readFrame(
  reader: RangeReader,
  place: Omit<ObjectPlace, 'offset' | 'bytes'>,
  options: ReadOptions = {},
): Promise<Uint8Array> {
  const { frameOffset, frameStoredBytes, frameRawBytes, codec } = place
  if (frameOffset + frameStoredBytes > reader.bytes) throw new PackCorruptError('a frame lies behind the end')
  const stored = await reader.read(frameOffset, frameStoredBytes, options)
  return decodeFrame(codec, stored, frameRawBytes)
}

/** The object in a raw frame, checked against (kind, id).
 *  @throws {ObjectCorruptError} OBJECT_CORRUPT */
export function cutObject(kind: ObjectKind, id: ObjectId, raw: Uint8Array, place: ObjectPlace): Uint8Array {
  if (place.offset + place.bytes > raw.length) throw new ObjectCorruptError(kind, id, 'its place is behind its frame')
  const bytes = raw.subarray(place.offset, place.offset + place.bytes)
  assertObjectBytes(kind, id, bytes)
  return bytes
}

/** One object of a frame that is stored as it is, without the rest of the frame.
 *  @throws {PackCorruptError} PACK_CORRUPT if the place contradicts itself or lies behind the end
 *  @throws {ObjectCorruptError} OBJECT_CORRUPT */
export async function readStoredObject(
  reader: RangeReader,
  kind: ObjectKind,
  id: ObjectId,
  place: ObjectPlace,
  options: ReadOptions = {},
): Promise<Uint8Array> {
  const { frameOffset, frameStoredBytes, frameRawBytes, offset, bytes } = place
  if (frameStoredBytes !== frameRawBytes)
    throw new PackCorruptError('a stored frame has another length than it says', { frameStoredBytes, frameRawBytes })
  if (offset + bytes > frameRawBytes) throw new ObjectCorruptError(kind, id, 'its place is behind its frame')
  if (frameOffset + frameStoredBytes > reader.bytes) throw new PackCorruptError('a frame lies behind the end')
  const found = await reader.read(frameOffset + offset, bytes, options)
  assertObjectBytes(kind, id, found)
  return found
}

/** All objects of a pack in the order in which they stand there, one frame in memory at a time.
 *  @throws {ObjectCorruptError} OBJECT_CORRUPT at the first object that is not what its id says
 *  @throws {PackCorruptError} PACK_CORRUPT at the first frame that cannot be decoded */
export async function* walkPack(
  reader: RangeReader,
  index: PackIndex,
  options: ReadOptions = {},
): AsyncGenerator<{ kind: ObjectKind; id: ObjectId; bytes: Uint8Array }> {
  let frame = -1
  let raw: Uint8Array = new Uint8Array()
  for (const position of index.positionsInPackOrder()) {
    throwIfAborted(options.signal)
    const place = index.placeAt(position)
    if (index.frameOf(position) !== frame) {
      frame = index.frameOf(position)
      raw = await readFrame(reader, place, options)
    }
    const kind = index.kindAt(position)
    const id = index.idAt(position)
    yield { kind, id, bytes: cutObject(kind, id, raw, place) }
  }
}

/** Objects of an opened pack that are not what their ids say, each frame read once: all damage, not only the first. */
export async function damagedObjects(
  reader: RangeReader,
  index: PackIndex,
  options: ReadOptions = {},
): Promise<{ kind: ObjectKind; id: ObjectId }[]> {
  const damaged: { kind: ObjectKind; id: ObjectId }[] = []
  let frame = -1
  let raw: Uint8Array | undefined
  for (const position of index.positionsInPackOrder()) {
    throwIfAborted(options.signal)
    const place = index.placeAt(position)
    if (index.frameOf(position) !== frame) {
      frame = index.frameOf(position)
      raw = await readFrame(reader, place, options).catch(unlessIntegrity)
    }
    const kind = index.kindAt(position)
    const id = index.idAt(position)
    try {
      if (raw) cutObject(kind, id, raw, place)
      else damaged.push({ kind, id })
    } catch (error) {
      unlessIntegrity(error)
      damaged.push({ kind, id })
    }
  }
  return damaged
}

function unlessIntegrity(error: unknown): undefined {
  if (!(error instanceof IntegrityError)) throw error
  return undefined
}

/** Checks a whole pack: header, every frame and every object. The locator segment, which holds hints, is not looked into.
 *  @returns number of objects and their raw bytes
 *  @throws {PackCorruptError | ObjectCorruptError} at the first thing that is wrong */
export async function verifyPack(
  reader: RangeReader,
  options: ReadOptions = {},
): Promise<{ kind: PackKind; objects: number; rawBytes: number }> {
  const pack = await openPack(reader, options)
  assertPackHeader(await reader.read(0, PACK_HEADER_BYTES, options), pack.kind)
  let objects = 0
  for await (const _ of walkPack(reader, pack.index, options)) objects++
  return { kind: pack.kind, objects, rawBytes: pack.index.rawBytes }
}
