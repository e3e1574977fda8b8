/** Renewal: extends every live pack of a repository, so that all of it is stored until the same epoch.
 *
 *  Anyone may, with their own WAL. The target is an epoch, so doing it twice pays once; batches that went through before
 *  an interruption are not paid again either. */

import { UsageError } from '../base/errors.ts'
import { parseBlobObject } from '../ledger/blob-object.ts'
import { AuthError, ChainRecordError } from '../ledger/errors.ts'
import { walCoinType } from '../ledger/networks.ts'
import type { RepositoryState } from '../ledger/repository-state.ts'
import { epochStartEstimateMs, type WalrusState } from '../ledger/system-state.ts'
import { paymentLimit } from '../ledger/transactions/register.ts'
import { addRenewal, PACKS_PER_RENEWAL } from '../ledger/transactions/renew.ts'
import { fetchWalFunds, formatWal } from '../ledger/transactions/wal-payment.ts'
import { storageCost } from '../protocol/cost.ts'
import { epochDate, readAllPacks } from './expiry.ts'
import { unfinishedPushes } from './live-packs.ts'
import { parseWal } from './push.ts'
import { ensureLocalFunds } from './push-packs.ts'
import { openRemoteContext, type RemoteContext } from './remote-context.ts'
import type { RemoteOptions } from './remote-options.ts'
import { placeOf } from './repository-place.ts'

export interface RenewOptions extends RemoteOptions {
  /** Remote of the workspace, or `NETWORK:OBJECT_ID`. */
  remote?: string | undefined
  /** Stored for this many epochs from now on (default 26, at most what the network allows). */
  epochs?: number | undefined
  /** Stored at least up to this day, `2027-01-31`, instead of `epochs`. */
  until?: string | undefined
  dryRun?: boolean | undefined
  /** Decimal WAL. Refuses to spend more; the transactions enforce it. */
  maxWal?: string | undefined
  yes?: boolean | undefined
  /** Told before anything is spent. */
  onCost?: ((cost: RenewCost) => void) | undefined
  /** For tests. */
  packsPerTransaction?: number | undefined
}

export interface RenewCost {
  /** Packs that are extended; the others end late enough. */
  packs: number
  /** Packs that have expired: nothing extends them. */
  expired: number[]
  /** What storage is charged for. */
  encodedBytes: string
  /** First epoch without the packs. */
  endEpoch: number
  endDate: string
  walFrost: string
  transactions: number
}

export interface RenewResult {
  $kind: 'renewed' | 'up-to-date' | 'dry-run'
  network: string
  repository: string
  cost: RenewCost
  digests: string[]
}

interface Extension {
  number: number
  extraEpochs: number
  storageBytes: bigint
  costFrost: bigint
}

const DEFAULT_EPOCHS = 26

/** @throws {UsageError} WALRUS_EPOCHS_OUT_OF_RANGE, DATE_MALFORMED, OPTIONS_EXCLUSIVE, RENEW_LIMIT_MISSING
 *  @throws {AuthError} RENEW_MAX_WAL, FUNDS_WAL_SHORT */
export async function renew(dir: string, options: RenewOptions): Promise<RenewResult> {
  const maxFrost = parseWal(options.maxWal)
  const place = await placeOf(dir, options.remote)
  const context = await openRemoteContext(place.network, options)
  const reader = context.repository(place.repository)
  const [walrus, state] = await Promise.all([context.walrus(), reader.fetchState(options)])
  const endEpoch = targetEpoch(walrus, options)
  const { extensions, expired } = await planExtensions(context, place.repository, state, walrus, endEpoch, options)
  const perTransaction = Math.min(options.packsPerTransaction ?? PACKS_PER_RENEWAL, PACKS_PER_RENEWAL)
  const total = sum(extensions, ({ costFrost }) => costFrost)
  const cost: RenewCost = {
    packs: extensions.length,
    expired,
    encodedBytes: String(sum(extensions, ({ storageBytes }) => storageBytes)),
    endEpoch,
    endDate: epochDate(walrus, endEpoch),
    walFrost: String(total),
    transactions: Math.ceil(extensions.length / perTransaction),
  }
  options.onCost?.(cost)
  const result = (kind: RenewResult['$kind'], digests: string[]) => ({ $kind: kind, ...place, cost, digests })
  if (options.dryRun) return result('dry-run', [])
  if (extensions.length === 0) return result('up-to-date', [])
  assertAllowed(context, total, maxFrost, options)
  const digests: string[] = []
  for (let from = 0; from < extensions.length; from += perTransaction) {
    const batch = extensions.slice(from, from + perTransaction)
    const limitFrost = batchLimit(
      sum(batch, ({ costFrost }) => costFrost),
      total,
      maxFrost,
    )
    digests.push(await extend(context, { floe: state.packageId, ...place, walrus, batch, limitFrost }, options))
  }
  return result('renewed', digests)
}

/** Slack of a batch: its share of what `--max-wal` leaves over the price read, so that all batches keep the limit. */
function batchLimit(cost: bigint, total: bigint, maxFrost: bigint | undefined): bigint {
  const share = maxFrost === undefined || total === 0n ? undefined : cost + ((maxFrost - total) * cost) / total
  return paymentLimit(cost, share)
}

