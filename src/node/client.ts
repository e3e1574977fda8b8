/** HTTP client of one storage node.
 *
 *  It moves bytes and checks their outer shape only: length, media type, envelope. Whether a sliver, a metadata or a
 *  confirmation is true is decided by the caller, who holds the blob id. Nothing is retried here.
 *  @see walrus-protocol reference §9 (routes, envelopes, reasons) */

import { CancelledError } from '../base/errors.ts'
import type { BlobId } from '../protocol/blob-id.ts'
import type { SignedConfirmation } from '../protocol/certificate.ts'
import { parseConfirmationData } from '../protocol/envelope.ts'
import { ProtocolError } from '../protocol/errors.ts'
import type { BlobPersistence } from '../protocol/messages.ts'
import { routePath } from '../protocol/routes.ts'
import type { SliverAxis } from '../protocol/shards.ts'
import { NodeError } from './errors.ts'
import { createHttpTransport } from './http-transport.ts'
import {
  type Allocate,
  type Asked,
  isRecord,
  malformed,
  readBinary,
  readSuccess,
  refusal,
  refuseDetours,
  transportFailure,
} from './response.ts'
import { bodyLength, fetchTransport, type NodeResponse, type RequestBody } from './transport.ts'

export type StoredStatus = 'stored' | 'buffered' | 'nonexistent'

export interface NodeRequestOptions {
  signal?: AbortSignal
}

export interface NodeClientOptions {
  /** Base address without a trailing slash, e.g. `http://127.0.0.1:41000/nodes/3`. */
  url: string
  /** Time until an answer begins (default 30,000); what is sent adds to it, at the least rate. */
  timeoutMs?: number
  /** Time in which more of an answer has to come (default 10,000), at the least rate on the whole. */
  stallMs?: number
  /** Instead of Node's own HTTP; knows no pinned keys. */
  fetch?: typeof fetch
  /** Key that the node's certificate must hold: compressed secp256r1, 33 bytes. */
  tlsKey?: Uint8Array | undefined
}

export interface NodeClient {
  readonly url: string
  /** BCS of BlobMetadataWithId. */
  fetchMetadata(blobId: BlobId, maxBytes: number, options?: NodeRequestOptions): Promise<Uint8Array>
  fetchMetadataStatus(blobId: BlobId, options?: NodeRequestOptions): Promise<StoredStatus>
  /** @param metadata - BCS of BlobMetadata, without the id */
  sendMetadata(blobId: BlobId, metadata: Uint8Array, options?: NodeRequestOptions): Promise<void>
  /** BCS of SliverData.
   *  @param options.allocate - gives the memory for it (default: fresh memory) */
  fetchSliver(
    blobId: BlobId,
    pairIndex: number,
    axis: SliverAxis,
    maxBytes: number,
    options?: NodeRequestOptions & { allocate?: Allocate | undefined },
  ): Promise<Uint8Array>
  fetchSliverStatus(
    blobId: BlobId,
    pairIndex: number,
    axis: SliverAxis,
    options?: NodeRequestOptions,
  ): Promise<StoredStatus>
  /** @param sliver - BCS of SliverData, in pieces perhaps; not to be changed before this settles */
  sendSliver(
    blobId: BlobId,
    pairIndex: number,
    axis: SliverAxis,
    sliver: Uint8Array | RequestBody,
    options?: NodeRequestOptions,
  ): Promise<void>
  fetchConfirmation(
    blobId: BlobId,
    persistence: BlobPersistence,
    options?: NodeRequestOptions,
  ): Promise<SignedConfirmation>
  /** `data` of the blob status: "nonexistent" or an object with one key (`invalid`, `permanent`, `deletable`). */
  fetchBlobStatus(blobId: BlobId, options?: NodeRequestOptions): Promise<unknown>
  /** BCS of a map from target sliver index to decoding symbols; unauthenticated. */
  fetchDecodingSymbols(
    blobId: BlobId,
    targets: readonly number[],
    axis: SliverAxis,
    maxBytes: number,
    options?: NodeRequestOptions,
  ): Promise<Uint8Array>
  /** BCS of a vector of recovery symbols, each with its proof. */
  fetchRecoverySymbols(
    blobId: BlobId,
    target: number,
    axis: SliverAxis,
    maxBytes: number,
    options?: NodeRequestOptions,
  ): Promise<Uint8Array>
  fetchHealth(options?: NodeRequestOptions): Promise<Record<string, unknown>>
}

