/** Asking several in turn without waiting for the slow: the next is asked when one fails or takes too long; the first true
 *  answer wins and ends the others. */

import { CancelledError } from '../base/errors.ts'

/** @param attempts - each returns a value, or `null` where it has none; it must not throw except for what ends everything
 *  @param delayMs - how long to wait for an attempt before the next one is begun beside it
 *  @param onOvertaken - told the index of an attempt that was begun before the winner and had not answered
 *  @returns the first value; `null` if no attempt has one */
export function firstAnswer<T>(
  attempts: readonly ((signal: AbortSignal) => Promise<T | null>)[],
  delayMs: (index: number) => number,
  options: { signal?: AbortSignal | undefined; onOvertaken?: (index: number) => void } = {},
): Promise<T | null> {
  const { signal, onOvertaken } = options
  return new Promise((resolve, reject) => {
    const stop = new AbortController()
    const running = new Set<number>()
    let begun = 0
    let timer: NodeJS.Timeout | undefined
    let ended = false
    const end = (settle: () => void) => {
      if (ended) return
      ended = true
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      settle()
      stop.abort(new CancelledError('another answer came first'))
    }
    const onAbort = () => end(() => reject(new CancelledError(signal!.reason)))
    const begin = () => {
      clearTimeout(timer)
      if (ended) return
      if (begun >= attempts.length) {
        if (running.size === 0) end(() => resolve(null))
        return
      }
      const index = begun++
      running.add(index)
      attempts[index]!(stop.signal).then(
        (value) => {
          running.delete(index)
          if (ended) return
          if (value === null) return begin()
          for (const other of running) if (other < index) onOvertaken?.(other)
          end(() => resolve(value))
        },
        (error: unknown) => end(() => reject(error)),
      )
      if (begun < attempts.length) timer = setTimeout(begin, delayMs(index))
    }
    if (signal?.aborted) return onAbort()
    signal?.addEventListener('abort', onAbort, { once: true })
    begin()
  })
}
