/** What one node gets of a blob: metadata, then the slivers of its shards, then it is asked for its confirmation. */

import { sleep, throwIfAborted } from '../base/abort.ts'
import { FloeError } from '../base/errors.ts'
import { ByteWriter } from '../codec/cursor.ts'
import type { EncodedBlob } from '../erasure/api.ts'
import type { NodeClient } from '../node/client.ts'
import { NodeError } from '../node/errors.ts'
import type { SignedConfirmation } from '../protocol/certificate.ts'
import type { BlobPersistence } from '../protocol/messages.ts'
import { pairOnShard, type SliverAxis } from '../protocol/shards.ts'
import type { Pace } from './pace.ts'
import type { SendBudget } from './send-budget.ts'
import type { NodeHolding } from './upload-journal.ts'

export interface NodeUpload {
  client: NodeClient
  shards: readonly number[]
  blob: EncodedBlob
  /** BCS of the blob's metadata. */
  metadata: Uint8Array
  persistence: BlobPersistence
  pace: Pace
  budget: SendBudget
  /** First wait before a retry; doubles each time. */
  retryMs: number
  /** True if the node may hold slivers already: it is asked before it is sent to. */
  resuming: boolean
  /** What it had taken before a break, as far as that was written down. */
  held?: NodeHolding | undefined
  signal: AbortSignal
  /** The node holds so many bytes more of the blob's slivers. */
  onStored(bytes: number): void
  /** The node has said that it has the sliver. */
  onTaken?(pair: number, axis: SliverAxis): void
}

const MAX_RETRIES = 4
/** A deadline that passed is waited for again, but not as often as what fails at once. */
const TIMEOUT_FAILURES = 2
/** A registration can take some seconds to reach a node. */
const MAX_REGISTRATION_RETRIES = 20
const MAX_RETRY_MS = 2_000
/** Below this a status request costs as much as sending the sliver again. */
const STATUS_CHECK_BYTES = 5_560
/** Rounds of sending what a node says it misses. */
const MAX_MISSING_ROUNDS = 2

/** @throws {NodeError} if the node does not do its part */
export async function uploadToNode(job: NodeUpload): Promise<SignedConfirmation> {
  const { client, blob, persistence, signal } = job
  // Without the metadata it would have taken no sliver.
  let isKnown = job.held !== undefined && job.held.primary.size + job.held.secondary.size > 0
  let { held } = job
  // Another pack may have been told so.
  await job.pace.quiet(signal)
  if (job.resuming && !isKnown) {
    const confirmation = await client.fetchConfirmation(blob.blobId, persistence, { signal }).catch(passCancel)
    if (confirmation) {
      job.onStored(job.shards.length * (blob.params.primarySliverBytes + blob.params.secondarySliverBytes))
      return confirmation
    }
    isKnown = (await client.fetchMetadataStatus(blob.blobId, { signal }).catch(passCancel)) === 'stored'
  }
  for (let round = 0; ; round++) {
    try {
      if (!isKnown) await attempt(job, 0, () => client.sendMetadata(blob.blobId, job.metadata, { signal }))
      await sendSlivers(job, isKnown, held)
      return await attempt(job, 0, () => client.fetchConfirmation(blob.blobId, persistence, { signal }))
    } catch (error) {
      // The node has lost what it said it had, in a restart for one: what is there is asked for, the rest sent.
      const isForgetful = error instanceof NodeError && FORGETFUL_REASONS.has(error.reason ?? '')
      if (!isForgetful || round >= MAX_MISSING_ROUNDS) throw error
      isKnown = error.reason !== 'METADATA_NOT_FOUND'
      held = undefined
    }
  }
}

const FORGETFUL_REASONS: ReadonlySet<string> = new Set(['MISSING_SLIVERS', 'METADATA_NOT_FOUND'])

