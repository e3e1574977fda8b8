/** What can be wrong with protocol bytes that someone else sent. */

import { FloeError, IntegrityError } from '../base/errors.ts'
import { CodecError } from '../codec/cursor.ts'

/** Codes of `ProtocolError`; API, only ever extended. */
export type ProtocolErrorCode =
  | 'PROTOCOL_BLOB_ID'
  | 'PROTOCOL_METADATA'
  | 'PROTOCOL_SLIVER'
  | 'PROTOCOL_RECOVERY'
  | 'PROTOCOL_MESSAGE'
  | 'PROTOCOL_CONFIRMATION'
  | 'PROTOCOL_BITMAP'
  | 'PROTOCOL_CERTIFICATE'
  | 'PROTOCOL_ENVELOPE'

/** Bytes of the Walrus protocol that are malformed or do not say what they must (exit 13). */
export class ProtocolError extends IntegrityError {
  override name = 'ProtocolError'
  declare readonly code: ProtocolErrorCode

  constructor(code: ProtocolErrorCode, message: string, data: Record<string, unknown>, cause?: unknown) {
    super(code, message, { data, cause })
  }
}

/** Fewer valid confirmations than certification needs (exit 14). */
export class QuorumError extends FloeError {
  override name = 'QuorumError'
  constructor(data: { weight: number; needed: number; shardCount: number; refused: readonly number[] }) {
    super(
      'network',
      'PROTOCOL_QUORUM',
      `${data.weight} of ${data.shardCount} shards confirmed, ${data.needed} needed`,
      {
        data,
        retryable: true,
      },
    )
  }
}

/** Runs a parser and turns what the byte reader throws into the error of this format. */
export function parsing<T>(code: ProtocolErrorCode, what: string, parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    if (error instanceof CodecError) throw new ProtocolError(code, `${what}: ${error.message}`, error.data, error)
    throw error
  }
}
