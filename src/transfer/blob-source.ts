/** Reading one blob from untrusted nodes: metadata, rows, and rows rebuilt when their holder is down or lies.
 *
 *  Row i of the matrix is primary sliver i and holds blob bytes [i·ks·s, (i+1)·ks·s), so the kp systematic slivers are
 *  the blob itself. Each sliver is verified against the metadata, and the metadata against the blob id, before a byte
 *  of it is used. A row whose holder fails is rebuilt from one symbol of each of ks secondary slivers: as many bytes as
 *  the row, instead of the whole blob. @see walrus-protocol reference §7, §8, §20 */

import { equalBytes } from '../base/bytes.ts'
import { mapLimited } from '../base/limit.ts'
import type { ErasureCoder } from '../erasure/api.ts'
import { type BlobParams, blobParams } from '../erasure/params.ts'
import { createFrameCache, type FrameCache } from '../objects/frame-cache.ts'
import { type BlobId, blobIdText } from '../protocol/blob-id.ts'
import { SLIVER_BODY_SLACK_BYTES } from '../protocol/limits.ts'
import { type BlobMetadata, metadataWireBytes, parseMetadataWithId, verifyMetadata } from '../protocol/metadata.ts'
import { isNotFoundQuorum } from '../protocol/quorum.ts'
import { pairOfSliver } from '../protocol/shards.ts'
import { parseSliver } from '../protocol/sliver.ts'
import { type Committee, noteNodeFailure } from './committee.ts'
import { TransferError } from './errors.ts'
import { firstAnswer } from './hedge.ts'
import { createRowRecovery } from './row-recovery.ts'

/** Rows asked for at once by `readAll`. */
const ROW_CONCURRENCY = 8

export interface BlobSource {
  readonly blobId: BlobId
  readonly metadata: BlobMetadata
  readonly params: BlobParams
  /** Bytes of one row: ks·s; the last rows may be padding. */
  readonly rowBytes: number
  /** Row `index` < kp, verified. */
  readRow(index: number, options?: { signal?: AbortSignal | undefined }): Promise<Uint8Array>
  /** The same in memory that is used again. */
  lendRow(index: number, options?: { signal?: AbortSignal | undefined }): Promise<LentRow>
  /** The whole blob. */
  readAll(options?: { signal?: AbortSignal | undefined }): Promise<Uint8Array>
}

export interface LentRow {
  bytes: Uint8Array
  /** To be called once, when nobody looks at the bytes any more. Who does not, leaves them to the garbage collector. */
  release(): void
}

export interface BlobSourceOptions {
  signal?: AbortSignal | undefined
  /** Told the body size of each answer that was used. */
  onBytes?: (bytes: number) => void
  /** Whole blobs that had to be decoded; give one to all blobs that are read together. */
  decoded?: FrameCache
  /** Blobs up to this size are decoded whole when several of their rows are missing (default 32 MiB). */
  decodeUpToBytes?: number
}

const DECODE_UP_TO_BYTES = 32 * 1024 * 1024

/** Finds and verifies the metadata of a blob.
 *  @throws {TransferError} BLOB_NOT_FOUND if the nodes do not know it, BLOB_UNAVAILABLE if none gives true metadata */
export async function openBlob(
  committee: Committee,
  coder: ErasureCoder,
  blobId: BlobId,
  options: BlobSourceOptions = {},
): Promise<BlobSource> {
  const metadata = await fetchMetadata(committee, blobId, options)
  return createBlobSource(committee, coder, blobId, metadata, options)
}

async function fetchMetadata(
  committee: Committee,
  blobId: BlobId,
  { signal, onBytes }: BlobSourceOptions,
): Promise<BlobMetadata> {
  const { shardCount } = committee.state
  const metadataBytes = metadataWireBytes(shardCount)
  let unknownWeight = 0
  const positions = committee.preferredPositions()
  const attempts = positions.map((position) => async (stop: AbortSignal) => {
    try {
      const started = performance.now()
      const maxBytes = metadataBytes + 64
      const body = await committee.client(position).fetchMetadata(blobId, maxBytes, { signal: stop })
      const { id, metadata } = parseMetadataWithId(body)
      if (!equalBytes(id, blobId)) throw new TransferError('BLOB_METADATA_FOREIGN', 'metadata of another blob')
      verifyMetadata(metadata, blobId, shardCount)
      onBytes?.(body.length)
      committee.latency.note(performance.now() - started, metadataBytes)
      return metadata
    } catch (error) {
      if (stop.aborted) return null
      unknownWeight += noteNodeFailure(committee, position, error) ? committee.nodes[position]!.weight : 0
      return null
    }
  })
  const metadata = await firstAnswer(attempts, () => committee.latency.hedgeDelayMs(metadataBytes), {
    signal,
    onOvertaken: (index) => committee.noteSlow(positions[index]!),
  })
  if (metadata) return metadata
  const missing = isNotFoundQuorum(unknownWeight, shardCount)
  throw new TransferError(
    missing ? 'BLOB_NOT_FOUND' : 'BLOB_UNAVAILABLE',
    missing
      ? `the storage nodes do not know blob ${blobIdText(blobId)}`
      : `no storage node gave true metadata of blob ${blobIdText(blobId)}`,
    {
      data: { blobId: blobIdText(blobId), nodes: committee.reports() },
      hints: missing
        ? ['The blob may have expired: see its end epoch with `floe verify`']
        : ['Try again when more storage nodes are up'],
      retryable: !missing,
    },
  )
}

