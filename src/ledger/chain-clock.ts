/** The clock that contracts see. */

import { ByteReader } from '../codec/cursor.ts'
import type { LedgerClient } from './client.ts'

const CLOCK_ID = '0x6'
const ID_BYTES = 32

/** Milliseconds since 1970. The object shows the time of a moment ago, on a local network that of the last transaction that
 *  asked for it; so the later of it and the time here. */
export async function fetchChainTimeMs(
  ledger: LedgerClient,
  options: { signal?: AbortSignal | undefined } = {},
): Promise<number> {
  const clock = await ledger.fetchObject(CLOCK_ID, options.signal ? { signal: options.signal } : {})
  if (!clock) return Date.now()
  const reader = new ByteReader(clock.content)
  reader.bytes(ID_BYTES)
  return Math.max(reader.safeU64(), Date.now())
}
