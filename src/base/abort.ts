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

/** For work that several wait for: a signal that is aborted when the last of them is cancelled. Never, if one of them has no
 *  signal. To be disposed of when the work is done. */
export function untilAllAborted(signals: readonly (AbortSignal | undefined)[]): Disposable & { signal: AbortSignal } {
  const all = new AbortController()
  const waiting = new Set(signals)
  const look = () => {
    for (const signal of waiting) if (signal?.aborted) waiting.delete(signal)
    if (waiting.size === 0) all.abort(new CancelledError())
  }
  for (const signal of waiting) signal?.addEventListener('abort', look)
  look()
  return {
    signal: all.signal,
    [Symbol.dispose]() {
      for (const signal of waiting) signal?.removeEventListener('abort', look)
    },
  }
}
