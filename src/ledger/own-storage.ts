/** `walrus::storage_resource::Storage` in the hands of an address: space that is paid for and holds no blob, as giving up a
 *  push leaves it. @see walrus-sui reference §3.2 */

import { ByteReader, CodecError } from '../codec/cursor.ts'
import { Storage } from './bindings/walrus/storage-resource.ts'
import type { LedgerClient, LedgerRequestOptions } from './client.ts'
import { ChainRecordError } from './errors.ts'
import { safeNumber } from './record-values.ts'
import type { WalrusState } from './system-state.ts'

export interface OwnStorage {
  objectId: string
  /** Encoded bytes. */
  bytes: number
  startEpoch: number
  /** First epoch in which it is no longer there. */
  endEpoch: number
}

/** Pieces looked at: what is beyond them is simply not used. */
const MAX_PIECES = 1_000

/** Space that an address can use in this epoch, in no order. */
export async function fetchOwnStorage(
  ledger: LedgerClient,
  state: WalrusState,
  owner: string,
  options: LedgerRequestOptions = {},
): Promise<OwnStorage[]> {
  const objects = await ledger.fetchOwnedObjects(owner, Storage.at(state.originalPackageId), MAX_PIECES, options)
  return objects.map(readOwnStorage).filter(({ startEpoch, endEpoch, bytes }) => {
    return startEpoch <= state.epoch && endEpoch > state.epoch && bytes > 0
  })
}

function readOwnStorage({ id, content }: { id: string; content: Uint8Array }): OwnStorage {
  try {
    const reader = new ByteReader(content)
    const { startEpoch, endEpoch, storageSize } = Storage.read(reader)
    reader.end()
    return { objectId: id, bytes: safeNumber(storageSize), startEpoch, endEpoch }
  } catch (error) {
    if (!(error instanceof CodecError)) throw error
    throw new ChainRecordError('LEDGER_RECORD_MALFORMED', `storage object ${id} has an unknown layout`, {
      data: { id },
      cause: error,
    })
  }
}
