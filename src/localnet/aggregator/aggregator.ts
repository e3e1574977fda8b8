/** An aggregator for the local network: serves whole blobs and ranges of them over plain HTTP.
 *  @see walrus-protocol reference §14 */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { ErasureCoder } from '../../erasure/api.ts'
import { type BlobId, blobIdText, parseBlobId } from '../../protocol/blob-id.ts'
import { primarySourceCount, SLIVER_BODY_SLACK_BYTES } from '../../protocol/limits.ts'
import { type BlobMetadata, metadataWireBytes, parseMetadataWithId, verifyMetadata } from '../../protocol/metadata.ts'
import { routePath } from '../../protocol/routes.ts'
import { pairOfSliver, shardOfPair } from '../../protocol/shards.ts'
import { parseSliver, type SliverData, sliverBytes } from '../../protocol/sliver.ts'
import type { LocalNetworkInfo } from '../info.ts'
import { type LocalService, listen } from '../relay/upload-relay.ts'

export interface AggregatorOptions {
  network(): LocalNetworkInfo
  coder: ErasureCoder
  /** Default: any free one. */
  port?: number
  /** Blobs kept in memory, in bytes (default 256 MiB). */
  cacheBytes?: number
}

const DEFAULT_CACHE_BYTES = 256 * 1024 * 1024
const REQUEST_TIMEOUT_MS = 30_000
const ROUTE = /^\/v1\/blobs\/([A-Za-z0-9_-]{43})(\/byte-range)?$/
const RANGE = /^bytes=(\d{1,15})-(\d{1,15})$/
const CONSISTENCY_KEYS: ReadonlySet<string> = new Set(['strict_consistency_check', 'skip_consistency_check'])
const DOMAIN = 'daemon.walrus.space'

class AggregatorRefusal extends Error {
  readonly status: number
  readonly reason: string
  constructor(status: number, reason: string) {
    super(reason)
    this.status = status
    this.reason = reason
  }
}

export async function startAggregator(options: AggregatorOptions): Promise<LocalService> {
  const blobs = new Map<string, Uint8Array>()
  const load = async (blobId: BlobId): Promise<Uint8Array> => {
    const key = blobIdText(blobId)
    const known = blobs.get(key)
    blobs.delete(key)
    const blob = known ?? (await readBlob(options, blobId))
    blobs.set(key, blob)
    let held = [...blobs.values()].reduce((sum, { length }) => sum + length, 0)
    for (const [oldest, { length }] of blobs) {
      if (held <= (options.cacheBytes ?? DEFAULT_CACHE_BYTES)) break
      blobs.delete(oldest)
      held -= length
    }
    return blob
  }
  const server = createServer((request, response) => {
    answer(load, request, response).catch((error: unknown) => {
      const { status, reason } = error instanceof AggregatorRefusal ? error : new AggregatorRefusal(500, 'INTERNAL')
      if (response.headersSent) return void response.destroy()
      const details = [{ '@type': 'ErrorInfo', reason, domain: DOMAIN, metadata: {} }]
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ error: { code: status, status: reason, message: reason, details } }))
    })
  })
  return listen(server, options.port ?? 0)
}