function createBlobSource(
  committee: Committee,
  coder: ErasureCoder,
  blobId: BlobId,
  metadata: BlobMetadata,
  options: BlobSourceOptions,
): BlobSource {
  const { onBytes } = options
  const params = blobParams(metadata.shardCount, metadata.blobBytes)
  const { primarySourceCount: rows, primarySliverBytes: rowBytes } = params

  async function fetchSliver(index: number, signal: AbortSignal | undefined): Promise<Uint8Array | null> {
    return (await fetchRow(index, signal))?.bytes ?? null
  }

  /** @param lender - gives the memory, if it is to be given back */
  async function fetchRow(
    index: number,
    signal: AbortSignal | undefined,
    lender?: ErasureCoder,
  ): Promise<LentRow | null> {
    const position = committee.positionOfSliver(blobId, 'primary', index)
    // A node that lied or is down costs a deadline per row: its rows are rebuilt right away.
    if (position === undefined || committee.lied(position)) return null
    const started = performance.now()
    let lent: Uint8Array | undefined
    const release = () => {
      if (lent) lender?.release(lent)
      lent = undefined
    }
    const allocate = lender && ((bytes: number) => (lent = lender.allocate(bytes)))
    try {
      const pair = pairOfSliver('primary', index, params.shardCount)
      const maxBytes = rowBytes + SLIVER_BODY_SLACK_BYTES
      const body = await committee
        .client(position)
        .fetchSliver(blobId, pair, 'primary', maxBytes, { allocate, ...jobOptions(signal) })
      const sliver = parseSliver(body, params.shardCount)
      // Checked as the row asked for: another row of the same blob is a true sliver, but the wrong one.
      await coder.verifySliver(metadata, 'primary', { ...sliver, index }, jobOptions(signal))
      onBytes?.(body.length)
      committee.latency.note(performance.now() - started, rowBytes)
      return { bytes: sliver.bytes, release }
    } catch (error) {
      release()
      if (signal?.aborted) return null
      noteNodeFailure(committee, position, error)
      return null
    }
  }

  const recovery = createRowRecovery({
    committee,
    coder,
    blobId,
    metadata,
    params,
    fetchSliver,
    onBytes,
    decoded: options.decoded ?? createFrameCache(DECODE_UP_TO_BYTES),
    decodeUpToBytes: options.decodeUpToBytes ?? DECODE_UP_TO_BYTES,
  })

  async function raceRow(index: number, signal: AbortSignal | undefined, lender?: ErasureCoder): Promise<LentRow> {
    if (!Number.isInteger(index) || index < 0 || index >= rows)
      throw new RangeError(`"index" expected 0..${rows - 1}, got ${index}`)
    const position = committee.positionOfSliver(blobId, 'primary', index)
    const direct = (stop: AbortSignal) => fetchRow(index, stop, lender)
    // Others may have been given the same one.
    const rebuilt = async () => ({ bytes: await recovery.recover(index, signal), release() {} })
    // What a slow node holds is rebuilt from what others hold; it is asked itself only if that takes long as well.
    const slow = position !== undefined && committee.isSlow(position)
    const failed: { error?: unknown } = {}
    const row = await firstAnswer<LentRow>(
      slow ? [attempt(rebuilt, failed), direct] : [direct, attempt(rebuilt, failed)],
      () => committee.latency.hedgeDelayMs(rowBytes),
      {
        signal,
        onOvertaken: (overtaken) => {
          if (position !== undefined && !slow && overtaken === 0) committee.noteSlow(position)
        },
      },
    )
    if (row) return row
    throw failed.error
  }

  const readRow: BlobSource['readRow'] = async (index, { signal } = {}) => (await raceRow(index, signal)).bytes

  return {
    blobId,
    metadata,
    params,
    rowBytes,
    readRow,
    lendRow: (index, { signal } = {}) => raceRow(index, signal, coder),
    async readAll({ signal } = {}) {
      const blob = new Uint8Array(metadata.blobBytes)
      // Rows that are padding only are never asked for.
      const needed = Math.ceil(metadata.blobBytes / rowBytes)
      await mapLimited(
        Array.from({ length: needed }, (_, index) => index),
        ROW_CONCURRENCY,
        async (index) => {
          const { bytes, release } = await raceRow(index, signal, coder)
          blob.set(bytes.subarray(0, Math.min(rowBytes, metadata.blobBytes - index * rowBytes)), index * rowBytes)
          release()
        },
        signal ? { signal } : {},
      )
      return blob
    },
  }
}

/** An attempt whose failure is kept, for the case that nothing else succeeds. */
function attempt<T>(work: () => Promise<T>, failed: { error?: unknown }): () => Promise<T | null> {
  return async () => {
    try {
      return await work()
    } catch (error) {
      failed.error = error
      return null
    }
  }
}

function jobOptions(signal: AbortSignal | undefined): { signal?: AbortSignal } {
  return signal ? { signal } : {}
}
