/** Extending packs with the WAL of whoever asks: planned from the chain, bought in as many transactions as it needs.
 *
 *  The plan names how many epochs each pack lacks up to a fixed one, so a plan made anew after an interruption leaves out
 *  what went through. */

import type { Transaction } from '@mysten/sui/transactions'
import { FloeError } from '../base/errors.ts'
import { parseBlobObject } from '../ledger/blob-object.ts'
import { type ExecutedTransaction, paidBy } from '../ledger/client.ts'
import { ChainRecordError } from '../ledger/errors.ts'
import { walCoinType } from '../ledger/networks.ts'
import type { PackRecord } from '../ledger/repository-records.ts'
import type { WalrusState } from '../ledger/system-state.ts'
import { addRenewal, PACKS_PER_RENEWAL } from '../ledger/transactions/renew.ts'
import { fetchWalFunds } from '../ledger/transactions/wal-payment.ts'
import { storageCost } from '../protocol/cost.ts'
import { ensureLocalFunds } from './local-funds.ts'
import type { RemoteContext } from './remote-context.ts'
import type { Budget } from './spending.ts'

export interface Extension {
  /** Of the pack. */
  number: number
  endEpoch: number
  extraEpochs: number
  /** Before encoding. */
  packBytes: number
  /** What storage is charged for: reserved, which can be more than the blob fills. */
  storageBytes: bigint
  costFrost: bigint
}

/** What each pack lacks up to an epoch. Packs that end late enough, or have expired, are left out.
 *  @throws {ChainRecordError} LEDGER_RECORD_MISSING if a pack was removed in this moment */
export async function planExtensions(
  context: RemoteContext,
  packs: readonly PackRecord[],
  walrus: WalrusState,
  endEpoch: number,
  { signal }: { signal?: AbortSignal | undefined },
): Promise<Extension[]> {
  const due = packs.filter((pack) => pack.endEpoch > walrus.epoch && pack.endEpoch < endEpoch)
  const blobs = await context.ledger.fetchObjects(
    due.map((pack) => pack.objectId),
    signal ? { signal } : {},
  )
  return due.map((pack, i) => {
    const blob = blobs[i]
    if (!blob)
      throw new ChainRecordError('LEDGER_RECORD_MISSING', `pack ${pack.number} has no blob ${pack.objectId}`, {
        data: { pack: pack.number, objectId: pack.objectId },
        hints: ['It may have been removed just now: run the command again'],
      })
    const { storageBytes } = parseBlobObject(blob)
    const extraEpochs = endEpoch - pack.endEpoch
    const costFrost = storageCost(storageBytes, extraEpochs, walrus.prices)
    return { number: pack.number, endEpoch: pack.endEpoch, extraEpochs, packBytes: pack.bytes, storageBytes, costFrost }
  })
}

export function totalCost(extensions: readonly Extension[]): bigint {
  return extensions.reduce((sum, { costFrost }) => sum + costFrost, 0n)
}

/** A list in pieces of at most `size`. */
export function inBatches<T>(list: readonly T[], size: number): T[][] {
  const batches: T[][] = []
  for (let from = 0; from < list.length; from += size) batches.push(list.slice(from, from + size))
  return batches
}

export interface ExtendPacks {
  walrus: WalrusState
  /** Package that rules the repository. */
  floe: string
  repository: string
  extensions: readonly Extension[]
  budget: Budget
  /** What the command buys afterwards, in FROST. */
  laterFrost?: bigint | undefined
  perTransaction?: number | undefined
  /** What is still lacking, read anew, when somebody else turns out to have extended some of it. Without, that is an error.
   *  @returns extensions up to the same epoch */
  planAgain?: (() => Promise<readonly Extension[]>) | undefined
  signal?: AbortSignal | undefined
}

/** Times that a plan is made anew because others extend the same packs at the same time. */
export const MAX_PLANS = 5

/** Others extended a pack first; nothing was paid for it. */
export function isOvertaken(error: unknown): boolean {
  return error instanceof FloeError && error.code === 'RENEW_OVERTAKEN'
}

/** @throws {FloeError} RENEW_OVERTAKEN
 *  @returns digests of the transactions */
export async function extendPacks(
  context: RemoteContext,
  job: ExtendPacks,
): Promise<{ digest: string; gasMist: bigint }[]> {
  const { profile, ledger } = context
  const { budget, walrus, signal } = job
  const request = signal ? { signal } : {}
  const signer = await context.signer()
  const coinType = walCoinType(profile)
  const done: { digest: string; gasMist: bigint }[] = []
  const perTransaction = Math.min(job.perTransaction ?? PACKS_PER_RENEWAL, PACKS_PER_RENEWAL)
  let lacking = job.extensions
  budget.assertEnough(totalCost(lacking) + (job.laterFrost ?? 0n))
  for (let plans = 1; lacking.length > 0; ) {
    const packs = lacking.slice(0, perTransaction)
    const cost = totalCost(packs)
    const later = totalCost(lacking) - cost
    const limitFrost = budget.limitFor(cost, later + (job.laterFrost ?? 0n))
    await ensureLocalFunds(context, signer, limitFrost)
    const build = async (transaction: Transaction) =>
      addRenewal(transaction, {
        state: walrus,
        floe: job.floe,
        repository: job.repository,
        packs,
        funds: await fetchWalFunds(ledger, signer.address, coinType, request),
        limitFrost,
        network: { name: profile.name, faucet: profile.faucetUrl !== undefined },
      })
    let executed: ExecutedTransaction
    try {
      executed = await ledger.execute(build, signer, request)
    } catch (error) {
      if (!isOvertaken(error) || !job.planAgain || plans >= MAX_PLANS) throw error
      plans++
      lacking = await job.planAgain()
      budget.assertEnough(totalCost(lacking) + (job.laterFrost ?? 0n))
      continue
    }
    lacking = lacking.slice(perTransaction)
    budget.paid(cost, paidBy(executed, signer.address, coinType))
    done.push({ digest: executed.digest, gasMist: executed.gasMist })
  }
  return done
}
