/** gRPC-web over HTTP/1.1 on 127.0.0.1, with a place for plain HTTP routes (the faucet) on the same port.
 *
 *  Every gRPC answer is HTTP 200 with the status in the trailer frame. Bodies are bounded before they are collected.
 *  Nothing a client sends ends the process: whatever is not a `FloeError` becomes INTERNAL and is reported to `onWarning`. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { linkSignals } from '../../base/abort.ts'
import { concatBytes } from '../../base/bytes.ts'
import { FloeError } from '../../base/errors.ts'
import { GRPC, invalidArgument, LedgerError, unimplemented } from '../ledger/errors.ts'
import { createRoutes, type Route, type ServiceHandlers } from './dispatch.ts'
import {
  DATA_FRAME,
  decodeRequest,
  encodeFrame,
  encodeTrailer,
  isGrpcWeb,
  isTextRequest,
  RESPONSE_CONTENT_TYPE,
} from './frames.ts'

/** A transaction is at most 128 KiB; base64 and the other fields stay far below. */
export const MAX_REQUEST_BYTES = 4 * 1024 * 1024
/** Open connections; each stream holds one. */
const MAX_CONNECTIONS = 1024

/** Status and JSON body for a POST of a path. */
export type PlainRoute = (body: Uint8Array) => Promise<{ status: number; json: unknown }>

export interface RpcServerOptions {
  services: ServiceHandlers
  /** POST path → handler. */
  plainRoutes?: Readonly<Record<string, PlainRoute>>
  /** 0 for a free port. */
  port: number
  onWarning: (warning: Error) => void
}

export interface RpcServer {
  readonly port: number
  /** Ends streams and connections. Idempotent. */
  close(): Promise<void>
}

const CORS = {
  'access-control-allow-origin': '*',
  'access-control-allow-headers': '*',
  'access-control-allow-methods': 'POST, OPTIONS',
  'access-control-expose-headers': 'grpc-status, grpc-message',
}

/** @throws the system's error if the port is taken */
export async function startRpcServer(options: RpcServerOptions): Promise<RpcServer> {
  const routes = createRoutes(options.services)
  const closing = new AbortController()
  const sockets = new Set<Socket>()
  const server = createServer((request, response) => {
    answer(request, response, { ...options, routes, closing: closing.signal }).catch((error: Error) => {
      options.onWarning(error)
      response.destroy()
    })
  })
  server.maxConnections = MAX_CONNECTIONS
  // A client that keeps its connection alive must not find it closed just when it sends.
  server.keepAliveTimeout = 60_000
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  await listen(server, options.port)
  const { port } = server.address() as AddressInfo
  let closed: Promise<void> | undefined
  return {
    port,
    close() {
      closed ??= new Promise((resolve) => {
        closing.abort()
        server.close(() => resolve())
        server.closeIdleConnections()
        // Streams end by the signal; whatever is still open a moment later is cut.
        setTimeout(() => sockets.forEach((socket) => void socket.destroy()), 200).unref()
      })
      return closed
    },
  }
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject)
      resolve()
    })
  })
}

interface AnswerContext extends RpcServerOptions {
  routes: ReadonlyMap<string, Route>
  closing: AbortSignal
}

async function answer(request: IncomingMessage, response: ServerResponse, context: AnswerContext): Promise<void> {
  response.on('error', () => {})
  if (request.method === 'OPTIONS') {
    response.writeHead(204, CORS).end()
    return
  }
  const path = (request.url ?? '').split('?', 1)[0]!
  const plain = context.plainRoutes && Object.hasOwn(context.plainRoutes, path) ? context.plainRoutes[path] : undefined
  if (plain) return answerPlain(request, response, plain, context)
  const contentType = request.headers['content-type'] ?? ''
  if (request.method !== 'POST' || !isGrpcWeb(contentType)) {
    // Anything that does not speak gRPC-web gets plain HTTP.
    request.resume()
    response.writeHead(request.method === 'POST' ? 415 : 404, CORS).end()
    return
  }
  await answerGrpc(request, response, path, isTextRequest(contentType), context)
}

