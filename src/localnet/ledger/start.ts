/** Opens the state, starts the server, and returns the handle. */

import type { LedgerHandle, LedgerOptions } from './handle.ts'

/** Starts a ledger in this process and serves gRPC-web and the faucet on 127.0.0.1.
 *  @throws {LedgerError} LEDGER_STATE_CORRUPT if the folder holds a damaged ledger */
export async function startLedger(options: LedgerOptions): Promise<LedgerHandle> {
  throw new Error(`not yet: ${options.dir}`)
}
