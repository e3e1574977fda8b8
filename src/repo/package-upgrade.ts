/** `package`: upgrades of a published `floe` package. Each is announced in public by its digest, waits for the delay that
 *  the policy demands, and is carried out as announced or not at all (DESIGN §7). */

import { toHex } from '../base/bytes.ts'
import { FloeError, UsageError } from '../base/errors.ts'
import * as policyCalls from '../ledger/bindings/floe/upgrade-policy.ts'
import type { BuildTransaction, ExecutedTransaction } from '../ledger/client.ts'
import { ChainRecordError, LedgerError } from '../ledger/errors.ts'
import {
  floeForPublishing,
  isFloeOfThisVersion,
  type PublishableCode,
  publishingDigest,
} from '../ledger/floe-package.ts'
import type { FloeUpgrade } from '../ledger/networks.ts'
import { MAX_UPGRADE_DELAY_DAYS } from './deploy.ts'
import { recordDeployment } from './deployments.ts'
import {
  assertConfirmed,
  fetchChainTime,
  type OpenedPackage,
  openOwnPackage,
  type PackageOptions,
} from './package-policy.ts'

const DAY_MS = 86_400_000

export interface ProposalStatus {
  /** Of modules and dependencies; hex. */
  digest: string
  proposedMs: number
  readyMs: number
  /** True once the chain's clock has passed the delay. */
  ready: boolean
  /** True if it is this Floe's code that is proposed. */
  isThisCode: boolean
}

export interface PackageStatus {
  network: string
  /** Id of the first version, which types are named after. */
  packageId: string
  newestId: string
  version: number
  /** True if the newest version has this Floe's code. */
  isThisCode: boolean
  policyId: string
  delayMs: number
  proposal: ProposalStatus | null
}

export interface PackageChange extends PackageStatus {
  digest: string | null
  gasMist: string
}

/** What a profile says of a later version. */
export interface UpgradeResult extends PackageChange {
  $kind: 'upgraded' | 'recorded'
  upgrade: FloeUpgrade
}

export async function packageStatus(options: PackageOptions): Promise<PackageStatus> {
  return statusOf(await openOwnPackage(options))
}

/** Announces this Floe's code as the next version. The delay counts from here.
 *  @throws {UsageError} PACKAGE_UNCHANGED, PACKAGE_PROPOSED, PACKAGE_UNCONFIRMED */
export async function proposeUpgrade(options: PackageOptions): Promise<PackageChange> {
  const opened = await openOwnPackage(options)
  const { context, policy, newest, deployment } = opened
  if (opened.isSame)
    throw new UsageError('PACKAGE_UNCHANGED', `${newest.id} has the code of this Floe already`, {
      data: { packageId: deployment.packageId, newestId: newest.id, version: newest.version },
      hints: ['Run the command with the Floe whose contract is to be published'],
    })
  if (policy.proposal)
    throw new UsageError('PACKAGE_PROPOSED', 'an upgrade is proposed already', {
      data: { digest: toHex(policy.proposal.digest), readyMs: Number(policy.proposal.readyMs) },
      hints: ['See it with `floe package show`; `floe package cancel` takes it back'],
    })
  assertConfirmed(context, 'proposing an upgrade', options)
  const { packageId } = await context.walrus()
  const code = floeForPublishing(opened.ids, packageId, opened.code)
  const digest = publishingDigest(code)
  const executed = await run(opened, (transaction) => {
    policyCalls.propose(transaction, newest.id, { self: opened.policyId, key: opened.keyId, digest })
  })
  const proposed = { digest: toHex(digest), dependencies: code.dependencies }
  await recordDeployment(options.homeDir, context.profile.name, { ...deployment, proposed })
  return changed(options, executed)
}

/** Takes a proposal back.
 *  @throws {UsageError} PACKAGE_NOT_PROPOSED, PACKAGE_UNCONFIRMED */
export async function cancelUpgrade(options: PackageOptions): Promise<PackageChange> {
  const opened = await openOwnPackage(options)
  assertProposed(opened)
  assertConfirmed(opened.context, 'cancelling an upgrade', options)
  const executed = await run(opened, (transaction) => {
    policyCalls.cancel(transaction, opened.newest.id, { self: opened.policyId, key: opened.keyId })
  })
  const { proposed: _, ...deployment } = opened.deployment
  await recordDeployment(options.homeDir, opened.context.profile.name, deployment)
  return changed(options, executed)
}

