/** Writes a pack piece by piece, with one frame and the index records in memory.
 *  The same objects in the same order give the same bytes (with the same zstd version; ids never depend on it). */

import { createSha256, sha256 } from '../crypto/hash.ts'
import { ObjectLimitError } from './errors.ts'
import { type EncodedFrame, encodeFrame, encodeFrameAside, type FrameGrouping } from './frame.ts'
import { createCodingMemory } from './frame-coding.ts'
import { MAX_OBJECT_BYTES, type ObjectId, type ObjectKind } from './id.ts'
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
import { type PackIndex, packIndexBytes } from './pack-index.ts'
import { PackIndexBuilder } from './pack-index-builder.ts'

export interface PackWriterOptions {
  kind: PackKind
  /** Size the pack may have (default 256 MiB, at most 1 GiB). */
  maxBytes?: number
  /** Frames that may be on their way at once, compressed on other threads and written after each other (default 0: each in
   *  place); a function is asked frame by frame. `hasRoom` then asks for more room than needed until `drain`. */
  framesAside?: number | (() => number)
  /** False leaves out the SHA-256 of the whole pack, for who does not need it (default true). */
  hashed?: boolean
  /** Takes the pieces of the pack, in order. They are not changed afterwards, but with `framesAside` only until the
   *  returned promise is settled. */
  write(piece: Uint8Array): void | Promise<void>
}

export interface PackSummary {
  kind: PackKind
  /** Length of the pack. */
  bytes: number
  /** SHA-256 of the pack; not there with `hashed: false`. */
  readonly sha256: Uint8Array
  /** SHA-256 of the footer: it holds the hash of the index, and so stands for every object and the place of every frame,
   *  but not for how the frames are compressed. */
  footerSha256: Uint8Array
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
  /** Waits for frames that are being compressed; afterwards `hasRoom` is exact. */
  drain(): Promise<void>
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
  /** The same without a promise where nothing has to be written: most of a hundred thousand small objects. Errors are
   *  thrown at once. */
  append(
    kind: ObjectKind,
    id: ObjectId | Uint8Array,
    bytes: Uint8Array,
    options?: { grouping?: FrameGrouping | undefined },
  ): boolean | Promise<boolean>
  /** Writes what is left: the last frame, the locator segment, the index, the footer.
   *  @param options.locator - gives the pieces of a segment (meta packs only); all objects have their places by then.
   *    Its length does not count towards `maxBytes`.
   *  @throws {RangeError} if the pack is empty */
  finish(options?: {
    locator?: (index: PackIndex) => Iterable<Uint8Array> | AsyncIterable<Uint8Array>
  }): Promise<PackSummary>
}

interface PendingFrame {
  /** Its first `rawBytes` bytes are filled. Undefined while the frame is empty. */
  buffer: Uint8Array | undefined
  rawBytes: number
  grouping: FrameGrouping | undefined
}

const noFrame = (): PendingFrame => ({ buffer: undefined, rawBytes: 0, grouping: undefined })

