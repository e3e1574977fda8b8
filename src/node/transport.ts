/** How one HTTP exchange with a storage node is made: over Node's own HTTP, or over a `fetch` that is given.
 *
 *  A transport moves bytes. It follows no redirect and unpacks nothing, and leaves deadlines to its caller. */

/** What a node answered: status and headers are there, the body is still on its way. */
export interface NodeResponse {
  readonly status: number
  /** A header by its lower-case name. */
  header(name: string): string | null
  /** The body, piece by piece; may be taken once. Leaving the loop early closes what it comes from. A piece is good until
   *  the next one is asked for or anything else is waited for: who keeps it, copies it. */
  readonly body: AsyncIterable<Uint8Array>
  /** Throws away what is left. */
  discard(): void
}

/** One piece after the other, as if they were joined. */
export type RequestBody = readonly Uint8Array[]

export interface NodeExchange {
  readonly method: 'GET' | 'PUT'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: RequestBody | undefined
  /** Ends the exchange, also while the body of the answer is read. */
  readonly signal: AbortSignal
  /** Told how much of `body` the system has taken. */
  readonly onSent?: (bytes: number) => void
}

/** Rejects with the signal's reason, or with whatever kept the answer from coming. Once it has resolved, `body` is not
 *  read any more only if `onSent` has told of all of it. */
export type NodeTransport = (exchange: NodeExchange) => Promise<NodeResponse>

export function fetchTransport(send: typeof fetch): NodeTransport {
  return async ({ method, url, headers, body, signal, onSent }) => {
    const response = await send(url, {
      method,
      headers,
      redirect: 'manual',
      signal,
      ...(body === undefined ? {} : { body: Buffer.concat(body) }),
    })
    if (body !== undefined) onSent?.(bodyLength(body))
    return {
      status: response.status,
      header: (name) => response.headers.get(name),
      body: response.body ?? emptyBody(),
      discard: () => void response.body?.cancel().catch(() => undefined),
    }
  }
}

export function bodyLength(body: RequestBody): number {
  return body.reduce((sum, part) => sum + part.length, 0)
}

async function* emptyBody(): AsyncGenerator<Uint8Array> {
  // A body of no pieces.
}
