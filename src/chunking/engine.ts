/** What every cutting engine does. Engines differ in speed only; a test holds them equal. */

import type { ChunkParams } from './params.ts'

/** Finds the cuts of one byte stream that arrives in pieces. */
export interface Cutter {
  /** @param bytes - the next piece, of any length
   *  @returns offsets in this piece, ascending, each the end (exclusive) of a chunk */
  feed(bytes: Uint8Array): number[]
  /** Bytes since the last cut: what is left is the last chunk when the stream ends. */
  readonly pendingBytes: number
}

export interface ChunkEngine {
  readonly name: string
  createCutter(params: ChunkParams): Cutter
}
