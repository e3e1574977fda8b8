/** Threads for `read-pool.ts`. One takes as long to start as the program takes to load, so whoever knows early that files
 *  will be read may start one before: this file needs next to nothing else. */

import { createThread, type Thread } from '../base/thread.ts'

// Built programs hold .js files; the compiler rewrites import specifiers but not this.
const WORKER_URL = new URL(import.meta.url.endsWith('.ts') ? './read-worker.ts' : './read-worker.js', import.meta.url)

/** A thread keeps next to nothing, and what it no longer needs would pile up to three times the default of 16 MiB. */
const LIMITS = { maxYoungGenerationSizeMb: 12 }

let ahead: Thread | undefined

/** Starts a thread that the next pool will find. */
export function startReadThreadAhead(): void {
  ahead ??= startThread()
}

/** A thread that nobody else has; a new one where none was started ahead. It waits to be told where to write. */
export function takeReadThread(): Thread {
  const taken = ahead ?? startThread()
  ahead = undefined
  return taken
}

function startThread(): Thread {
  const worker = createThread(WORKER_URL, { execArgv: [], resourceLimits: LIMITS })
  // Nobody waits for a thread as such: the process may end without it.
  worker.unref()
  // One that has died before anybody took it.
  worker.on('error', () => {
    if (ahead === worker) ahead = undefined
  })
  return worker
}
