/** Objects as the ledger answers them, believed only as far as their own bytes say so. */

import { CodecError } from '../codec/cursor.ts'
import { ChainRecordError } from './errors.ts'
import { type LedgerOwner, readObjectBytes } from './object-bytes.ts'
import { addressFromBytes, parseAddress } from './object-id.ts'

/** A Move object as read. */
export interface LedgerObject {
  /** Full form. */
  id: string
  version: bigint
  digest: string
  /** Fully qualified Move type; addresses in full form. */
  type: string
  owner: LedgerOwner
  /** BCS of the Move struct; begins with the object's id. */
  content: Uint8Array
}

/** The official client passes on whatever the server says. Here everything is read from the bytes that the chain hashes;
 *  their digest must be the one named, and the id inside the contents the one asked for.
 *  @throws {ChainRecordError} LEDGER_OBJECT_MISMATCH, LEDGER_OBJECT_DIGEST, LEDGER_OBJECT_MALFORMED */
export function checkedObject(
  object: { objectId: string; version: string; digest: string; objectBcs?: Uint8Array | undefined },
  wanted: string,
): LedgerObject {
  const id = parseAddress(object.objectId)
  const { digest, ...read } = objectBytesOf(object.objectBcs, wanted)
  if (digest !== object.digest || read.version !== BigInt(object.version))
    throw new ChainRecordError(
      'LEDGER_OBJECT_DIGEST',
      `the ledger answered object ${wanted} with other bytes than it names`,
      {
        data: { wanted, named: object.digest, got: digest, version: String(object.version) },
      },
    )
  const inside = read.content.length >= 32 ? addressFromBytes(read.content.subarray(0, 32)) : null
  if (id !== wanted || inside !== wanted)
    throw new ChainRecordError('LEDGER_OBJECT_MISMATCH', `the ledger answered object ${wanted} with another one`, {
      data: { wanted, got: id, inside },
    })
  return { id, digest, ...read }
}

function objectBytesOf(bytes: Uint8Array | undefined, wanted: string): ReturnType<typeof readObjectBytes> {
  try {
    return readObjectBytes(bytes ?? new Uint8Array(0))
  } catch (error) {
    if (!(error instanceof CodecError)) throw error
    throw new ChainRecordError(
      'LEDGER_OBJECT_MALFORMED',
      `the ledger answered ${wanted} with bytes that are no object`,
      {
        data: { wanted },
        cause: error,
      },
    )
  }
}
