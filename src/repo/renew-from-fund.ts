/** `renew --from-fund`: the repository pays for its own renewal. The payer of the gas needs no role and no WAL, except a
 *  little where the repository has to be shown which epoch it is. */

import { FloeError } from '../base/errors.ts'
import { parseBlobObject } from '../ledger/blob-object.ts'
import { paidBy } from '../ledger/client.ts'
import { ChainRecordError } from '../ledger/errors.ts'
import { walCoinType } from '../ledger/networks.ts'
import { fetchFundAccount } from '../ledger/repository-fund.ts'
import type { PackRecord } from '../ledger/repository-records.ts'
import type { RepositoryReader, RepositoryState } from '../ledger/repository-state.ts'
import type { WalrusState } from '../ledger/system-state.ts'
import { addFundRenewal, addShowEpoch, PACKS_PER_FUND_RENEWAL, PROOF_BLOB_BYTES } from '../ledger/transactions/fund.ts'
import { blobCost } from '../ledger/transactions/register.ts'
import { fetchWalFunds, formatWal } from '../ledger/transactions/wal-payment.ts'
import { epochDate } from './expiry.ts'
import { type FundPlan, planFundRenewal } from './fund-plan.ts'
import { ensureLocalFunds } from './local-funds.ts'
import { inBatches, isOvertaken, MAX_PLANS } from './pack-extension.ts'
import type { RemoteContext } from './remote-context.ts'
import type { RenewCost, RenewOptions, RenewResult } from './renew.ts'
import type { RepositoryPlace } from './repository-place.ts'
import { assertLimitGiven, type Budget } from './spending.ts'

export interface FundRenewalJob {
  context: RemoteContext
  reader: RepositoryReader
  state: RepositoryState
  walrus: WalrusState
  packs: readonly PackRecord[]
  expired: number[]
  place: RepositoryPlace
  budget: Budget
  /** First epoch without the packs, if less is wanted than the rule allows. */
  target: number | undefined
  /** When others turn out to renew at the same time. */
  readAgain(): Promise<Pick<FundRenewalJob, 'state' | 'packs'>>
}

/** @throws {FloeError} FUND_NO_RULE, FUND_PRICE_ABOVE_RULE */
export async function renewFromFund(
  job: FundRenewalJob,
  options: RenewOptions,
): Promise<{ result: RenewResult; earliestEnd: number }> {
  const { context, walrus, place, budget } = job
  const plan = await planOf(job, options)
  const perTransaction = Math.min(options.packsPerTransaction ?? PACKS_PER_FUND_RENEWAL, PACKS_PER_FUND_RENEWAL)
  const batches = inBatches(plan.extensions, perTransaction)
  const proof = plan.needsProof ? blobCost(walrus.shardCount, PROOF_BLOB_BYTES, 1, walrus.prices) : 0n
  const cost = costOf(job, plan, proof, batches.length)
  options.onCost?.(cost)
  const earliestEnd = endAfter(job, plan)
  const nothing = { ...place, cost, paidFrost: '0', digests: [] }
  if (options.dryRun) return { result: { $kind: 'dry-run', ...nothing }, earliestEnd }
  if (batches.length === 0) return { result: { $kind: 'up-to-date', ...nothing }, earliestEnd }
  assertLimitGiven(context.profile, options, 'RENEW_LIMIT_MISSING', 'floe renew', BigInt(cost.walFrost))
  budget.assertEnough(BigInt(cost.walFrost))
  const digests: string[] = []
  let lacking = plan.extensions
  for (let plans = 1; lacking.length > 0; ) {
    const batch = lacking.slice(0, perTransaction)
    const price = sumOf({ extensions: batch })
    const later = sumOf({ extensions: lacking }) - price
    const own = digests.length === 0 ? proof : 0n
    try {
      digests.push(await renewBatch(job, batch, { own, price, later }, options))
      lacking = lacking.slice(perTransaction)
    } catch (error) {
      if (!isOvertaken(error) || plans >= MAX_PLANS) throw error
      plans++
      lacking = (await planOf({ ...job, ...(await job.readAgain()) }, options)).extensions
      budget.assertEnough(sumOf({ extensions: lacking }) + own)
    }
  }
  const result: RenewResult = {
    $kind: digests.length > 0 ? 'renewed' : 'up-to-date',
    ...place,
    cost,
    paidFrost: String(budget.paidFrost),
    digests,
  }
  return { result, earliestEnd }
}

/** First epoch in which something that is stored now is gone, after the renewal. */
function endAfter({ packs, walrus }: FundRenewalJob, { extensions }: FundPlan): number {
  const extra = new Map(extensions.map(({ number, extraEpochs }) => [number, extraEpochs]))
  const ends = packs.map(({ number, endEpoch }) => endEpoch + (extra.get(number) ?? 0))
  return ends
    .filter((end) => end > walrus.epoch)
    .reduce((earliest, end) => Math.min(earliest, end), Number.MAX_SAFE_INTEGER)
}

