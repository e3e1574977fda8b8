/** A clock of the client's own: what runs by it sees another date than the ledger and the nodes, which share its process. */

import { AsyncLocalStorage } from 'node:async_hooks'

export interface OwnClock extends Disposable {
  /** Runs a job, and everything that it waits for, by this clock. */
  run<T>(job: () => Promise<T>): Promise<T>
  /** From within such a job: runs another by the true clock. */
  outside<T>(job: () => T): T
  /** So many days ahead of the true one from now on, or behind it. */
  set(days: number): void
}

const DAY_MS = 86_400_000

/** Replaces `Date.now`, by which the product reads the time, until disposed. */
export function createOwnClock(): OwnClock {
  const own = new AsyncLocalStorage<true>()
  const outside = AsyncLocalStorage.snapshot()
  const trueNow = Date.now
  let offsetMs = 0
  Date.now = () => trueNow() + (own.getStore() ? offsetMs : 0)
  return {
    run: (job) => own.run(true, job),
    outside: (job) => outside(job),
    set(days) {
      offsetMs = days * DAY_MS
    },
    [Symbol.dispose]() {
      Date.now = trueNow
    },
  }
}
