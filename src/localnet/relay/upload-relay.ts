/** An upload relay for the local network: takes a registered blob as it is, encodes it, brings it to the nodes and
 *  answers with the certificate. It asks for no tip, keeps nothing, and is trusted by nobody: who certifies the blob
 *  checks what it answers. @see walrus-protocol reference §13 */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { toHex } from '../../base/bytes.ts'
import { mapLimited } from '../../base/limit.ts'
import { blsAggregateSignatures } from '../../crypto/bls.ts'
import type { EncodedBlob, ErasureCoder } from '../../erasure/api.ts'
import { type BlobId, blobIdText, parseBlobId } from '../../protocol/blob-id.ts'
import { parseConfirmationData, parseEnvelope } from '../../protocol/envelope.ts'
import { maxBlobBytes } from '../../protocol/limits.ts'
import { type BlobPersistence, encodeMessage } from '../../protocol/messages.ts'
import { encodeMetadata } from '../../protocol/metadata.ts'
import { isQuorum } from '../../protocol/quorum.ts'
import { routePath } from '../../protocol/routes.ts'
import { pairOnShard, sliverOfPair } from '../../protocol/shards.ts'
import { encodeSliver } from '../../protocol/sliver.ts'
import type { LocalNetworkInfo, LocalNodeInfo } from '../info.ts'

export interface UploadRelayOptions {
  /** The network as it is at each request: nodes come and go, epochs end. */
  network(): LocalNetworkInfo
  coder: ErasureCoder
  /** Default: any free one. */
  port?: number
}

export interface LocalService extends AsyncDisposable {
  /** `http://127.0.0.1:port` */
  readonly url: string
  close(): Promise<void>
}

const HOST = '127.0.0.1'
/** What deployed relays take at most. */
const MAX_BODY_BYTES = 2 ** 30
const SLIVER_CONCURRENCY = 8
const REQUEST_TIMEOUT_MS = 30_000
/** A node may hear of a registration a little later than the relay does. */
const MAX_REGISTRATION_TRIES = 10
const REGISTRATION_WAIT_MS = 200
const QUERY_KEYS: ReadonlySet<string> = new Set(['blob_id', 'nonce', 'tx_id', 'deletable_blob_object', 'encoding_type'])
const OBJECT_ID = /^0x([0-9a-fA-F]{64})$/

/** Errors are plain text, as those of deployed relays. */
class RelayRefusal extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

export async function startUploadRelay(options: UploadRelayOptions): Promise<LocalService> {
  const server = createServer((request, response) => {
    answer(options, request, response).catch((error: unknown) => {
      const { status, message } = error instanceof RelayRefusal ? error : new RelayRefusal(500, 'internal client error')
      if (response.headersSent) return void response.destroy()
      response.writeHead(status, { 'content-type': 'text/plain', connection: 'close' }).end(message)
    })
  })
  return listen(server, options.port ?? 0)
}

/** A server on this machine as a service. */
export async function listen(server: ReturnType<typeof createServer>, port: number): Promise<LocalService> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, HOST, resolve)
  })
  const close = async () => {
    server.closeAllConnections()
    await new Promise<void>((resolve) => server.close(() => resolve()))
  }
  return {
    url: `http://${HOST}:${(server.address() as AddressInfo).port}`,
    close,
    [Symbol.asyncDispose]: close,
  }
}

async function answer(options: UploadRelayOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://relay')
  if (request.method === 'GET' && pathname === '/v1/tip-config')
    return void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify('no_tip'))
  if (request.method !== 'POST' || pathname !== '/v1/blob-upload-relay') throw new RelayRefusal(404, 'not found')
  for (const key of searchParams.keys()) if (!QUERY_KEYS.has(key)) throw new RelayRefusal(400, `unknown field "${key}"`)
  const network = options.network()
  const blobId = wantedBlob(searchParams.get('blob_id'))
  const persistence = wantedPersistence(searchParams.get('deletable_blob_object'))
  const bytes = await readBody(request, Math.min(MAX_BODY_BYTES, maxBlobBytes(network.shardCount)))
  using blob = await options.coder.encodeBlob(network.shardCount, bytes)
  if (!Buffer.from(blob.blobId).equals(blobId)) throw new RelayRefusal(400, 'blob id mismatch')
  const certificate = await store(network, blob, persistence)
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(
    JSON.stringify({
      blob_id: [...blobId],
      confirmation_certificate: {
        signers: certificate.signers,
        serialized_message: [...certificate.message],
        signature: Buffer.from(certificate.signature).toString('base64'),
      },
    }),
  )
}