async function answer(
  load: (blobId: BlobId) => Promise<Uint8Array>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://aggregator')
  if (request.method === 'GET' && pathname === '/status') return void response.writeHead(200).end('OK')
  const match = ROUTE.exec(pathname)
  if (!match || (request.method !== 'GET' && request.method !== 'HEAD')) throw new AggregatorRefusal(404, 'NOT_FOUND')
  const isByteRange = match[2] !== undefined
  for (const key of searchParams.keys())
    if (!(isByteRange ? key === 'start' || key === 'length' : CONSISTENCY_KEYS.has(key)))
      throw new AggregatorRefusal(400, 'UNKNOWN_QUERY')
  const blobId = parseBlobId(match[1]!)
  const blob = await load(blobId)
  const headers = {
    'content-type': 'application/octet-stream',
    'cache-control': 'public, max-age=86400, stale-while-revalidate=3600',
    'x-content-type-options': 'nosniff',
    etag: blobIdText(blobId),
  }
  if (isByteRange) {
    const [start, length] = [Number(searchParams.get('start')), Number(searchParams.get('length'))]
    if (!Number.isSafeInteger(start) || !Number.isSafeInteger(length) || start < 0 || length < 1)
      throw new AggregatorRefusal(400, 'INVALID_BYTE_RANGE')
    if (start + length > blob.length) throw new AggregatorRefusal(400, 'INVALID_BYTE_RANGE')
    return send(response, 200, headers, blob.subarray(start, start + length))
  }
  const { range } = request.headers
  if (range === undefined) return send(response, 200, headers, blob)
  const ends = RANGE.exec(range)
  const [first, last] = [Number(ends?.[1]), Number(ends?.[2])]
  // One range, both ends, and none of it behind the blob: nothing is clamped.
  if (!ends || first > last || last >= blob.length) throw new AggregatorRefusal(416, 'RANGE_NOT_SATISFIABLE')
  const contentRange = { 'content-range': `bytes ${first}-${last}/${blob.length}` }
  send(response, 206, { ...headers, ...contentRange }, blob.subarray(first, last + 1))
}

function send(response: ServerResponse, status: number, headers: Record<string, string>, body: Uint8Array): void {
  response.writeHead(status, { ...headers, 'content-length': body.length })
  response.end(body)
}

/** Any kp primary slivers, the systematic ones first; each is verified. */
async function readBlob({ network, coder }: AggregatorOptions, blobId: BlobId): Promise<Uint8Array> {
  const info = network()
  const { shardCount } = info
  const metadata = await readMetadata(info, blobId)
  const needed = primarySourceCount(shardCount)
  const maxBytes = sliverBytes('primary', shardCount, metadata.blobBytes) + SLIVER_BODY_SLACK_BYTES
  const slivers: SliverData[] = []
  for (let index = 0; index < shardCount && slivers.length < needed; index++) {
    const pairIndex = pairOfSliver('primary', index, shardCount)
    const shard = shardOfPair(blobId, pairIndex, shardCount)
    const node = info.nodes.find(({ shards }) => shards.includes(shard))
    if (!node?.running) continue
    const body = await get(node.url + routePath({ $kind: 'sliver', blobId, pairIndex, axis: 'primary' }), maxBytes)
    if (!body) continue
    try {
      const sliver = { ...parseSliver(body, shardCount), index }
      await coder.verifySliver(metadata, 'primary', sliver)
      slivers.push(sliver)
    } catch {
      // A node that lies: others have enough.
    }
  }
  if (slivers.length < needed) throw new AggregatorRefusal(503, 'BLOB_UNAVAILABLE')
  return coder.decodeBlob(metadata, 'primary', slivers, { verified: true })
}

async function readMetadata(info: LocalNetworkInfo, blobId: BlobId): Promise<BlobMetadata> {
  for (const node of info.nodes) {
    const maxBytes = metadataWireBytes(info.shardCount) + SLIVER_BODY_SLACK_BYTES
    const body = node.running ? await get(node.url + routePath({ $kind: 'metadata', blobId }), maxBytes) : null
    if (!body) continue
    try {
      const { metadata } = parseMetadataWithId(body)
      verifyMetadata(metadata, blobId, info.shardCount)
      return metadata
    } catch {
      // Another node may tell the truth.
    }
  }
  throw new AggregatorRefusal(404, 'BLOB_NOT_FOUND')
}

async function get(url: string, maxBytes: number): Promise<Uint8Array | null> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS), redirect: 'error' })
    if (!response.ok || Number(response.headers.get('content-length') ?? 0) > maxBytes) return null
    const bytes = new Uint8Array(await response.arrayBuffer())
    return bytes.length > maxBytes ? null : bytes
  } catch {
    return null
  }
}
