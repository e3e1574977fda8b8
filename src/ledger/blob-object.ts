/** `walrus::blob::Blob` as it lies on chain. @see walrus-sui reference §3.2 */

import { ByteReader, CodecError } from '../codec/cursor.ts'
import type { LedgerClient, LedgerObject } from './client.ts'
import { ChainRecordError } from './errors.ts'
import { addressFromBytes } from './object-id.ts'
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
  const objectId = addressFromBytes(reader.bytes(32))
  const registeredEpoch = reader.u32()
  const blobId = reader.bytes(32).slice()
  const blobBytes = reader.safeU64()
  reader.u8() // encoding type; registration admits one only
  const certifiedEpoch = reader.bool() ? reader.u32() : null
  reader.bytes(32) // storage id
  reader.u32() // storage start
  const endEpoch = reader.u32()
  const storageBytes = reader.u64()
  const deletable = reader.bool()
  return { objectId, blobId, blobBytes, registeredEpoch, certifiedEpoch, endEpoch, storageBytes, deletable }
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
  return `${state.originalPackageId}::blob::Blob`
}

/** More blobs than anyone should leave lying about; older ones beyond it are simply not reused. */
const MAX_OWNED = 2_000

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
