/** How a storage node says no: a reason that clients branch on, sent in the error envelope. */

import { FloeError } from '../../base/errors.ts'
import { errorEnvelope, type NodeReason, type StatusWord } from '../../protocol/envelope.ts'

export class NodeRefusal extends FloeError {
  override name = 'NodeRefusal'
  readonly reason: NodeReason
  readonly status: StatusWord | undefined

  /** @param status - where the reason is sent under another status than its usual one */
  constructor(reason: NodeReason, message: string, options: { status?: StatusWord; cause?: unknown } = {}) {
    super('other', reason, message, { cause: options.cause })
    this.reason = reason
    this.status = options.status
  }

  envelope(): { httpStatus: number; body: unknown } {
    return errorEnvelope(this.reason, this.message, this.status ? { status: this.status } : {})
  }
}

/** A request that the framework refuses before any route runs: plain text, as upstream does. */
export class PlainRefusal extends FloeError {
  override name = 'PlainRefusal'
  readonly httpStatus: number

  constructor(httpStatus: 400 | 404 | 405 | 413, message: string) {
    super('other', `HTTP_${httpStatus}`, message)
    this.httpStatus = httpStatus
  }
}
