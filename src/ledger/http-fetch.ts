/** `fetch` for the official client over Node's own HTTP: one exchange whose answer is whole when it resolves.
 *
 *  Node's built-in `fetch` reads answers with a parser in WebAssembly, which V8 optimises aside as soon as it has read a few:
 *  a tenth of a second of a processor in every command that asks the ledger anything. ADR 0085. */

import { type IncomingMessage, request as plainRequest, type RequestOptions } from 'node:http'
import { request as secureRequest } from 'node:https'

/** Longest answer: fifty objects of the most that an object may have, 250 KiB, are far below. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024
/** A connection that was kept may have been closed by the other side just when it was used again. */
const MAX_TRIES = 2
/** `Response` takes no body with these. */
const BODILESS: ReadonlySet<number> = new Set([204, 205, 304])

interface Answer {
  message: IncomingMessage
  body: Buffer
}

/** Follows no redirect and unpacks nothing, since it asks for nothing packed. Connections are those of Node's own agent:
 *  they are kept for a while, and do not keep the process alive.
 *  @throws {TypeError} "fetch failed" if no whole answer comes, as Node's own does; `cause` says why
 *  @throws the signal's reason */
export const httpFetch: typeof fetch = async (input, init = {}) => {
  const url = new URL(input instanceof Request ? input.url : input)
  const { signal, body: sent } = init
  for (let tries = 1; ; tries++) {
    signal?.throwIfAborted()
    try {
      const { message, body } = await exchange(url, init, sent)
      const status = message.statusCode!
      const headers = Object.entries(message.headersDistinct).flatMap(([name, values]) =>
        (values ?? []).map((value): [string, string] => [name, value]),
      )
      const statusText = message.statusMessage ?? ''
      return new Response(BODILESS.has(status) ? null : new Uint8Array(body), { status, statusText, headers })
    } catch (error) {
      signal?.throwIfAborted()
      if (error instanceof StaleConnection && tries < MAX_TRIES) continue
      throw new TypeError('fetch failed', { cause: error instanceof StaleConnection ? error.cause : error })
    }
  }
}

/** Not a byte of an answer came over a connection that had been used before. */
class StaleConnection extends Error {}

function exchange(url: URL, { method, headers, signal }: RequestInit, body: RequestInit['body']): Promise<Answer> {
  const bytes = body === undefined || body === null ? undefined : bytesOf(body)
  const options: RequestOptions = {
    method: method ?? 'GET',
    headers: {
      ...Object.fromEntries(new Headers(headers)),
      ...(bytes === undefined ? {} : { 'content-length': bytes.length }),
    },
    ...(signal ? { signal } : {}),
  }
  return new Promise((resolve, reject) => {
    const request = (url.protocol === 'https:' ? secureRequest : plainRequest)(url, options)
    request.on('response', (message) => collect(message).then((body) => resolve({ message, body }), reject))
    request.on('error', (cause: NodeJS.ErrnoException) => {
      const isStale = request.reusedSocket && (cause.code === 'ECONNRESET' || cause.code === 'EPIPE')
      reject(isStale ? new StaleConnection('the connection was closed', { cause }) : cause)
    })
    request.end(bytes)
  })
}

async function collect(message: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = []
  let bytes = 0
  for await (const piece of message as AsyncIterable<Buffer>) {
    bytes += piece.length
    // Leaving the loop closes the connection.
    if (bytes > MAX_ANSWER_BYTES) throw new Error(`the answer is longer than ${MAX_ANSWER_BYTES} bytes`)
    pieces.push(piece)
  }
  return Buffer.concat(pieces, bytes)
}

/** @throws {TypeError} for what the official client never sends */
function bytesOf(body: NonNullable<RequestInit['body']>): Uint8Array {
  if (typeof body === 'string') return Buffer.from(body)
  if (body instanceof Uint8Array) return body
  throw new TypeError('a body here is text or bytes')
}
