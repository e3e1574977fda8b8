/** PUT metadata and PUT sliver. Everything is checked before it is stored, so a node never signs for bytes that are not
 *  the blob's. Writes are idempotent. */

import type { IncomingMessage } from 'node:http'
import { equalBytes } from '../../base/bytes.ts'
import { IntegrityError } from '../../base/errors.ts'
import { type BlobId, blobIdText } from '../../protocol/blob-id.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import { maxSliverBodyBytes } from '../../protocol/limits.ts'
import { parseMetadata, verifyMetadata } from '../../protocol/metadata.ts'
import { type SliverAxis, sliverOfPair } from '../../protocol/shards.ts'
import { assertSliverShape, parseSliver } from '../../protocol/sliver.ts'
import { type Answer, answerData } from './answer.ts'
import type { StoredBlob } from './blob-store.ts'
import { announcedBytes, readBody, readBodyInto } from './body.ts'
import { assertOwnPair, assertRegistered, type NodeContext } from './node-context.ts'
import { NodeRefusal, PlainRefusal } from './refusal.ts'

/** The framework default upstream. */
const MAX_METADATA_BODY_BYTES = 2 * 1024 * 1024
/** Position of the encoding type in a metadata body. */
const ENCODING_TYPE_AT = 1
const ENCODING_REDSTUFF_RAPTORQ = 0

/** Upstream refuses what its query parser does not know, and buffers unregistered uploads only where the operator
 *  turned that on; here it is off, which clients are told as a full cache. */
function assertUploadQuery(node: NodeContext, blobId: BlobId, query: URLSearchParams): void {
  for (const [key, value] of query)
    if (key !== 'pending' || !/^(true|false)$/.test(value))
      throw new PlainRefusal(400, `unknown query parameter "${key.slice(0, 40)}"`)
  try {
    assertRegistered(node, blobId)
  } catch (error) {
    if (query.get('pending') !== 'true' || !(error instanceof NodeRefusal) || error.reason !== 'NOT_REGISTERED')
      throw error
    throw new NodeRefusal('CACHE_SATURATED', 'uploads before registration are not buffered here')
  }
}

function assertBinary(request: IncomingMessage): void {
  const type = request.headers['content-type']
  if (type !== undefined && type.split(';')[0]!.trim().toLowerCase() !== 'application/octet-stream')
    throw new NodeRefusal('INVALID_CONTENT_TYPE', 'the body must be application/octet-stream')
}

export async function putMetadata(
  node: NodeContext,
  blobId: BlobId,
  query: URLSearchParams,
  request: IncomingMessage,
): Promise<Answer> {
  assertBinary(request)
  assertUploadQuery(node, blobId, query)
  if (await node.store.find(blobId)) return answerData('metadata was already stored', 200)
  return node.budget.hold(announcedBytes(request, MAX_METADATA_BODY_BYTES), async () => {
    const body = await readBody(request, MAX_METADATA_BODY_BYTES)
    if (body[ENCODING_TYPE_AT] === ENCODING_REDSTUFF_RAPTORQ)
      throw new NodeRefusal('UNSUPPORTED_ENCODING_TYPE', 'encoding type 0 is no longer supported')
    try {
      assertMetadata(body, blobId, node.shardCount)
    } catch (cause) {
      if (!(cause instanceof ProtocolError)) throw cause
      throw new NodeRefusal('INVALID_METADATA', cause.message, { cause })
    }
    const isNew = await node.store.putMetadata(blobId, body)
    return isNew ? answerData('metadata stored', 201) : answerData('metadata was already stored', 200)
  })
}

/** Metadata found to be that of its blob, the last of it first: the nodes of a network are sent the same one after the other,
 *  and a thousand shards' take 17 ms to check. */
const checked: { blobId: string; shardCount: number; body: Uint8Array }[] = []
const MAX_CHECKED = 8

/** @throws {ProtocolError} */
function assertMetadata(body: Uint8Array, blobId: BlobId, shardCount: number): void {
  const text = blobIdText(blobId)
  const known = checked.find((one) => one.blobId === text && one.shardCount === shardCount)
  if (known && equalBytes(known.body, body)) return
  verifyMetadata(parseMetadata(body), blobId, shardCount)
  if (known) return
  checked.unshift({ blobId: text, shardCount, body })
  checked.length = Math.min(checked.length, MAX_CHECKED)
}

export async function putSliver(
  node: NodeContext,
  { blobId, pairIndex, axis }: { blobId: BlobId; pairIndex: number; axis: SliverAxis },
  query: URLSearchParams,
  request: IncomingMessage,
): Promise<Answer> {
  assertOwnPair(node, blobId, pairIndex, 'write')
  assertUploadQuery(node, blobId, query)
  const stored = await node.store.find(blobId)
  if (!stored)
    throw new NodeRefusal('METADATA_NOT_FOUND', 'the metadata must be stored before slivers', {
      status: 'FAILED_PRECONDITION',
    })
  if (stored.file.has(axis, pairIndex)) return answerData('sliver was already stored', 200)
  const maxBytes = maxSliverBodyBytes(node.shardCount)
  const announced = announcedBytes(request, maxBytes)
  return node.budget.hold(announced, async () => {
    const memory = node.memory.allocate(announced)
    try {
      return await storeSliver(node, stored, axis, pairIndex, await readBodyInto(memory, request))
    } finally {
      node.memory.release(memory)
    }
  })
}

async function storeSliver(
  { coder, shardCount }: NodeContext,
  { file, metadata }: StoredBlob,
  axis: SliverAxis,
  pairIndex: number,
  body: Uint8Array,
): Promise<Answer> {
  try {
    const sliver = parseSliver(body, shardCount)
    if (sliver.index !== sliverOfPair(axis, pairIndex, shardCount))
      throw new NodeRefusal('SLIVER_INDEX_MISMATCH', `the sliver has index ${sliver.index}, not that of its pair`)
    assertSliverShape(metadata, axis, sliver)
    await coder.verifySliver(metadata, axis, sliver)
  } catch (cause) {
    // Both the protocol's and the encoder's complaints are integrity errors; anything else is our own failure.
    if (!(cause instanceof IntegrityError) && (cause as { kind?: unknown }).kind !== 'integrity') throw cause
    throw new NodeRefusal('INVALID_SLIVER', (cause as Error).message, { cause })
  }
  const isNew = await file.appendSliver(axis, pairIndex, body)
  return isNew ? answerData('sliver stored', 201) : answerData('sliver was already stored', 200)
}
