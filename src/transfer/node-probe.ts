/** What one storage node gives: how long small answers take, how fast rows come, what fails. Reads only. */

import { throwIfAborted } from '../base/abort.ts'
import { FloeError } from '../base/errors.ts'
import type { BlobId } from '../protocol/blob-id.ts'
import { SLIVER_BODY_SLACK_BYTES } from '../protocol/limits.ts'
import { pairOfSliver } from '../protocol/shards.ts'
import type { Committee } from './committee.ts'

export interface NodeProbe {
  name: string
  url: string
  shards: number
  /** Of small answers, in milliseconds; null if none came. */
  medianMs: number | null
  p95Ms: number | null
  /** Rows of a blob that came, and their bytes per second while they came; null without a blob, or if none came. */
  rows: number
  bytesPerSecond: number | null
  rowBytes: number
  failures: number
  /** Code of the last failure. */
  reason: string | null
}

export interface ProbedBlob {
  blobId: BlobId
  /** Bytes of one row, and how many there are. */
  rowBytes: number
  rows: number
}

/** A blob nobody has: nodes answer from their index. */
const UNKNOWN_BLOB = new Uint8Array(32).fill(0xf1)

/** @param options.requests - small answers asked for, one after the other
 *  @param options.blob - whose rows are fetched, at most `options.rows` of those that the node holds */
export async function probeNode(
  committee: Committee,
  position: number,
  options: { requests: number; rows: number; blob?: ProbedBlob | undefined; signal?: AbortSignal | undefined },
): Promise<NodeProbe> {
  const { signal, blob } = options
  const { name, url, weight } = committee.nodes[position]!
  const client = committee.client(position)
  const request = signal ? { signal } : {}
  const times: number[] = []
  const failed = { count: 0, reason: null as string | null }
  const attempt = async (work: () => Promise<unknown>) => {
    throwIfAborted(signal)
    const started = performance.now()
    try {
      await work()
      return performance.now() - started
    } catch (error) {
      if (!(error instanceof FloeError) || error.kind === 'cancelled' || error.kind === 'internal') throw error
      failed.count++
      failed.reason = error.code
      return null
    }
  }
  for (let i = 0; i < options.requests; i++) {
    const ms = await attempt(() => client.fetchMetadataStatus(UNKNOWN_BLOB, request))
    if (ms !== null) times.push(ms)
  }
  let rows = 0
  let rowMs = 0
  for (const index of blob ? rowsOfNode(committee, position, blob, options.rows) : []) {
    const pair = pairOfSliver('primary', index, committee.state.shardCount)
    const maxBytes = blob!.rowBytes + SLIVER_BODY_SLACK_BYTES
    const ms = await attempt(() => client.fetchSliver(blob!.blobId, pair, 'primary', maxBytes, request))
    if (ms === null) continue
    rows++
    rowMs += ms
  }
  const rowBytes = rows * (blob?.rowBytes ?? 0)
  return {
    name,
    url,
    shards: weight,
    medianMs: percentile(times, 0.5),
    p95Ms: percentile(times, 0.95),
    rows,
    rowBytes,
    bytesPerSecond: rows === 0 ? null : Math.round((rowBytes / rowMs) * 1000),
    failures: failed.count,
    reason: failed.reason,
  }
}

function rowsOfNode(committee: Committee, position: number, { blobId, rows }: ProbedBlob, limit: number): number[] {
  const found: number[] = []
  for (let index = 0; index < rows && found.length < limit; index++)
    if (committee.positionOfSliver(blobId, 'primary', index) === position) found.push(index)
  return found
}

/** The value that so large a share of the others does not exceed. */
export function percentile(values: readonly number[], share: number): number | null {
  if (values.length === 0) return null
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)]!
}