export function createPackWriter(options: PackWriterOptions): PackWriter {
  const { kind: packKind, maxBytes = DEFAULT_PACK_BYTES } = options
  if (maxBytes > MAX_PACK_BYTES) throw new RangeError(`"maxBytes" expected at most ${MAX_PACK_BYTES}, got ${maxBytes}`)
  const builder = new PackIndexBuilder(packKind)
  const hash = (options.hashed ?? true) ? createSha256() : undefined
  let frame = noFrame()
  /** Buffers of frames that are written: memory that was used before is cheaper than fresh memory. */
  const free: Uint8Array[] = []
  let written = 0
  let rawBytes = 0
  let finished = false
  /** Takes the builder's place once all is known. */
  let ended: PackIndex | undefined
  const { framesAside = 0 } = options
  const limitAside = () => (typeof framesAside === 'number' ? framesAside : framesAside())
  /** Frames on their way, oldest first: each is done when it is written, after those before it. */
  const aside: Promise<void>[] = []
  /** Their raw lengths together. */
  let asideBytes = 0
  const memory = createCodingMemory()

  async function put(piece: Uint8Array): Promise<void> {
    hash?.update(piece)
    written += piece.length
    await options.write(piece)
  }

  async function flushFrame(): Promise<void> {
    if (written === 0) await put(encodePackHeader(packKind))
    const { buffer, rawBytes: frameBytes, grouping } = frame
    if (!buffer) return
    const raw = buffer.subarray(0, frameBytes)
    frame = noFrame()
    const coding = { grouping, tryGrouping: packKind === 'data', memory }
    builder.endFrame()
    const limit = limitAside()
    if (limit === 0) {
      await drain()
      return putFrame(raw, buffer, encodeFrame(raw, coding))
    }
    const done = putAfter(aside.at(-1), raw, buffer, encodeFrameAside(raw, coding))
    // Whoever waits for it is told.
    done.catch(() => {})
    aside.push(done)
    asideBytes += raw.length
    while (aside.length > limit) await aside[0]
  }

  async function putFrame(raw: Uint8Array, buffer: Uint8Array, { codec, stored }: EncodedFrame): Promise<void> {
    builder.addFrame({ frameOffset: written, frameStoredBytes: stored.length, frameRawBytes: raw.length, codec })
    await put(stored)
    if (buffer.length === FRAME_RAW_BYTES && (framesAside !== 0 || stored !== raw)) free.push(buffer)
  }

  async function putAfter(
    before: Promise<void> | undefined,
    raw: Uint8Array,
    buffer: Uint8Array,
    encoding: EncodedFrame | Promise<EncodedFrame>,
  ): Promise<void> {
    // If another fails first, this one has nobody to tell.
    if (encoding instanceof Promise) encoding.catch(() => {})
    await before
    await putFrame(raw, buffer, await encoding)
    aside.shift()
    asideBytes -= raw.length
  }

  async function drain(): Promise<void> {
    while (aside.length > 0) await aside[0]
  }

  function hasRoom(bytes: number): boolean {
    if (builder.objectCount >= MAX_PACK_OBJECTS) return false
    const body = Math.max(written, PACK_HEADER_BYTES) + asideBytes + frame.rawBytes + bytes
    const index = packIndexBytes(builder.objectCount + 1, builder.frameCount + aside.length + 2)
    return body + index + PACK_FOOTER_BYTES <= maxBytes
  }

  const append: PackWriter['append'] = (kind, id, bytes, { grouping } = {}) => {
    if (finished) throw new TypeError('the pack is finished')
    if (!packHolds(packKind, kind)) throw new TypeError(`a ${packKind} pack cannot hold a ${kind}`)
    if (bytes.length < 1 || bytes.length > MAX_OBJECT_BYTES[kind])
      throw new RangeError(`"bytes" expected 1..${MAX_OBJECT_BYTES[kind]} bytes, got ${bytes.length}`)
    if (builder.has(kind, id)) return false
    if (!hasRoom(bytes.length))
      throw new ObjectLimitError('pack bytes', written + frame.rawBytes + bytes.length, maxBytes)
    const take = () => {
      builder.addObject(kind, id, frame.rawBytes, bytes.length)
      // A large object is a frame of its own and need not be copied.
      if (bytes.length > FRAME_RAW_BYTES) frame.buffer = bytes
      else {
        frame.buffer ??= free.pop() ?? new Uint8Array(FRAME_RAW_BYTES)
        frame.buffer.set(bytes, frame.rawBytes)
      }
      frame.rawBytes += bytes.length
      frame.grouping = grouping
      rawBytes += bytes.length
      return frame.rawBytes >= FRAME_RAW_BYTES ? flushFrame().then(() => true) : true
    }
    const isFull = frame.rawBytes + bytes.length > FRAME_RAW_BYTES
    if (isFull || (frame.buffer && frame.grouping !== grouping)) return flushFrame().then(take)
    return take()
  }

  return {
    kind: packKind,
    get objectCount() {
      return builder.objectCount
    },
    get rawBytes() {
      return rawBytes
    },
    has: (kind, id) => packHolds(packKind, kind) && (ended ?? builder).has(kind, id),
    hasRoom,
    drain,
    append,
    add: async (kind, id, bytes, options) => append(kind, id, bytes, options),
    async finish({ locator } = {}) {
      if (finished) throw new TypeError('the pack is finished')
      if (builder.objectCount === 0) throw new RangeError('a pack has at least one object')
      finished = true
      await flushFrame()
      await drain()
      const index = builder.finish()
      ended = index
      let locatorOffset = 0
      let locatorBytes = 0
      if (locator) {
        if (packKind !== 'meta') throw new TypeError('only a meta pack has a locator segment')
        locatorOffset = written
        for await (const piece of locator(index)) await put(piece)
        locatorBytes = written - locatorOffset
        if (locatorBytes === 0) locatorOffset = 0
      }
      const pieces = index.encodePieces()
      const indexHash = createSha256()
      for (const piece of pieces) indexHash.update(piece)
      const footer = encodePackFooter({
        kind: packKind,
        indexOffset: written,
        indexBytes: pieces.reduce((sum, piece) => sum + piece.length, 0),
        objectCount: index.objectCount,
        frameCount: index.frameCount,
        rawBytes: index.rawBytes,
        locatorOffset,
        locatorBytes,
        indexHash: new Uint8Array(indexHash.digest()),
      })
      for (const piece of pieces) await put(piece)
      await put(footer)
      const digest = hash && new Uint8Array(hash.digest())
      return {
        kind: packKind,
        bytes: written,
        get sha256() {
          if (!digest) throw new TypeError('the pack was not hashed')
          return digest
        },
        footerSha256: sha256(footer),
        index,
        locatorOffset,
        locatorBytes,
      }
    },
  }
}
