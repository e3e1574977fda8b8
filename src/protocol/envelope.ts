/** JSON envelopes of a storage node's answers. Clients branch on `reason`, never on the message.
 *  @see reference/walrus-protocol.md §9 */

import type { SignedConfirmation } from './certificate.ts'
import { ProtocolError } from './errors.ts'
import { BLS_SIGNATURE_BYTES } from './limits.ts'

/** Status word and its HTTP status. */
export const STATUS_HTTP = {
  INVALID_ARGUMENT: 400,
  FAILED_PRECONDITION: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  SIZE_EXCEEDED: 403,
  NOT_FOUND: 404,
  RANGE_NOT_SATISFIABLE: 416,
  RESOURCE_EXHAUSTED: 429,
  UNAVAILABLE_FOR_LEGAL_REASONS: 451,
  INTERNAL: 500,
  UNAVAILABLE: 503,
  DEADLINE_EXCEEDED: 504,
} as const

export type StatusWord = keyof typeof STATUS_HTTP

/** Reasons a storage node gives, with the status word each is sent under. */
export const REASON_STATUS = {
  NOT_REGISTERED: 'FAILED_PRECONDITION',
  METADATA_NOT_FOUND: 'NOT_FOUND',
  SLIVER_NOT_FOUND: 'NOT_FOUND',
  INVALID_METADATA: 'INVALID_ARGUMENT',
  INVALID_BLOB: 'FAILED_PRECONDITION',
  INVALID_SLIVER: 'INVALID_ARGUMENT',
  SLIVER_INDEX_MISMATCH: 'INVALID_ARGUMENT',
  SLIVER_TOO_LARGE: 'INVALID_ARGUMENT',
  SHARD_NOT_ASSIGNED: 'FAILED_PRECONDITION',
  INDEX_OUT_OF_RANGE: 'INVALID_ARGUMENT',
  CACHE_SATURATED: 'FAILED_PRECONDITION',
  UNSUPPORTED_ENCODING_TYPE: 'INVALID_ARGUMENT',
  INVALID_CONTENT_TYPE: 'INVALID_ARGUMENT',
  MISSING_SLIVERS: 'FAILED_PRECONDITION',
  NO_SYMBOLS_SPECIFIED: 'INVALID_ARGUMENT',
  SYMBOL_NOT_PRESENT_AT_SHARDS: 'INVALID_ARGUMENT',
  NO_TARGET_SLIVERS_SPECIFIED: 'INVALID_ARGUMENT',
  RECOVERY_SYMBOL_OUT_OF_RANGE: 'INVALID_ARGUMENT',
  INVALID_PROOF: 'INVALID_ARGUMENT',
  INVALID_EPOCH: 'INVALID_ARGUMENT',
  FORBIDDEN_BLOB: 'UNAVAILABLE_FOR_LEGAL_REASONS',
  UNAVAILABLE: 'UNAVAILABLE',
  INTERNAL_ERROR: 'INTERNAL',
} as const satisfies Record<string, StatusWord>

export type NodeReason = keyof typeof REASON_STATUS

export const STORAGE_ERROR_DOMAIN = 'storage.walrus.space'
/** Domain of errors that are not about storage (500s). */
export const GLOBAL_ERROR_DOMAIN = 'global'

/** Longest JSON answer a client reads, in bytes. */
export const MAX_ENVELOPE_BYTES = 256 * 1024

export interface ErrorEnvelope {
  readonly httpStatus: number
  readonly status: string
  /** As sent; may be a word this version does not know. Empty if the answer carried none. */
  readonly reason: string
  readonly message: string
}

export function successEnvelope(data: unknown, httpStatus = 200): { success: { code: number; data: unknown } } {
  return { success: { code: httpStatus, data } }
}

/** @param options.status - where a reason is sent under another status than its usual one (METADATA_NOT_FOUND is 404 on
 *  reads and 400 on writes)
 *  @param options.trace - what an operator can look an internal error up by; never a stack */
export function errorEnvelope(
  reason: NodeReason,
  message: string,
  options: { status?: StatusWord; metadata?: Record<string, string>; trace?: string } = {},
): { httpStatus: number; body: { error: Record<string, unknown> } } {
  const status = options.status ?? REASON_STATUS[reason]
  const internal = reason === 'INTERNAL_ERROR'
  const details: Record<string, unknown>[] = [
    {
      '@type': 'ErrorInfo',
      reason,
      domain: internal ? GLOBAL_ERROR_DOMAIN : STORAGE_ERROR_DOMAIN,
      metadata: options.metadata ?? {},
    },
  ]
  if (internal) details.push({ '@type': 'DebugInfo', stackEntries: [], detail: options.trace ?? '' })
  const httpStatus = STATUS_HTTP[status]
  return { httpStatus, body: { error: { code: httpStatus, status, message, details } } }
}

export type Envelope =
  | { readonly $kind: 'success'; readonly code: number; readonly data: unknown }
  | { readonly $kind: 'error'; readonly error: ErrorEnvelope }

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Parses a JSON answer.
 *  @throws {ProtocolError} PROTOCOL_ENVELOPE if it is longer than the bound, not JSON or no envelope */
export function parseEnvelope(text: string): Envelope {
  const refuse = (message: string) => new ProtocolError('PROTOCOL_ENVELOPE', message, { text: text.slice(0, 200) })
  if (text.length > MAX_ENVELOPE_BYTES) throw refuse('the answer is too long')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw refuse('the answer is not JSON')
  }
  if (!isRecord(value)) throw refuse('the answer is no envelope')
  const { success, error } = value
  if (isRecord(success) && typeof success['code'] === 'number')
    return { $kind: 'success', code: success['code'], data: success['data'] }
  if (isRecord(error) && typeof error['code'] === 'number') {
    const details = Array.isArray(error['details']) ? error['details'].filter(isRecord) : []
    const reason = details.find((detail) => detail['@type'] === 'ErrorInfo')?.['reason']
    return {
      $kind: 'error',
      error: {
        httpStatus: error['code'],
        status: typeof error['status'] === 'string' ? error['status'] : '',
        reason: typeof reason === 'string' ? reason : '',
        message: typeof error['message'] === 'string' ? error['message'] : '',
      },
    }
  }
  throw refuse('the answer is no envelope')
}

/** Data of a signed confirmation, as a node sends it. */
export function confirmationData(confirmation: SignedConfirmation): {
  signed: { serializedMessage: string; signature: string }
} {
  return {
    signed: {
      serializedMessage: Buffer.from(confirmation.message).toString('base64'),
      signature: Buffer.from(confirmation.signature).toString('base64'),
    },
  }
}

const MAX_MESSAGE_BYTES = 1024

/** @throws {ProtocolError} PROTOCOL_ENVELOPE; the signature is not verified here */
export function parseConfirmationData(data: unknown): SignedConfirmation {
  const refuse = () => new ProtocolError('PROTOCOL_ENVELOPE', 'the answer is no signed confirmation', {})
  if (!isRecord(data) || !isRecord(data['signed'])) throw refuse()
  const { serializedMessage, signature } = data['signed']
  if (typeof serializedMessage !== 'string' || typeof signature !== 'string') throw refuse()
  const message = fromBase64(serializedMessage)
  const signatureBytes = fromBase64(signature)
  if (!message || message.length > MAX_MESSAGE_BYTES || signatureBytes?.length !== BLS_SIGNATURE_BYTES) throw refuse()
  return { message, signature: signatureBytes }
}

/** Standard base64, canonical. */
function fromBase64(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64') === text ? new Uint8Array(bytes) : undefined
}
