/** Bringing an encoded blob to the storage nodes and collecting a certificate.
 *
 *  One task per node: metadata, then its slivers, then its confirmation. Weights are shards. It ends when every node
 *  has settled, or some time after n-f shards have confirmed: stragglers get half of the time it took so far, because
 *  each further node makes the blob easier to read. @see walrus-protocol reference §12, §17.1 (tail), §20 */

import { sleep, throwIfAborted } from '../base/abort.ts'
import { equalBytes } from '../base/bytes.ts'
import { FloeError } from '../base/errors.ts'
import { createLimit, type Limit } from '../base/limit.ts'
import { ByteWriter } from '../codec/cursor.ts'
import type { EncodedBlob } from '../erasure/api.ts'
import { NodeError } from '../node/errors.ts'
import { blobIdText } from '../protocol/blob-id.ts'
import { type Certificate, combineConfirmations, type SignedConfirmation } from '../protocol/certificate.ts'
import { type BlobPersistence, encodeMessage, type StorageMessage } from '../protocol/messages.ts'
import { encodeMetadata } from '../protocol/metadata.ts'
import { isQuorum, isWriteHopeless, quorumWeight, safeWriteWeight } from '../protocol/quorum.ts'
import { pairOnShard, type SliverAxis } from '../protocol/shards.ts'
import type { Committee } from './committee.ts'
import { TransferError } from './errors.ts'

export interface UploadProgress {
  doneBytes: number
  totalBytes: number
  confirmedShards: number
  shards: number
}

export interface UploadOptions {
  signal?: AbortSignal | undefined
  onProgress?: (progress: UploadProgress) => void
  /** True if nodes may hold slivers already (resume): each is asked before it is sent to. */
  resuming?: boolean
  /** Shared by all uploads of a push: bounds the slivers in memory and the open requests. */
  limit?: Limit
  /** First wait before a retry (default 250 ms); doubles each time. */
  retryMs?: number
}

/** Requests in flight per node. */
const NODE_CONCURRENCY = 4
/** Requests in flight over all nodes, unless the caller shares a limit. */
const TOTAL_CONCURRENCY = 24
const MAX_RETRIES = 4
/** A registration can take some seconds to reach a node. */
const MAX_REGISTRATION_RETRIES = 20
const MAX_RETRY_MS = 2_000
const MIN_TAIL_MS = 500
const TAIL_SHARE = 0.5
/** Below this a status request costs as much as sending the sliver again. */
const STATUS_CHECK_BYTES = 5_560

/** @param persistence - as registered on chain; for deletable blobs the id of the blob object
 *  @throws {TransferError} UPLOAD_QUORUM if fewer than 2f+1 shards confirmed; nothing is lost, the upload can be resumed */
