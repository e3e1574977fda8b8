/** Objects of a remote repository, wherever in its packs they are: locator segments say where, rows of blobs are fetched,
 *  frames decoded, and every object is hashed before anyone sees it. */

import type { FloeError } from '../base/errors.ts'
import type { ErasureCoder } from '../erasure/api.ts'
import { LocatorCorruptError, ObjectCorruptError, ObjectMissingError, PackCorruptError } from '../objects/errors.ts'
import { createFrameCache } from '../objects/frame-cache.ts'
import type { ObjectId, ObjectKind } from '../objects/id.ts'
import {
  createLocator,
  createObjectReader,
  type Locator,
  type LocatorSegment,
  openLocatorSegment,
} from '../objects/locator.ts'
import type { RangeReader, ReadObject } from '../objects/reader.ts'
import { blobIdText } from '../protocol/blob-id.ts'
import { openAggregatorBlob } from './aggregator.ts'
import { blobRangeReader, createRowCache, type RowCache } from './blob-range.ts'
import type { Committee } from './committee.ts'
import { TransferError, TransferIntegrityError } from './errors.ts'
import { createLastingBlobs, type RenewCommittee } from './lasting-blob.ts'

/** A segment as the push log names it, with the blob of its pack. */
export interface SegmentPlace {
  /** 32 bytes. */
  blobId: Uint8Array
  offset: number
  bytes: number
}

export interface RemoteObjects {
  readonly read: ReadObject
  /** A pack as a whole, for its index or a full check. */
  openPack(blobId: Uint8Array): Promise<RangeReader>
  openSegment(place: SegmentPlace): Promise<LocatorSegment>
  /** What the locator searches, newest first. */
  readonly segments: readonly SegmentPlace[]
  readonly locator: Locator
  /** Bytes taken from storage nodes so far. */
  readonly downloadedBytes: number
}

export interface RemoteObjectsOptions {
  signal?: AbortSignal | undefined
  onBytes?: ((downloadedBytes: number) => void) | undefined
  /** Rows kept in memory. */
  rowCache?: RowCache
  /** Base address of an aggregator that is read from instead of the storage nodes. */
  aggregator?: string | undefined
  fetch?: typeof fetch | undefined
  /** Asked when a blob cannot be read (default: it is the nodes' fault). */
  renewCommittee?: RenewCommittee | undefined
  /** Asked when the storage nodes do not know a blob: says why, if the chain tells. */
  explainMissing?: ((blobId: Uint8Array) => Promise<Error | null>) | undefined
}

/** Whole blobs kept that had to be decoded because nodes are down. */
const DECODED_CACHE_BYTES = 64 * 1024 * 1024

/** @param segments - live segments, newest first */
export function createRemoteObjects(
  committee: Committee,
  coder: ErasureCoder,
  segments: readonly SegmentPlace[],
  options: RemoteObjectsOptions = {},
): RemoteObjects {
  const rows = options.rowCache ?? createRowCache()
  const decoded = createFrameCache(DECODED_CACHE_BYTES)
  const openBlob = createLastingBlobs(committee, coder, options.renewCommittee ?? (async (same) => same))
  const packs = new Map<string, Promise<RangeReader>>()
  let downloadedBytes = 0
  const onBytes = (bytes: number) => {
    downloadedBytes += bytes
    options.onBytes?.(downloadedBytes)
  }

  async function openSource(blobId: Uint8Array, key: string): Promise<RangeReader> {
    const { signal, aggregator } = options
    if (aggregator !== undefined) {
      const { maxBlobBytes } = committee.state
      return openAggregatorBlob(aggregator, blobId, {
        cache: rows,
        maxBlobBytes,
        onBytes,
        signal,
        fetch: options.fetch,
      })
    }
    return blobRangeReader(await openBlob(blobId, { signal, onBytes, decoded }), key, rows)
  }

  function openPack(blobId: Uint8Array): Promise<RangeReader> {
    const key = blobIdText(blobId)
    let pack = packs.get(key)
    if (!pack) {
      pack = openSource(blobId, key).catch(async (error) => {
        const forgotten = error instanceof TransferError && error.code === 'BLOB_NOT_FOUND'
        throw (forgotten && (await options.explainMissing?.(blobId))) || error
      })
      packs.set(key, pack)
      pack.catch(() => packs.delete(key))
    }
    return pack
  }

  // Segments and objects that come from an aggregator prove what they hold, but not who is to blame if they do not.
  const disputed = (error: unknown) => {
    throw options.aggregator === undefined ? error : withAggregator(error, options.aggregator)
  }

  async function openSegment(place: SegmentPlace): Promise<LocatorSegment> {
    return openLocatorSegment(await openPack(place.blobId), place, { signal: options.signal })
  }

  const locator = createLocator(segments.map((place) => () => openSegment(place)))
  const read = createObjectReader({ locator, openPack })
  return {
    read: (kind, id, readOptions) => read(kind, id, readOptions).catch(disputed),
    openPack,
    openSegment,
    segments,
    locator,
    get downloadedBytes() {
      return downloadedBytes
    },
  }
}

/** Who pushed the packs may be at fault, or the aggregator: what nodes send is checked against the blob id, and tells. */
function withAggregator(error: unknown, aggregator: string): unknown {
  const hints = ['Try without --aggregator: if that works, the aggregator lied']
  if (isFalse(error))
    return new TransferIntegrityError(
      'AGGREGATOR_DISPUTED',
      `what the aggregator ${aggregator} sent is not what it has to be: ${error.message}`,
      { data: { aggregator }, hints, cause: error },
    )
  if (!(error instanceof ObjectMissingError)) return error
  const { objectKind, id } = error.data as { objectKind: ObjectKind; id: ObjectId }
  return new ObjectMissingError(objectKind, id, {
    message: error.message,
    data: { ...error.data, aggregator },
    hints: [...error.hints, ...hints],
  })
}

/** Bytes are not what they have to be; not, that there are none. */
function isFalse(error: unknown): error is FloeError {
  if (error instanceof LocatorCorruptError || error instanceof PackCorruptError) return true
  return error instanceof ObjectCorruptError && (error.cause === undefined || isFalse(error.cause))
}
