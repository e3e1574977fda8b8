/** Renewal: extends every live pack of a repository, so that all of it is stored until the same epoch.
 *
 *  Anyone may, with their own WAL, or with the fund's as far as its rule goes (`renew-from-fund.ts`). The target is an
 *  epoch, so doing it twice pays once; batches that went through before an interruption are not paid again either. */

import { UsageError } from '../base/errors.ts'
import type { PackRecord } from '../ledger/repository-records.ts'
import type { RepositoryReader, RepositoryState } from '../ledger/repository-state.ts'
import { epochStartEstimateMs, type WalrusState } from '../ledger/system-state.ts'
import { PACKS_PER_RENEWAL } from '../ledger/transactions/renew.ts'
import { openWorkspace } from '../store/workspace.ts'
import { epochDate, readAllPacks } from './expiry.ts'
import { rememberRenewal } from './expiry-memory.ts'
import { unfinishedPushes } from './live-packs.ts'
import { extendPacks, planExtensions, totalCost } from './pack-extension.ts'
import { unlessHindered } from './push-memory.ts'
import { defaultRemote } from './reading-remote.ts'
import { openRemoteContext } from './remote-context.ts'
import type { RemoteOptions } from './remote-options.ts'
import { renewFromFund } from './renew-from-fund.ts'
import { placeOf } from './repository-place.ts'
import { assertLimitGiven, createBudget, parseWal } from './spending.ts'

export interface RenewOptions extends RemoteOptions {
  /** Remote of the workspace, or `NETWORK:OBJECT_ID`. */
  remote?: string | undefined
  /** Stored for this many epochs from now on (default 26, at most what the network allows). */
  epochs?: number | undefined
  /** Stored at least up to this day, `2027-01-31`, instead of `epochs`. */
  until?: string | undefined
  /** The repository's fund pays, within its rule, for the packs that are due by it. */
  fromFund?: boolean | undefined
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
  /** First epoch without the packs; of those that the fund pays, the earliest. */
  endEpoch: number
  endDate: string
  /** All of it: from the fund, and from the payer. */
  walFrost: string
  transactions: number
  from: 'wallet' | 'fund'
  /** Part of `walFrost` that the fund does not pay: proving to the repository which epoch it is. */
  proofFrost: string
  /** Packs that are due by the fund's rule, but it cannot pay for them. */
  unpaid: number[]
}

export interface RenewResult {
  $kind: 'renewed' | 'up-to-date' | 'dry-run'
  network: string
  repository: string
  cost: RenewCost
  /** What was really paid; `'0'` in a dry run. */
  paidFrost: string
  digests: string[]
}

const DEFAULT_EPOCHS = 26

/** @throws {UsageError} WALRUS_EPOCHS_OUT_OF_RANGE, DATE_MALFORMED, OPTIONS_EXCLUSIVE, RENEW_LIMIT_MISSING
 *  @throws {AuthError} RENEW_MAX_WAL, FUNDS_WAL_SHORT
 *  @throws {FloeError} FUND_NO_RULE, FUND_PRICE_ABOVE_RULE */
export async function renew(dir: string, options: RenewOptions): Promise<RenewResult> {
  const budget = createBudget(
    parseWal(options.maxWal),
    'RENEW_MAX_WAL',
    'the renewal',
    'Raise --max-wal, or renew for fewer epochs',
  )
  const place = await placeOf(dir, options.remote)
  const context = await openRemoteContext(place.network, options)
  const reader = context.repository(place.repository)
  const [walrus, state] = await Promise.all([context.walrus(), reader.fetchState(options)])
  const asked = options.epochs !== undefined || options.until !== undefined
  const endEpoch = targetEpoch(walrus, options)
  const packs = await publishedPacks(reader, state, options)
  const expired = packs.filter((pack) => pack.endEpoch <= walrus.epoch).map((pack) => pack.number)
  if (options.fromFund) {
    const target = asked ? endEpoch : undefined
    const readAgain = async () => {
      const state = await reader.fetchState(options)
      return { state, packs: await publishedPacks(reader, state, options) }
    }
    const job = { context, reader, state, walrus, packs, expired, place, budget, target, readAgain }
    const { result, earliestEnd } = await renewFromFund(job, options)
    if (result.$kind === 'renewed') await noteRenewal(dir, options, { ...place, walrus, endEpoch: earliestEnd })
    return result
  }
  const extensions = await planExtensions(context, packs, walrus, endEpoch, options)
  const perTransaction = Math.min(options.packsPerTransaction ?? PACKS_PER_RENEWAL, PACKS_PER_RENEWAL)
  const total = totalCost(extensions)
  const cost: RenewCost = {
    packs: extensions.length,
    expired,
    encodedBytes: String(extensions.reduce((sum, { storageBytes }) => sum + storageBytes, 0n)),
    endEpoch,
    endDate: epochDate(walrus, endEpoch),
    walFrost: String(total),
    transactions: Math.ceil(extensions.length / perTransaction),
    from: 'wallet',
    proofFrost: '0',
    unpaid: [],
  }
  options.onCost?.(cost)
  if (options.dryRun) return { $kind: 'dry-run', ...place, cost, paidFrost: '0', digests: [] }
  if (extensions.length === 0) return { $kind: 'up-to-date', ...place, cost, paidFrost: '0', digests: [] }
  assertLimitGiven(context.profile, options, 'RENEW_LIMIT_MISSING', 'floe renew', total)
  const done = await extendPacks(context, {
    walrus,
    floe: state.packageId,
    repository: place.repository,
    extensions,
    budget,
    perTransaction,
    planAgain: async () => {
      const now = await publishedPacks(reader, await reader.fetchState(options), options)
      return planExtensions(context, now, walrus, endEpoch, options)
    },
    signal: options.signal,
  })
  const digests = done.map(({ digest }) => digest)
  await noteRenewal(dir, options, { ...place, walrus, endEpoch })
  // Others may have extended all of it in this moment.
  const $kind = digests.length > 0 ? 'renewed' : 'up-to-date'
  return { $kind, ...place, cost, paidFrost: String(budget.paidFrost), digests }
}

/** A workspace that warns of expiry need not warn any more. An address is of no workspace. */
async function noteRenewal(
  dir: string,
  { remote }: RenewOptions,
  facts: { network: string; repository: string; walrus: WalrusState; endEpoch: number },
): Promise<void> {
  if (remote?.includes(':')) return
  await using workspace = await openWorkspace(dir)
  await unlessHindered(() => rememberRenewal(workspace, { remote: remote ?? defaultRemote(workspace), ...facts }))
}

/** Live packs of finished pushes. Left alone: packs whose removal is proposed, and those of unfinished pushes, whose
 *  owners can still take them back. */
async function publishedPacks(
  reader: RepositoryReader,
  state: RepositoryState,
  options: RenewOptions,
): Promise<PackRecord[]> {
  const packs = (await readAllPacks(reader, state, options)).filter((pack) => pack.state === 'live')
  const unfinished = await unfinishedPushes(reader, state, packs, options)
  return packs.filter((pack) => !unfinished.has(pack.pushId))
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
