/** Reads of an end point that lags behind what it has shown itself a moment ago, as where several servers answer under one
 *  name: they are made again, for a few seconds, before a command gives up. */

import { sleep } from '../base/abort.ts'
import { FloeError } from '../base/errors.ts'

/** Pauses between attempts: three seconds together, in which a server that follows the chain has caught up. */
const LAG_WAITS_MS = [200, 400, 800, 1600] as const

/** Of rows that others name already, and of refs and logs that are older than what was seen before. */
const LAG_CODES: ReadonlySet<string> = new Set(['LEDGER_REFS_STALE', 'LEDGER_RECORD_MISSING', 'REMOTE_LOG_SHRUNK'])

/** @param read - asks anew each time, and throws one of these errors if the answer is behind
 *  @throws {CancelledError} as soon as the signal is aborted */
export async function caughtUp<T>(read: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  for (const waitMs of LAG_WAITS_MS) {
    try {
      return await read()
    } catch (error) {
      if (!(error instanceof FloeError) || !LAG_CODES.has(error.code)) throw error
      await sleep(waitMs, signal)
    }
  }
  return read()
}
