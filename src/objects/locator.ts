/** Finding and reading objects in many packs through their locator segments. Entries are hints: what is read is checked,
 *  and where an entry lies, other places of the object are tried. */

import { throwIfAborted } from '../base/abort.ts'
import { FloeError } from '../base/errors.ts'
import { LocatorCorruptError, ObjectCorruptError, ObjectMissingError } from './errors.ts'
import { CODEC_STORED } from './frame.ts'
import { createFrameCache } from './frame-cache.ts'
import type { ObjectId, ObjectKind } from './id.ts'
import type { LocatedObject, LocatorSegment } from './locator-segment.ts'
import { cutObject, readFrame, readStoredObject } from './pack-reader.ts'
import type { RangeReader, ReadObject } from './reader.ts'

export { indexSource, MAX_LIVE_SEGMENTS, mergeSegments, nameAll, planMerge } from './locator-merge.ts'
export {
  type LocatedObject,
  type LocatorSegment,
  openLocatorSegment,
  type SegmentRef,
  type SegmentSource,
  segmentBytes,
} from './locator-segment.ts'
export { type SplitMerge, splitSegments } from './locator-split.ts'

export interface Locator {
  /** Places of an object, likeliest first; later segments are asked only if the caller goes on.
   *  @throws {LocatorCorruptError} LOCATOR_CORRUPT at the end, if a segment could not be searched */
  locate(kind: ObjectKind, id: ObjectId, options?: { signal?: AbortSignal | undefined }): AsyncGenerator<LocatedObject>
}

/** @param open - opens one live segment each, newest first; called when a lookup first needs it */
export function createLocator(open: readonly (() => Promise<LocatorSegment>)[]): Locator {
  const opened: (Promise<LocatorSegment> | undefined)[] = []
  async function segmentAt(i: number): Promise<LocatorSegment> {
    const segment = (opened[i] ??= open[i]!())
    // A failure to open may pass: the next lookup tries again.
    return segment.catch((error) => {
      opened[i] = undefined
      throw error
    })
  }
  return {
    async *locate(kind, id, options = {}) {
      let corrupt: unknown
      for (let i = 0; i < open.length; i++) {
        let found: LocatedObject[]
        try {
          const segment = await segmentAt(i)
          // The filter of the oldest is not worth its read: there the object is, or nowhere.
          if (i < open.length - 1 && !(await segment.mayHave(kind, id, options))) continue
          found = await segment.find(kind, id, options)
        } catch (error) {
          if (!(error instanceof LocatorCorruptError)) throw error
          corrupt ??= error
          continue
        }
        yield* found
      }
      if (corrupt) throw corrupt
    },
  }
}

export interface ObjectReaderOptions {
  locator: Locator
  /** Bytes of a pack by blob id; asked at most once per blob as long as it succeeds. */
  openPack(blobId: Uint8Array): RangeReader | Promise<RangeReader>
  /** Raw frames kept in memory (default 64 MiB). */
  cacheBytes?: number
}

const DEFAULT_CACHE_BYTES = 64 * 1024 * 1024

/** Reads objects wherever the locator says: one range read each, none where the frame was read lately. */
export function createObjectReader(options: ObjectReaderOptions): ReadObject {
  const { locator, cacheBytes = DEFAULT_CACHE_BYTES } = options
  const frames = createFrameCache(cacheBytes)
  const packs = new Map<string, Promise<RangeReader>>()
  /** Frames on their way: readers of one frame wait for one read. */
  const pending = new Map<string, Promise<Uint8Array>>()

  async function packOf(name: string, blobId: Uint8Array): Promise<RangeReader> {
    let pack = packs.get(name)
    if (!pack) {
      pack = Promise.resolve(options.openPack(blobId))
      packs.set(name, pack)
      pack.catch(() => packs.delete(name))
    }
    return pack
  }

  async function frameOf(place: LocatedObject, signal: AbortSignal | undefined): Promise<Uint8Array> {
    const name = Buffer.from(place.blobId).toString('hex')
    // Lengths and codec belong to the key: an entry that lies about them must not spoil the frame for others.
    const key = `${name}:${place.frameOffset}:${place.frameStoredBytes}:${place.frameRawBytes}:${place.codec}`
    for (;;) {
      throwIfAborted(signal)
      const cached = frames.get(key)
      if (cached) return cached
      let reading = pending.get(key)
      const own = !reading
      if (!reading) {
        reading = packOf(name, place.blobId)
          .then((pack) => readFrame(pack, place, { signal }))
          .finally(() => pending.delete(key))
        pending.set(key, reading)
      }
      try {
        const raw = await reading
        frames.set(key, raw)
        return raw
      } catch (error) {
        // Somebody else's cancellation is not ours: then we read it ourselves.
        if (own || !(error instanceof FloeError) || error.kind !== 'cancelled') throw error
      }
    }
  }

  async function objectAt(kind: ObjectKind, id: ObjectId, place: LocatedObject, signal: AbortSignal | undefined) {
    // Nothing has to be decoded: the object's own bytes are enough, and a frame may span more rows of a blob than they do.
    if (place.codec === CODEC_STORED && place.bytes < place.frameRawBytes)
      return readStoredObject(await packOf(Buffer.from(place.blobId).toString('hex'), place.blobId), kind, id, place, {
        signal,
      })
    return cutObject(kind, id, await frameOf(place, signal), place)
  }

  return async (kind, id, { signal } = {}) => {
    let failure: unknown
    for await (const place of locator.locate(kind, id, { signal })) {
      try {
        return await objectAt(kind, id, place, signal)
      } catch (error) {
        if (!(error instanceof FloeError) || error.kind === 'cancelled') throw error
        // A pack that cannot be reached weighs more than one that lies: the object may still be there.
        if (!failure || error.kind !== 'integrity') failure = error
      }
    }
    if (!failure) throw new ObjectMissingError(kind, id)
    if (failure instanceof FloeError && failure.kind !== 'integrity') throw failure
    throw new ObjectCorruptError(kind, id, 'no place that the locator names has it', failure)
  }
}
