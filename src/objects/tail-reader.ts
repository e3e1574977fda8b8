/** A range reader that fetches the end of a pack once. The end of a meta pack holds its newest objects, its locator
 *  segment and its index: a fresh client needs all of them. */

import type { RangeReader } from './reader.ts'

const DEFAULT_TAIL_BYTES = 256 * 1024

/** @param tailBytes - length of the end that is fetched at the first read inside it */
export function withTail(reader: RangeReader, tailBytes: number = DEFAULT_TAIL_BYTES): RangeReader {
  const length = Math.min(tailBytes, reader.bytes)
  const tailOffset = reader.bytes - length
  let tail: Promise<Uint8Array> | undefined
  return {
    bytes: reader.bytes,
    async read(offset, bytes, options = {}) {
      if (offset < tailOffset) return reader.read(offset, bytes, options)
      if (!tail) {
        tail = reader.read(tailOffset, length, options)
        // A failed read may succeed next time.
        tail.catch(() => {
          tail = undefined
        })
      }
      return (await tail).subarray(offset - tailOffset, offset - tailOffset + bytes)
    },
  }
}
