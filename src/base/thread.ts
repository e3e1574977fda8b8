/** Starting threads. The module for that is loaded with the first: a command that starts none saves 2 ms. */

import type { Worker, WorkerOptions } from 'node:worker_threads'

export type Thread = Worker

/** @param options.sharesEnvironment - the thread sees this one's environment (default: a copy) */
export function createThread(
  url: URL,
  { sharesEnvironment = false, ...options }: Omit<WorkerOptions, 'env'> & { sharesEnvironment?: boolean } = {},
): Thread {
  const threads = process.getBuiltinModule('node:worker_threads')
  return new threads.Worker(url, sharesEnvironment ? { ...options, env: threads.SHARE_ENV } : options)
}
