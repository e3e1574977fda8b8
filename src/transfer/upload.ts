/** Bringing an encoded blob to the storage nodes and collecting a certificate.
 *
 *  One task per node: metadata, then its slivers, then its confirmation. Weights are shards. It ends when every node
 *  has settled, or some time after n-f shards have confirmed: stragglers get half of the time it took so far, because
 *  each further node makes the blob easier to read. They are dropped, or go on behind the caller's back.
 *  @see walrus-protocol reference §12, §17.1 (tail), §20 */

import { linkSignals, throwIfAborted } from '../base/abort.ts'
import { equalBytes } from '../base/bytes.ts'
import { FloeError } from '../base/errors.ts'
import type { EncodedBlob } from '../erasure/api.ts'
import { blobIdText } from '../protocol/blob-id.ts'
import { type Certificate, combineConfirmations, type SignedConfirmation } from '../protocol/certificate.ts'
import { type BlobPersistence, encodeMessage, type StorageMessage } from '../protocol/messages.ts'
import { encodeMetadata } from '../protocol/metadata.ts'
import { isQuorum, isWriteHopeless, quorumWeight, safeWriteWeight } from '../protocol/quorum.ts'
import type { Committee } from './committee.ts'
import { TransferError } from './errors.ts'
import { uploadToNode } from './node-upload.ts'
import { createPace, type Pace } from './pace.ts'
import { createSendBudget, type SendBudget } from './send-budget.ts'
import { heldConfirmations, type UploadJournal } from './upload-journal.ts'

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
  /** Told what nodes have taken. What it says that they hold is not sent, and they are not asked for it. */
  journal?: UploadJournal | undefined
  /** Shared by all uploads of a push: bounds the slivers in memory and the open requests. */
  budget?: SendBudget
  /** First wait before a retry (default 250 ms); doubles each time. */
  retryMs?: number
  /** True: stragglers are not dropped but go on after the certificate is there; see `Upload.tail`. */
  finishTail?: boolean
}

export interface Upload {
  readonly certificate: Certificate
  /** Positions of the nodes that have not confirmed when this settles: at once, unless the tail is to be finished.
   *  The blob is needed until then. Never rejects. */
  readonly tail: Promise<number[]>
}

/** When enough have confirmed, the others often follow at once: then one check of signatures does for all. */
const CHECK_DELAY_MS = 100
const MIN_TAIL_MS = 500
const TAIL_SHARE = 0.5
/** Longest that stragglers may take behind the caller's back. */
const MAX_TAIL_MS = 300_000

/** What nodes can take is remembered as long as the committee. */
const paces = new WeakMap<Committee, Map<number, Pace>>()

function paceOf(committee: Committee, position: number): Pace {
  const known = paces.get(committee) ?? new Map<number, Pace>()
  paces.set(committee, known)
  const pace = known.get(position) ?? createPace()
  known.set(position, pace)
  return pace
}

/** @param persistence - as registered on chain; for deletable blobs the id of the blob object
 *  @throws {TransferError} UPLOAD_QUORUM if fewer than 2f+1 shards confirmed; nothing is lost, the upload can be resumed.
 *    `UPLOAD_EPOCH_CHANGED` if that is because nodes confirm for another epoch than the committee's. */