export async function uploadBlob(
  committee: Committee,
  blob: EncodedBlob,
  persistence: BlobPersistence,
  options: UploadOptions = {},
): Promise<Certificate> {
  const { state } = committee
  const { shardCount } = state
  const retryMs = options.retryMs ?? 250
  const limit = options.limit ?? createLimit(TOTAL_CONCURRENCY)
  const expected: StorageMessage = { $kind: 'blob-certificate', epoch: state.epoch, blobId: blob.blobId, persistence }
  const expectedBytes = encodeMessage(expected)
  const metadataBytes = encodeMetadata(blob.metadata)
  const pairBytes = blob.params.primarySliverBytes + blob.params.secondarySliverBytes
  const progress: UploadProgress = {
    doneBytes: 0,
    totalBytes: pairBytes * shardCount,
    confirmedShards: 0,
    shards: shardCount,
  }
  const confirmations = new Map<number, SignedConfirmation>()
  const tail = new AbortController()
  const signal = options.signal ? AbortSignal.any([options.signal, tail.signal]) : tail.signal
  let failedWeight = 0
  const started = performance.now()

  const advance = (bytes: number) => {
    progress.doneBytes = Math.min(progress.totalBytes, progress.doneBytes + bytes)
    options.onProgress?.({ ...progress })
  }

  async function attempt<T>(job: () => Promise<T>): Promise<T> {
    let failures = 0
    let unregistered = 0
    for (;;) {
      try {
        return await limit.run(job, { signal })
      } catch (error) {
        if (!(error instanceof NodeError) || !error.retryable) throw error
        const registering = error.reason === 'NOT_REGISTERED'
        if (registering ? ++unregistered > MAX_REGISTRATION_RETRIES : ++failures > MAX_RETRIES) throw error
        // The wait happens outside the limit, so that a slow node does not hold the others' slots.
        const asked = typeof error.data['retryAfterMs'] === 'number' ? error.data['retryAfterMs'] : 0
        const backOff = Math.min(MAX_RETRY_MS, retryMs * 2 ** Math.min(failures + unregistered - 1, 10))
        await sleep(Math.max(asked, backOff), signal)
      }
    }
  }

  async function sendToNode(position: number): Promise<void> {
    const client = committee.client(position)
    const node = committee.nodes[position]!
    let known = false
    if (options.resuming) {
      const confirmation = await client.fetchConfirmation(blob.blobId, persistence, { signal }).catch(passCancel)
      if (confirmation) {
        acceptConfirmation(position, confirmation)
        advance(pairBytes * node.weight)
        return
      }
      known = (await client.fetchMetadataStatus(blob.blobId, { signal }).catch(passCancel)) === 'stored'
    }
    if (!known) await attempt(() => client.sendMetadata(blob.blobId, metadataBytes, { signal }))
    const slivers = node.shards.flatMap((shard) => {
      const pair = pairOnShard(blob.blobId, shard, shardCount)
      return [
        { pair, axis: 'primary' as const },
        { pair, axis: 'secondary' as const },
      ]
    })
    const perNode = createLimit(NODE_CONCURRENCY)
    const sent = await Promise.allSettled(
      slivers.map(({ pair, axis }) => perNode.run(() => sendSliver(position, pair, axis, known), { signal })),
    )
    for (const result of sent) if (result.status === 'rejected') throw result.reason
    const confirmation = await attempt(() => client.fetchConfirmation(blob.blobId, persistence, { signal }))
    acceptConfirmation(position, confirmation)
  }

  async function sendSliver(position: number, pair: number, axis: SliverAxis, known: boolean): Promise<void> {
    const client = committee.client(position)
    const bytes = axis === 'primary' ? blob.params.primarySliverBytes : blob.params.secondarySliverBytes
    if (known && bytes >= STATUS_CHECK_BYTES) {
      const status = await attempt(() => client.fetchSliverStatus(blob.blobId, pair, axis, { signal })).catch(
        passCancel,
      )
      if (status === 'stored') return advance(bytes)
    }
    await attempt(() => {
      const index = axis === 'primary' ? pair : shardCount - 1 - pair
      return client.sendSliver(blob.blobId, pair, axis, sliverBody(blob, axis, index), { signal })
    })
    advance(bytes)
  }

  /** The message is compared at once. Signatures are checked together, one pairing instead of one per node, as soon as
   *  enough of them are there: a false one found only after the upload would cost the quorum. */
  function acceptConfirmation(position: number, confirmation: SignedConfirmation): void {
    if (!equalBytes(confirmation.message, expectedBytes))
      throw new TransferError('CONFIRMATION_FOREIGN', 'the node confirmed something else', {
        data: { node: committee.nodes[position]!.url },
      })
    confirmations.set(position, confirmation)
    progress.confirmedShards += committee.nodes[position]!.weight
    if (!tailTimer && progress.confirmedShards >= safeWriteWeight(shardCount)) {
      const { refused } = combineConfirmations(state.committee, expected, confirmations)
      for (const liar of refused.keys()) {
        confirmations.delete(liar)
        progress.confirmedShards -= committee.nodes[liar]!.weight
        failedWeight += committee.nodes[liar]!.weight
        committee.report(liar, 'CONFIRMATION_FALSE', true)
      }
      if (progress.confirmedShards >= safeWriteWeight(shardCount)) startTail()
    }
    options.onProgress?.({ ...progress })
  }

  let tailTimer: NodeJS.Timeout | undefined
  const startTail = () => {
    tailTimer ??= setTimeout(() => tail.abort(), MIN_TAIL_MS + TAIL_SHARE * (performance.now() - started))
  }

  const failures: unknown[] = []
  try {
    await Promise.all(
      committee.nodes.map(async (node, position) => {
        try {
          await sendToNode(position)
        } catch (error) {
          if (signal.aborted) return
          if (!(error instanceof FloeError) || error.kind === 'internal') {
            failures.push(error)
            tail.abort()
            return
          }
          const reason = typeof error.data['reason'] === 'string' ? error.data['reason'] : error.code
          committee.report(position, reason, error.kind === 'integrity')
          failedWeight += node.weight
          // Nothing more can come of it: the other nodes' work would be for nothing.
          if (isWriteHopeless(failedWeight, shardCount) && !isQuorum(shardCount - failedWeight, shardCount))
            tail.abort()
        }
      }),
    )
  } finally {
    clearTimeout(tailTimer)
  }
  if (failures.length > 0) throw failures[0]
  throwIfAborted(options.signal)
  const { certificate, weight, refused } = combineConfirmations(state.committee, expected, confirmations)
  for (const liar of refused.keys()) committee.report(liar, 'CONFIRMATION_FALSE', true)
  if (certificate) return certificate
  throw new TransferError(
    'UPLOAD_QUORUM',
    `upload stopped: ${weight} of ${shardCount} shards confirmed, ${quorumWeight(shardCount)} needed`,
    {
      data: {
        blobId: blobIdText(blob.blobId),
        confirmedShards: weight,
        neededShards: quorumWeight(shardCount),
        shards: shardCount,
        nodes: committee.reports(),
      },
      hints: [
        'What was stored is kept: run `floe push` again to contact only the missing nodes, nothing is paid twice',
      ],
      retryable: true,
    },
  )
}

/** A sliver as it travels, copied once: of a large blob each is megabytes, and many are on their way at a time. */
function sliverBody(blob: EncodedBlob, axis: SliverAxis, index: number): Uint8Array {
  const { symbolBytes, primarySliverBytes, secondarySliverBytes } = blob.params
  const bytes = axis === 'primary' ? primarySliverBytes : secondarySliverBytes
  const head = new ByteWriter(8).uleb(bytes).finish()
  const body = new Uint8Array(head.length + bytes + 4)
  body.set(head)
  blob.sliver(axis, index, body.subarray(head.length, head.length + bytes))
  body.set(new ByteWriter(4).u16(symbolBytes).u16(index).finish(), head.length + bytes)
  return body
}

function passCancel(error: unknown): undefined {
  if (error instanceof FloeError && error.kind === 'network') return undefined
  throw error
}
