/** Which packs a repository's fund can renew now, and how far: the contract's rule computed on this side, so that nothing
 *  is sent that it would refuse. Pure.
 *  @see src/move/floe/sources/renewal.move (`begin`, `finish`) */

import { type FundAccount, fundAllowance } from '../ledger/repository-fund.ts'
import { paymentLimit } from '../ledger/transactions/register.ts'
import type { StoragePrices } from '../protocol/cost.ts'
import { storageCost } from '../protocol/cost.ts'

export interface FundPlanInput {
  account: FundAccount
  fundFrost: bigint
  /** Latest Walrus epoch that the repository has seen proof of. */
  knownEpoch: number
  walrus: { epoch: number; maxEpochsAhead: number; prices: StoragePrices }
  /** Live packs of finished pushes. */
  packs: readonly { number: number; endEpoch: number; storageBytes: bigint }[]
  /** First epoch without the packs, if the rule would allow more. */
  targetEpoch?: number | undefined
}

export interface FundExtension {
  number: number
  endEpoch: number
  extraEpochs: number
  storageBytes: bigint
  costFrost: bigint
  /** What the fund lends at most, with slack for a price that rises. */
  limitFrost: bigint
}

export interface FundPlan {
  /** What ends first stands first. */
  extensions: FundExtension[]
  /** Packs that are due, but the fund or its rule cannot pay for an epoch of them. */
  unpaid: number[]
  /** True if the repository must be shown the current epoch first. */
  needsProof: boolean
}

export function planFundRenewal(input: FundPlanInput): FundPlan {
  const now = planAt(input.walrus.epoch, input)
  if (input.knownEpoch >= input.walrus.epoch) return { ...now, needsProof: false }
  // A proof costs a little: only if it makes a difference.
  const asKnown = planAt(input.knownEpoch, input)
  const same =
    asKnown.extensions.length === now.extensions.length &&
    asKnown.extensions.every((e, i) => isSame(e, now.extensions[i]!))
  return same ? { ...asKnown, needsProof: false } : { ...now, needsProof: now.extensions.length > 0 }
}

function isSame(a: FundExtension, b: FundExtension): boolean {
  return a.number === b.number && a.extraEpochs === b.extraEpochs
}

/** @param epoch - what the contract takes for the current one */
function planAt(epoch: number, input: FundPlanInput): Omit<FundPlan, 'needsProof'> {
  const { account, walrus, packs } = input
  const { rule } = account
  const latest = Math.min(
    epoch + rule.renewTo,
    walrus.epoch + walrus.maxEpochsAhead,
    input.targetEpoch ?? Number.MAX_SAFE_INTEGER,
  )
  const due = packs
    .filter(({ endEpoch }) => endEpoch > walrus.epoch && endEpoch - epoch < rule.renewBelow && endEpoch < latest)
    .toSorted((a, b) => a.endEpoch - b.endEpoch || a.number - b.number)
  let budget = rule.maxPerEpochFrost - (account.epoch === epoch ? account.spentFrost : 0n)
  let fund = input.fundFrost
  const extensions: FundExtension[] = []
  const unpaid: number[] = []
  for (const { number, endEpoch, storageBytes } of due) {
    const allowed = fundAllowance(rule, storageBytes, epoch + rule.renewTo - endEpoch, rule.maxPerPackFrost)
    const lent = least(allowed, budget, fund)
    const perEpoch = storageCost(storageBytes, 1, walrus.prices)
    const affordable = walrus.prices.storagePerUnit > rule.maxPriceFrost ? 0n : lent <= 0n ? 0n : lent / perEpoch
    const extraEpochs = Number(least(BigInt(latest - endEpoch), affordable))
    if (extraEpochs === 0) {
      unpaid.push(number)
      continue
    }
    const costFrost = perEpoch * BigInt(extraEpochs)
    extensions.push({
      number,
      endEpoch,
      extraEpochs,
      storageBytes,
      costFrost,
      limitFrost: paymentLimit(costFrost, lent),
    })
    budget -= costFrost
    fund -= costFrost
  }
  return { extensions, unpaid }
}

function least(...amounts: readonly bigint[]): bigint {
  return amounts.reduce((min, amount) => (amount < min ? amount : min))
}
