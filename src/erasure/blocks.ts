/** Blocks of codewords: what an engine gets at once. */

import { copyBytes } from '../base/copy.ts'

/** Bytes of a vector in a block: long enough to amortise a butterfly's tables, short enough for a thousand of them. */
const VECTOR_TARGET_BYTES = 1024

export interface Range {
  readonly first: number
  readonly count: number
}

/** Calls with consecutive blocks of the range, of at most `blockCount` and nearly equal length. */
export function inBlocks(
  { first, count }: Range,
  blockCount: number,
  run: (first: number, count: number) => void,
): void {
  for (let done = 0, blocks = Math.ceil(count / blockCount); done < count; blocks--) {
    const length = Math.ceil((count - done) / blocks)
    run(first + done, length)
    done += length
  }
}

/** Codewords that one block takes side by side, at most. */
export function codewordsPerBlock(symbolBytes: number, vectorBytes = VECTOR_TARGET_BYTES): number {
  return Math.max(1, Math.floor(vectorBytes / symbolBytes))
}

/** Copies blob bytes [from, from + length) to `to`, zeros where the blob has ended. */
export function copyPadded(memory: Uint8Array, to: number, blob: Uint8Array, from: number, length: number): void {
  const have = Math.max(0, Math.min(length, blob.length - from))
  if (have > 0) copyBytes(memory, to, blob, from, have)
  if (have < length) memory.fill(0, to + have, to + length)
}
