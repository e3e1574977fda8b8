/** The fund of a repository and the rule by which it pays for renewals. The money is a field of the repository; the rule
 *  is a dynamic field, there once an administrator has set it.
 *  @see src/move/floe/sources/renewal.move */

import type { ByteReader } from '../codec/cursor.ts'
import { Account } from './bindings/floe/renewal.ts'
import { structTypeTag } from './dynamic-field.ts'
import type { ReadOptions, RepositoryReader, RepositoryState } from './repository-state.ts'

/** Amounts in FROST. */
export interface FundRule {
  /** A pack is due when fewer epochs remain. */
  renewBelow: number
  /** At most so many epochs remain afterwards. */
  renewTo: number
  /** Per started MiB of storage and epoch. */
  maxPriceFrost: bigint
  /** Per renewal of a pack. */
  maxPerPackFrost: bigint
  /** For all packs together, per Walrus epoch. */
  maxPerEpochFrost: bigint
}

export interface FundAccount {
  rule: FundRule
  /** Walrus epoch that `spentFrost` is about. */
  epoch: number
  spentFrost: bigint
}

/** Amounts of the contract are u64: this one means no limit. */
export const NO_LIMIT_FROST: bigint = 2n ** 64n - 1n

/** BCS of a struct without fields: the compiler gives it a field of type bool. */
const EMPTY_KEY = Uint8Array.of(0)

/** @returns `null` while the repository has no rule */
export async function fetchFundAccount(
  reader: RepositoryReader,
  state: RepositoryState,
  options?: ReadOptions,
): Promise<FundAccount | null> {
  const keyType = structTypeTag(state.originalPackageId, 'renewal', 'Key')
  const [account] = await reader.fetchFields(state.id, keyType, [EMPTY_KEY], 'fund rule', readFundAccount, options)
  return account ?? null
}

/** `renewal::Account`. */
export function readFundAccount(reader: ByteReader): FundAccount {
  const { rule, epoch, spent } = Account.read(reader)
  reader.end()
  return {
    rule: {
      renewBelow: rule.renewBelow,
      renewTo: rule.renewTo,
      maxPriceFrost: rule.maxPrice,
      maxPerPackFrost: rule.maxPerPack,
      maxPerEpochFrost: rule.maxPerEpoch,
    },
    epoch,
    spentFrost: spent,
  }
}

/** What the fund may pay for one pack, as the contract computes it.
 *  @param storageBytes - reserved for the blob
 *  @see `price` and `units` in renewal.move */
export function fundAllowance(rule: FundRule, storageBytes: bigint, epochs: number, limitFrost: bigint): bigint {
  const units = (storageBytes + BYTES_PER_UNIT - 1n) / BYTES_PER_UNIT
  const exact = units * BigInt(epochs) * rule.maxPriceFrost
  return exact > limitFrost ? limitFrost : exact
}

const BYTES_PER_UNIT = 1_048_576n