async function extend(
  context: RemoteContext,
  job: { floe: string; repository: string; walrus: WalrusState; batch: readonly Extension[]; limitFrost: bigint },
  { signal }: RenewOptions,
): Promise<string> {
  const { profile, ledger } = context
  const signer = await context.signer()
  const request = signal ? { signal } : {}
  await ensureLocalFunds(context, signer, job.limitFrost)
  const funds = await fetchWalFunds(ledger, signer.address, walCoinType(profile), request)
  const executed = await ledger.execute(
    (transaction) =>
      addRenewal(transaction, {
        state: job.walrus,
        floe: job.floe,
        repository: job.repository,
        packs: job.batch,
        funds,
        limitFrost: job.limitFrost,
        network: { name: profile.name, faucet: profile.faucetUrl !== undefined },
      }),
    signer,
    request,
  )
  return executed.digest
}

/** What each live pack lacks. Left alone: packs whose removal is proposed, and those of unfinished pushes, whose owners
 *  can still take them back. */
async function planExtensions(
  context: RemoteContext,
  repository: string,
  state: RepositoryState,
  walrus: WalrusState,
  endEpoch: number,
  options: RenewOptions,
): Promise<{ extensions: Extension[]; expired: number[] }> {
  const reader = context.repository(repository)
  const packs = (await readAllPacks(reader, state, options)).filter((pack) => pack.state === 'live')
  const unfinished = await unfinishedPushes(reader, state, packs, options)
  const published = packs.filter((pack) => !unfinished.has(pack.pushId))
  const due = published.filter((pack) => pack.endEpoch > walrus.epoch && pack.endEpoch < endEpoch)
  const blobs = await context.ledger.fetchObjects(
    due.map((pack) => pack.objectId),
    options.signal ? { signal: options.signal } : {},
  )
  const extensions = due.map((pack, i): Extension => {
    const blob = blobs[i]
    if (!blob)
      throw new ChainRecordError('LEDGER_RECORD_MISSING', `pack ${pack.number} has no blob ${pack.objectId}`, {
        data: { pack: pack.number, objectId: pack.objectId },
        hints: ['It may have been removed just now: run the command again'],
      })
    // Charged is what was reserved, which can be more than the blob fills.
    const { storageBytes } = parseBlobObject(blob)
    const extraEpochs = endEpoch - pack.endEpoch
    return {
      number: pack.number,
      extraEpochs,
      storageBytes,
      costFrost: storageCost(storageBytes, extraEpochs, walrus.prices),
    }
  })
  const expired = published.filter((pack) => pack.endEpoch <= walrus.epoch).map((pack) => pack.number)
  return { extensions, expired }
}

/** First epoch without the packs after the renewal. */
function targetEpoch(walrus: WalrusState, { epochs, until }: RenewOptions): number {
  if (epochs !== undefined && until !== undefined)
    throw new UsageError('OPTIONS_EXCLUSIVE', '--epochs and --until say the same in two ways: choose one')
  const ahead =
    until === undefined ? (epochs ?? Math.min(DEFAULT_EPOCHS, walrus.maxEpochsAhead)) : epochsUntil(walrus, until)
  if (Number.isInteger(ahead) && ahead >= 1 && ahead <= walrus.maxEpochsAhead) return walrus.epoch + ahead
  const latest = walrus.epoch + walrus.maxEpochsAhead
  throw new UsageError(
    'WALRUS_EPOCHS_OUT_OF_RANGE',
    `storage can be bought for 1 to ${walrus.maxEpochsAhead} epochs ahead, up to ${epochDate(walrus, latest)}; asked for ${ahead}`,
    { data: { epochs: ahead, max: walrus.maxEpochsAhead } },
  )
}

/** Epochs from now up to the first that begins at that day's end or later. */
function epochsUntil(walrus: WalrusState, until: string): number {
  const dayMs = /^\d{4}-\d{2}-\d{2}$/.test(until) ? Date.parse(`${until}T00:00:00Z`) : Number.NaN
  if (Number.isNaN(dayMs) || new Date(dayMs).toISOString().slice(0, 10) !== until)
    throw new UsageError('DATE_MALFORMED', `"${until.slice(0, 40)}" is not a date`, {
      hints: ['Write year, month and day, for example 2027-01-31'],
    })
  const startMs = epochStartEstimateMs(walrus, walrus.epoch, Date.now())
  return Math.ceil((dayMs + 86_400_000 - startMs) / walrus.epochDurationMs)
}

/** Rules for spending real money (DESIGN §9). */
function assertAllowed(
  { profile }: RemoteContext,
  total: bigint,
  maxFrost: bigint | undefined,
  { yes }: RenewOptions,
): void {
  if (!profile.local && (!yes || maxFrost === undefined))
    throw new UsageError(
      'RENEW_LIMIT_MISSING',
      `renewing on ${profile.name} spends WAL: it needs --yes and --max-wal`,
      {
        data: { network: profile.name, costFrost: String(total) },
        hints: ['See the cost with `floe renew --dry-run`, then repeat with --yes --max-wal AMOUNT'],
      },
    )
  if (maxFrost !== undefined && total > maxFrost)
    throw new AuthError('RENEW_MAX_WAL', `the renewal costs ${formatWal(total)} WAL, more than --max-wal allows`, {
      data: { costFrost: String(total), maxFrost: String(maxFrost) },
      hints: ['Raise --max-wal, or renew for fewer epochs'],
    })
}

function sum<T>(list: readonly T[], amount: (item: T) => bigint): bigint {
  return list.reduce((total, item) => total + amount(item), 0n)
}
