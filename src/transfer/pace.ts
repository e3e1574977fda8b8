/** How many requests a node gets at a time: more while it answers, half as many when it is overloaded or late.
 *
 *  Additive increase, multiplicative decrease, with a quick start: the window grows by one per answer until the node
 *  first complains, then by one per window of answers. A node that says when it wants to be asked again is left alone
 *  until then. */

import { sleep } from '../base/abort.ts'

export interface Pace {
  /** Runs the job when the node has room for it, in order of the calls. */
  run<T>(job: () => Promise<T>, signal: AbortSignal): Promise<T>
  /** Waits as long as the node wants to be left alone. `run` does that by itself. */
  quiet(signal: AbortSignal): Promise<void>
  answered(): void
  /** The node is overloaded, or did not answer in time.
   *  @param pauseMs - how long it wants to be left alone; 0 if it did not say */
  complained(pauseMs: number): void
  /** Requests that it may have at a time just now. */
  readonly window: number
}

export const FIRST_WINDOW = 4
export const MAX_WINDOW = 16
const MIN_WINDOW = 1

export function createPace(): Pace {
  const waiting: (() => void)[] = []
  let window = FIRST_WINDOW
  let active = 0
  let isQuickStart = true
  let quietUntilMs = 0
  const admit = () => {
    while (active < Math.floor(window) && waiting.length > 0) {
      active++
      waiting.shift()!()
    }
  }
  const quiet = async (signal: AbortSignal) => {
    // Somebody else may be told meanwhile to wait even longer.
    for (let pauseMs = quietUntilMs - performance.now(); pauseMs > 0; pauseMs = quietUntilMs - performance.now())
      await sleep(pauseMs, signal)
  }
  return {
    quiet,
    get window() {
      return Math.floor(window)
    },
    async run(job, signal) {
      if (active < Math.floor(window)) active++
      else await new Promise<void>((resolve) => waiting.push(resolve))
      try {
        await quiet(signal)
        return await job()
      } finally {
        active--
        admit()
      }
    },
    answered() {
      window = Math.min(MAX_WINDOW, window + (isQuickStart ? 1 : 1 / window))
      admit()
    },
    complained(pauseMs) {
      isQuickStart = false
      window = Math.max(MIN_WINDOW, window / 2)
      quietUntilMs = Math.max(quietUntilMs, performance.now() + pauseMs)
    },
  }
}
