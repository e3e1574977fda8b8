/** A bound on how many asynchronous jobs run at once. */

import { throwIfAborted } from './abort.ts'

export interface Limit {
  /** Runs the job when a slot is free, in order of the calls. */
  run<T>(job: () => Promise<T>, options?: { signal?: AbortSignal }): Promise<T>
  readonly active: number
}

/** @param slots - jobs that may run at once, at least 1 */
export function createLimit(slots: number): Limit {
  if (!Number.isInteger(slots) || slots < 1) throw new RangeError(`"slots" expected a positive integer, got ${slots}`)
  const waiting: (() => void)[] = []
  let active = 0
  /** The slot is handed over: were it free until the next job goes on, who asks meanwhile would run beside that. */
  const release = () => {
    const next = waiting.shift()
    if (next) next()
    else active--
  }
  return {
    get active() {
      return active
    },
    async run(job, { signal } = {}) {
      throwIfAborted(signal)
      if (active < slots) active++
      else await new Promise<void>((resolve) => waiting.push(resolve))
      try {
        throwIfAborted(signal)
        return await job()
      } finally {
        release()
      }
    },
  }
}

/** Maps items with at most `slots` jobs at once; results keep the order of the items.
 *  The first failure is thrown after the jobs already running have settled, so no rejection escapes. */
export async function mapLimited<T, R>(
  items: readonly T[],
  slots: number,
  job: (item: T, index: number) => Promise<R>,
  options: { signal?: AbortSignal } = {},
): Promise<R[]> {
  const results = new Array<R>(items.length)
  let next = 0
  let failure: { error: unknown } | undefined
  const runner = async () => {
    while (next < items.length && !failure) {
      const index = next++
      try {
        throwIfAborted(options.signal)
        results[index] = await job(items[index]!, index)
      } catch (error) {
        failure ??= { error }
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(slots, items.length) }, runner))
  if (failure) throw failure.error
  return results
}
