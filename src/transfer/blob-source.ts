/** Reading one blob from untrusted nodes: metadata, rows, and rows rebuilt when their holder is down or lies.
 *
 *  Row i of the matrix is primary sliver i and holds blob bytes [i·ks·s, (i+1)·ks·s), so the kp systematic slivers are
 *  the blob itself. Each sliver is verified against the metadata, and the metadata against the blob id, before a byte
 *  of it is used. A row whose holder fails is rebuilt from one symbol of each of ks secondary slivers: as many bytes as
 *  the row, instead of the whole blob. @see walrus-protocol reference §7, §8, §20 */

import { equalBytes } from '../base/bytes.ts'
import { FloeError } from '../base/errors.ts'
import { mapLimited } from '../base/limit.ts'
import { merkleLeaf, verifyMerkleProof } from '../crypto/merkle.ts'
import type { ErasureCoder, SourceSymbol } from '../erasure/api.ts'
import { type BlobParams, blobParams } from '../erasure/params.ts'
import { type BlobId, blobIdText } from '../protocol/blob-id.ts'
import { SLIVER_BODY_SLACK_BYTES } from '../protocol/limits.ts'
import {
  type BlobMetadata,
  metadataWireBytes,
  parseMetadataWithId,
  sliverHash,
  verifyMetadata,
} from '../protocol/metadata.ts'
import { isNotFoundQuorum } from '../protocol/quorum.ts'
import { parseDecodingSymbols, parseGeneralRecoverySymbols } from '../protocol/recovery.ts'
import { pairOfSliver } from '../protocol/shards.ts'
import { parseSliver, type SliverData } from '../protocol/sliver.ts'
import type { Committee } from './committee.ts'
import { TransferError } from './errors.ts'

/** Rows asked for at once by `readAll`. */
const ROW_CONCURRENCY = 8
/** Nodes asked at once for symbols of one row. */
const SYMBOL_CONCURRENCY = 6
/** A decodingSymbols answer: two length bytes, index, count; then per symbol axis, index and length. */
const SYMBOL_OVERHEAD_BYTES = 16
const PROOF_BYTES = 33 * 16

export interface BlobSource {
  readonly blobId: BlobId
  readonly metadata: BlobMetadata
  readonly params: BlobParams
  /** Bytes of one row: ks·s; the last rows may be padding. */
  readonly rowBytes: number
  /** Row `index` < kp, verified. */
  readRow(index: number, options?: { signal?: AbortSignal | undefined }): Promise<Uint8Array>
  /** The whole blob. */
  readAll(options?: { signal?: AbortSignal | undefined }): Promise<Uint8Array>
}

export interface BlobSourceOptions {
  signal?: AbortSignal | undefined
  /** Told the body size of each answer that was used. */
  onBytes?: (bytes: number) => void
}

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
  let unknownWeight = 0
  for (const position of committee.preferredPositions()) {
    try {
      const maxBytes = metadataWireBytes(shardCount) + 64
      const body = await committee.client(position).fetchMetadata(blobId, maxBytes, signal ? { signal } : {})
      const { id, metadata } = parseMetadataWithId(body)
      if (!equalBytes(id, blobId)) throw new TransferError('BLOB_METADATA_FOREIGN', 'metadata of another blob')
      verifyMetadata(metadata, blobId, shardCount)
      onBytes?.(body.length)
      return metadata
    } catch (error) {
      unknownWeight += noteFailure(committee, position, error) ? committee.nodes[position]!.weight : 0
    }
  }
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

/** Counts a failed answer. True if the node says that it does not know the blob. Rethrows what is no node's fault. */
function noteFailure(committee: Committee, position: number, error: unknown): boolean {
  if (!(error instanceof FloeError) || error.kind === 'cancelled' || error.kind === 'internal') throw error
  const reason = typeof error.data['reason'] === 'string' ? error.data['reason'] : error.code
  if (reason === 'METADATA_NOT_FOUND' || reason === 'SLIVER_NOT_FOUND') return true
  committee.report(position, reason, error.kind === 'integrity' || error.code === 'BLOB_METADATA_FOREIGN')
  return false
}

