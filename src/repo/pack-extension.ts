/** Extending packs with the WAL of whoever asks: planned from the chain, bought in as many transactions as it needs.
 *
 *  The plan names how many epochs each pack lacks up to a fixed one, so a plan made anew after an interruption leaves out
 *  what went through. */

import { parseBlobObject } from '../ledger/blob-object.ts'
import { paidBy } from '../ledger/client.ts'
import { ChainRecordError } from '../ledger/errors.ts'
import { walCoinType } from '../ledger/networks.ts'
import type { PackRecord } from '../ledger/repository-records.ts'
import type { WalrusState } from '../ledger/system-state.ts'
import { addRenewal, PACKS_PER_RENEWAL } from '../ledger/transactions/renew.ts'
import { fetchWalFunds } from '../ledger/transactions/wal-payment.ts'
import { storageCost } from '../protocol/cost.ts'
import { ensureLocalFunds } from './push-packs.ts'
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
  signal?: AbortSignal | undefined
}

/** @returns digests of the transactions */
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
  let later = totalCost(job.extensions)
  budget.assertEnough(later + (job.laterFrost ?? 0n))
  for (const packs of inBatches(job.extensions, Math.min(job.perTransaction ?? PACKS_PER_RENEWAL, PACKS_PER_RENEWAL))) {
    const cost = totalCost(packs)
    later -= cost
    const limitFrost = budget.limitFor(cost, later + (job.laterFrost ?? 0n))
    await ensureLocalFunds(context, signer, limitFrost)
    const funds = await fetchWalFunds(ledger, signer.address, coinType, request)
    const executed = await ledger.execute(
      (transaction) =>
        addRenewal(transaction, {
          state: walrus,
          floe: job.floe,
          repository: job.repository,
          packs,
          funds,
          limitFrost,
          network: { name: profile.name, faucet: profile.faucetUrl !== undefined },
        }),
      signer,
      request,
    )
    budget.paid(cost, paidBy(executed, signer.address, coinType))
    done.push({ digest: executed.digest, gasMist: executed.gasMist })
  }
  return done
}
