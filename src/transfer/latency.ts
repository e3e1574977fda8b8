/** How long answers take in this session, and from there how long to wait before asking someone else as well. */

export interface LatencyTracker {
  note(ms: number): void
  /** Wait before a second request is made beside the first. */
  hedgeDelayMs(): number
}

/** Answers remembered. */
const SAMPLES = 128
/** Until this many are known, the first value is used. */
const MIN_SAMPLES = 8
const FIRST_DELAY_MS = 2_000
const PERCENTILE = 0.95
/** An answer this many times slower than nearly all others is not worth waiting for alone. */
const FACTOR = 3
const MIN_DELAY_MS = 250
const MAX_DELAY_MS = 5_000

export function createLatencyTracker(): LatencyTracker {
  const samples: number[] = []
  let next = 0
  return {
    note(ms) {
      samples[next] = ms
      next = (next + 1) % SAMPLES
    },
    hedgeDelayMs() {
      if (samples.length < MIN_SAMPLES) return FIRST_DELAY_MS
      const sorted = samples.toSorted((a, b) => a - b)
      const usual = sorted[Math.min(sorted.length - 1, Math.floor(PERCENTILE * sorted.length))]!
      return Math.min(MAX_DELAY_MS, Math.max(MIN_DELAY_MS, FACTOR * usual))
    },
  }
}