async function sendSlivers(job: NodeUpload, isKnown: boolean, held: NodeHolding | undefined): Promise<void> {
  const { blob, shards } = job
  const { shardCount } = blob.params
  // In order of pairs: neighbouring columns of a blob in a file are read together.
  const pairs = shards.map((shard) => pairOnShard(blob.blobId, shard, shardCount)).sort((a, b) => a - b)
  let failure: { error: unknown } | undefined
  const send = (pair: number, axis: SliverAxis) => {
    if (held?.[axis].has(pair)) return job.onStored(sliverBytes(job, axis))
    return job.pace
      .run(async () => {
        if (!failure) await sendSliver(job, pair, axis, isKnown)
      }, job.signal)
      .catch((error: unknown) => {
        failure ??= { error }
      })
  }
  await Promise.all(pairs.flatMap((pair) => [send(pair, 'primary'), send(pair, 'secondary')]))
  if (failure) throw failure.error
}

async function sendSliver(job: NodeUpload, pair: number, axis: SliverAxis, isKnown: boolean): Promise<void> {
  const { blob, client, budget, signal } = job
  const bytes = sliverBytes(job, axis)
  if (isKnown && bytes >= STATUS_CHECK_BYTES) {
    const status = await client.fetchSliverStatus(blob.blobId, pair, axis, { signal }).catch(passCancel)
    if (status === 'stored') {
      job.onTaken?.(pair, axis)
      return job.onStored(bytes)
    }
  }
  await attempt(job, bytes, async () => {
    const index = axis === 'primary' ? pair : blob.params.shardCount - 1 - pair
    const { head, tail } = sliverFrame(blob, axis, index)
    const view = blob.view(axis, index)
    // What is in one piece is sent from where it stands, the rest from memory that others have used before.
    const sliver = view ?? blob.sliver(axis, index, budget.take(bytes)).bytes
    await client.sendSliver(blob.blobId, pair, axis, [head, sliver, tail], { signal })
    // Not after a failure: then it may still be on its way.
    if (!view) budget.give(sliver)
  })
  job.onTaken?.(pair, axis)
  job.onStored(bytes)
}

function sliverBytes({ blob: { params } }: NodeUpload, axis: SliverAxis): number {
  return axis === 'primary' ? params.primarySliverBytes : params.secondarySliverBytes
}

/** Tries again what may go away by itself. The waits happen outside the budget, so that a slow node does not hold what
 *  the others need. */
async function attempt<T>(job: NodeUpload, bytes: number, request: () => Promise<T>): Promise<T> {
  const { pace, budget, signal } = job
  let failures = 0
  let unregistered = 0
  for (;;) {
    try {
      await pace.quiet(signal)
      const result = await budget.run(bytes, request, signal)
      pace.answered()
      return result
    } catch (error) {
      throwIfAborted(signal)
      if (!(error instanceof NodeError)) throw error
      const askedMs = typeof error.data['retryAfterMs'] === 'number' ? error.data['retryAfterMs'] : 0
      if (error.code === 'NODE_TIMEOUT' || error.status === 429 || error.status === 503) pace.complained(askedMs)
      if (!error.retryable) throw error
      const isRegistering = error.reason === 'NOT_REGISTERED'
      if (isRegistering) unregistered++
      else failures += error.code === 'NODE_TIMEOUT' ? TIMEOUT_FAILURES : 1
      if (failures > MAX_RETRIES || unregistered > MAX_REGISTRATION_RETRIES) throw error
      const backOffMs = Math.min(MAX_RETRY_MS, job.retryMs * 2 ** Math.min(failures + unregistered - 1, 10))
      await sleep(Math.max(askedMs, backOffMs), signal)
    }
  }
}

/** What stands around a sliver's bytes in the BCS of SliverData. */
function sliverFrame(blob: EncodedBlob, axis: SliverAxis, index: number): { head: Uint8Array; tail: Uint8Array } {
  const { symbolBytes, primarySliverBytes, secondarySliverBytes } = blob.params
  const bytes = axis === 'primary' ? primarySliverBytes : secondarySliverBytes
  return { head: new ByteWriter(8).uleb(bytes).finish(), tail: new ByteWriter(4).u16(symbolBytes).u16(index).finish() }
}

function passCancel(error: unknown): undefined {
  if (error instanceof FloeError && error.kind === 'network') return undefined
  throw error
}
