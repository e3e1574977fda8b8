/** The fund of a repository: WAL that it holds itself, for its own renewal. Anyone may give; what it pays for, and who
 *  takes out of it, an administrator says. */

import { FloeError, UsageError } from '../base/errors.ts'
import { walCoinType } from '../ledger/networks.ts'
import { type FundRule, fetchFundAccount, NO_LIMIT_FROST } from '../ledger/repository-fund.ts'
import type { RepositoryState } from '../ledger/repository-state.ts'
import { addDonation, addFundRule, addWithdrawal } from '../ledger/transactions/fund.ts'
import { fetchWalFunds, formatWal } from '../ledger/transactions/wal-payment.ts'
import { findAdminCap } from './access.ts'
import { ensureLocalFunds } from './local-funds.ts'
import { openRemoteContext, type RemoteContext } from './remote-context.ts'
import type { RemoteOptions } from './remote-options.ts'
import { placeOf, type RepositoryPlace } from './repository-place.ts'
import { parseWal } from './spending.ts'

export interface FundOptions extends RemoteOptions {
  /** Remote of the workspace, or `NETWORK:OBJECT_ID`. */
  remote?: string | undefined
  /** Asked for outside the local network before anything is moved. */
  yes?: boolean | undefined
}

/** Amounts in FROST as decimal text. */
export interface FundRuleRecord {
  /** A pack is renewed when fewer epochs remain. */
  renewBelow: number
  /** Up to so many epochs remain afterwards. */
  renewTo: number
  /** Per started MiB of storage and epoch. */
  maxPriceFrost: string
  /** Per renewal of a pack; `null`: no limit. */
  maxPerPackFrost: string | null
  /** For all packs together, per Walrus epoch; `null`: no limit. */
  maxPerEpochFrost: string | null
}

export interface Fund extends RepositoryPlace {
  balanceFrost: string
  /** `null`: the fund pays for nothing. */
  rule: FundRuleRecord | null
  /** What the fund has spent in `knownEpoch`. */
  spentFrost: string
  epoch: number
  /** Latest epoch that the repository has seen proof of. */
  knownEpoch: number
  /** Price of storage now, per MiB and epoch. */
  priceFrost: string
}

export interface FundChange extends RepositoryPlace {
  digest: string
  balanceFrost: string
}

export async function showFund(dir: string, options: FundOptions): Promise<Fund> {
  const { place, context, reader, state } = await open(dir, options)
  const [walrus, account] = await Promise.all([context.walrus(), fetchFundAccount(reader, state, options)])
  return {
    ...place,
    balanceFrost: String(state.fundFrost),
    rule: account && ruleRecord(account.rule),
    spentFrost: String(account?.epoch === state.seenEpoch ? account.spentFrost : 0n),
    epoch: walrus.epoch,
    knownEpoch: state.seenEpoch,
    priceFrost: String(walrus.prices.storagePerUnit),
  }
}

/** Gives WAL of one's own. It comes back only through an administrator.
 *  @param options.amount - decimal WAL
 *  @throws {UsageError} AMOUNT_MALFORMED, FUND_YES_MISSING
 *  @throws {AuthError} FUNDS_WAL_SHORT */
export async function addToFund(dir: string, options: FundOptions & { amount: string }): Promise<FundChange> {
  const frost = positiveAmount(options.amount)
  const opened = await open(dir, options)
  const { place, context, state } = opened
  assertYes(context, options, `putting ${formatWal(frost)} WAL into the fund`)
  const signer = await context.signer()
  await ensureLocalFunds(context, signer, frost)
  const { profile, ledger } = context
  return change(opened, options, async (transaction) =>
    addDonation(transaction, {
      floe: state.packageId,
      repository: place.repository,
      frost,
      funds: await fetchWalFunds(ledger, signer.address, walCoinType(profile), request(options)),
      network: { name: profile.name, faucet: profile.faucetUrl !== undefined },
    }),
  )
}

/** Administrators only.
 *  @throws {AuthError} ACCESS_NOT_ADMIN
 *  @throws {FloeError} FUND_SHORT */
export async function withdrawFromFund(dir: string, options: FundOptions & { amount: string }): Promise<FundChange> {
  const frost = positiveAmount(options.amount)
  const opened = await open(dir, options)
  const { context, state } = opened
  assertYes(context, options, `taking ${formatWal(frost)} WAL out of the fund`)
  const asAdmin = await adminOf(opened)
  if (frost > state.fundFrost)
    throw new FloeError('other', 'FUND_SHORT', `the fund holds ${formatWal(state.fundFrost)} WAL`, {
      data: { fundFrost: String(state.fundFrost), askedFrost: String(frost) },
      hints: ['Look at it with `floe fund show`'],
    })
  const { address: owner } = await context.signer()
  return change(opened, options, (transaction) => addWithdrawal(transaction, { ...asAdmin, frost, owner }))
}

