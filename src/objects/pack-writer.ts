/** Writes a pack piece by piece, with one frame and the index records in memory.
 *  The same objects in the same order give the same bytes (with the same zstd version; ids never depend on it). */

import { concatBytes } from '../base/bytes.ts'
import { createSha256, sha256 } from '../crypto/hash.ts'
import { ObjectLimitError } from './errors.ts'
import { encodeFrame, type FrameGrouping } from './frame.ts'
import { MAX_OBJECT_BYTES, type ObjectId, type ObjectKind, objectKey } from './id.ts'
import {
  DEFAULT_PACK_BYTES,
  FRAME_RAW_BYTES,
  MAX_PACK_BYTES,
  MAX_PACK_OBJECTS,
  PACK_FOOTER_BYTES,
  PACK_HEADER_BYTES,
  type PackKind,
  packHolds,
} from './pack.ts'
import { encodePackFooter, encodePackHeader } from './pack-footer.ts'
import { type PackIndex, PackIndexBuilder, packIndexBytes } from './pack-index.ts'

export interface PackWriterOptions {
  kind: PackKind
  /** Size the pack may have (default 256 MiB, at most 1 GiB). */
  maxBytes?: number
  /** Takes the pieces of the pack, in order. They are not changed afterwards. */
  write(piece: Uint8Array): void | Promise<void>
}

export interface PackSummary {
  kind: PackKind
  /** Length of the pack. */
  bytes: number
  /** SHA-256 of the pack. */
  sha256: Uint8Array
  index: PackIndex
  /** Where the locator segment stands; both 0 if there is none. */
  locatorOffset: number
  locatorBytes: number
}

export interface PackWriter {
  readonly kind: PackKind
  readonly objectCount: number
  /** Raw bytes added so far. */
  readonly rawBytes: number
  has(kind: ObjectKind, id: ObjectId): boolean
  /** True if an object of that length fits for certain, however badly everything compresses. */
  hasRoom(bytes: number): boolean
  /** Adds an object; one that is there already is left out.
   *  The id is taken on trust: whoever reads the pack finds out.
   *  @param options.grouping - element width of the content, if known: 2 and 4 for arrays of such numbers
   *  @returns true if it was added
   *  @throws {ObjectLimitError} OBJECT_LIMIT if it has no room */
  add(
    kind: ObjectKind,
    id: ObjectId,
    bytes: Uint8Array,
    options?: { grouping?: FrameGrouping | undefined },
  ): Promise<boolean>
  /** Writes what is left: the last frame, the locator segment, the index, the footer.
   *  @param options.locator - gives the pieces of a segment (meta packs only); all objects have their places by then.
   *    Its length does not count towards `maxBytes`.
   *  @throws {RangeError} if the pack is empty */
  finish(options?: {
    locator?: (index: PackIndex) => Iterable<Uint8Array> | AsyncIterable<Uint8Array>
  }): Promise<PackSummary>
}

interface PendingFrame {
  parts: Uint8Array[]
  rawBytes: number
  grouping: FrameGrouping | undefined
}

export function createPackWriter(options: PackWriterOptions): PackWriter {
  const { kind: packKind, maxBytes = DEFAULT_PACK_BYTES } = options
  if (maxBytes > MAX_PACK_BYTES) throw new RangeError(`"maxBytes" expected at most ${MAX_PACK_BYTES}, got ${maxBytes}`)
  const builder = new PackIndexBuilder(packKind)
  const seen = new Set<string>()
  const hash = createSha256()
  let frame: PendingFrame = { parts: [], rawBytes: 0, grouping: undefined }
  let written = 0
  let rawBytes = 0
  let finished = false

  async function put(piece: Uint8Array): Promise<void> {
    hash.update(piece)
    written += piece.length
    await options.write(piece)
  }

  async function flushFrame(): Promise<void> {
    if (written === 0) await put(encodePackHeader(packKind))
    if (frame.parts.length === 0) return
    const raw = frame.parts.length === 1 ? frame.parts[0]! : concatBytes(...frame.parts)
    const { grouping } = frame
    frame = { parts: [], rawBytes: 0, grouping: undefined }
    const { codec, stored } = encodeFrame(raw, { grouping, tryGrouping: packKind === 'data' })
    builder.addFrame({ frameOffset: written, frameStoredBytes: stored.length, frameRawBytes: raw.length, codec })
    await put(stored)
  }

  function hasRoom(bytes: number): boolean {
    if (builder.objectCount >= MAX_PACK_OBJECTS) return false
    const body = Math.max(written, PACK_HEADER_BYTES) + frame.rawBytes + bytes
    const index = packIndexBytes(builder.objectCount + 1, builder.frameCount + 2)
    return body + index + PACK_FOOTER_BYTES <= maxBytes
  }

  return {
    kind: packKind,
    get objectCount() {
      return builder.objectCount
    },
    get rawBytes() {
      return rawBytes
    },
    has: (kind, id) => seen.has(objectKey(kind, id)),
    hasRoom,
    async add(kind, id, bytes, { grouping } = {}) {
      if (finished) throw new TypeError('the pack is finished')
      if (!packHolds(packKind, kind)) throw new TypeError(`a ${packKind} pack cannot hold a ${kind}`)
      if (bytes.length < 1 || bytes.length > MAX_OBJECT_BYTES[kind])
        throw new RangeError(`"bytes" expected 1..${MAX_OBJECT_BYTES[kind]} bytes, got ${bytes.length}`)
      const key = objectKey(kind, id)
      if (seen.has(key)) return false
      if (!hasRoom(bytes.length))
        throw new ObjectLimitError('pack bytes', written + frame.rawBytes + bytes.length, maxBytes)
      if (frame.rawBytes + bytes.length > FRAME_RAW_BYTES || (frame.parts.length > 0 && frame.grouping !== grouping))
        await flushFrame()
      builder.addObject(kind, id, frame.rawBytes, bytes.length)
      seen.add(key)
      frame.parts.push(bytes)
      frame.rawBytes += bytes.length
      frame.grouping = grouping
      rawBytes += bytes.length
      if (frame.rawBytes >= FRAME_RAW_BYTES) await flushFrame()
      return true
    },
    async finish({ locator } = {}) {
      if (finished) throw new TypeError('the pack is finished')
      if (builder.objectCount === 0) throw new RangeError('a pack has at least one object')
      finished = true
      await flushFrame()
      const index = builder.finish()
      let locatorOffset = 0
      let locatorBytes = 0
      if (locator) {
        if (packKind !== 'meta') throw new TypeError('only a meta pack has a locator segment')
        locatorOffset = written
        for await (const piece of locator(index)) await put(piece)
        locatorBytes = written - locatorOffset
        if (locatorBytes === 0) locatorOffset = 0
      }
      const encoded = index.encode()
      const footer = encodePackFooter({
        kind: packKind,
        indexOffset: written,
        indexBytes: encoded.length,
        objectCount: index.objectCount,
        frameCount: index.frameCount,
        rawBytes: index.rawBytes,
        locatorOffset,
        locatorBytes,
        indexHash: sha256(encoded),
      })
      await put(encoded)
      await put(footer)
      return {
        kind: packKind,
        bytes: written,
        sha256: new Uint8Array(hash.digest()),
        index,
        locatorOffset,
        locatorBytes,
      }
    },
  }
}
