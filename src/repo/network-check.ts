/** Whether a network is what its profile says. Reads only; every step tells what it saw or why it failed. */

import { FloeError } from '../base/errors.ts'
import { ChainRecordError, LedgerError } from '../ledger/errors.ts'
import { isFloeOfThisVersion } from '../ledger/floe-package.ts'
import { shortChainId } from '../ledger/networks.ts'
import { parseAddress } from '../ledger/object-id.ts'
import type { WalrusState } from '../ledger/system-state.ts'
import { openRemoteContext, type RemoteContext } from './remote-context.ts'
import type { RemoteOptions } from './remote-options.ts'

export interface NetworkCheckStep {
  check: 'rpc' | 'walrus' | 'committee' | 'floe'
  ok: boolean
  /** What was seen, or what is wrong. */
  detail: string
  /** Code of the error, for scripts. */
  code?: string
  /** What to do about it. */
  hints?: readonly string[]
}

export interface TrustedPackage {
  packageId: string
  /** False: the profile names it, the network has no such package. */
  exists: boolean
  /** 1, and one more with each upgrade; `null` if it does not exist. */
  version: number | null
  /** True if it has the code of this version of Floe, byte for byte. */
  isThisVersion: boolean
}

export interface NetworkCheck {
  network: string
  rpcUrl: string
  /** True if every step is. */
  ok: boolean
  chainId: string | null
  walrus: { packageId: string; version: number; epoch: number; nodes: number; shards: number } | null
  /** Trusted `floe` packages as they are there, in the order of the profile: the last one creates new repositories. */
  floePackages: TrustedPackage[]
  steps: NetworkCheckStep[]
}

/** @throws {UsageError} NETWORK_UNKNOWN, NETWORK_PROFILE_MALFORMED; what the network does wrong is in the steps */
export async function checkNetwork(name: string, options: RemoteOptions): Promise<NetworkCheck> {
  const context = await openRemoteContext(name, options)
  const { profile } = context
  const report: NetworkCheck = {
    network: profile.name,
    rpcUrl: profile.rpcUrl,
    ok: false,
    chainId: null,
    walrus: null,
    floePackages: [],
    steps: [],
  }
  const step = async (check: NetworkCheckStep['check'], run: () => Promise<string>): Promise<boolean> => {
    try {
      report.steps.push({ check, ok: true, detail: await run() })
      return true
    } catch (error) {
      if (!(error instanceof FloeError) || error.kind === 'cancelled') throw error
      const { message, code, hints } = error
      report.steps.push({ check, ok: false, detail: message, code, ...(hints.length > 0 ? { hints } : {}) })
      return false
    }
  }
  const request = options.signal ? { signal: options.signal } : {}
  const reached = await step('rpc', async () => {
    report.chainId = shortChainId(await context.ledger.fetchChainId(request))
    if (profile.chainId !== undefined && profile.chainId !== report.chainId)
      throw new LedgerError(
        'NETWORK_OTHER_CHAIN',
        `this is chain ${report.chainId}, the profile is about ${profile.chainId}`,
      )
    return `chain ${report.chainId}`
  })
  if (!reached) return report
  const read = await step('walrus', async () => {
    const state = await context.walrus()
    const { packageId, version, epoch, shardCount } = state
    report.walrus = { packageId, version, epoch, nodes: state.nodes.length, shards: shardCount }
    return `System version ${version}, package ${packageId}, epoch ${epoch}`
  })
  if (!read) return report
  await step('committee', async () => committeeText(await context.walrus()))
  await step('floe', async () => {
    const trusted = [...profile.floePackageIds, ...(options.trustPackages ?? [])].map(parseAddress)
    for (const packageId of new Set(trusted)) report.floePackages.push(await lookUp(context, packageId))
    return packagesText(report.floePackages, profile.name)
  })
  report.ok = report.steps.every(({ ok }) => ok)
  return report
}

async function lookUp(context: RemoteContext, packageId: string): Promise<TrustedPackage> {
  const found = await context.ledger.fetchPackage(packageId)
  if (!found) return { packageId, exists: false, version: null, isThisVersion: false }
  const { originalPackageId } = await context.walrus()
  const ids = { walPackageId: context.profile.walPackageId, walrusOriginalId: originalPackageId }
  return { packageId, exists: true, version: found.version, isThisVersion: isFloeOfThisVersion(found, ids) }
}

/** @throws {LedgerError} FLOE_PACKAGE_UNKNOWN, FLOE_PACKAGE_MISSING */
function packagesText(packages: readonly TrustedPackage[], network: string): string {
  if (packages.length === 0)
    throw new LedgerError('FLOE_PACKAGE_UNKNOWN', 'no floe package is trusted, so no repository is', {
      hints: [`Publish one with \`floe deploy --network ${network}\`, or name one in a network profile`],
    })
  const missing = packages.filter(({ exists }) => !exists)
  if (missing.length > 0)
    throw new LedgerError(
      'FLOE_PACKAGE_MISSING',
      `trusted, but not there: ${missing.map(({ packageId }) => packageId).join(', ')}`,
      { hints: ['The network may have been reset: publish the package again with `floe deploy`'] },
    )
  return packages
    .map(
      ({ packageId, version, isThisVersion }) =>
        `${packageId} version ${version}${isThisVersion ? ', the code of this Floe' : ', other code than this Floe'}`,
    )
    .join('; ')
}

function committeeText(state: WalrusState): string {
  const sum = state.nodes.reduce((total, node) => total + node.shards.length, 0)
  if (sum !== state.shardCount)
    throw new ChainRecordError(
      'LEDGER_COMMITTEE_INCONSISTENT',
      `the nodes have ${sum} shards together, not ${state.shardCount}`,
    )
  return `${state.nodes.length} nodes with ${state.shardCount} shards`
}
