/** The fund of a repository: gifts, withdrawals, the rule, and renewals that it pays for.
 *  @see src/move/floe/sources: repository (donate, withdraw), renewal */

import type { Transaction } from '@mysten/sui/transactions'
import { blobIdFor, u256FromBytes } from '../../protocol/blob-id.ts'
import { encodedBlobBytes } from '../../protocol/cost.ts'
import { ENCODING_RS2, HASH_BYTES } from '../../protocol/limits.ts'
import * as renewal from '../bindings/floe/renewal.ts'
import * as contract from '../bindings/floe/repository.ts'
import * as system from '../bindings/walrus/system.ts'
import type { FundRule } from '../repository-fund.ts'
import type { WalrusState } from '../system-state.ts'
import { blobCost } from './register.ts'
import { addExtension, type BlobExtension } from './renew.ts'
import { openPayment, type WalFunds } from './wal-payment.ts'

interface Payment {
  funds: WalFunds
  network: { name: string; faucet: boolean }
}

/** Anyone may give. */
export function addDonation(
  transaction: Transaction,
  options: Payment & { floe: string; repository: string; frost: bigint },
): void {
  const { coin } = openPayment(transaction, options.funds, options.frost, options.network)
  contract.donate(transaction, options.floe, { self: options.repository, coin })
}

interface AsAdmin {
  floe: string
  repository: string
  adminCap: string
}

export function addWithdrawal(transaction: Transaction, options: AsAdmin & { frost: bigint; owner: string }): void {
  const coin = contract.withdraw(transaction, options.floe, {
    self: options.repository,
    cap: options.adminCap,
    amount: options.frost,
  })
  transaction.transferObjects([coin], options.owner)
}

/** @param rule - `null` takes the rule away: the fund pays for nothing then */
export function addFundRule(transaction: Transaction, options: AsAdmin & { rule: FundRule | null }): void {
  const { floe, rule } = options
  const target = { repository: options.repository, cap: options.adminCap }
  if (!rule) {
    renewal.clearRule(transaction, floe, target)
    return
  }
  renewal.setRule(transaction, floe, {
    ...target,
    renewBelow: rule.renewBelow,
    renewTo: rule.renewTo,
    maxPrice: rule.maxPriceFrost,
    maxPerPack: rule.maxPerPackFrost,
    maxPerEpoch: rule.maxPerEpochFrost,
  })
}

/** Smallest blob, registered for one epoch only to prove which epoch it is, and deleted in the same transaction. */
export const PROOF_BLOB_BYTES = 1

/** Proves the current epoch to the repository: the contract cannot ask Walrus, but a blob says when it was registered.
 *  The storage goes to the payer, for the rest of the epoch. */
export function addShowEpoch(
  transaction: Transaction,
  options: Payment & { state: WalrusState; floe: string; repository: string; limitFrost: bigint; owner: string },
): void {
  const { state, floe, owner } = options
  const { coin, giveBack } = openPayment(
    transaction,
    options.funds,
    options.limitFrost,
    options.network,
    blobCost(state.shardCount, PROOF_BLOB_BYTES, 1, state.prices),
  )
  const self = transaction.object(state.systemObjectId)
  const storage = system.reserveSpace(transaction, state.packageId, {
    self,
    storageAmount: encodedBlobBytes(state.shardCount, PROOF_BLOB_BYTES),
    epochsAhead: 1,
    payment: coin,
  })
  const blob = system.registerBlob(transaction, state.packageId, {
    self,
    storage,
    blobId: u256FromBytes(blobIdFor(PROOF_ROOT, PROOF_BLOB_BYTES)),
    rootHash: u256FromBytes(PROOF_ROOT),
    size: PROOF_BLOB_BYTES,
    encodingType: ENCODING_RS2,
    deletable: true,
    writePayment: coin,
  })
  giveBack()
  renewal.showEpoch(transaction, floe, { repository: options.repository, blob })
  const freed = system.deleteBlob(transaction, state.packageId, { self, blob })
  transaction.transferObjects([freed], owner)
}

/** Any root will do: nothing is ever stored under it. */
const PROOF_ROOT = new Uint8Array(HASH_BYTES)

export interface FundRenewal {
  state: WalrusState
  floe: string
  repository: string
  /** `limitFrost`: most that is spent on the pack, within what the rule allows. */
  packs: readonly ({ number: number; limitFrost: bigint } & BlobExtension)[]
}

/** A pack takes 6 of the 1,024 commands of a transaction. */
export const PACKS_PER_FUND_RENEWAL = 150

/** The contract lends each blob with money and takes both back: what is not spent stays in the fund. Storage is bought for
 *  the epochs that are lacking, as in `renew.ts`. */
export function addFundRenewal(transaction: Transaction, options: FundRenewal): void {
  const { state, floe, packs } = options
  if (packs.length > PACKS_PER_FUND_RENEWAL)
    throw new RangeError(`${packs.length} packs do not fit into one transaction`)
  const repository = transaction.object(options.repository)
  for (const { number, endEpoch, extraEpochs, storageBytes, limitFrost } of packs) {
    const [blob, money, begun] = renewal.begin(transaction, floe, { repository, pack: number })
    const [purse] = transaction.splitCoins(money, [limitFrost])
    addExtension(transaction, state, blob!, { endEpoch, extraEpochs, storageBytes }, purse!)
    transaction.mergeCoins(money, [purse!])
    renewal.finish(transaction, floe, { repository, blob, money, renewal: begun })
  }
}
