/** What a transaction did to the refs of a repository, by its own events: what the chain says later may be the work of others. */

import { ByteReader } from '../codec/cursor.ts'
import { RefMoved } from './bindings/floe/events.ts'
import type { ExecutedTransaction } from './client.ts'
import { parseAddress } from './object-id.ts'
import { safeNumber } from './record-values.ts'

/** Number in the repository's log of the push that moved the ref; `null` if the ledger told no such event.
 *  @param moved.ref - as on chain: `refs/heads/main`
 *  @throws {CodecError} if it told something else under that name */
export function pushNumberOf(
  { events }: Pick<ExecutedTransaction, 'events'>,
  moved: { repository: string; ref: string },
): number | null {
  for (const { type, content } of events) {
    if (!type.endsWith(EVENT)) continue
    const event = RefMoved.read(new ByteReader(content))
    if (event.repository === parseAddress(moved.repository) && event.ref === moved.ref) return safeNumber(event.push)
  }
  return null
}

const EVENT = `::${RefMoved.module}::${RefMoved.name}`
