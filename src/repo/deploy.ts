/** `deploy`: publishes the `floe` package on a network and records it as trusted. The right to upgrade is locked up in the
 *  same command, so that no upgrade comes unannounced (DESIGN §7). */

import { UsageError } from '../base/errors.ts'
import { ByteReader, CodecError } from '../codec/cursor.ts'
import * as policy from '../ledger/bindings/floe/upgrade-policy.ts'
import type { ChangedObject, LedgerObject } from '../ledger/client.ts'
import { AuthError, ChainRecordError, LedgerError } from '../ledger/errors.ts'
import { type FloeDependencies, floeForPublishing, isFloeOfThisVersion } from '../ledger/floe-package.ts'
import { type LayoutOf, upgradeCap } from '../ledger/layout.ts'
import { shortChainId } from '../ledger/networks.ts'
import { parseStructType } from '../ledger/object-id.ts'
import { type Deployment, readDeployments, recordDeployment } from './deployments.ts'
import { openRemoteContext, type RemoteContext } from './remote-context.ts'
import type { RemoteOptions } from './remote-options.ts'
import { parseToken } from './token-amount.ts'

export interface DeployOptions extends RemoteOptions {
  network: string
  /** Days between the proposal of an upgrade and the earliest moment it can be made (default 14). */
  upgradeDelayDays?: number | undefined
  /** Gives up upgrades for good instead. */
  immutable?: boolean | undefined
  /** Publishes even if a trusted package has the same code. */
  again?: boolean | undefined
  /** Trust it only; new repositories go on using the package they used before. */
  keepDefault?: boolean | undefined
  dryRun?: boolean | undefined
  /** Confirms, where coins are worth something. */
  yes?: boolean | undefined
  /** Most SUI that may be spent on gas, as decimal text; the transaction enforces it. */
  maxSui?: string | undefined
}

export type DeployResult =
  | { $kind: 'dry-run'; network: string; publisher: string; modules: number; bytes: number; gasMist: string }
  | { $kind: 'deployed' | 'locked'; network: string; deployment: Deployment; gasMist: string }

export const DEFAULT_UPGRADE_DELAY_DAYS = 14
export const MAX_UPGRADE_DELAY_DAYS = 3650
const DAY_MS = 86_400_000

/** @throws {UsageError} DEPLOY_EXISTS, DEPLOY_UNCONFIRMED, DEPLOY_DELAY_RANGE, NETWORK_UNKNOWN
 *  @throws {AuthError} KEY_NOT_CHOSEN, FUNDS_SUI_SHORT, DEPLOY_MAX_SUI
 *  @throws {LedgerError} NETWORK_OTHER_CHAIN, LEDGER_UNREACHABLE */
export async function deployFloe(options: DeployOptions): Promise<DeployResult> {
  const days = options.upgradeDelayDays ?? DEFAULT_UPGRADE_DELAY_DAYS
  if (!(days > 0 && days <= MAX_UPGRADE_DELAY_DAYS))
    throw new UsageError('DEPLOY_DELAY_RANGE', `an upgrade can wait for 1 to ${MAX_UPGRADE_DELAY_DAYS} days`, {
      data: { days },
      hints: ['Or give up upgrades for good with --immutable'],
    })
  const context = await openRemoteContext(options.network, options)
  const { ledger, profile } = context
  const signer = await context.signer()
  const chainId = await checkedChainId(context)
  const finish = await unfinished(context, options, chainId)
  if (finish) return lockUpgrades(context, options, finish, days, 0n)

  const state = await context.walrus()
  const ids: FloeDependencies = { walPackageId: profile.walPackageId, walrusOriginalId: state.originalPackageId }
  if (!options.again) await assertNothingTrustedIsEqual(context, ids)
  const code = floeForPublishing(ids, state.packageId)
  const limit = options.maxSui === undefined ? undefined : parseToken(options.maxSui, 'SUI')
  const { gasMist } = await ledger.simulate((transaction) => {
    transaction.transferObjects([transaction.publish(code)], signer.address)
  }, signer.address)
  if (options.dryRun)
    return {
      $kind: 'dry-run',
      network: profile.name,
      publisher: signer.address,
      modules: code.modules.length,
      bytes: code.modules.reduce((sum, { length }) => sum + length, 0),
      gasMist: String(gasMist),
    }
  if (!profile.local && !options.yes)
    throw new UsageError('DEPLOY_UNCONFIRMED', `publishing on ${profile.name} spends SUI: it needs --yes`, {
      data: { network: profile.name, gasMist: String(gasMist) },
      hints: ['See the cost with `floe deploy --dry-run`, then repeat with --yes'],
    })
  if (limit !== undefined && gasMist > limit)
    throw new AuthError('DEPLOY_MAX_SUI', 'publishing costs more SUI than --max-sui allows', {
      data: { gasMist: String(gasMist), maxMist: String(limit) },
    })

  const executed = await ledger.execute((transaction) => {
    const cap = transaction.publish(code)
    if (options.immutable) transaction.moveCall({ target: '0x2::package::make_immutable', arguments: [cap] })
    else transaction.transferObjects([cap], signer.address)
    if (limit !== undefined) transaction.setGasBudget(limit)
  }, signer)
  const packageId = createdOf(executed.changed, (type) => type === 'package')
  const deployment: Deployment = {
    packageId,
    chainId,
    publisher: signer.address,
    digest: executed.digest,
    publishedMs: Date.now(),
    isDefault: !options.keepDefault,
    upgrades: options.immutable
      ? { $kind: 'never' }
      : { $kind: 'open', upgradeCapId: createdOf(executed.changed, isStruct('package', 'UpgradeCap')) },
  }
  // Recorded before anything else can fail: a second run goes on from here instead of paying again.
  await recordDeployment(options.homeDir, profile.name, deployment)
  const published = await ledger.fetchPackage(packageId)
  if (!published || !isFloeOfThisVersion(published, ids))
    throw new ChainRecordError('DEPLOY_OTHER_CODE', 'what the ledger published is not what was sent', {
      data: { packageId, digest: executed.digest },
    })
  if (options.immutable)
    return { $kind: 'deployed', network: profile.name, deployment, gasMist: String(executed.gasMist) }
  const locked = await lockUpgrades(context, options, deployment, days, executed.gasMist)
  return { ...locked, $kind: 'deployed' }
}

