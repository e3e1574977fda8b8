/** `walrus::blob::Blob` as it lies on chain. @see walrus-sui reference §3.2 */

import { ByteReader, CodecError } from '../codec/cursor.ts'
import { Blob } from './bindings/walrus/blob.ts'
import type { LedgerClient, LedgerObject } from './client.ts'
import { ChainRecordError } from './errors.ts'
import { safeNumber } from './record-values.ts'
import type { WalrusState } from './system-state.ts'

export interface BlobRecord {
  objectId: string
  /** 32 bytes. */
  blobId: Uint8Array
  /** Unencoded. */
  blobBytes: number
  registeredEpoch: number
  /** `null` while uncertified. */
  certifiedEpoch: number | null
  /** First epoch in which it is no longer stored. */
  endEpoch: number
  /** Reserved, encoded. */
  storageBytes: bigint
  deletable: boolean
}

/** The fields of a `Blob` from where the reader stands. */
export function readBlobRecord(reader: ByteReader): BlobRecord {
  const { id, blobId, size, registeredEpoch, certifiedEpoch, storage, deletable } = Blob.read(reader)
  return {
    objectId: id,
    blobId,
    blobBytes: safeNumber(size),
    registeredEpoch,
    certifiedEpoch,
    endEpoch: storage.endEpoch,
    storageBytes: storage.storageSize,
    deletable,
  }
}

/** @throws {ChainRecordError} LEDGER_RECORD_MALFORMED */
export function parseBlobObject(object: Pick<LedgerObject, 'id' | 'content'>): BlobRecord {
  try {
    const reader = new ByteReader(object.content)
    const record = readBlobRecord(reader)
    reader.end()
    return record
  } catch (error) {
    if (!(error instanceof CodecError)) throw error
    throw new ChainRecordError('LEDGER_RECORD_MALFORMED', `blob object ${object.id} has an unknown layout`, {
      data: { id: object.id },
      cause: error,
    })
  }
}

/** Type of blob objects of this network. */
export function blobObjectType(state: WalrusState): string {
  return Blob.at(state.originalPackageId)
}

/** More blobs than anyone should leave lying about; older ones beyond it are simply not reused. */
const MAX_OWNED = 10_000

/** Blob objects that an address holds itself: registered, perhaps certified, not yet deposited anywhere. */
export async function fetchOwnedBlobs(
  ledger: LedgerClient,
  state: WalrusState,
  owner: string,
  options: { signal?: AbortSignal } = {},
): Promise<BlobRecord[]> {
  const objects = await ledger.fetchOwnedObjects(owner, blobObjectType(state), MAX_OWNED, options)
  return objects.map(parseBlobObject)
}
