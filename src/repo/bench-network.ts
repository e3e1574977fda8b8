/** `bench network`: what the link and the storage nodes give from here. */

import { mapLimited } from '../base/limit.ts'
import { blobParams } from '../erasure/params.ts'
import { blobIdText } from '../protocol/blob-id.ts'
import { type NodeProbe, type ProbedBlob, percentile, probeNode } from '../transfer/node-probe.ts'
import { openRemoteContext, type RemoteContext } from './remote-context.ts'
import type { RemoteOptions } from './remote-options.ts'

export interface BenchNetworkOptions extends RemoteOptions {
  network: string
  /** A repository of it, the rows of whose largest pack are fetched. Without one only small answers are timed. */
  repository?: string | undefined
  /** Small answers asked of each node (default 10). */
  requests?: number | undefined
  /** Rows fetched from each node at most (default 4). */
  rows?: number | undefined
}

export interface BenchNetworkResult {
  network: string
  epoch: number
  /** The ledger's answers, in milliseconds. */
  ledgerMs: { median: number; p95: number }
  /** Slowest first; those without an answer before them. */
  nodes: NodeProbe[]
  /** Nodes that gave no answer at all, and the shards they hold of all. */
  silent: { nodes: number; shards: number; ofShards: number }
  /** All rows over the time in which they came, several nodes at once; null if none were fetched. */
  bytesPerSecond: number | null
  blobId: string | null
}

const LEDGER_REQUESTS = 10
/** Nodes probed at once: enough to fill a link, few enough to leave the times of each alone. */
const CONCURRENCY = 4
const MAX_PACKS = 1000

/** @throws {FloeError} if the ledger cannot be reached; what nodes do wrong is in the result */
export async function benchNetwork(options: BenchNetworkOptions): Promise<BenchNetworkResult> {
  const { requests = 10, rows = 4, signal } = options
  const context = await openRemoteContext(options.network, options)
  const committee = await context.committee()
  const ledgerMs: number[] = []
  for (let i = 0; i < LEDGER_REQUESTS; i++) {
    const started = performance.now()
    // Nothing that a client remembers: it has to be asked for again.
    await context.ledger.fetchObject(context.profile.systemObjectId, signal ? { signal } : {})
    ledgerMs.push(performance.now() - started)
  }
  const blob = options.repository === undefined ? undefined : await largestPack(context, options.repository, options)
  const positions = committee.nodes.map((_, position) => position)
  const started = performance.now()
  const probes = await mapLimited(positions, CONCURRENCY, (position) =>
    probeNode(committee, position, { requests, rows, blob, signal }),
  )
  const seconds = (performance.now() - started) / 1000
  const bytes = probes.reduce((sum, { rowBytes }) => sum + rowBytes, 0)
  const silent = probes.filter(({ medianMs }) => medianMs === null)
  return {
    network: context.profile.name,
    epoch: committee.state.epoch,
    ledgerMs: { median: percentile(ledgerMs, 0.5)!, p95: percentile(ledgerMs, 0.95)! },
    nodes: probes.sort(
      (a, b) => (b.medianMs ?? Number.MAX_VALUE) - (a.medianMs ?? Number.MAX_VALUE) || (a.name < b.name ? -1 : 1),
    ),
    silent: {
      nodes: silent.length,
      shards: silent.reduce((sum, { shards }) => sum + shards, 0),
      ofShards: committee.state.shardCount,
    },
    bytesPerSecond: bytes === 0 ? null : Math.round(bytes / seconds),
    blobId: blob ? blobIdText(blob.blobId) : null,
  }
}

/** The largest of the newest packs that are stored. */
async function largestPack(
  context: RemoteContext,
  repository: string,
  options: RemoteOptions,
): Promise<ProbedBlob | undefined> {
  const reader = context.repository(repository)
  const state = await reader.fetchState(options)
  const { shardCount, epoch } = await context.walrus()
  const first = Math.max(0, state.packs.size - MAX_PACKS)
  const numbers = Array.from({ length: state.packs.size - first }, (_, i) => first + i)
  const packs = await reader.fetchPacks(state, numbers, options)
  const [largest] = packs
    .filter((pack) => pack.state !== 'removed' && pack.endEpoch > epoch)
    .sort((a, b) => b.bytes - a.bytes)
  if (!largest) return undefined
  const { primarySliverBytes, primarySourceCount } = blobParams(shardCount, largest.bytes)
  return { blobId: largest.blobId, rowBytes: primarySliverBytes, rows: primarySourceCount }
}
