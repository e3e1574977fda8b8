/** Renewal of packs: each blob is lent by the repository, extended with the payer's WAL, and given back, in one
 *  transaction. The contract lets anyone do it and takes back only the same object, not shortened.
 *
 *  Storage is bought for the very epochs that are lacking and joined to the blob's, which Walrus refuses if the blob ends
 *  elsewhere by now: of two renewals at once only one is paid. (`extend_blob` adds epochs to whatever end it finds.)
 *  @see src/move/README.md (`packs::lend`, `packs::restore`) */

import type { Transaction, TransactionArgument } from '@mysten/sui/transactions'
import { storageCost } from '../../protocol/cost.ts'
import * as contract from '../bindings/floe/packs.ts'
import * as system from '../bindings/walrus/system.ts'
import type { WalrusState } from '../system-state.ts'
import { openPayment, type WalFunds } from './wal-payment.ts'

export interface RenewPacks {
  state: WalrusState
  /** Package that rules the repository. */
  floe: string
  repository: string
  packs: readonly ({ number: number } & BlobExtension)[]
  funds: WalFunds
  /** Set aside for all of them; what is left flows back. */
  limitFrost: bigint
  network: { name: string; faucet: boolean }
}

/** A pack takes 4 of the 1,024 commands of a transaction, and of the 1,000 objects that it may load the pack's row, the
 *  key of its blob and the blob. */
export const PACKS_PER_RENEWAL = 200

export function addRenewal(transaction: Transaction, options: RenewPacks): void {
  const { state, floe, packs, funds, limitFrost, network } = options
  if (packs.length > PACKS_PER_RENEWAL) throw new RangeError(`${packs.length} packs do not fit into one transaction`)
  const price = packs.reduce(
    (sum, { storageBytes, extraEpochs }) => sum + storageCost(storageBytes, extraEpochs, state.prices),
    0n,
  )
  const { coin, giveBack } = openPayment(transaction, funds, limitFrost, network, price)
  const repository = transaction.object(options.repository)
  for (const { number, endEpoch, extraEpochs, storageBytes } of packs) {
    const [blob, loan] = contract.lend(transaction, floe, { repository, pack: number })
    addExtension(transaction, state, blob!, { endEpoch, extraEpochs, storageBytes }, coin)
    contract.restore(transaction, floe, { repository, blob, loan })
  }
  giveBack()
}

export interface BlobExtension {
  /** First epoch without the blob, so far. */
  endEpoch: number
  extraEpochs: number
  /** What the blob has reserved. */
  storageBytes: bigint
}

/** Extends a certified blob, if it ends when it is thought to end. */
export function addExtension(
  transaction: Transaction,
  state: WalrusState,
  blob: TransactionArgument | string,
  { endEpoch, extraEpochs, storageBytes }: BlobExtension,
  payment: TransactionArgument,
): void {
  const extension = system.reserveSpaceForEpochs(transaction, state.packageId, {
    self: state.systemObjectId,
    storageAmount: storageBytes,
    startEpoch: endEpoch,
    endEpoch: endEpoch + extraEpochs,
    payment,
  })
  system.extendBlobWithResource(transaction, state.packageId, { self: state.systemObjectId, blob, extension })
}
