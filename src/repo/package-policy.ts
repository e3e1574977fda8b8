/** A published `floe` package of the user's, and the policy that its upgrades are locked up in. */

import { FloeError, UsageError } from '../base/errors.ts'
import { ByteReader, CodecError } from '../codec/cursor.ts'
import { UpgradePolicy } from '../ledger/bindings/floe/upgrade-policy.ts'
import { ChainRecordError } from '../ledger/errors.ts'
import { type FloeCode, type FloeDependencies, isFloeOfThisVersion, ownFloeCode } from '../ledger/floe-package.ts'
import { parseAddress } from '../ledger/object-id.ts'
import type { LedgerPackage } from '../ledger/package-answer.ts'
import { type Deployment, readDeployments } from './deployments.ts'
import { openRemoteContext, type RemoteContext } from './remote-context.ts'
import type { RemoteOptions } from './remote-options.ts'

export interface PackageOptions extends RemoteOptions {
  network: string
  /** Id of its first version; the one that new repositories are created with if left out. */
  packageId?: string | undefined
  /** Confirms, where coins are worth something. */
  yes?: boolean | undefined
  /** Code instead of this Floe's own. */
  code?: FloeCode | undefined
}

export interface OpenedPackage {
  context: RemoteContext
  deployment: Deployment
  policyId: string
  keyId: string
  policy: UpgradePolicy
  newest: LedgerPackage
  code: FloeCode
  ids: FloeDependencies
  /** Whether the newest version has the code. */
  isSame: boolean
}

/** @throws {UsageError} PACKAGE_NOT_OURS, PACKAGE_NOT_LOCKED, PACKAGE_IMMUTABLE */
export async function openOwnPackage(options: PackageOptions): Promise<OpenedPackage> {
  const context = await openRemoteContext(options.network, options)
  const deployment = await findDeployment(context, options)
  const { upgrades } = deployment
  if (upgrades.$kind === 'never')
    throw new UsageError('PACKAGE_IMMUTABLE', `upgrades of package ${deployment.packageId} were given up for good`, {
      data: { packageId: deployment.packageId },
      hints: ['Publish a new one with `floe deploy --again`; repositories stay with the package that made them'],
    })
  if (upgrades.$kind === 'open')
    throw new UsageError('PACKAGE_NOT_LOCKED', `publishing package ${deployment.packageId} was interrupted`, {
      data: { packageId: deployment.packageId },
      hints: ['Finish it with `floe deploy`: that locks its upgrades behind a delay'],
    })
  const policy = await readPolicy(context, upgrades.policyId, options)
  const newestId = policy.cap.package
  const newest = await context.ledger.fetchPackage(newestId)
  if (!newest || newest.originalId !== deployment.packageId)
    throw new ChainRecordError('LEDGER_RECORD_FOREIGN', `policy ${upgrades.policyId} is of another package`, {
      data: { policyId: upgrades.policyId, packageId: deployment.packageId, newestId },
    })
  const code = options.code ?? ownFloeCode()
  const { originalPackageId } = await context.walrus()
  const ids = { walPackageId: context.profile.walPackageId, walrusOriginalId: originalPackageId }
  const { policyId, keyId } = upgrades
  return {
    context,
    deployment,
    policyId,
    keyId,
    policy,
    newest,
    code,
    ids,
    isSame: isFloeOfThisVersion(newest, ids, code),
  }
}

async function findDeployment({ profile }: RemoteContext, options: PackageOptions): Promise<Deployment> {
  const own = (await readDeployments(options.homeDir, profile.name)).filter(
    ({ chainId }) => profile.chainId === undefined || chainId === profile.chainId,
  )
  const wanted = options.packageId === undefined ? undefined : parseAddress(options.packageId)
  const found = wanted
    ? own.find((one) => one.packageId === wanted || one.upgraded?.some(({ packageId }) => packageId === wanted))
    : (own.find(({ isDefault }) => isDefault) ?? own.at(-1))
  if (found) return found
  throw new UsageError(
    'PACKAGE_NOT_OURS',
    wanted
      ? `package ${wanted} was not published from here`
      : `no floe package was published on ${profile.name} from here`,
    {
      data: { network: profile.name, packageId: wanted ?? null, own: own.map(({ packageId }) => packageId) },
      hints: ['Publish one with `floe deploy`; `floe network list` shows which packages are trusted'],
    },
  )
}

async function readPolicy(
  { ledger }: RemoteContext,
  policyId: string,
  { signal }: RemoteOptions,
): Promise<UpgradePolicy> {
  const object = await ledger.fetchObject(policyId, signal ? { signal } : {})
  if (!object)
    throw new FloeError('other', 'PACKAGE_IMMUTABLE', `policy ${policyId} is gone: upgrades were given up for good`, {
      data: { policyId },
    })
  return parsed(policyId, () => UpgradePolicy.read(new ByteReader(object.content)))
}

const CLOCK = '0x6'
const CLOCK_ID_BYTES = 32

/** The chain's own time, which delays are counted in. */
export async function fetchChainTime({ ledger }: RemoteContext): Promise<number> {
  const clock = await ledger.fetchObject(CLOCK)
  if (!clock) throw new ChainRecordError('LEDGER_RECORD_MISSING', 'the ledger has no clock')
  return parsed(CLOCK, () => {
    const reader = new ByteReader(clock.content)
    reader.bytes(CLOCK_ID_BYTES)
    return reader.safeU64()
  })
}

function parsed<T>(id: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof CodecError)) throw error
    throw new ChainRecordError('LEDGER_RECORD_MALFORMED', `object ${id} has an unknown layout`, {
      data: { id },
      cause: error,
    })
  }
}

/** @throws {UsageError} PACKAGE_UNCONFIRMED */
export function assertConfirmed({ profile }: RemoteContext, what: string, { yes }: PackageOptions): void {
  if (profile.local || yes) return
  throw new UsageError('PACKAGE_UNCONFIRMED', `${what} on ${profile.name} is public and spends SUI: it needs --yes`, {
    data: { network: profile.name },
  })
}
