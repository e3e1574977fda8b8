/** The sizes that steer the chunker, and the limits derived from them. */

import { ChunkParamsError } from './errors.ts'
import { GEAR_WINDOW_BYTES } from './gear.ts'

export interface ChunkParams {
  /** Smallest chunk except a file's last. */
  minBytes: number
  /** Wanted mean over random bytes. */
  avgBytes: number
  /** Largest chunk. */
  maxBytes: number
}

/** Largest `maxBytes` that may be asked for: a chunk is held in memory as a whole. */
export const CHUNK_MAX_BYTES_LIMIT: number = 16 * 1024 * 1024

/** @returns the same sizes, checked
 *  @throws {ChunkParamsError} CHUNK_PARAMS unless 32 ≤ min ≤ avg ≤ max ≤ 16 MiB, all integers */
export function parseChunkParams(params: ChunkParams): ChunkParams {
  const { minBytes, avgBytes, maxBytes } = params
  const data = { minBytes, avgBytes, maxBytes }
  if (![minBytes, avgBytes, maxBytes].every(Number.isSafeInteger)) throw new ChunkParamsError('not integers', data)
  // Below the window a decision would look at bytes of the chunk before.
  if (minBytes < GEAR_WINDOW_BYTES) throw new ChunkParamsError(`minimum below ${GEAR_WINDOW_BYTES}`, data)
  if (minBytes > avgBytes || avgBytes > maxBytes) throw new ChunkParamsError('min ≤ avg ≤ max does not hold', data)
  if (maxBytes > CHUNK_MAX_BYTES_LIMIT) throw new ChunkParamsError(`maximum above ${CHUNK_MAX_BYTES_LIMIT}`, data)
  return data
}

/** What the inner loop compares against. */
export interface CutLimits {
  minBytes: number
  /** Chunk length from which the easy threshold applies. */
  normalBytes: number
  maxBytes: number
  /** A hash below this cuts before `normalBytes`: one in 4·avg. */
  hardThreshold: number
  /** A hash below this cuts from `normalBytes` on: one in avg/4. */
  easyThreshold: number
}

/** Normalised chunking (FastCDC 2016 §3.4, level 2): cutting is four times rarer before the normal point and four times
 *  likelier after it, which narrows the spread of sizes.
 *
 *  For powers of two "hash below 2^32/x" is the paper's "the top log2(x) bits are zero". The normal point is 13/16 of
 *  the average, not the average itself: with min = avg/4 the mean over random bytes then is 0.99·avg instead of 1.17·avg
 *  (272 − 240·e^(−(x−16)/256) KiB for avg = 64 KiB and the normal point at x KiB). */
export function cutLimits({ minBytes, avgBytes, maxBytes }: ChunkParams): CutLimits {
  return {
    minBytes,
    normalBytes: Math.max(minBytes, Math.floor((avgBytes * 13) / 16)),
    maxBytes,
    hardThreshold: Math.floor(2 ** 32 / (avgBytes * 4)),
    easyThreshold: Math.floor(2 ** 32 / (avgBytes / 4)),
  }
}
