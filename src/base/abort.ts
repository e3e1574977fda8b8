/** Cancellation and deadlines. */

import { CancelledError } from './errors.ts'

/** @throws {CancelledError} if the signal has been aborted */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw signal.reason instanceof CancelledError ? signal.reason : new CancelledError(signal.reason)
}

/** Resolves after `ms` milliseconds.
 *  @throws {CancelledError} as soon as the signal is aborted */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(new CancelledError(signal.reason))
    const onAbort = () => {
      clearTimeout(timer)
      reject(new CancelledError(signal?.reason))
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    }, ms)
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}
