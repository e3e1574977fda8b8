/** Pushes that were interrupted between their transactions: `Push` objects that the pusher still holds. */

import { ByteReader } from '../codec/cursor.ts'
import type { LedgerClient } from '../ledger/client.ts'
import { type OpenPushRecord, readOpenPush } from '../ledger/repository-records.ts'

const MAX_OPEN_PUSHES = 1_000

/** Open pushes to a repository, the newest first.
 *  @param floe - package that defines the repository */
export async function fetchOpenPushes(
  ledger: LedgerClient,
  owner: string,
  floe: string,
  repository: string,
): Promise<OpenPushRecord[]> {
  const objects = await ledger.fetchOwnedObjects(owner, `${floe}::push::Push`, MAX_OPEN_PUSHES)
  return objects
    .toSorted((a, b) => (a.version < b.version ? 1 : -1))
    .map((object) => readOpenPush(new ByteReader(object.content)))
    .filter((open) => open.repository === repository)
}
