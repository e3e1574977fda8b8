/** Lets timers, signals and sockets have their turn during long loops of synchronous calls. */

import { throwIfAborted } from '../base/abort.ts'

const MAX_BUSY_MS = 50

/** Gives a function to be awaited once per item: it returns at once, except every 50 ms.
 *  @throws {CancelledError} once the signal is aborted */
export function createBreather(signal?: AbortSignal): () => Promise<void> | undefined {
  let since = performance.now()
  return () => {
    throwIfAborted(signal)
    if (performance.now() - since < MAX_BUSY_MS) return undefined
    return new Promise((resolve) =>
      setImmediate(() => {
        since = performance.now()
        resolve()
      }),
    )
  }
}