export interface FundRuleOptions extends FundOptions {
  renewBelow: number
  renewTo: number
  /** Decimal WAL per MiB and epoch (default: twice the price of now). */
  maxPrice?: string | undefined
  /** Decimal WAL; none: no limit. */
  maxPerPack?: string | undefined
  maxPerEpoch?: string | undefined
}

/** Administrators only.
 *  @throws {UsageError} FUND_RULE_BAD
 *  @throws {AuthError} ACCESS_NOT_ADMIN */
export async function setFundRule(
  dir: string,
  options: FundRuleOptions,
): Promise<FundChange & { rule: FundRuleRecord }> {
  const { renewBelow, renewTo } = options
  const opened = await open(dir, options)
  const { prices, maxEpochsAhead } = await opened.context.walrus()
  const inOrder = Number.isInteger(renewBelow) && Number.isInteger(renewTo) && renewBelow >= 1 && renewTo >= renewBelow
  if (!inOrder || renewTo > maxEpochsAhead)
    throw new UsageError(
      'FUND_RULE_BAD',
      `a rule needs 1 <= below <= to <= ${maxEpochsAhead} epochs, got ${renewBelow} and ${renewTo}`,
      { data: { renewBelow, renewTo, max: maxEpochsAhead } },
    )
  const rule: FundRule = {
    renewBelow,
    renewTo,
    maxPriceFrost: options.maxPrice === undefined ? prices.storagePerUnit * 2n : positiveAmount(options.maxPrice),
    maxPerPackFrost: options.maxPerPack === undefined ? NO_LIMIT_FROST : positiveAmount(options.maxPerPack),
    maxPerEpochFrost: options.maxPerEpoch === undefined ? NO_LIMIT_FROST : positiveAmount(options.maxPerEpoch),
  }
  assertYes(opened.context, options, 'setting the rule of the fund')
  const asAdmin = await adminOf(opened)
  const changed = await change(opened, options, (transaction) => addFundRule(transaction, { ...asAdmin, rule }))
  return { ...changed, rule: ruleRecord(rule) }
}

/** From then on the fund pays for nothing. Administrators only. */
export async function clearFundRule(dir: string, options: FundOptions): Promise<FundChange> {
  const opened = await open(dir, options)
  assertYes(opened.context, options, 'taking the rule of the fund away')
  const asAdmin = await adminOf(opened)
  return change(opened, options, (transaction) => addFundRule(transaction, { ...asAdmin, rule: null }))
}

async function open(dir: string, options: FundOptions) {
  const place = await placeOf(dir, options.remote)
  const context = await openRemoteContext(place.network, options)
  const reader = context.repository(place.repository)
  return { place, context, reader, state: await reader.fetchState(options) }
}

type Opened = Awaited<ReturnType<typeof open>>

async function adminOf({ context, state, place }: Opened) {
  const { address } = await context.signer()
  const adminCap = await findAdminCap(context, state, address)
  return { floe: state.packageId, repository: place.repository, adminCap }
}

async function change(
  { context, reader, place }: Opened,
  options: FundOptions,
  build: Parameters<RemoteContext['ledger']['execute']>[0],
): Promise<FundChange> {
  const signer = await context.signer()
  await ensureLocalFunds(context, signer, 0n)
  const { digest } = await context.ledger.execute(build, signer, request(options))
  const after: RepositoryState = await reader.fetchState(options)
  return { ...place, digest, balanceFrost: String(after.fundFrost) }
}

function request({ signal }: FundOptions): { signal?: AbortSignal } {
  return signal ? { signal } : {}
}

function assertYes({ profile }: RemoteContext, { yes }: FundOptions, what: string): void {
  if (profile.local || yes) return
  throw new UsageError('FUND_YES_MISSING', `${what} on ${profile.name} is for good: it needs --yes`, {
    data: { network: profile.name },
  })
}

function positiveAmount(text: string): bigint {
  const frost = parseWal(text)
  if (frost > 0n) return frost
  throw new UsageError('AMOUNT_MALFORMED', 'the amount must be more than 0 WAL')
}

function ruleRecord(rule: FundRule): FundRuleRecord {
  const limit = (frost: bigint) => (frost === NO_LIMIT_FROST ? null : String(frost))
  return {
    renewBelow: rule.renewBelow,
    renewTo: rule.renewTo,
    maxPriceFrost: String(rule.maxPriceFrost),
    maxPerPackFrost: limit(rule.maxPerPackFrost),
    maxPerEpochFrost: limit(rule.maxPerEpochFrost),
  }
}