/** Carries out what was proposed, once the delay has passed, and trusts the new version. Repositories stay at the old one
 *  until they are migrated. A run that was interrupted after the upgrade is completed by the next one.
 *  @throws {UsageError} PACKAGE_NOT_PROPOSED, PACKAGE_OTHER_PROPOSED, PACKAGE_UNCONFIRMED
 *  @throws {FloeError} PACKAGE_TOO_EARLY naming the time */
export async function upgradePackage(options: PackageOptions): Promise<UpgradeResult> {
  const opened = await openOwnPackage(options)
  const { context, deployment, newest, policy, isSame } = opened
  const isRecorded = [deployment, ...(deployment.upgraded ?? [])].some(({ packageId }) => packageId === newest.id)
  if (isSame && !isRecorded) return record(options, opened, newest.id, null)
  assertProposed(opened)
  const code = await proposedCode(opened)
  const now = await fetchChainTime(context)
  const readyMs = Number(policy.proposal!.readyMs)
  if (now < readyMs)
    throw new FloeError(
      'other',
      'PACKAGE_TOO_EARLY',
      `the upgrade can be made from ${new Date(readyMs).toISOString()}`,
      {
        data: { readyMs, nowMs: now },
        hints: ['Run it again then: what was proposed stays proposed'],
      },
    )
  assertConfirmed(context, 'upgrading a package', options)
  const executed = await run(opened, (transaction) => {
    const { policyId: self, keyId: key } = opened
    const ticket = policyCalls.authorize(transaction, newest.id, { self, key })
    const receipt = transaction.upgrade({ ...code, package: newest.id, ticket })
    policyCalls.commit(transaction, newest.id, { self, receipt })
  })
  const created = executed.changed.find(({ change, type }) => change === 'created' && type === 'package')
  if (!created) throw new LedgerError('LEDGER_ANSWER_MALFORMED', 'the ledger does not say what was created')
  return record(options, opened, created.id, executed)
}

/** Makes later upgrades wait longer; a proposal that waits keeps its date. It can never be made shorter again.
 *  @throws {UsageError} PACKAGE_DELAY_RANGE, PACKAGE_UNCONFIRMED */
export async function raiseUpgradeDelay(options: PackageOptions & { days: number }): Promise<PackageChange> {
  const opened = await openOwnPackage(options)
  const { context, deployment, policy, policyId, keyId } = opened
  const delayMs = Math.round(options.days * DAY_MS)
  if (!(delayMs > Number(policy.delayMs) && options.days <= MAX_UPGRADE_DELAY_DAYS))
    throw new UsageError('PACKAGE_DELAY_RANGE', `the delay can grow, to ${MAX_UPGRADE_DELAY_DAYS} days at most`, {
      data: { days: options.days, currentDays: Number(policy.delayMs) / DAY_MS },
    })
  assertConfirmed(context, 'raising the delay', options)
  const executed = await run(opened, (transaction) => {
    policyCalls.raiseDelay(transaction, opened.newest.id, { self: policyId, key: keyId, delayMs })
  })
  const upgrades = { $kind: 'delayed', policyId, keyId, delayMs } as const
  await recordDeployment(options.homeDir, context.profile.name, { ...deployment, upgrades })
  return changed(options, executed)
}

export interface FrozenPackage {
  network: string
  packageId: string
  newestId: string
  version: number
  digest: string
  gasMist: string
}

/** Gives up upgrades for good, a proposal that waits included.
 *  @throws {UsageError} PACKAGE_UNCONFIRMED on every network: nothing takes it back */
