/** gRPC-web framing: flag u8 (0 data, 128 trailer), length u32 big-endian, payload.
 *
 *  Trailers are `key:value\r\n` lines whose keys must be lower case: the official client reads `Grpc-Status` as success.
 *  Requests come as bytes or, by default, as base64 text of the same frames; answers are always bytes, which the client
 *  accepts to both because it goes by the content type alone. */

import { concatBytes, utf8 } from '../../base/bytes.ts'
import { invalidArgument } from '../ledger/errors.ts'

export const DATA_FRAME = 0x00
export const TRAILER_FRAME = 0x80
const HEAD_BYTES = 5

/** The exact content type of every answer; the client refuses anything after it, such as a charset. */
export const RESPONSE_CONTENT_TYPE = 'application/grpc-web+proto'

export function encodeFrame(flag: number, payload: Uint8Array): Uint8Array {
  const head = new Uint8Array(HEAD_BYTES)
  head[0] = flag
  new DataView(head.buffer).setUint32(1, payload.length)
  return concatBytes(head, payload)
}

/** Longest message in a trailer: some clients bound the size of headers. */
const MAX_STATUS_MESSAGE = 2000

export function encodeTrailer(status: number, message = ''): Uint8Array {
  const text = encodeURIComponent(message.slice(0, MAX_STATUS_MESSAGE).toWellFormed())
  const lines = `grpc-status:${status}\r\n${text === '' ? '' : `grpc-message:${text}\r\n`}`
  return encodeFrame(TRAILER_FRAME, utf8(lines))
}

/** True if the request carries base64 text. */
export function isTextRequest(contentType: string): boolean {
  return contentType.startsWith('application/grpc-web-text')
}

export function isGrpcWeb(contentType: string): boolean {
  return contentType.startsWith('application/grpc-web')
}

/** The one message of a unary or server-streaming request.
 *  @throws {LedgerError} LEDGER_INVALID_ARGUMENT */
export function decodeRequest(body: Uint8Array, text: boolean): Uint8Array {
  const bytes = text ? decodeText(body) : body
  if (bytes.length < HEAD_BYTES) throw invalidArgument('the request holds no message')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.getUint8(0) !== DATA_FRAME) throw invalidArgument('compressed or unknown frames are not supported')
  const length = view.getUint32(1)
  if (HEAD_BYTES + length !== bytes.length) throw invalidArgument('the request does not hold exactly one message')
  return bytes.subarray(HEAD_BYTES)
}

function decodeText(body: Uint8Array): Uint8Array {
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('latin1')
  if (!/^[A-Za-z0-9+/=\s]*$/.test(text)) throw invalidArgument('the request is not base64')
  return new Uint8Array(Buffer.from(text, 'base64'))
}
