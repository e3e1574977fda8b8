/** The storage nodes of one epoch as a client uses them: who holds which shard, and who failed or lied. */

import { FloeError } from '../base/errors.ts'
import type { CommitteeNode, WalrusState } from '../ledger/system-state.ts'
import { createNodeClient, type NodeClient } from '../node/client.ts'
import type { BlobId } from '../protocol/blob-id.ts'
import { pairOfSliver, type SliverAxis, shardOfPair } from '../protocol/shards.ts'
import { createLatencyTracker, type LatencyTracker } from './latency.ts'

/** A node that did not do its part. `lied` is set if it sent bytes that contradict the blob id. */
export interface NodeReport {
  name: string
  nodeId: string
  url: string
  failures: number
  lied: boolean
  /** Code or reason of the last failure. */
  reason: string
}

export interface Committee {
  readonly state: WalrusState
  readonly nodes: readonly CommitteeNode[]
  client(position: number): NodeClient
  /** Position of the node that holds a shard; undefined if none does, while shards move. */
  positionOfShard(shard: number): number | undefined
  /** Position of the node that holds a sliver of a blob. */
  positionOfSliver(blobId: BlobId, axis: SliverAxis, sliverIndex: number): number | undefined
  /** Counts a failure; listeners are told. */
  report(position: number, reason: string, lied: boolean): void
  /** Everyone reported so far, liars first. */
  reports(): NodeReport[]
  /** Nodes without failures first, then those that failed, liars last; ties in random order to spread the load. */
  preferredPositions(): number[]
  lied(position: number): boolean
  /** How long answers of all nodes take in this session. */
  readonly latency: LatencyTracker
  /** The node kept a request waiting that others answered: for a while it is asked last. */
  noteSlow(position: number): void
  isSlow(position: number): boolean
}

export interface CommitteeOptions {
  fetch?: typeof fetch
  timeoutMs?: number
  stallMs?: number
  onReport?: (report: NodeReport) => void
  /** Uniform in [0, 1); default Math.random. */
  random?: () => number
}

/** After this time a slow node gets another chance. */
const SLOW_MEMORY_MS = 30_000

export function createCommittee(state: WalrusState, options: CommitteeOptions = {}): Committee {
  const random = options.random ?? Math.random
  const clients = new Map<number, NodeClient>()
  const owners = new Map<number, number>()
  for (const [position, node] of state.nodes.entries()) for (const shard of node.shards) owners.set(shard, position)
  const reports = new Map<number, NodeReport>()
  const slowUntil = new Map<number, number>()
  const isSlow = (position: number) => (slowUntil.get(position) ?? 0) > performance.now()
  const rank = (position: number) => {
    const report = reports.get(position)
    const failures = report === undefined ? 0 : report.lied ? 1000 : Math.min(report.failures, 499)
    return failures + (isSlow(position) ? 500 : 0)
  }
  const committee: Committee = {
    state,
    nodes: state.nodes,
    client(position) {
      let client = clients.get(position)
      if (!client) {
        client = createNodeClient({
          url: state.nodes[position]!.url,
          tlsKey: state.nodes[position]!.tlsKey,
          ...(options.fetch ? { fetch: options.fetch } : {}),
          ...(options.timeoutMs ? { timeoutMs: options.timeoutMs } : {}),
          ...(options.stallMs ? { stallMs: options.stallMs } : {}),
        })
        clients.set(position, client)
      }
      return client
    },
    positionOfShard: (shard) => owners.get(shard),
    positionOfSliver(blobId, axis, sliverIndex) {
      const pair = pairOfSliver(axis, sliverIndex, state.shardCount)
      return owners.get(shardOfPair(blobId, pair, state.shardCount))
    },
    report(position, reason, lied) {
      const { name, nodeId, url } = state.nodes[position]!
      const before = reports.get(position)
      const report: NodeReport = {
        name,
        nodeId,
        url,
        failures: (before?.failures ?? 0) + 1,
        lied: lied || (before?.lied ?? false),
        reason: before?.lied && !lied ? before.reason : reason,
      }
      reports.set(position, report)
      if (before === undefined || (lied && !before.lied)) options.onReport?.(report)
    },
    reports: () => [...reports.values()].sort((a, b) => Number(b.lied) - Number(a.lied) || (a.name < b.name ? -1 : 1)),
    preferredPositions() {
      return state.nodes
        .map((_, position) => ({ position, rank: rank(position), tie: random() }))
        .sort((a, b) => a.rank - b.rank || a.tie - b.tie)
        .map(({ position }) => position)
    },
    lied: (position) => reports.get(position)?.lied ?? false,
    latency: createLatencyTracker(),
    noteSlow: (position) => void slowUntil.set(position, performance.now() + SLOW_MEMORY_MS),
    isSlow,
  }
  return committee
}

/** Counts a failed answer. True if the node says that it does not know the blob. Rethrows what is no node's fault. */
export function noteNodeFailure(committee: Committee, position: number, error: unknown): boolean {
  if (!(error instanceof FloeError) || error.kind === 'cancelled' || error.kind === 'internal') throw error
  const reason = typeof error.data['reason'] === 'string' ? error.data['reason'] : error.code
  // Overloaded or stuck: what it holds is had elsewhere for a while.
  if (error.code === 'NODE_TIMEOUT' || error.data['status'] === 429 || error.data['status'] === 503)
    committee.noteSlow(position)
  if (reason === 'METADATA_NOT_FOUND' || reason === 'SLIVER_NOT_FOUND') return true
  committee.report(position, reason, error.kind === 'integrity' || error.code === 'BLOB_METADATA_FOREIGN')
  return false
}
