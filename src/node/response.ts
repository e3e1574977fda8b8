/** Reading what a storage node answers, without trusting it: bounded, typed, never redirected, never compressed.
 *  @see the success and error envelopes of the storage-node HTTP API; `reason` is the part to branch on */

import { fromUtf8 } from '../base/bytes.ts'
import { type Envelope, MAX_ENVELOPE_BYTES, parseEnvelope } from '../protocol/envelope.ts'
import { NodeError, type NodeErrorCode, type NodeErrorData } from './errors.ts'

/** Longest reason or message taken over from an error envelope. */
const MAX_ENVELOPE_TEXT = 300

/** Reasons that may go away by themselves. All others repeat until something changes. */
const RETRYABLE_REASONS: ReadonlySet<string> = new Set(['NOT_REGISTERED', 'CACHE_SATURATED', 'UNAVAILABLE'])
const RETRYABLE_STATUSES: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504])

export interface Asked {
  url: string
  request: string
  /** Told how many bytes of the body have come. */
  onProgress?: (bodyBytes: number) => void
}

function fail(
  code: NodeErrorCode,
  what: string,
  asked: Asked,
  more: Partial<NodeErrorData> = {},
  options: { retryable?: boolean; cause?: unknown } = {},
): NodeError {
  const { url, request } = asked
  return new NodeError(code, `storage node ${url} ${what}`, { url, request, ...more }, options)
}

/** Throws away the rest of a body so that its connection can be closed; failures to do so do not matter. */
async function discard(response: Response): Promise<void> {
  await response.body?.cancel().catch(() => undefined)
}

/** The body of a response, at most `maxBytes` of it in memory.
 *  @throws {NodeError} NODE_RESPONSE_TOO_LARGE as soon as the limit is passed, also for an endless body */
export async function readBody(response: Response, maxBytes: number, asked: Asked): Promise<Uint8Array> {
  const declared = Number(response.headers.get('content-length') ?? Number.NaN)
  if (declared > maxBytes) {
    await discard(response)
    throw fail('NODE_RESPONSE_TOO_LARGE', 'announced more bytes than the answer can have', asked, {
      status: response.status,
      announcedBytes: declared,
      maxBytes,
    })
  }
  if (response.body === null) return new Uint8Array(0)
  const parts: Uint8Array[] = []
  let total = 0
  const reader = response.body.getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    total += value.length
    asked.onProgress?.(total)
    if (total > maxBytes) {
      await reader.cancel().catch(() => undefined)
      throw fail('NODE_RESPONSE_TOO_LARGE', 'sent more bytes than the answer can have', asked, {
        status: response.status,
        maxBytes,
      })
    }
    parts.push(value)
  }
  if (parts.length === 1) return parts[0]!
  const joined = new Uint8Array(total)
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}

/** Refuses what a storage node never sends: redirects and compressed bodies.
 *  A redirect could lead anywhere; a compressed body could be a bomb. */
export async function refuseDetours(response: Response, asked: Asked): Promise<void> {
  if (response.status >= 300 && response.status < 400) {
    await discard(response)
    throw fail('NODE_REDIRECTED', 'answered with a redirect', asked, { status: response.status })
  }
  const encoding = response.headers.get('content-encoding')
  if (encoding !== null && encoding !== 'identity') {
    await discard(response)
    throw fail('NODE_RESPONSE_MALFORMED', `answered with content encoding "${encoding.slice(0, 40)}"`, asked, {
      status: response.status,
    })
  }
}

function mediaType(response: Response): string {
  return (response.headers.get('content-type') ?? '').split(';')[0]!.trim().toLowerCase()
}

/** Bytes of an `application/octet-stream` answer. */
export async function readBinary(response: Response, maxBytes: number, asked: Asked): Promise<Uint8Array> {
  if (mediaType(response) !== 'application/octet-stream') {
    const found = mediaType(response).slice(0, 60) || 'none'
    await discard(response)
    throw fail('NODE_RESPONSE_MALFORMED', `answered with content type "${found}" instead of bytes`, asked, {
      status: response.status,
    })
  }
  return readBody(response, maxBytes, asked)
}

/** `data` of a `{"success":{"code":200,"data":…}}` answer. */
export async function readSuccess(response: Response, asked: Asked): Promise<unknown> {
  if (mediaType(response) !== 'application/json') {
    const found = mediaType(response).slice(0, 60) || 'none'
    await discard(response)
    throw fail('NODE_RESPONSE_MALFORMED', `answered with content type "${found}" instead of JSON`, asked, {
      status: response.status,
    })
  }
  const envelope = parseJsonEnvelope(await readBody(response, MAX_ENVELOPE_BYTES, asked))
  if (envelope?.$kind !== 'success' || envelope.data === undefined)
    throw fail('NODE_RESPONSE_MALFORMED', 'answered without a success envelope', asked, { status: response.status })
  return envelope.data
}

/** Turns a 4xx or 5xx answer into an error that carries the envelope's reason as data. */
export async function refusal(response: Response, asked: Asked): Promise<NodeError> {
  let reason: string | undefined
  let detail = ''
  if (mediaType(response) === 'application/json') {
    const envelope = parseJsonEnvelope(await readBody(response, MAX_ENVELOPE_BYTES, asked))
    if (envelope?.$kind === 'error') {
      detail = envelope.error.message.slice(0, MAX_ENVELOPE_TEXT)
      reason = envelope.error.reason.slice(0, MAX_ENVELOPE_TEXT) || undefined
    }
  } else await discard(response)
  const retryable = RETRYABLE_STATUSES.has(response.status) || (reason !== undefined && RETRYABLE_REASONS.has(reason))
  return fail(
    'NODE_REFUSED',
    `refused ${asked.request}: ${reason ?? `HTTP ${response.status}`}`,
    asked,
    { status: response.status, ...(reason === undefined ? {} : { reason }), detail, ...retryAfter(response) },
    { retryable },
  )
}

/** Longest wait that a node can ask for. */
const MAX_RETRY_AFTER_MS = 30_000

/** When the node wants to be asked again: seconds, or a date. */
function retryAfter(response: Response): { retryAfterMs?: number } {
  const text = response.headers.get('retry-after')
  if (text === null) return {}
  const ms = /^\d{1,9}$/.test(text.trim()) ? Number(text) * 1000 : Date.parse(text) - Date.now()
  return Number.isFinite(ms) ? { retryAfterMs: Math.min(MAX_RETRY_AFTER_MS, Math.max(0, ms)) } : {}
}

/** Turns a failure of `fetch` itself into an error. A deadline and a refused connection are told apart. */
export function transportFailure(cause: unknown, asked: Asked, timeoutMs: number): NodeError {
  if (cause instanceof Error && cause.name === 'TimeoutError')
    return fail(
      'NODE_TIMEOUT',
      `gave no full answer within ${timeoutMs} ms`,
      asked,
      { timeoutMs },
      { retryable: true, cause },
    )
  const system = cause instanceof Error && isRecord(cause.cause) ? cause.cause['code'] : undefined
  return fail('NODE_UNREACHABLE', 'cannot be reached', asked, typeof system === 'string' ? { system } : {}, {
    retryable: true,
    cause,
  })
}

export function malformed(what: string, asked: Asked, more: Partial<NodeErrorData> = {}): NodeError {
  return fail('NODE_RESPONSE_MALFORMED', what, asked, more)
}

function parseJsonEnvelope(bytes: Uint8Array): Envelope | undefined {
  try {
    return parseEnvelope(fromUtf8(bytes))
  } catch {
    return undefined
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
