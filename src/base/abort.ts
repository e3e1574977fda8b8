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

export interface LinkSignals {
  /** Aborted after this many milliseconds as well, as `AbortSignal.timeout` is. It does not keep the process alive. */
  timeoutMs?: number
}

/** A signal that is aborted with the first of several. To be disposed of when the work is done: what is left of it goes with its
 *  deadline, and without one with the signals.
 *
 *  In place of `AbortSignal.any`, which Node holds by weak references only: up to Node 22 a deadline in it, or another `any`,
 *  never comes once garbage has been collected, and what waits for it waits for ever (`test/base/abort.test.ts`). */
export function linkSignals(
  signals: readonly (AbortSignal | undefined)[],
  { timeoutMs }: LinkSignals = {},
): Disposable & { signal: AbortSignal } {
  const linked = new AbortController()
  const followed = signals.filter((signal) => signal !== undefined)
  let timer: NodeJS.Timeout | undefined
  const letGo = () => {
    clearTimeout(timer)
    for (const signal of followed) signal.removeEventListener('abort', follow)
  }
  const abort = (reason: unknown) => {
    letGo()
    linked.abort(reason)
  }
  const follow = (event: Event) => abort((event.target as AbortSignal).reason)
  const aborted = followed.find((signal) => signal.aborted)
  if (aborted) linked.abort(aborted.reason)
  else {
    for (const signal of followed) signal.addEventListener('abort', follow)
    if (timeoutMs !== undefined) {
      const expire = () => abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError'))
      timer = setTimeout(expire, timeoutMs).unref()
    }
  }
  return { signal: linked.signal, [Symbol.dispose]: letGo }
}
