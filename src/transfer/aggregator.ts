/** Reading blobs through an aggregator instead of storage nodes: ranges over plain HTTP, for thin clients.
 *
 *  An aggregator proves nothing, so nothing is believed: whoever reads checks each object against its id, and a pack's
 *  index against its footer. A lie is an integrity error, never a wrong byte. @see walrus-protocol reference §14 */

import { linkSignals } from '../base/abort.ts'
import { CancelledError } from '../base/errors.ts'
import type { RangeReader } from '../objects/reader.ts'
import { type BlobId, blobIdText } from '../protocol/blob-id.ts'
import type { RowCache } from './blob-range.ts'
import { TransferError } from './errors.ts'

export interface AggregatorBlobOptions {
  cache: RowCache
  /** Largest blob of the network: a longer one is a lie. */
  maxBlobBytes: number
  onBytes?: ((bytes: number) => void) | undefined
  signal?: AbortSignal | undefined
  fetch?: typeof fetch | undefined
}

/** Read at a time: objects of a frame stand together. */
const BLOCK_BYTES = 1024 * 1024
const TIMEOUT_MS = 60_000
const MAX_TRIES = 3
const RETRY_MS = 300
const CONTENT_RANGE = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})$/

/** @param aggregator - base address
 *  @throws {TransferError} AGGREGATOR_REFUSED, AGGREGATOR_UNREACHABLE, AGGREGATOR_MALFORMED, BLOB_NOT_FOUND */
export async function openAggregatorBlob(
  aggregator: string,
  blobId: BlobId,
  options: AggregatorBlobOptions,
): Promise<RangeReader> {
  const { cache, maxBlobBytes } = options
  const base = aggregator.replace(/\/+$/, '')
  const url = `${base}/v1/blobs/${blobIdText(blobId)}`
  const { total } = await fetchRange(base, url, 0, 0, options)
  if (total > maxBlobBytes) throw malformed(base, url, `a blob of ${total} bytes, more than the network takes`)
  const block = (index: number) =>
    cache.get(`${url}:${index}`, async () => {
      const from = index * BLOCK_BYTES
      const to = Math.min(total, from + BLOCK_BYTES) - 1
      const { bytes, total: now } = await fetchRange(base, url, from, to, options)
      if (now !== total) throw malformed(base, url, 'two lengths of one blob')
      options.onBytes?.(bytes.length)
      return bytes
    })
  return {
    bytes: total,
    async read(offset, length) {
      if (
        !Number.isSafeInteger(offset) ||
        !Number.isSafeInteger(length) ||
        offset < 0 ||
        length < 0 ||
        offset + length > total
      )
        throw new RangeError(`"offset", "length" expected within ${total} bytes, got ${offset}, ${length}`)
      const into = new Uint8Array(length)
      for (let at = offset; at < offset + length; ) {
        const index = Math.floor(at / BLOCK_BYTES)
        const bytes = await block(index)
        const from = at - index * BLOCK_BYTES
        const part = bytes.subarray(from, Math.min(bytes.length, from + offset + length - at))
        into.set(part, at - offset)
        at += part.length
      }
      return into
    },
  }
}

interface Ranged {
  bytes: Uint8Array
  /** Length of the whole blob. */
  total: number
}

/** Bytes `first` to `last`, both included, tried again if the aggregator is overloaded or cannot be reached. */
async function fetchRange(
  base: string,
  url: string,
  first: number,
  last: number,
  options: AggregatorBlobOptions,
): Promise<Ranged> {
  for (let tries = 1; ; tries++) {
    try {
      return await fetchOnce(base, url, first, last, options)
    } catch (error) {
      if (!(error instanceof TransferError) || !error.retryable || tries >= MAX_TRIES) throw error
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS * tries))
    }
  }
}

async function fetchOnce(
  base: string,
  url: string,
  first: number,
  last: number,
  { signal, ...options }: AggregatorBlobOptions,
): Promise<Ranged> {
  using until = linkSignals([signal], { timeoutMs: TIMEOUT_MS })
  try {
    const response = await (options.fetch ?? fetch)(url, {
      headers: { range: `bytes=${first}-${last}`, 'accept-encoding': 'identity' },
      redirect: 'manual',
      signal: until.signal,
    })
    if (response.status !== 206) {
      await response.body?.cancel()
      throw refused(base, url, response.status)
    }
    const match = CONTENT_RANGE.exec(response.headers.get('content-range') ?? '')
    if (!match || Number(match[1]) !== first || Number(match[2]) !== last || Number(match[3]) <= last)
      throw malformed(base, url, 'another range than was asked for')
    const bytes = new Uint8Array(last - first + 1)
    let at = 0
    for await (const part of response.body ?? []) {
      if (at + part.length > bytes.length) throw malformed(base, url, 'more bytes than were asked for')
      bytes.set(part, at)
      at += part.length
    }
    if (at < bytes.length) throw malformed(base, url, 'fewer bytes than were asked for')
    return { bytes, total: Number(match[3]) }
  } catch (cause) {
    if (signal?.aborted) throw new CancelledError(signal.reason)
    if (cause instanceof TransferError) throw cause
    throw new TransferError('AGGREGATOR_UNREACHABLE', `the aggregator ${base} gave no full answer`, {
      data: { aggregator: base, url },
      hints: ['Try again, or without --aggregator'],
      retryable: true,
      cause,
    })
  }
}

function refused(base: string, url: string, status: number): TransferError {
  if (status === 404)
    return new TransferError('BLOB_NOT_FOUND', `the aggregator ${base} does not know the blob`, {
      data: { aggregator: base, url },
      hints: ['Try without --aggregator: it may remember that there was no such blob'],
    })
  return new TransferError('AGGREGATOR_REFUSED', `the aggregator ${base} answered ${status}`, {
    data: { aggregator: base, url, status },
    hints: ['Try again, or without --aggregator'],
    retryable: status === 429 || status >= 500,
  })
}

function malformed(base: string, url: string, what: string): TransferError {
  return new TransferError('AGGREGATOR_MALFORMED', `the aggregator ${base} sent ${what}`, {
    data: { aggregator: base, url },
    hints: ['Try without --aggregator'],
  })
}
