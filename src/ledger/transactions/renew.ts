/** Renewal of packs: each blob is lent by the repository, extended with the payer's WAL, and given back, in one
 *  transaction. The contract lets anyone do it and takes back only the same object, not shortened.
 *  @see src/move/README.md (`packs::lend`, `packs::restore`) */

import type { Transaction } from '@mysten/sui/transactions'
import * as contract from '../bindings/floe/packs.ts'
import * as system from '../bindings/walrus/system.ts'
import type { WalrusState } from '../system-state.ts'
import { openPayment, type WalFunds } from './wal-payment.ts'

export interface RenewPacks {
  state: WalrusState
  /** Package that rules the repository. */
  floe: string
  repository: string
  packs: readonly { number: number; extraEpochs: number }[]
  funds: WalFunds
  /** Set aside for all of them; what is left flows back. */
  limitFrost: bigint
  network: { name: string; faucet: boolean }
}

/** A pack takes 3 of the 1,024 commands of a transaction, and of the 1,000 objects that it may load the pack's row, the
 *  key of its blob and the blob. */
export const PACKS_PER_RENEWAL = 200

export function addRenewal(transaction: Transaction, options: RenewPacks): void {
  const { state, floe, packs, funds, limitFrost, network } = options
  if (packs.length > PACKS_PER_RENEWAL) throw new RangeError(`${packs.length} packs do not fit into one transaction`)
  const { coin, giveBack } = openPayment(transaction, funds, limitFrost, network)
  const repository = transaction.object(options.repository)
  const self = transaction.object(state.systemObjectId)
  for (const { number, extraEpochs } of packs) {
    const [blob, loan] = contract.lend(transaction, floe, { repository, pack: number })
    system.extendBlob(transaction, state.packageId, { self, blob, extendedEpochs: extraEpochs, payment: coin })
    contract.restore(transaction, floe, { repository, blob, loan })
  }
  giveBack()
}