async function answerGrpc(
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  text: boolean,
  context: AnswerContext,
): Promise<void> {
  const gone = new AbortController()
  // An abort after the answer would only cost time.
  response.once('close', () => response.writableFinished || gone.abort())
  using until = linkSignals([gone.signal, context.closing])
  const { signal } = until
  try {
    const body = await readBody(request)
    const route = context.routes.get(path)
    if (!route) throw unimplemented(`no method ${path}`)
    const input = parseMessage(route, decodeRequest(body, text))
    const output = await route.handler(input, { signal })
    if (route.method.serverStreaming) await respondStream(response, route, output as AsyncIterable<unknown>, signal)
    else endWith(response, encodeOutput(route, output), encodeTrailer(GRPC.OK))
  } catch (error) {
    const { status, message } = grpcError(error, context.onWarning)
    if (!response.destroyed) endWith(response, encodeTrailer(status, message))
  }
}

const HEADERS = { 'content-type': RESPONSE_CONTENT_TYPE, ...CORS }

/** The rest of the answer; all of it, in one write and with its length, if nothing was sent yet. */
function endWith(response: ServerResponse, ...frames: Uint8Array[]): void {
  const bytes = concatBytes(...frames)
  if (!response.headersSent) response.writeHead(200, { ...HEADERS, 'content-length': bytes.length })
  response.end(bytes)
}

function encodeOutput({ method: { O: type } }: Route, message: unknown): Uint8Array {
  return encodeFrame(DATA_FRAME, type.toBinary(type.create(message)))
}

function parseMessage(route: Route, bytes: Uint8Array): unknown {
  try {
    return route.method.I.fromBinary(bytes)
  } catch (cause) {
    throw invalidArgument(`the request is not a ${route.method.I.typeName}: ${(cause as Error).message}`)
  }
}

async function respondStream(
  response: ServerResponse,
  route: Route,
  messages: AsyncIterable<unknown>,
  signal: AbortSignal,
): Promise<void> {
  // The client waits for headers before it gives the caller a stream.
  response.writeHead(200, HEADERS).flushHeaders()
  for await (const message of messages) {
    if (signal.aborted) break
    if (!response.write(encodeOutput(route, message))) await drained(response, signal)
  }
  endWith(response, encodeTrailer(GRPC.OK))
}

/** Resolves when the client has taken what was written, or is gone. */
function drained(response: ServerResponse, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const done = () => {
      response.off('drain', done)
      signal.removeEventListener('abort', done)
      resolve()
    }
    response.once('drain', done)
    signal.addEventListener('abort', done, { once: true })
  })
}

/** What a failure looks like on the wire. */
export function grpcError(error: unknown, onWarning: (warning: Error) => void): { status: number; message: string } {
  if (error instanceof LedgerError) return { status: error.grpcStatus, message: error.message }
  if (error instanceof FloeError && error.kind === 'cancelled')
    return { status: GRPC.CANCELLED, message: error.message }
  // Names, types and bytes that a client sent and a parser refused.
  if (error instanceof FloeError && error.kind !== 'internal') {
    return { status: GRPC.INVALID_ARGUMENT, message: error.message }
  }
  onWarning(error instanceof Error ? error : new Error(String(error)))
  return { status: GRPC.INTERNAL, message: 'internal error of the local ledger' }
}

/** @throws {LedgerError} LEDGER_REQUEST_TOO_LARGE */
async function readBody(request: IncomingMessage): Promise<Uint8Array> {
  const tooLarge = () =>
    new LedgerError('LEDGER_REQUEST_TOO_LARGE', GRPC.RESOURCE_EXHAUSTED, `request exceeds ${MAX_REQUEST_BYTES} bytes`)
  if (Number(request.headers['content-length'] ?? 0) > MAX_REQUEST_BYTES) {
    request.resume()
    throw tooLarge()
  }
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Uint8Array>) {
    bytes += chunk.length
    if (bytes > MAX_REQUEST_BYTES) throw tooLarge()
    chunks.push(chunk)
  }
  return concatBytes(...chunks)
}

async function answerPlain(
  request: IncomingMessage,
  response: ServerResponse,
  route: PlainRoute,
  context: AnswerContext,
): Promise<void> {
  const reply = (status: number, json: unknown) => {
    const body = JSON.stringify(json)
    response.writeHead(status, { 'content-type': 'application/json', ...CORS }).end(body)
  }
  try {
    if (request.method !== 'POST') return reply(405, { error: 'POST only' })
    const { status, json } = await route(await readBody(request))
    reply(status, json)
  } catch (error) {
    reply(error instanceof FloeError ? 400 : 500, { error: grpcError(error, context.onWarning).message })
  }
}