const DEFAULT_TIMEOUT_MS = 30_000
const DEFAULT_STALL_MS = 10_000
/** Slower than this is as good as not at all: a sliver of 4 MB would take more than four minutes. */
const LEAST_BYTES_PER_MS = 16
/** A timer that comes later than this shows that the process was held up, not the node. */
const LAPSE_MS = 100
const MAX_LAPSES = 3
/** A transport tells of progress at least this often. */
const SENT_AT_ONCE_BYTES = 256 * 1024
const STATUSES: ReadonlySet<string> = new Set(['stored', 'buffered', 'nonexistent'])
/** Targets in one decodingSymbols request: keeps its URL below 8 KiB. */
const MAX_DECODING_TARGETS = 256

/** @throws {TypeError} if the address is not http or https */
export function createNodeClient(options: NodeClientOptions): NodeClient {
  const { protocol } = new URL(options.url)
  if (protocol !== 'http:' && protocol !== 'https:')
    throw new TypeError(`"url" expected http or https, got ${protocol}`)
  const url = options.url.replace(/\/+$/, '')
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS
  const stallMs = options.stallMs ?? DEFAULT_STALL_MS
  const send = options.fetch ? fetchTransport(options.fetch) : createHttpTransport({ tlsKey: options.tlsKey })

  /** One exchange: sends, refuses detours and errors, reads the answer, all under one deadline. */
  async function exchange<T>(
    method: 'GET' | 'PUT',
    path: string,
    content: Uint8Array | RequestBody | undefined,
    read: (response: NodeResponse, asked: Asked) => Promise<T>,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    if (signal?.aborted) throw new CancelledError(signal.reason)
    const body = content instanceof Uint8Array ? [content] : content
    const watchdog = startWatchdog(timeoutMs, stallMs, body ? bodyLength(body) : 0)
    const asked: Asked = { url, request: `${method} ${path}`, onProgress: watchdog.progress }
    const headers: Record<string, string> = { 'accept-encoding': 'identity' }
    if (body !== undefined) headers['content-type'] = 'application/octet-stream'
    const cancel = () => watchdog.end(signal!.reason)
    signal?.addEventListener('abort', cancel, { once: true })
    try {
      const response = await send({
        method,
        url: url + path,
        headers,
        body,
        signal: watchdog.signal,
        onSent: watchdog.sent,
      })
      watchdog.progress(0)
      refuseDetours(response, asked)
      if (response.status < 200 || response.status > 299) throw await refusal(response, asked)
      return await read(response, asked)
    } catch (error) {
      if (signal?.aborted) throw new CancelledError(signal.reason)
      if (error instanceof NodeError) throw error
      throw transportFailure(watchdog.signal.aborted ? watchdog.signal.reason : error, asked, timeoutMs)
    } finally {
      signal?.removeEventListener('abort', cancel)
      watchdog.stop()
    }
  }

  const ignore = async (response: NodeResponse, asked: Asked) => void (await readSuccess(response, asked))

  return {
    url,
    fetchMetadata: (blobId, maxBytes, { signal } = {}) =>
      exchange(
        'GET',
        routePath({ $kind: 'metadata', blobId }),
        undefined,
        (r, a) => readBinary(r, maxBytes, a),
        signal,
      ),
    fetchMetadataStatus: (blobId, { signal } = {}) =>
      exchange('GET', routePath({ $kind: 'metadata-status', blobId }), undefined, readStoredStatus, signal),
    sendMetadata: (blobId, metadata, { signal } = {}) =>
      exchange('PUT', routePath({ $kind: 'metadata', blobId }), metadata, ignore, signal),
    fetchSliver: (blobId, pairIndex, axis, maxBytes, { signal, allocate } = {}) =>
      exchange(
        'GET',
        routePath({ $kind: 'sliver', blobId, pairIndex, axis }),
        undefined,
        (r, a) => readBinary(r, maxBytes, a, allocate),
        signal,
      ),
    fetchSliverStatus: (blobId, pairIndex, axis, { signal } = {}) =>
      exchange(
        'GET',
        routePath({ $kind: 'sliver-status', blobId, pairIndex, axis }),
        undefined,
        readStoredStatus,
        signal,
      ),
    sendSliver: (blobId, pairIndex, axis, sliver, { signal } = {}) =>
      exchange('PUT', routePath({ $kind: 'sliver', blobId, pairIndex, axis }), sliver, ignore, signal),
    fetchConfirmation: (blobId, persistence, { signal } = {}) =>
      exchange('GET', routePath({ $kind: 'confirmation', blobId, persistence }), undefined, readConfirmation, signal),
    fetchBlobStatus: (blobId, { signal } = {}) =>
      exchange('GET', routePath({ $kind: 'blob-status', blobId }), undefined, readSuccess, signal),
    fetchDecodingSymbols(blobId, targets, axis, maxBytes, { signal } = {}) {
      if (targets.length < 1 || targets.length > MAX_DECODING_TARGETS)
        throw new RangeError(`"targets" expected 1..${MAX_DECODING_TARGETS} indexes, got ${targets.length}`)
      const query = targets.map((index) => `targetSlivers=${index}`).join('&')
      return exchange(
        'GET',
        `${routePath({ $kind: 'decoding-symbols', blobId })}?${query}&targetType=${axis}`,
        undefined,
        (r, a) => readBinary(r, maxBytes, a),
        signal,
      )
    },
    fetchRecoverySymbols: (blobId, target, axis, maxBytes, { signal } = {}) =>
      exchange(
        'GET',
        `${routePath({ $kind: 'recovery-symbols', blobId })}?targetSliver=${target}&targetType=${axis}`,
        undefined,
        (r, a) => readBinary(r, maxBytes, a),
        signal,
      ),
    fetchHealth: ({ signal } = {}) =>
      exchange(
        'GET',
        routePath({ $kind: 'health' }),
        undefined,
        async (response, asked) => {
          const data = await readSuccess(response, asked)
          if (!isRecord(data)) throw malformed('answered with health that is no object', asked)
          return data
        },
        signal,
      ),
  }
}