/** A package that was published when the command was interrupted, whose capability is still in the publisher's hands:
 *  on record, or, if the answer to the publishing was lost, found by its capability. */
async function unfinished(
  context: RemoteContext,
  options: DeployOptions,
  chainId: string,
): Promise<Deployment | undefined> {
  if (options.dryRun || options.immutable) return undefined
  const { address } = await context.signer()
  const known = (await readDeployments(options.homeDir, context.profile.name)).filter(
    (one) => one.chainId === chainId && one.publisher === address,
  )
  const open = known.find(({ upgrades }) => upgrades.$kind === 'open')
  if (open) return open
  const { ledger, profile } = context
  const { originalPackageId } = await context.walrus()
  const ids = { walPackageId: profile.walPackageId, walrusOriginalId: originalPackageId }
  for (const cap of await ledger.fetchOwnedObjects(address, UPGRADE_CAP, MAX_CAPS)) {
    const { package: packageId } = readCap(cap)
    const published = await ledger.fetchPackage(packageId)
    if (!published || !isFloeOfThisVersion(published, ids)) continue
    const upgrades = { $kind: 'open', upgradeCapId: cap.id } as const
    const isDefault = !options.keepDefault
    return { packageId, chainId, publisher: address, digest: '', publishedMs: Date.now(), isDefault, upgrades }
  }
  return undefined
}

const UPGRADE_CAP = '0x2::package::UpgradeCap'
/** More packages than one person publishes. */
const MAX_CAPS = 200

function readCap({ id, content }: LedgerObject): LayoutOf<typeof upgradeCap> {
  try {
    return upgradeCap.read(new ByteReader(content))
  } catch (error) {
    if (!(error instanceof CodecError)) throw error
    throw new ChainRecordError('LEDGER_RECORD_MALFORMED', `upgrade capability ${id} has an unknown layout`, {
      data: { id },
      cause: error,
    })
  }
}

async function lockUpgrades(
  context: RemoteContext,
  options: DeployOptions,
  deployment: Deployment,
  days: number,
  gasBefore: bigint,
): Promise<Extract<DeployResult, { deployment: Deployment }>> {
  if (deployment.upgrades.$kind !== 'open') throw new RangeError('the upgrades of the deployment are settled')
  const { upgradeCapId } = deployment.upgrades
  const signer = await context.signer()
  const delayMs = Math.round(days * DAY_MS)
  const executed = await context.ledger.execute((transaction) => {
    const key = policy.lock(transaction, deployment.packageId, { cap: upgradeCapId, delayMs })
    transaction.transferObjects([key], signer.address)
  }, signer)
  const settled: Deployment = {
    ...deployment,
    upgrades: {
      $kind: 'delayed',
      policyId: createdOf(executed.changed, isStruct('upgrade_policy', 'UpgradePolicy')),
      keyId: createdOf(executed.changed, isStruct('upgrade_policy', 'UpgradeKey')),
      delayMs,
    },
  }
  await recordDeployment(options.homeDir, context.profile.name, settled)
  const gasMist = String(gasBefore + executed.gasMist)
  return { $kind: 'locked', network: context.profile.name, deployment: settled, gasMist }
}

/** @throws {LedgerError} NETWORK_OTHER_CHAIN: nothing is published by mistake on a network that is not the one meant */
async function checkedChainId({ ledger, profile }: RemoteContext): Promise<string> {
  const chainId = shortChainId(await ledger.fetchChainId())
  if (profile.chainId === undefined || profile.chainId === chainId) return chainId
  throw new LedgerError('NETWORK_OTHER_CHAIN', `the ledger at ${profile.rpcUrl} is not that of ${profile.name}`, {
    data: { network: profile.name, expected: profile.chainId, got: chainId },
    hints: ['Compare the profile with `floe network list --json`; `floe network check` says more'],
  })
}

async function assertNothingTrustedIsEqual({ ledger, profile }: RemoteContext, ids: FloeDependencies): Promise<void> {
  for (const packageId of profile.floePackageIds) {
    const published = await ledger.fetchPackage(packageId)
    if (!published || !isFloeOfThisVersion(published, ids)) continue
    throw new UsageError('DEPLOY_EXISTS', `the same code is on ${profile.name} already, as ${packageId}`, {
      data: { network: profile.name, packageId },
      hints: ['It is trusted and can be used as it is; publish a second copy with `floe deploy --again`'],
    })
  }
}

function createdOf(changed: readonly ChangedObject[], matches: (type: string) => boolean): string {
  const found = changed.find(({ change, type }) => change === 'created' && type !== null && matches(type))
  if (!found) throw new LedgerError('LEDGER_ANSWER_MALFORMED', 'the ledger does not say what was created')
  return found.id
}

function isStruct(module: string, name: string): (type: string) => boolean {
  return (text) => {
    const type = parseStructType(text)
    return type?.module === module && type.name === name
  }
}
