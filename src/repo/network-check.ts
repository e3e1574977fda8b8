/** Whether a network is what its profile says. Reads only; every step tells what it saw or why it failed. */

import { FloeError } from '../base/errors.ts'
import { ChainRecordError, LedgerError } from '../ledger/errors.ts'
import type { WalrusState } from '../ledger/system-state.ts'
import { openRemoteContext } from './remote-context.ts'
import type { RemoteOptions } from './remote-options.ts'

export interface NetworkCheckStep {
  check: 'rpc' | 'walrus' | 'committee' | 'floe'
  ok: boolean
  /** What was seen, or what is wrong. */
  detail: string
  /** Code of the error, for scripts. */
  code?: string
}

export interface NetworkCheck {
  network: string
  rpcUrl: string
  /** True if every step is. */
  ok: boolean
  chainId: string | null
  walrus: { packageId: string; version: number; epoch: number; nodes: number; shards: number } | null
  /** Trusted `floe` packages, as the profile and the caller name them; not looked up. */
  floePackages: string[]
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
    floePackages: [...profile.floePackageIds, ...(options.trustPackages ?? [])],
    steps: [],
  }
  const step = async (check: NetworkCheckStep['check'], run: () => Promise<string>): Promise<boolean> => {
    try {
      report.steps.push({ check, ok: true, detail: await run() })
      return true
    } catch (error) {
      if (!(error instanceof FloeError) || error.kind === 'cancelled') throw error
      report.steps.push({ check, ok: false, detail: error.message, code: error.code })
      return false
    }
  }
  const request = options.signal ? { signal: options.signal } : {}
  const reached = await step('rpc', async () => {
    report.chainId = await context.ledger.fetchChainId(request)
    return `chain ${report.chainId}`
  })
  if (!reached) return report
  const read = await step('walrus', async () => {
    const state = await context.walrus()
    const { packageId, version, epoch, shardCount } = state
    report.walrus = { packageId, version, epoch, nodes: state.nodes.length, shards: shardCount }
    return `System version ${version}, package ${packageId}, epoch ${epoch}`
  })
  if (read) await step('committee', async () => committeeText(await context.walrus()))
  await step('floe', async () => {
    if (report.floePackages.length === 0)
      throw new LedgerError('FLOE_PACKAGE_UNKNOWN', 'the profile names no floe package, so no repository is trusted')
    return `trusted by the profile: ${report.floePackages.join(', ')}`
  })
  report.ok = report.steps.every(({ ok }) => ok)
  return report
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