interface Watchdog {
  readonly signal: AbortSignal
  /** The node has taken so many bytes of what is sent. */
  sent(bodyBytes: number): void
  /** The answer goes on: this many bytes of its body have come. */
  progress(bodyBytes: number): void
  end(reason: unknown): void
  stop(): void
}

/** Ends a request whose answer does not begin in time, that stops, or that comes or goes too slowly to be of use. */
function startWatchdog(firstMs: number, stallMs: number, bodyBytes: number): Watchdog {
  const controller = new AbortController()
  const bark = () => controller.abort(new DOMException('no progress', 'TimeoutError'))
  let begunMs: number | undefined
  let waitMs = 0
  let dueMs = 0
  let lapses = 0
  let timer: NodeJS.Timeout | undefined
  const wait = (ms: number) => {
    clearTimeout(timer)
    waitMs = ms
    dueMs = performance.now() + ms
    timer = setTimeout(look, ms)
  }
  /** Timers come before what has arrived. After a lapse of this very process (a laptop that slept, a busy machine) the
   *  answer may lie there unread: it is given a moment, a few times at most. */
  const look = () => {
    const lateMs = performance.now() - dueMs
    if (lateMs < LAPSE_MS || lapses >= MAX_LAPSES) return bark()
    lapses++
    wait(Math.min(stallMs, lateMs))
  }
  // What is sent adds to the time until the answer, at the least rate.
  wait(firstMs + bodyBytes / LEAST_BYTES_PER_MS)
  return {
    signal: controller.signal,
    sent(bytes) {
      if (begunMs !== undefined) return
      // Once all of it is with the node, only the answer is waited for.
      wait(bytes < bodyBytes ? stallMs + SENT_AT_ONCE_BYTES / LEAST_BYTES_PER_MS : firstMs)
    },
    progress(bytes) {
      const now = performance.now()
      if (begunMs === undefined) {
        begunMs = now
        return wait(stallMs)
      }
      const lateMs = now - begunMs - stallMs
      if (lateMs > 0 && bytes < lateMs * LEAST_BYTES_PER_MS) return bark()
      // Refreshed, a timer waits as long as it was made for: after a lapse that is another time.
      if (waitMs !== stallMs) return wait(stallMs)
      dueMs = now + stallMs
      timer!.refresh()
    },
    end: (reason) => controller.abort(reason),
    stop: () => clearTimeout(timer),
  }
}

/** Nodes answer in lower case; some versions wrote the names capitalised. */
async function readStoredStatus(response: NodeResponse, asked: Asked): Promise<StoredStatus> {
  const data = await readSuccess(response, asked)
  const status = typeof data === 'string' ? data.toLowerCase() : ''
  if (!STATUSES.has(status)) throw malformed('answered with an unknown storage status', asked)
  return status as StoredStatus
}

async function readConfirmation(response: NodeResponse, asked: Asked): Promise<SignedConfirmation> {
  const data = await readSuccess(response, asked)
  try {
    return parseConfirmationData(data)
  } catch (error) {
    if (error instanceof ProtocolError) throw malformed('answered with a malformed confirmation', asked)
    throw error
  }
}