function wantedBlob(text: string | null): BlobId {
  try {
    return parseBlobId(text ?? '')
  } catch {
    throw new RelayRefusal(400, 'blob_id is missing or malformed')
  }
}

function wantedPersistence(text: string | null): BlobPersistence {
  if (text === null) return { $kind: 'permanent' }
  const hex = OBJECT_ID.exec(text)?.[1]
  if (hex === undefined) throw new RelayRefusal(400, 'deletable_blob_object is malformed')
  return { $kind: 'deletable', objectId: Uint8Array.from(Buffer.from(hex, 'hex')) }
}

async function readBody(request: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  const parts: Buffer[] = []
  let total = 0
  for await (const part of request as AsyncIterable<Buffer>) {
    total += part.length
    if (total > maxBytes) throw new RelayRefusal(413, 'the blob is too large')
    parts.push(part)
  }
  return Buffer.concat(parts)
}

interface RelayCertificate {
  signers: number[]
  message: Uint8Array
  signature: Uint8Array
}

async function store(
  network: LocalNetworkInfo,
  blob: EncodedBlob,
  persistence: BlobPersistence,
): Promise<RelayCertificate> {
  const message = encodeMessage({
    $kind: 'blob-certificate',
    epoch: network.epoch,
    blobId: blob.blobId,
    persistence,
  })
  // Members of the committee on chain stand in order of their node ids.
  const members = network.nodes.toSorted((a, b) => (a.nodeId < b.nodeId ? -1 : 1))
  const signatures = await Promise.all(
    members.map((node) => storeOnNode(node, blob, persistence, message).catch(() => null)),
  )
  const signers = signatures.flatMap((signature, position) => (signature ? [position] : []))
  const weight = signers.reduce((sum, position) => sum + members[position]!.shards.length, 0)
  if (!isQuorum(weight, network.shardCount)) throw new RelayRefusal(500, 'internal client error')
  return { signers, message, signature: blsAggregateSignatures(signatures.filter((signature) => signature !== null)) }
}

/** @returns the node's signature of the message */
async function storeOnNode(
  node: LocalNodeInfo,
  blob: EncodedBlob,
  persistence: BlobPersistence,
  message: Uint8Array,
): Promise<Uint8Array> {
  const { blobId, params } = blob
  await put(node, routePath({ $kind: 'metadata', blobId }), encodeMetadata(blob.metadata))
  const slivers = node.shards.flatMap((shard) => {
    const pairIndex = pairOnShard(blobId, shard, params.shardCount)
    return (['primary', 'secondary'] as const).map((axis) => ({ pairIndex, axis }))
  })
  await mapLimited(slivers, SLIVER_CONCURRENCY, ({ pairIndex, axis }) => {
    const sliver = blob.sliver(axis, sliverOfPair(axis, pairIndex, params.shardCount))
    return put(node, routePath({ $kind: 'sliver', blobId, pairIndex, axis }), encodeSliver(sliver))
  })
  const response = await fetch(node.url + routePath({ $kind: 'confirmation', blobId, persistence }), {
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  })
  const envelope = parseEnvelope(await response.text())
  if (envelope.$kind !== 'success') throw new Error('no confirmation')
  const confirmation = parseConfirmationData(envelope.data)
  if (!Buffer.from(confirmation.message).equals(message))
    throw new Error(`${node.name} confirms ${toHex(confirmation.message)} instead of ${blobIdText(blobId)}`)
  return confirmation.signature
}

async function put(node: LocalNodeInfo, path: string, body: Uint8Array): Promise<void> {
  for (let tries = 1; ; tries++) {
    const response = await fetch(node.url + path, {
      method: 'PUT',
      headers: { 'content-type': 'application/octet-stream' },
      body: body as Uint8Array<ArrayBuffer>,
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    })
    const text = await response.text()
    if (response.ok) return
    if (!text.includes('NOT_REGISTERED') || tries >= MAX_REGISTRATION_TRIES)
      throw new Error(`${node.name} refused ${path}: ${response.status}`)
    await new Promise((resolve) => setTimeout(resolve, REGISTRATION_WAIT_MS))
  }
}
