/** Failures of one storage node. All are kind `network`: another node may still answer. */

import { FloeError } from '../base/errors.ts'

/** What a node said or failed to say. Branch on these, never on message text. */
export type NodeErrorCode =
  | 'NODE_UNREACHABLE'
  | 'NODE_TIMEOUT'
  | 'NODE_REFUSED'
  | 'NODE_REDIRECTED'
  | 'NODE_KEY_FOREIGN'
  | 'NODE_RESPONSE_TOO_LARGE'
  | 'NODE_RESPONSE_MALFORMED'

export interface NodeErrorData {
  /** Base address of the node. */
  url: string
  /** Method and path of the request. */
  request: string
  /** HTTP status, once one was received. */
  status?: number
  /** `reason` of the error envelope, e.g. `NOT_REGISTERED`; absent if the node sent none. */
  reason?: string
  [fact: string]: unknown
}

/** One request to one storage node failed. */
export class NodeError extends FloeError {
  override name = 'NodeError'
  /** Reason of the node's error envelope, or `null`. */
  readonly reason: string | null
  readonly status: number | null

  constructor(
    code: NodeErrorCode,
    message: string,
    data: NodeErrorData,
    options: { retryable?: boolean; cause?: unknown } = {},
  ) {
    super('network', code, message, { data, ...options })
    this.reason = data.reason ?? null
    this.status = data.status ?? null
  }
}