async function renewBatch(
  { context, state, walrus, place, budget }: FundRenewalJob,
  batch: FundPlan['extensions'],
  { own, price, later }: { own: bigint; price: bigint; later: bigint },
  options: RenewOptions,
): Promise<string> {
  const { profile, ledger } = context
  const request = options.signal ? { signal: options.signal } : {}
  const signer = await context.signer()
  const coinType = walCoinType(profile)
  const proofLimit = own === 0n ? 0n : budget.limitFor(own, later + price)
  await ensureLocalFunds(context, signer, proofLimit)
  // With a limit there is slack only as far as the limit leaves it.
  const spare = budget.maxFrost === undefined ? undefined : budget.limitFor(price, later + proofLimit) - price
  const packs = batch.map(({ costFrost, ...pack }) => {
    const share = spare === undefined ? pack.limitFrost : costFrost + (spare * costFrost) / price
    return { ...pack, limitFrost: share < pack.limitFrost ? share : pack.limitFrost }
  })
  const target = { state: walrus, floe: state.packageId, repository: place.repository }
  const executed = await ledger.execute(
    async (transaction) => {
      if (own > 0n)
        addShowEpoch(transaction, {
          ...target,
          funds: await fetchWalFunds(ledger, signer.address, coinType, request),
          limitFrost: proofLimit,
          owner: signer.address,
          network: { name: profile.name, faucet: profile.faucetUrl !== undefined },
        })
      addFundRenewal(transaction, { ...target, packs })
    },
    signer,
    request,
  )
  budget.paid(own + price, paidBy(executed, signer.address, coinType) + price)
  return executed.digest
}

async function planOf(job: FundRenewalJob, options: RenewOptions): Promise<FundPlan> {
  const { context, reader, state, walrus, place } = job
  const account = await fetchFundAccount(reader, state, options)
  if (!account)
    throw new FloeError('other', 'FUND_NO_RULE', 'the repository has no rule by which its fund pays for renewals', {
      data: { ...place, fundFrost: String(state.fundFrost) },
      hints: ['An administrator sets one with `floe fund rule`', 'Or pay yourself: `floe renew`'],
    })
  const { renewBelow } = account.rule
  const near = job.packs.filter(({ endEpoch }) => endEpoch > walrus.epoch && endEpoch - walrus.epoch < renewBelow)
  const blobs = await context.ledger.fetchObjects(
    near.map((pack) => pack.objectId),
    options.signal ? { signal: options.signal } : {},
  )
  const packs = near.map((pack, i) => {
    const blob = blobs[i]
    if (!blob)
      throw new ChainRecordError('LEDGER_RECORD_MISSING', `pack ${pack.number} has no blob ${pack.objectId}`, {
        data: { pack: pack.number, objectId: pack.objectId },
        hints: ['It may have been removed just now: run the command again'],
      })
    return { number: pack.number, endEpoch: pack.endEpoch, storageBytes: parseBlobObject(blob).storageBytes }
  })
  const plan = planFundRenewal({
    account,
    fundFrost: state.fundFrost,
    knownEpoch: state.seenEpoch,
    walrus,
    packs,
    targetEpoch: job.target,
  })
  if (
    plan.extensions.length === 0 &&
    plan.unpaid.length > 0 &&
    walrus.prices.storagePerUnit > account.rule.maxPriceFrost
  )
    throw new FloeError(
      'other',
      'FUND_PRICE_ABOVE_RULE',
      `storage costs ${formatWal(walrus.prices.storagePerUnit)} WAL per MiB and epoch, the fund pays at most ${formatWal(account.rule.maxPriceFrost)}`,
      {
        data: { priceFrost: String(walrus.prices.storagePerUnit), maxPriceFrost: String(account.rule.maxPriceFrost) },
        hints: ['An administrator raises it with `floe fund rule --max-price`', 'Or pay yourself: `floe renew`'],
      },
    )
  return plan
}

function costOf({ walrus, expired }: FundRenewalJob, plan: FundPlan, proof: bigint, transactions: number): RenewCost {
  const { extensions, unpaid } = plan
  const ends = extensions.map(({ endEpoch, extraEpochs }) => endEpoch + extraEpochs)
  const endEpoch = ends.length === 0 ? walrus.epoch : Math.min(...ends)
  return {
    packs: extensions.length,
    expired,
    encodedBytes: String(extensions.reduce((sum, { storageBytes }) => sum + storageBytes, 0n)),
    endEpoch,
    endDate: epochDate(walrus, endEpoch),
    walFrost: String(sumOf(plan) + proof),
    transactions,
    from: 'fund',
    proofFrost: String(proof),
    unpaid,
  }
}

function sumOf({ extensions }: Pick<FundPlan, 'extensions'>): bigint {
  return extensions.reduce((sum, { costFrost }) => sum + costFrost, 0n)
}
