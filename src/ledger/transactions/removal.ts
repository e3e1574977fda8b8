/** Removing packs: proposed, taken back, carried out. @see src/move/README.md (`removal`, `takedown`) */

import type { Transaction, TransactionArgument } from '@mysten/sui/transactions'
import * as removal from '../bindings/floe/removal.ts'
import * as takedown from '../bindings/floe/takedown.ts'
import * as blobs from '../bindings/walrus/blob.ts'
import type { WalrusState } from '../system-state.ts'
import { addDeleteBlob } from './repository.ts'

/** Proposals, or withdrawals of them, in one transaction: each loads two objects of the 1,000 that it may. */
export const PROPOSALS_PER_TRANSACTION = 300
/** Each loads the row, the blob with its key, and gives a storage object. */
export const REMOVALS_PER_TRANSACTION = 150

/** Each loads the row of the pack and up to three of the log of takedowns, and adds two. */
export const TAKEDOWNS_PER_TRANSACTION = 150

/** Takes a pack out for good. A blob that is stored is deleted, and its storage, good for the rest of its epochs, goes to
 *  the owner; one that has expired is worth nothing and is burned. */
export function addRemovePack(
  transaction: Transaction,
  state: WalrusState,
  floe: string,
  target: { repository: string; pack: number; expired: boolean; owner: string },
): void {
  const { repository, pack, expired, owner } = target
  const blob = removal.take(transaction, floe, { repository, pack })
  if (expired) blobs.burn(transaction, state.packageId, { blob })
  else addDeleteBlob(transaction, state, blob, owner)
}

/** Revokers only. @param status - number of the status record that is the ground */
export function addProposeTakedown(
  transaction: Transaction,
  floe: string,
  target: { repository: string; pack: number; status: number | TransactionArgument },
): void {
  takedown.propose(transaction, floe, target)
}