export async function uploadBlob(
  committee: Committee,
  blob: EncodedBlob,
  persistence: BlobPersistence,
  options: UploadOptions = {},
): Promise<Upload> {
  const { state } = committee
  const { shardCount } = state
  const expected: StorageMessage = { $kind: 'blob-certificate', epoch: state.epoch, blobId: blob.blobId, persistence }
  const expectedBytes = encodeMessage(expected)
  const metadata = encodeMetadata(blob.metadata)
  const budget = options.budget ?? createSendBudget()
  const pairBytes = blob.params.primarySliverBytes + blob.params.secondarySliverBytes
  const { journal } = options
  const progress: UploadProgress = {
    doneBytes: 0,
    totalBytes: pairBytes * shardCount,
    confirmedShards: 0,
    shards: shardCount,
  }
  const confirmations = new Map<number, SignedConfirmation>()
  const stop = new AbortController()
  const linked = linkSignals([options.signal, stop.signal])
  const { signal } = linked
  const enough = Promise.withResolvers<void>()
  const failures: unknown[] = []
  let failedWeight = 0
  let foreignWeight = 0
  let timer: NodeJS.Timeout | undefined
  /** Made when enough had confirmed; not made again if nobody confirms after that. */
  let made: Certificate | undefined
  const started = performance.now()

  const fail = (position: number, error: unknown) => {
    if (signal.aborted) return
    if (!(error instanceof FloeError) || error.kind === 'internal') {
      failures.push(error)
      return stop.abort()
    }
    const reason = typeof error.data['reason'] === 'string' ? error.data['reason'] : error.code
    committee.report(position, reason, error.kind === 'integrity')
    failedWeight += committee.nodes[position]!.weight
    // Nothing more can come of it: the other nodes' work would be for nothing.
    if (isWriteHopeless(failedWeight, shardCount) && !isQuorum(shardCount - failedWeight, shardCount)) stop.abort()
  }

  /** What nodes have confirmed before a break. A file can be damaged: none of them is blamed for what does not hold. */
  const readmit = (held: UploadJournal['held']) => {
    for (const [position, confirmation] of heldConfirmations(held, state, expected).confirmations) {
      progress.doneBytes += committee.nodes[position]!.weight * pairBytes
      accept(position, confirmation)
    }
  }

  /** Signatures are checked together, one pairing instead of one per node, soon after enough of them are there: a false
   *  one found only after the upload would cost the quorum. */
  const check = () => {
    timer = undefined
    const { certificate, refused } = combineConfirmations(state.committee, expected, confirmations)
    made = certificate
    for (const liar of refused.keys()) {
      confirmations.delete(liar)
      progress.confirmedShards -= committee.nodes[liar]!.weight
      failedWeight += committee.nodes[liar]!.weight
      committee.report(liar, 'CONFIRMATION_FALSE', true)
    }
    if (progress.confirmedShards < safeWriteWeight(shardCount)) return
    timer = setTimeout(
      () => {
        if (!options.finishTail) return stop.abort()
        enough.resolve()
        timer = setTimeout(() => stop.abort(), MAX_TAIL_MS)
      },
      MIN_TAIL_MS + TAIL_SHARE * (performance.now() - started),
    )
  }

  /** The message is compared at once. */
  const accept = (position: number, confirmation: SignedConfirmation) => {
    const { weight, url } = committee.nodes[position]!
    if (!equalBytes(confirmation.message, expectedBytes)) {
      foreignWeight += weight
      throw new TransferError('CONFIRMATION_FOREIGN', 'the node confirmed something else', { data: { node: url } })
    }
    confirmations.set(position, confirmation)
    progress.confirmedShards += weight
    if (!timer && progress.confirmedShards >= safeWriteWeight(shardCount)) timer = setTimeout(check, CHECK_DELAY_MS)
    options.onProgress?.({ ...progress })
  }

  const sendToNode = async (position: number) => {
    const { nodeId, shards } = committee.nodes[position]!
    try {
      const confirmation = await uploadToNode({
        client: committee.client(position),
        shards,
        held: journal?.held.get(nodeId),
        blob,
        metadata,
        persistence,
        pace: paceOf(committee, position),
        budget,
        retryMs: options.retryMs ?? 250,
        resuming: options.resuming ?? false,
        signal,
        onTaken: (pair, axis) => journal?.stored(nodeId, pair, axis),
        onStored(bytes) {
          progress.doneBytes = Math.min(progress.totalBytes, progress.doneBytes + bytes)
          options.onProgress?.({ ...progress })
        },
      })
      accept(position, confirmation)
      journal?.confirmed(nodeId, confirmation)
    } catch (error) {
      fail(position, error)
    }
  }
  if (journal) readmit(journal.held)
  const asked = [...committee.nodes.keys()].filter((position) => !confirmations.has(position))
  const settled = Promise.all(asked.map(sendToNode)).finally(() => {
    clearTimeout(timer)
    linked[Symbol.dispose]()
  })
  await Promise.race([settled, enough.promise])

  if (failures.length > 0) throw failures[0]
  throwIfAborted(options.signal)
  const missing = () => [...committee.nodes.keys()].filter((position) => !confirmations.has(position))
  if (made?.signers.length === confirmations.size) return { certificate: made, tail: settled.then(missing, missing) }
  const { certificate, weight, refused } = combineConfirmations(state.committee, expected, confirmations)
  for (const liar of refused.keys()) {
    confirmations.delete(liar)
    committee.report(liar, 'CONFIRMATION_FALSE', true)
  }
  if (certificate) return { certificate, tail: settled.then(missing, missing) }
  stop.abort()
  throw tooFew(committee, blob, weight, foreignWeight)
}

function tooFew(committee: Committee, blob: EncodedBlob, weight: number, foreignWeight: number): TransferError {
  const { shardCount, epoch } = committee.state
  const data = {
    blobId: blobIdText(blob.blobId),
    confirmedShards: weight,
    neededShards: quorumWeight(shardCount),
    shards: shardCount,
    nodes: committee.reports(),
  }
  // More shards than can be faulty say something else: not they are wrong, the committee is not of this epoch any more.
  if (isWriteHopeless(foreignWeight, shardCount))
    return new TransferError('UPLOAD_EPOCH_CHANGED', `the storage nodes have left epoch ${epoch} during the upload`, {
      data: { ...data, epoch },
      hints: ['Run `floe push` again: what was stored and paid is kept, confirmations are collected anew'],
      retryable: true,
    })
  return new TransferError(
    'UPLOAD_QUORUM',
    `upload stopped: ${weight} of ${shardCount} shards confirmed, ${quorumWeight(shardCount)} needed`,
    {
      data,
      hints: [
        'What was stored is kept: run `floe push` again to contact only the missing nodes, nothing is paid twice',
      ],
      retryable: true,
    },
  )
}
