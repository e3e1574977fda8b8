/** User signatures of a transaction. */

import { toBase64 } from '@mysten/sui/utils'
import { verifyTransactionSignature } from '@mysten/sui/verify'
import { normalizeAddress } from '../movevm/types.ts'
import { invalidArgument } from './errors.ts'
import type { TransactionDataV1 } from './execution.ts'

/** Longest serialized signature: a multisig of ten members with passkeys stays below. */
const MAX_SIGNATURE_BYTES = 16 * 1024

/** Checks that exactly the sender and the gas owner (once, if they are the same) signed these bytes, in any order.
 *  @param signatures - serialized: flag ‖ signature ‖ public key
 *  @throws {LedgerError} LEDGER_INVALID_ARGUMENT */
export async function checkSignatures(
  bytes: Uint8Array,
  data: TransactionDataV1,
  signatures: readonly Uint8Array[],
): Promise<void> {
  const required = new Set([normalizeAddress(data.sender), normalizeAddress(data.gasData.owner)])
  if (signatures.length !== required.size) {
    throw invalidArgument(`expected ${required.size} signature(s), got ${signatures.length}`)
  }
  for (const signature of signatures) {
    const address = await signerOf(bytes, signature)
    if (!required.delete(address)) {
      throw invalidArgument(`signed by ${address}, which is neither the sender nor the gas owner`)
    }
  }
}

async function signerOf(bytes: Uint8Array, signature: Uint8Array): Promise<string> {
  if (signature.length > MAX_SIGNATURE_BYTES) throw invalidArgument('signature too long')
  try {
    const key = await verifyTransactionSignature(bytes, toBase64(signature))
    return normalizeAddress(key.toSuiAddress())
  } catch (cause) {
    throw invalidArgument(`invalid user signature: ${cause instanceof Error ? cause.message : String(cause)}`)
  }
}
