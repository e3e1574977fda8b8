/** What a handler answers; the server writes it out. */

import { successEnvelope } from '../../protocol/envelope.ts'

export type Answer =
  | { readonly $kind: 'json'; readonly httpStatus: number; readonly body: unknown }
  | { readonly $kind: 'bytes'; readonly bytes: Uint8Array }
  /** A part of a file, sent without being in memory as a whole. */
  | { readonly $kind: 'file'; readonly path: string; readonly offset: number; readonly bytes: number }

export function answerBytes(bytes: Uint8Array): Answer {
  return { $kind: 'bytes', bytes }
}

export function answerData(data: unknown, httpStatus = 200): Answer {
  return { $kind: 'json', httpStatus, body: successEnvelope(data, httpStatus) }
}
