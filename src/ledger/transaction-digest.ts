/** The digest of a transaction, computed from what was signed instead of taken from an answer.
 *  @see sui-grpc reference §5.1: BLAKE2b-256("TransactionData::" ‖ BCS), shown in base58 */

import { toBase58 } from '@mysten/bcs'
import { saltedBlake2b256 } from '../crypto/hash.ts'

/** @param bytes - BCS of TransactionData, as it is signed */
export function transactionDigest(bytes: Uint8Array): string {
  return toBase58(saltedBlake2b256('TransactionData::', bytes))
}
