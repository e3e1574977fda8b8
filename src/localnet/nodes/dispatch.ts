/** From an HTTP request to a handler, and from its answer or refusal back to HTTP. */

import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { CancelledError } from '../../base/errors.ts'
import { errorEnvelope } from '../../protocol/envelope.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import { matchRoute, type NodeRoute } from '../../protocol/routes.ts'
import type { Answer } from './answer.ts'
import { getBlobStatus, getConfirmation, getHealth } from './confirmations.ts'
import { getMetadata, getMetadataStatus, getSliver, getSliverStatus } from './downloads.ts'
import type { NodeContext } from './node-context.ts'
import { NodeRefusal, PlainRefusal } from './refusal.ts'
import { getDecodingSymbols, getRecoverySymbols } from './symbols.ts'
import { putMetadata, putSliver } from './uploads.ts'

// Browsers may use the nodes of a real network as well.
const CORS_HEADERS = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': '*',
  'access-control-allow-headers': '*',
}

const SEND_PIECE_BYTES = 64 * 1024

/** Answers one request; never throws.
 *  @param onFailure - told about errors that are the node's own fault */
export async function dispatch(
  node: NodeContext,
  request: IncomingMessage,
  response: ServerResponse,
  onFailure: (error: Error) => void,
): Promise<void> {
  try {
    const answer = await answerRequest(node, request)
    if (answer.$kind === 'json') return sendJson(response, answer.httpStatus, answer.body)
    if (answer.$kind === 'file') return await sendFile(response, answer)
    send(response, 200, 'application/octet-stream', answer.bytes)
  } catch (error) {
    // The client went away in the middle of its own request: nobody is left to answer.
    if (error instanceof CancelledError) response.destroy()
    else sendFailure(response, error, onFailure)
  }
}

async function answerRequest(node: NodeContext, request: IncomingMessage): Promise<Answer> {
  const method = request.method ?? 'GET'
  const [path = '', queryText = ''] = (request.url ?? '').split('?', 2)
  if (method === 'OPTIONS') return { $kind: 'json', httpStatus: 200, body: {} }
  const route = routeOf(path)
  if (!route) throw new PlainRefusal(404, 'no such route')
  const query = new URLSearchParams(queryText)
  const allowed = route.$kind === 'metadata' || route.$kind === 'sliver' ? ['GET', 'PUT'] : ['GET']
  if (route.$kind === 'inconsistency-proof')
    throw new NodeRefusal('UNAVAILABLE', 'this network does not take inconsistency proofs')
  if (!allowed.includes(method)) throw new PlainRefusal(405, `${method} is not allowed here`)
  switch (route.$kind) {
    case 'metadata':
      return method === 'PUT' ? putMetadata(node, route.blobId, query, request) : getMetadata(node, route.blobId)
    case 'metadata-status':
      return getMetadataStatus(node, route.blobId)
    case 'sliver':
      return method === 'PUT' ? putSliver(node, route, query, request) : getSliver(node, route)
    case 'sliver-status':
      return getSliverStatus(node, route)
    case 'confirmation':
      return getConfirmation(node, route.blobId, route.persistence)
    case 'blob-status':
      return getBlobStatus(node, route.blobId)
    case 'recovery-symbols':
      return getRecoverySymbols(node, route.blobId, query)
    case 'decoding-symbols':
      return getDecodingSymbols(node, route.blobId, query)
    case 'health':
      return getHealth(node, query.get('detailed') === 'true')
  }
}

function routeOf(path: string): NodeRoute | undefined {
  try {
    return matchRoute(path)
  } catch (error) {
    if (error instanceof ProtocolError) throw new PlainRefusal(400, error.message)
    throw error
  }
}

function send(response: ServerResponse, status: number, type: string, body: Uint8Array): void {
  response.writeHead(status, { ...CORS_HEADERS, 'content-type': type, 'content-length': body.length })
  response.end(body)
}

/** Slivers have up to 9 MB at 208 shards, and readers ask for many at once: what a slow reader has not taken yet stays
 *  on the disk. */
async function sendFile(response: ServerResponse, { path, offset, bytes }: Answer & { $kind: 'file' }): Promise<void> {
  const stream = createReadStream(path, { start: offset, end: offset + bytes - 1, highWaterMark: SEND_PIECE_BYTES })
  // Opened first: a file that has just been deleted is an error with an answer.
  await once(stream, 'ready')
  response.writeHead(200, { ...CORS_HEADERS, 'content-type': 'application/octet-stream', 'content-length': bytes })
  await pipeline(stream, response).catch((error: NodeJS.ErrnoException) => {
    // The reader went away.
    if (error.code !== 'ERR_STREAM_PREMATURE_CLOSE' && error.code !== 'EPIPE' && error.code !== 'ECONNRESET')
      throw error
  })
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  send(response, status, 'application/json', Buffer.from(JSON.stringify(body)))
}

function sendFailure(response: ServerResponse, error: unknown, onFailure: (error: Error) => void): void {
  if (response.headersSent) {
    response.destroy()
    onFailure(error instanceof Error ? error : new Error(String(error)))
  } else if (error instanceof PlainRefusal) {
    // What is left of an oversized body is not read: the connection ends instead.
    if (error.httpStatus === 413) response.setHeader('connection', 'close')
    send(response, error.httpStatus, 'text/plain; charset=utf-8', Buffer.from(error.message))
  } else if (error instanceof NodeRefusal) {
    const { httpStatus, body } = error.envelope()
    sendJson(response, httpStatus, body)
  } else {
    onFailure(error instanceof Error ? error : new Error(String(error)))
    const { httpStatus, body } = errorEnvelope('INTERNAL_ERROR', 'the node failed; its log says why')
    sendJson(response, httpStatus, body)
  }
}
