/** How long answers take in this session, and from there how long to wait before asking someone else as well.
 *
 *  An answer is compared with those of about its size: rows of a large pack take a hundred times as long as the metadata and
 *  the rows of a small one that were read right before, and all of them would have been asked for twice. */

export interface LatencyTracker {
  /** @param bytes - length of the answer */
  note(ms: number, bytes: number): void
  /** Wait before a second request is made beside the first, for an answer of so many bytes. */
  hedgeDelayMs(bytes: number): number
}

/** Answers of a size that are remembered. */
const SAMPLES = 128
/** Until this many are known, those of larger answers are used, then the first value. */
const MIN_SAMPLES = 8
const FIRST_DELAY_MS = 2_000
const PERCENTILE = 0.95
/** An answer this many times slower than nearly all others is not worth waiting for alone. */
const FACTOR = 3
const MIN_DELAY_MS = 250
const MAX_DELAY_MS = 5_000
/** Below this the length of an answer does not matter. */
const SMALL_BYTES = 16 * 1024
/** Sizes: up to 16 KiB, then each four times the one before; the last is for all that is larger. */
const SIZES = 8

export function createLatencyTracker(): LatencyTracker {
  const sizes = Array.from({ length: SIZES }, () => ({ samples: [] as number[], next: 0 }))
  return {
    note(ms, bytes) {
      const size = sizes[sizeOf(bytes)]!
      size.samples[size.next] = ms
      size.next = (size.next + 1) % SAMPLES
    },
    hedgeDelayMs(bytes) {
      const known = sizes.slice(sizeOf(bytes)).find(({ samples }) => samples.length >= MIN_SAMPLES)
      if (!known) return FIRST_DELAY_MS
      const sorted = known.samples.toSorted((a, b) => a - b)
      const usual = sorted[Math.min(sorted.length - 1, Math.floor(PERCENTILE * sorted.length))]!
      return Math.min(MAX_DELAY_MS, Math.max(MIN_DELAY_MS, FACTOR * usual))
    },
  }
}

function sizeOf(bytes: number): number {
  return bytes <= SMALL_BYTES ? 0 : Math.min(SIZES - 1, Math.ceil(Math.log2(bytes / SMALL_BYTES) / 2))
}
