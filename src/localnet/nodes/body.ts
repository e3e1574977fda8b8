/** Reading request bodies with bounds: per body, and over all bodies that are in memory at once. */

import type { IncomingMessage } from 'node:http'
import { copyBytes } from '../../base/copy.ts'
import { CancelledError } from '../../base/errors.ts'
import { PlainRefusal } from './refusal.ts'

/** Bytes of request bodies that may be held at once; whoever exceeds it waits, its socket unread. */
export interface ByteBudget {
  /** Waits until `bytes` fit (a request above the whole budget waits for all of it) and calls `work` holding them. */
  hold<T>(bytes: number, work: () => Promise<T>): Promise<T>
  readonly heldBytes: number
}

export function createByteBudget(limitBytes: number): ByteBudget {
  const waiting: { bytes: number; start: () => void }[] = []
  let held = 0
  const admit = () => {
    // In order of arrival, so that a large body is not overtaken for ever.
    while (waiting.length > 0 && held + waiting[0]!.bytes <= limitBytes) {
      const next = waiting.shift()!
      held += next.bytes
      next.start()
    }
  }
  return {
    get heldBytes() {
      return held
    },
    async hold(bytes, work) {
      const asked = Math.min(bytes, limitBytes)
      await new Promise<void>((start) => {
        waiting.push({ bytes: asked, start })
        admit()
      })
      try {
        return await work()
      } finally {
        held -= asked
        admit()
      }
    },
  }
}

/** The length a request announces, or the bound where it announces none.
 *  @throws {PlainRefusal} 413 if it announces more */
export function announcedBytes(request: IncomingMessage, maxBytes: number): number {
  const header = request.headers['content-length']
  const announced = header === undefined ? maxBytes : Number(header)
  if (!(announced <= maxBytes)) throw new PlainRefusal(413, `the body is longer than ${maxBytes} bytes`)
  return announced
}

/** The whole body.
 *  @throws {PlainRefusal} 413 as soon as it is longer than `maxBytes`
 *  @throws {CancelledError} if the client goes away before its end */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  return readBodyInto(new Uint8Array(announcedBytes(request, maxBytes)), request)
}

/** The whole body, at the beginning of `body`.
 *  @throws {PlainRefusal} 413 as soon as it is longer
 *  @throws {CancelledError} if the client goes away before its end */
export async function readBodyInto(body: Uint8Array, request: IncomingMessage): Promise<Uint8Array> {
  let length = 0
  try {
    for await (const piece of request as AsyncIterable<Buffer>) {
      if (length + piece.length > body.length)
        throw new PlainRefusal(413, `the body is longer than ${body.length} bytes`)
      copyBytes(body, length, piece, 0, piece.length)
      length += piece.length
    }
  } catch (error) {
    if (error instanceof PlainRefusal) throw error
    throw new CancelledError(error)
  }
  return body.subarray(0, length)
}
