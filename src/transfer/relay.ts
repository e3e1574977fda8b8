/** Uploading through a relay: it gets the blob as it is, encodes and sends it, and answers with a certificate.
 *
 *  For thin links: one blob goes over the wire instead of 4.5. The relay is not trusted: the certificate is verified
 *  against the committee as every other. Relays that want a tip are refused, with a code.
 *  @see walrus-protocol reference §13 */

import { linkSignals } from '../base/abort.ts'
import { CancelledError } from '../base/errors.ts'
import type { EncodedBlob } from '../erasure/api.ts'
import { blobIdText } from '../protocol/blob-id.ts'
import { type Certificate, verifyCertificate } from '../protocol/certificate.ts'
import { ProtocolError, QuorumError } from '../protocol/errors.ts'
import { BLS_SIGNATURE_BYTES } from '../protocol/limits.ts'
import type { BlobPersistence } from '../protocol/messages.ts'
import type { Committee } from './committee.ts'
import { TransferError } from './errors.ts'

export interface RelayOptions {
  signal?: AbortSignal | undefined
  fetch?: typeof fetch | undefined
  /** Told how many bytes of the blob have been taken. */
  onSent?: ((bytes: number) => void) | undefined
  /** For the answer, once everything is sent (default 5 minutes): the relay encodes and uploads before it answers. */
  timeoutMs?: number
}

/** For the answer to what it can say at once. */
const QUESTION_TIMEOUT_MS = 30_000

/** A certificate of all members with its message as numbers comes to far less. */
const MAX_ANSWER_BYTES = 256 * 1024
const DEFAULT_TIMEOUT_MS = 300_000
/** Slower than this is as good as not at all. */
const LEAST_BYTES_PER_MS = 16

/** @param relay - base address
 *  @throws {TransferError} RELAY_MALFORMED, RELAY_WANTS_TIP, RELAY_REFUSED, RELAY_UNREACHABLE, RELAY_CERTIFICATE_FALSE */
export async function uploadThroughRelay(
  relay: string,
  committee: Committee,
  blob: EncodedBlob,
  persistence: BlobPersistence,
  options: RelayOptions = {},
): Promise<Certificate> {
  const base = relay.replace(/\/+$/, '')
  const ask = exchange(base, blob.params.blobBytes, options)
  const tip = parseJson(await ask('/v1/tip-config'))
  if (tip === undefined)
    throw new TransferError('RELAY_MALFORMED', `${base} does not answer as an upload relay does`, {
      data: { relay: base },
      hints: ['Push without --relay, or look whether the address is that of an upload relay: nothing is paid twice'],
    })
  if (tip !== 'no_tip')
    throw new TransferError('RELAY_WANTS_TIP', `the upload relay ${base} wants a tip, which Floe does not pay`, {
      data: { relay: base },
      hints: ['Push without --relay, or name a relay that takes no tip'],
    })
  const query = new URLSearchParams({ blob_id: blobIdText(blob.blobId), encoding_type: 'RS2' })
  if (persistence.$kind === 'deletable')
    query.set('deletable_blob_object', `0x${Buffer.from(persistence.objectId).toString('hex')}`)
  const text = await ask(`/v1/blob-upload-relay?${query}`, blobBytes(blob, options.onSent))
  const certificate = parseAnswer(text)
  const { state } = committee
  const expected = { $kind: 'blob-certificate', epoch: state.epoch, blobId: blob.blobId, persistence } as const
  try {
    if (!certificate) throw new ProtocolError('PROTOCOL_CERTIFICATE', 'no certificate', {})
    verifyCertificate(state.committee, expected, certificate)
    return certificate
  } catch (cause) {
    if (!(cause instanceof ProtocolError || cause instanceof QuorumError || cause instanceof RangeError)) throw cause
    throw new TransferError('RELAY_CERTIFICATE_FALSE', `the certificate of the upload relay ${base} does not hold`, {
      data: { relay: base, blobId: blobIdText(blob.blobId), epoch: state.epoch },
      hints: ['Push without --relay: what is stored is kept, nothing is paid twice'],
      retryable: true,
      cause,
    })
  }
}

/** The systematic rows are the blob itself; one is in memory at a time. */
async function* blobBytes(blob: EncodedBlob, onSent?: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  const { primarySourceCount, primarySliverBytes, blobBytes: total } = blob.params
  for (let row = 0; row < primarySourceCount && row * primarySliverBytes < total; row++) {
    const { bytes } = blob.sliver('primary', row)
    const sent = Math.min(total, (row + 1) * primarySliverBytes)
    yield bytes.subarray(0, sent - row * primarySliverBytes)
    onSent?.(sent)
  }
}

function exchange(base: string, bytes: number, { signal, timeoutMs = DEFAULT_TIMEOUT_MS, ...options }: RelayOptions) {
  const send = options.fetch ?? fetch
  return async (path: string, body?: AsyncIterable<Uint8Array>): Promise<string> => {
    const sendMs = Math.ceil(bytes / LEAST_BYTES_PER_MS)
    using until = linkSignals([signal], {
      timeoutMs: body ? timeoutMs + sendMs : Math.min(timeoutMs, QUESTION_TIMEOUT_MS),
    })
    try {
      const response = await send(base + path, {
        redirect: 'manual',
        signal: until.signal,
        ...(body ? { method: 'POST', body: ReadableStream.from(body), duplex: 'half' } : {}),
      } as RequestInit)
      const text = await boundedText(response)
      if (response.status === 200) return text
      throw new TransferError('RELAY_REFUSED', `the upload relay ${base} answered ${response.status}`, {
        data: { relay: base, status: response.status, answer: text.slice(0, 300) },
        hints: ['Push without --relay: what is stored is kept, nothing is paid twice'],
        retryable: response.status >= 500,
      })
    } catch (cause) {
      if (signal?.aborted) throw new CancelledError(signal.reason)
      if (cause instanceof TransferError) throw cause
      throw new TransferError('RELAY_UNREACHABLE', `the upload relay ${base} gave no answer`, {
        data: { relay: base },
        hints: ['Push without --relay, or again later: nothing is paid twice'],
        retryable: true,
        cause,
      })
    }
  }
}

async function boundedText(response: Response): Promise<string> {
  const parts: Uint8Array[] = []
  let total = 0
  for await (const part of response.body ?? []) {
    total += part.length
    if (total > MAX_ANSWER_BYTES) throw new Error('the answer is too long')
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const isByte = (value: unknown): value is number => Number.isInteger(value) && Number(value) >= 0 && Number(value) < 256

/** Null unless it is shaped as a certificate; whether it holds is for others to say. */
function parseAnswer(text: string): Certificate | null {
  const found = parseJson(text)
  const inner = (found as { confirmation_certificate?: Record<string, unknown> } | null | undefined)
    ?.confirmation_certificate
  const { signers, serialized_message: message, signature } = inner ?? {}
  if (!Array.isArray(signers) || !Array.isArray(message) || typeof signature !== 'string') return null
  if (!signers.every((signer) => Number.isInteger(signer) && signer >= 0) || !message.every(isByte)) return null
  const raw = new Uint8Array(Buffer.from(signature, 'base64'))
  if (raw.length !== BLS_SIGNATURE_BYTES) return null
  return { signers: signers.toSorted((a, b) => a - b), message: Uint8Array.from(message), signature: raw }
}