export async function freezePackage(options: PackageOptions): Promise<FrozenPackage> {
  const opened = await openOwnPackage(options)
  const { context, deployment, newest } = opened
  if (!options.yes)
    throw new UsageError('PACKAGE_UNCONFIRMED', 'giving up upgrades cannot be taken back: it needs --yes', {
      data: { packageId: deployment.packageId },
    })
  const executed = await run(opened, (transaction) => {
    policyCalls.endUpgrades(transaction, newest.id, { self: opened.policyId, key: opened.keyId })
  })
  const { proposed: _, ...rest } = deployment
  await recordDeployment(options.homeDir, context.profile.name, { ...rest, upgrades: { $kind: 'never' } })
  const { packageId } = deployment
  return {
    network: context.profile.name,
    packageId,
    newestId: newest.id,
    version: newest.version,
    digest: executed.digest,
    gasMist: String(executed.gasMist),
  }
}

/** Trusts a version that is on chain, after looking at what is there. */
async function record(
  options: PackageOptions,
  { context, deployment, ids, code }: OpenedPackage,
  packageId: string,
  executed: ExecutedTransaction | null,
): Promise<UpgradeResult> {
  const published = await context.ledger.fetchPackage(packageId)
  if (!published || !isFloeOfThisVersion(published, ids, code))
    throw new ChainRecordError('DEPLOY_OTHER_CODE', 'what the ledger published is not what was sent', {
      data: { packageId, digest: executed?.digest ?? null },
    })
  const { proposed: _, ...rest } = deployment
  const version = { packageId, contract: code.contract, digest: executed?.digest ?? '', upgradedMs: Date.now() }
  await recordDeployment(options.homeDir, context.profile.name, {
    ...rest,
    upgraded: [...(deployment.upgraded ?? []), version],
  })
  const upgrade = { packageId, originalId: deployment.packageId, contract: code.contract }
  return { $kind: executed ? 'upgraded' : 'recorded', ...(await changed(options, executed)), upgrade }
}

/** The code to send: linked as it was when it was proposed, or, if that is not on record, as it would be now. */
async function proposedCode(opened: OpenedPackage): Promise<PublishableCode> {
  const { context, ids, code, deployment, policy } = opened
  const { packageId } = await context.walrus()
  const now = floeForPublishing(ids, packageId, code)
  const wanted = Buffer.from(policy.proposal!.digest)
  for (const dependencies of [now.dependencies, deployment.proposed?.dependencies ?? []]) {
    const candidate = { modules: now.modules, dependencies }
    if (wanted.equals(publishingDigest(candidate))) return candidate
  }
  throw new UsageError('PACKAGE_OTHER_PROPOSED', 'what is proposed is not the code of this Floe', {
    data: { digest: toHex(policy.proposal!.digest), own: toHex(publishingDigest(now)) },
    hints: ['Use the Floe that proposed it, or take it back with `floe package cancel` and propose anew'],
  })
}

function assertProposed({ policy }: OpenedPackage): void {
  if (policy.proposal) return
  throw new UsageError('PACKAGE_NOT_PROPOSED', 'no upgrade is proposed', {
    hints: ['Propose one with `floe package propose`'],
  })
}

async function run({ context }: OpenedPackage, build: BuildTransaction): Promise<ExecutedTransaction> {
  return context.ledger.execute(build, await context.signer())
}

async function changed(options: PackageOptions, executed: ExecutedTransaction | null): Promise<PackageChange> {
  const status = await packageStatus(options)
  return { ...status, digest: executed?.digest ?? null, gasMist: String(executed?.gasMist ?? 0n) }
}

async function statusOf(opened: OpenedPackage): Promise<PackageStatus> {
  const { context, deployment, newest, policy, policyId } = opened
  return {
    network: context.profile.name,
    packageId: deployment.packageId,
    newestId: newest.id,
    version: newest.version,
    isThisCode: opened.isSame,
    policyId,
    delayMs: Number(policy.delayMs),
    proposal: policy.proposal ? await proposalOf(opened, policy.proposal) : null,
  }
}

async function proposalOf(opened: OpenedPackage, proposal: policyCalls.Proposal): Promise<ProposalStatus> {
  const isThisCode = await proposedCode(opened).then(
    () => true,
    (error) => {
      if (error instanceof UsageError) return false
      throw error
    },
  )
  const readyMs = Number(proposal.readyMs)
  const ready = (await fetchChainTime(opened.context)) >= readyMs
  const digest = toHex(proposal.digest)
  return { digest, proposedMs: Number(proposal.proposedMs), readyMs, ready, isThisCode }
}
