/** Reading what a storage node answers, without trusting it: bounded, typed, never redirected, never compressed.
 *  @see the success and error envelopes of the storage-node HTTP API; `reason` is the part to branch on */

import { equalBytes, fromUtf8 } from '../base/bytes.ts'
import { type Envelope, MAX_ENVELOPE_BYTES, parseEnvelope } from '../protocol/envelope.ts'
import { NodeError, type NodeErrorCode, type NodeErrorData } from './errors.ts'
import { HttpMessageError } from './http-message.ts'
import type { NodeResponse } from './transport.ts'

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

/** Gives memory for so many bytes. */
export type Allocate = (bytes: number) => Uint8Array

const allocateFresh: Allocate = (bytes) => new Uint8Array(bytes)

/** The body of a response, at most `maxBytes` of it in memory.
 *  @param allocate - asked once, where a length is announced
 *  @throws {NodeError} NODE_RESPONSE_TOO_LARGE as soon as the limit is passed, also for an endless body */
export async function readBody(
  response: NodeResponse,
  maxBytes: number,
  asked: Asked,
  allocate = allocateFresh,
): Promise<Uint8Array> {
  const declared = Number(response.header('content-length') ?? Number.NaN)
  if (declared > maxBytes) {
    response.discard()
    throw fail('NODE_RESPONSE_TOO_LARGE', 'announced more bytes than the answer can have', asked, {
      status: response.status,
      announcedBytes: declared,
      maxBytes,
    })
  }
  // Memory for what was announced, which is copied into once; pieces are joined where nothing was.
  const whole = Number.isSafeInteger(declared) && declared >= 0 ? allocate(declared) : null
  const parts: Uint8Array[] = []
  let total = 0
  for await (const piece of response.body) {
    const at = total
    total += piece.length
    asked.onProgress?.(total)
    if (total > maxBytes)
      throw fail('NODE_RESPONSE_TOO_LARGE', 'sent more bytes than the answer can have', asked, {
        status: response.status,
        maxBytes,
      })
    if (whole && total <= whole.length) whole.set(piece, at)
    else parts.push(new Uint8Array(piece))
  }
  if (whole && total === whole.length) return whole
  if (whole)
    throw fail('NODE_RESPONSE_MALFORMED', 'sent another length than it announced', asked, { status: response.status })
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
export function refuseDetours(response: NodeResponse, asked: Asked): void {
  if (response.status >= 300 && response.status < 400) {
    response.discard()
    throw fail('NODE_REDIRECTED', 'answered with a redirect', asked, { status: response.status })
  }
  const encoding = response.header('content-encoding')
  if (encoding !== null && encoding !== 'identity') {
    response.discard()
    throw fail('NODE_RESPONSE_MALFORMED', `answered with content encoding "${encoding.slice(0, 40)}"`, asked, {
      status: response.status,
    })
  }
}

function mediaType(response: NodeResponse): string {
  const type = response.header('content-type')
  if (type === 'application/json') return type
  return (type ?? '').split(';')[0]!.trim().toLowerCase()
}

/** Bytes of an `application/octet-stream` answer. */
export async function readBinary(
  response: NodeResponse,
  maxBytes: number,
  asked: Asked,
  allocate?: Allocate,
): Promise<Uint8Array> {
  if (mediaType(response) !== 'application/octet-stream') {
    const found = mediaType(response).slice(0, 60) || 'none'
    response.discard()
    throw fail('NODE_RESPONSE_MALFORMED', `answered with content type "${found}" instead of bytes`, asked, {
      status: response.status,
    })
  }
  return readBody(response, maxBytes, asked, allocate)
}

/** `data` of a `{"success":{"code":200,"data":…}}` answer. */
export async function readSuccess(response: NodeResponse, asked: Asked): Promise<unknown> {
  if (mediaType(response) !== 'application/json') {
    const found = mediaType(response).slice(0, 60) || 'none'
    response.discard()
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
export async function refusal(response: NodeResponse, asked: Asked): Promise<NodeError> {
  let reason: string | undefined
  let detail = ''
  if (mediaType(response) === 'application/json') {
    const envelope = parseJsonEnvelope(await readBody(response, MAX_ENVELOPE_BYTES, asked))
    if (envelope?.$kind === 'error') {
      detail = envelope.error.message.slice(0, MAX_ENVELOPE_TEXT)
      reason = envelope.error.reason.slice(0, MAX_ENVELOPE_TEXT) || undefined
    }
  } else response.discard()
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
function retryAfter(response: NodeResponse): { retryAfterMs?: number } {
  const text = response.header('retry-after')
  if (text === null) return {}
  const ms = /^\d{1,9}$/.test(text.trim()) ? Number(text) * 1000 : Date.parse(text) - Date.now()
  return Number.isFinite(ms) ? { retryAfterMs: Math.min(MAX_RETRY_AFTER_MS, Math.max(0, ms)) } : {}
}

/** Turns a failure of the transport itself into an error. A deadline and a refused connection are told apart. */
export function transportFailure(cause: unknown, asked: Asked, timeoutMs: number): NodeError {
  if (cause instanceof Error && cause.name === 'TimeoutError')
    return fail(
      'NODE_TIMEOUT',
      `gave no full answer within ${timeoutMs} ms`,
      asked,
      { timeoutMs },
      { retryable: true, cause },
    )
  if (cause instanceof HttpMessageError) return fail('NODE_RESPONSE_MALFORMED', `sent ${cause.message}`, asked)
  const system = systemCode(cause) ?? (cause instanceof Error ? systemCode(cause.cause) : undefined)
  if (system === 'TLS_KEY_MISMATCH')
    return fail('NODE_KEY_FOREIGN', 'holds another TLS key than the chain names', asked)
  return fail('NODE_UNREACHABLE', 'cannot be reached', asked, system === undefined ? {} : { system }, {
    retryable: true,
    cause,
  })
}

/** `ECONNREFUSED` and the like: of the failure itself, or of what `fetch` wrapped. */
function systemCode(failure: unknown): string | undefined {
  if (typeof failure !== 'object' || failure === null || !('code' in failure)) return undefined
  return typeof failure.code === 'string' ? failure.code : undefined
}

export function malformed(what: string, asked: Asked, more: Partial<NodeErrorData> = {}): NodeError {
  return fail('NODE_RESPONSE_MALFORMED', what, asked, more)
}

/** The last one whose `data` is a text: a node says of every sliver the same, thousands of times. */
let lastEnvelope: { bytes: Uint8Array; envelope: Envelope } | undefined

function parseJsonEnvelope(bytes: Uint8Array): Envelope | undefined {
  if (lastEnvelope && equalBytes(lastEnvelope.bytes, bytes)) return lastEnvelope.envelope
  try {
    const envelope = parseEnvelope(fromUtf8(bytes))
    // Nobody can change a text.
    if (envelope.$kind === 'success' && typeof envelope.data === 'string') lastEnvelope = { bytes, envelope }
    return envelope
  } catch {
    return undefined
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