function createBlobSource(
  committee: Committee,
  coder: ErasureCoder,
  blobId: BlobId,
  metadata: BlobMetadata,
  { onBytes }: BlobSourceOptions,
): BlobSource {
  const params = blobParams(metadata.shardCount, metadata.blobBytes)
  const { primarySourceCount: rows, secondarySourceCount: columns, primarySliverBytes: rowBytes } = params

  async function fetchSliver(index: number, signal: AbortSignal | undefined): Promise<Uint8Array | null> {
    const position = committee.positionOfSliver(blobId, 'primary', index)
    // A node that lied or is down costs a deadline per row: its rows are rebuilt right away.
    if (position === undefined || committee.lied(position)) return null
    try {
      const pair = pairOfSliver('primary', index, params.shardCount)
      const maxBytes = rowBytes + SLIVER_BODY_SLACK_BYTES
      const body = await committee
        .client(position)
        .fetchSliver(blobId, pair, 'primary', maxBytes, signal ? { signal } : {})
      const sliver = parseSliver(body, params.shardCount)
      // Checked as the row asked for: another row of the same blob is a true sliver, but the wrong one.
      await coder.verifySliver(metadata, 'primary', { ...sliver, index }, jobOptions(signal))
      onBytes?.(body.length)
      return sliver.bytes
    } catch (error) {
      noteFailure(committee, position, error)
      return null
    }
  }

  /** Symbols towards a row, from any node, without proofs; enough of them or as many as there are. */
  async function gatherSymbols(
    index: number,
    proven: boolean,
    signal: AbortSignal | undefined,
  ): Promise<Map<number, SourceSymbol>> {
    const symbols = new Map<number, SourceSymbol>()
    const positions = committee.preferredPositions().filter((position) => !committee.lied(position))
    await mapLimited(positions, SYMBOL_CONCURRENCY, async (position) => {
      if (symbols.size >= columns) return
      try {
        const found = proven
          ? await fetchProvenSymbols(position, index, signal)
          : await fetchPlainSymbols(position, index, signal)
        for (const symbol of found) symbols.set(symbol.sourceIndex, symbol)
      } catch (error) {
        noteFailure(committee, position, error)
      }
    })
    return symbols
  }

  /** Keeps symbols of the right size that the node can hold: it must own the shard of their source sliver. */
  function isPlausible(position: number, symbol: SourceSymbol): boolean {
    return (
      symbol.bytes.length === params.symbolBytes &&
      symbol.sourceIndex < params.shardCount &&
      committee.positionOfSliver(blobId, 'secondary', symbol.sourceIndex) === position
    )
  }

  async function fetchPlainSymbols(position: number, index: number, signal: AbortSignal | undefined) {
    const { weight } = committee.nodes[position]!
    const maxBytes = SYMBOL_OVERHEAD_BYTES + weight * (params.symbolBytes + SYMBOL_OVERHEAD_BYTES)
    const body = await committee
      .client(position)
      .fetchDecodingSymbols(blobId, [index], 'primary', maxBytes, signal ? { signal } : {})
    const found = (parseDecodingSymbols(body).get(index) ?? [])
      .filter(({ axis, symbol }) => axis === 'primary' && isPlausible(position, symbol))
      .map(({ symbol }) => symbol)
    onBytes?.(body.length)
    return found
  }

  async function fetchProvenSymbols(position: number, index: number, signal: AbortSignal | undefined) {
    const { weight } = committee.nodes[position]!
    const maxBytes = SYMBOL_OVERHEAD_BYTES + weight * (params.symbolBytes + SYMBOL_OVERHEAD_BYTES + PROOF_BYTES)
    const body = await committee
      .client(position)
      .fetchRecoverySymbols(blobId, index, 'primary', maxBytes, signal ? { signal } : {})
    const found: SourceSymbol[] = []
    for (const { axis, symbol, targetIndex, proof } of parseGeneralRecoverySymbols(body)) {
      if (axis !== 'primary' || targetIndex !== index || !isPlausible(position, symbol)) continue
      const root = sliverHash(metadata, 'secondary', symbol.sourceIndex)
      if (verifyMerkleProof(root, merkleLeaf(symbol.bytes), index, params.shardCount, proof)) found.push(symbol)
      else committee.report(position, 'RECOVERY_SYMBOL_FALSE', true)
    }
    onBytes?.(body.length)
    return found
  }

  /** First without proofs, which is cheap and nearly always right; a rebuilt row that does not verify means that
   *  somebody lied, and then symbols are asked for with proofs, which name the liar. */
  async function recoverRow(index: number, signal: AbortSignal | undefined): Promise<Uint8Array> {
    let gathered = 0
    for (const proven of [false, true]) {
      const symbols = await gatherSymbols(index, proven, signal)
      gathered = symbols.size
      if (symbols.size < columns) continue
      try {
        const chosen = [...symbols.values()].slice(0, columns)
        return (await coder.recoverSliver(metadata, 'primary', index, chosen, jobOptions(signal))).bytes
      } catch (error) {
        if (!(error instanceof FloeError) || error.code !== 'ERASURE_SLIVER_MISMATCH') throw error
      }
    }
    return recoverFromOtherRows(index, gathered, signal)
  }

  /** Last resort: any kp primary slivers decode the blob. Costs a whole blob in memory and traffic. */
  async function recoverFromOtherRows(
    index: number,
    gathered: number,
    signal: AbortSignal | undefined,
  ): Promise<Uint8Array> {
    const slivers: SliverData[] = []
    const others = Array.from({ length: params.shardCount }, (_, i) => i).filter((i) => i !== index)
    await mapLimited(others, ROW_CONCURRENCY, async (other) => {
      if (slivers.length >= rows) return
      const bytes = await fetchSliver(other, signal)
      if (bytes) slivers.push({ bytes, symbolBytes: params.symbolBytes, index: other })
    })
    if (slivers.length < rows)
      throw new TransferError(
        'BLOB_UNAVAILABLE',
        `blob ${blobIdText(blobId)} cannot be read now: row ${index} has ${slivers.length} of ${rows} primary slivers and ${gathered} of ${columns} symbols`,
        {
          data: {
            blobId: blobIdText(blobId),
            row: index,
            slivers: slivers.length,
            sliversNeeded: rows,
            symbols: gathered,
            symbolsNeeded: columns,
            nodes: committee.reports(),
          },
          hints: ['Too many storage nodes are down or wrong: try again when more are up'],
          retryable: true,
        },
      )
    const blob = await coder.decodeBlob(metadata, 'primary', slivers, { ...jobOptions(signal), verified: true })
    const row = new Uint8Array(rowBytes)
    row.set(blob.subarray(index * rowBytes, (index + 1) * rowBytes))
    return row
  }

  async function readRow(index: number, { signal }: { signal?: AbortSignal | undefined } = {}): Promise<Uint8Array> {
    if (!Number.isInteger(index) || index < 0 || index >= rows)
      throw new RangeError(`"index" expected 0..${rows - 1}, got ${index}`)
    return (await fetchSliver(index, signal)) ?? (await recoverRow(index, signal))
  }

  return {
    blobId,
    metadata,
    params,
    rowBytes,
    readRow,
    async readAll({ signal } = {}) {
      const blob = new Uint8Array(metadata.blobBytes)
      // Rows that are padding only are never asked for.
      const needed = Math.ceil(metadata.blobBytes / rowBytes)
      await mapLimited(
        Array.from({ length: needed }, (_, index) => index),
        ROW_CONCURRENCY,
        async (index) => {
          const row = await readRow(index, { signal })
          blob.set(row.subarray(0, Math.min(rowBytes, metadata.blobBytes - index * rowBytes)), index * rowBytes)
        },
        signal ? { signal } : {},
      )
      return blob
    },
  }
}

function jobOptions(signal: AbortSignal | undefined): { signal?: AbortSignal } {
  return signal ? { signal } : {}
}
