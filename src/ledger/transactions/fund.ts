/** The fund of a repository: gifts, withdrawals, the rule, and renewals that it pays for.
 *  @see src/move/floe/sources: repository (donate, withdraw), renewal */

import type { Transaction } from '@mysten/sui/transactions'
import { blobIdFor, u256FromBytes } from '../../protocol/blob-id.ts'
import { encodedBlobBytes } from '../../protocol/cost.ts'
import { ENCODING_RS2, HASH_BYTES } from '../../protocol/limits.ts'
import type { FundRule } from '../repository-fund.ts'
import type { WalrusState } from '../system-state.ts'
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
  transaction.moveCall({
    target: `${options.floe}::repository::donate`,
    arguments: [transaction.object(options.repository), coin],
  })
}

interface AsAdmin {
  floe: string
  repository: string
  adminCap: string
}

export function addWithdrawal(transaction: Transaction, options: AsAdmin & { frost: bigint; owner: string }): void {
  const coin = transaction.moveCall({
    target: `${options.floe}::repository::withdraw`,
    arguments: [
      transaction.object(options.repository),
      transaction.object(options.adminCap),
      transaction.pure.u64(options.frost),
    ],
  })
  transaction.transferObjects([coin], options.owner)
}

/** @param rule - `null` takes the rule away: the fund pays for nothing then */
export function addFundRule(transaction: Transaction, options: AsAdmin & { rule: FundRule | null }): void {
  const { floe, rule } = options
  const target = [transaction.object(options.repository), transaction.object(options.adminCap)]
  if (!rule) {
    transaction.moveCall({ target: `${floe}::renewal::clear_rule`, arguments: target })
    return
  }
  transaction.moveCall({
    target: `${floe}::renewal::set_rule`,
    arguments: [
      ...target,
      transaction.pure.u32(rule.renewBelow),
      transaction.pure.u32(rule.renewTo),
      transaction.pure.u64(rule.maxPriceFrost),
      transaction.pure.u64(rule.maxPerPackFrost),
      transaction.pure.u64(rule.maxPerEpochFrost),
    ],
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
  const { coin, giveBack } = openPayment(transaction, options.funds, options.limitFrost, options.network)
  const system = transaction.object(state.systemObjectId)
  const storage = transaction.moveCall({
    target: `${state.packageId}::system::reserve_space`,
    arguments: [
      system,
      transaction.pure.u64(encodedBlobBytes(state.shardCount, PROOF_BLOB_BYTES)),
      transaction.pure.u32(1),
      coin,
    ],
  })
  const blob = transaction.moveCall({
    target: `${state.packageId}::system::register_blob`,
    arguments: [
      system,
      storage,
      transaction.pure.u256(u256FromBytes(blobIdFor(PROOF_ROOT, PROOF_BLOB_BYTES))),
      transaction.pure.u256(u256FromBytes(PROOF_ROOT)),
      transaction.pure.u64(PROOF_BLOB_BYTES),
      transaction.pure.u8(ENCODING_RS2),
      transaction.pure.bool(true),
      coin,
    ],
  })
  giveBack()
  transaction.moveCall({
    target: `${floe}::renewal::show_epoch`,
    arguments: [transaction.object(options.repository), blob],
  })
  const freed = transaction.moveCall({ target: `${state.packageId}::system::delete_blob`, arguments: [system, blob] })
  transaction.transferObjects([freed], owner)
}

/** Any root will do: nothing is ever stored under it. */
const PROOF_ROOT = new Uint8Array(HASH_BYTES)

export interface FundRenewal {
  state: WalrusState
  floe: string
  repository: string
  /** `limitFrost`: most that is spent on the pack, within what the rule allows. */
  packs: readonly { number: number; extraEpochs: number; limitFrost: bigint }[]
}

/** A pack takes 5 of the 1,024 commands of a transaction. */
export const PACKS_PER_FUND_RENEWAL = 150

/** The contract lends each blob with money and takes both back: what is not spent stays in the fund. */
export function addFundRenewal(transaction: Transaction, options: FundRenewal): void {
  const { state, floe, packs } = options
  if (packs.length > PACKS_PER_FUND_RENEWAL)
    throw new RangeError(`${packs.length} packs do not fit into one transaction`)
  const repository = transaction.object(options.repository)
  const system = transaction.object(state.systemObjectId)
  for (const { number, extraEpochs, limitFrost } of packs) {
    const begun = transaction.moveCall({
      target: `${floe}::renewal::begin`,
      arguments: [repository, transaction.pure.u64(number)],
    })
    const [blob, money, renewal] = [begun[0]!, begun[1]!, begun[2]!]
    const [purse] = transaction.splitCoins(money, [limitFrost])
    transaction.moveCall({
      target: `${state.packageId}::system::extend_blob`,
      arguments: [system, blob, transaction.pure.u32(extraEpochs), purse!],
    })
    transaction.mergeCoins(money, [purse!])
    transaction.moveCall({ target: `${floe}::renewal::finish`, arguments: [repository, blob, money, renewal] })
  }
}
