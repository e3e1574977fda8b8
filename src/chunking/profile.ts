/** Chunk sizes by file size: the profile that a commit records (DESIGN §4 "Chunk size").
 *
 *  A profile never changes once released. A better chunker gets the next id, and files that did not change keep the
 *  chunks they have. */

import { type ChunkParams, parseChunkParams } from './params.ts'

/** The profile of every commit this version writes. */
export const CHUNK_PROFILE = 1

/** Names of all profiles ever released, by id. */
export const CHUNK_PROFILES: Readonly<Record<number, string>> = { 1: 'fastcdc-gear32-v1' }

const KiB = 1024
const MiB = 1024 * KiB
const GiB = 1024 * MiB

/** Rows in order: the first whose bound the file stays below decides. */
const ROWS: readonly { belowBytes: number; params: ChunkParams }[] = [
  { belowBytes: 256 * MiB, params: profileParams(64 * KiB) },
  { belowBytes: 4 * GiB, params: profileParams(256 * KiB) },
  { belowBytes: Number.POSITIVE_INFINITY, params: profileParams(MiB) },
]

/** No chunk of profile 1 is larger than this: 4 MiB. */
export const MAX_CHUNK_BYTES: number = 4 * MiB

// A quarter and four times the average, as the FastCDC authors measured: a smaller minimum gains no dedup but doubles
// the worst number of ids, a larger maximum only delays the cut in runs of one byte.
function profileParams(avgBytes: number): ChunkParams {
  return parseChunkParams({ minBytes: avgBytes / 4, avgBytes, maxBytes: avgBytes * 4 })
}

/** What a user may ask for, file by file. How a file was cut is not recorded: readers follow its content map. */
export type ChunkSizing = 'auto' | 'small' | 'medium' | 'large' | 'fixed'

/** By name, where the size of the file shall not decide. `fixed` cuts every 1 MiB, whatever stands there: for files that
 *  are changed in place and never shifted, such as databases and arrays, it is as good as searching and much cheaper. */
const SIZINGS: Readonly<Record<Exclude<ChunkSizing, 'auto'>, ChunkParams>> = {
  small: profileParams(64 * KiB),
  medium: profileParams(256 * KiB),
  large: profileParams(MiB),
  fixed: parseChunkParams({ minBytes: MiB, avgBytes: MiB, maxBytes: MiB }),
}

/** Chunk sizes for a file of that size under profile 1.
 *  @param fileBytes - size of the whole file, which must be known before the first cut
 *  @param sizing - what was asked for (default: by the size of the file) */
export function chunkParamsFor(fileBytes: number, sizing: ChunkSizing = 'auto'): ChunkParams {
  if (!Number.isSafeInteger(fileBytes) || fileBytes < 0)
    throw new RangeError(`"fileBytes" expected a non-negative integer, got ${fileBytes}`)
  return sizing === 'auto' ? ROWS.find((row) => fileBytes < row.belowBytes)!.params : SIZINGS[sizing]
}
