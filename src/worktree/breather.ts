/** Lets timers, signals and sockets have their turn during long loops of synchronous calls. */

import { throwIfAborted } from '../base/abort.ts'

const MAX_BUSY_MS = 50

/** Where packs come in meanwhile: a connection that is not read from for long stands still. */
export const BESIDE_NETWORK_MS = 5

/** Gives a function to be awaited once per item: it returns at once, except every so many milliseconds.
 *  @throws {CancelledError} once the signal is aborted */
export function createBreather(signal?: AbortSignal, maxBusyMs = MAX_BUSY_MS): () => Promise<void> | undefined {
  let since = performance.now()
  return () => {
    throwIfAborted(signal)
    if (performance.now() - since < maxBusyMs) return undefined
    return new Promise((resolve) =>
      setImmediate(() => {
        since = performance.now()
        resolve()
      }),
    )
  }
}
