/** Rebuilding rows whose holders are down or lie, from one symbol of each of ks secondary slivers.
 *
 *  Rows that are missing at the same time are rebuilt together: a node expands each of its slivers once for all of them,
 *  which costs it far more than the symbols themselves (measured: 28 ms of a node's time per request, whatever the
 *  number of rows). Symbols are taken without proofs first, which is cheap and nearly always right. A rebuilt row that
 *  does not verify means that somebody lied, and then symbols are asked for with proofs, which name the liar.
 *  @see walrus-protocol reference §7.3 */

import { linkSignals, untilAllAborted } from '../base/abort.ts'
import { FloeError } from '../base/errors.ts'
import { mapLimited } from '../base/limit.ts'
import { merkleLeaf, verifyMerkleProof } from '../crypto/merkle.ts'
import type { ErasureCoder, SourceSymbol } from '../erasure/api.ts'
import type { BlobParams } from '../erasure/params.ts'
import type { FrameCache } from '../objects/frame-cache.ts'
import { type BlobId, blobIdText } from '../protocol/blob-id.ts'
import { type BlobMetadata, sliverHash } from '../protocol/metadata.ts'
import { parseDecodingSymbols, parseGeneralRecoverySymbols } from '../protocol/recovery.ts'
import type { SliverData } from '../protocol/sliver.ts'
import { type Committee, noteNodeFailure } from './committee.ts'
import { TransferError } from './errors.ts'

export interface RowRecoveryOptions {
  committee: Committee
  coder: ErasureCoder
  blobId: BlobId
  metadata: BlobMetadata
  params: BlobParams
  /** A primary sliver from its own holder, verified; `null` if that fails. */
  fetchSliver(index: number, signal: AbortSignal | undefined): Promise<Uint8Array | null>
  onBytes?: ((bytes: number) => void) | undefined
  /** Whole blobs that had to be decoded, shared by all blobs of a conversation. */
  decoded: FrameCache
  /** Blobs up to this size are decoded whole when several of their rows are missing. */
  decodeUpToBytes: number
}

export interface RowRecovery {
  recover(index: number, signal: AbortSignal | undefined): Promise<Uint8Array>
}

const ROW_CONCURRENCY = 8
/** Nodes asked at once for symbols. */
const SYMBOL_CONCURRENCY = 6
/** Rows asked for in one request: bounds the URL, and the answer to some megabytes. */
const MAX_BATCH_ROWS = 64
const MAX_BATCH_BYTES = 8 * 1024 * 1024
/** Rows wait this long for company. */
const BATCH_WAIT_MS = 3
/** A decodingSymbols answer: index and count per row; axis, index and length per symbol. */
const SYMBOL_OVERHEAD_BYTES = 16
const PROOF_BYTES = 33 * 16

interface Waiting {
  index: number
  signal: AbortSignal | undefined
  resolve(row: Uint8Array): void
  reject(error: unknown): void
}

export function createRowRecovery(options: RowRecoveryOptions): RowRecovery {
  const { committee, coder, blobId, metadata, params, fetchSliver, onBytes } = options
  const { primarySourceCount: rows, secondarySourceCount: columns, primarySliverBytes: rowBytes } = params
  const heaviest = Math.max(...committee.nodes.map((node) => node.weight))
  const batchRows = Math.max(1, Math.min(MAX_BATCH_ROWS, Math.floor(MAX_BATCH_BYTES / (heaviest * params.symbolBytes))))
  let waiting: Waiting[] = []
  let running = false

  /** One batch at a time: what is asked for meanwhile makes the next one. */
  async function run(): Promise<void> {
    if (running) return
    running = true
    await new Promise((resolve) => setTimeout(resolve, BATCH_WAIT_MS))
    while (waiting.length > 0) {
      const batch = waiting.slice(0, batchRows)
      waiting = waiting.slice(batchRows)
      await recoverBatch(batch)
    }
    running = false
  }

  async function recoverBatch(batch: readonly Waiting[]): Promise<void> {
    // Shared work: no single caller's signal may end it.
    using shared = untilAllAborted(batch.map(({ signal }) => signal))
    if (await answerFromDecoded(batch, shared.signal)) return
    let gathered: Map<number, Map<number, SourceSymbol>>
    try {
      gathered = await gatherPlain(
        batch.map(({ index }) => index),
        shared.signal,
      )
    } catch (error) {
      for (const job of batch) job.reject(error)
      return
    }
    await mapLimited(batch, ROW_CONCURRENCY, async (job) => {
      try {
        job.resolve(await recoverRow(job.index, gathered.get(job.index)!, job.signal))
      } catch (error) {
        job.reject(error)
      }
    })
  }

  /** Several rows of a small blob: any kp primary slivers decode all of it, for less work than their symbols take.
   *  @returns false if that is not worth it, or too few slivers were found */
  async function answerFromDecoded(batch: readonly Waiting[], signal: AbortSignal): Promise<boolean> {
    const key = blobIdText(blobId)
    let blob = options.decoded.get(key)
    if (!blob) {
      if (batch.length < 2 || metadata.blobBytes > options.decodeUpToBytes) return false
      try {
        blob = await decodeWhole(undefined, signal)
      } catch {
        // The other way reports what is wrong, if it fails too.
        return false
      }
      if (!blob) return false
      options.decoded.set(key, blob)
    }
    for (const job of batch) job.resolve(rowOf(blob, job.index))
    return true
  }

  function rowOf(blob: Uint8Array, index: number): Uint8Array {
    const row = new Uint8Array(rowBytes)
    row.set(blob.subarray(index * rowBytes, (index + 1) * rowBytes))
    return row
  }

  /** The blob from any kp primary slivers, systematic ones first; undefined if fewer are to be had. */
  async function decodeWhole(
    except: number | undefined,
    signal: AbortSignal | undefined,
    found: SliverData[] = [],
  ): Promise<Uint8Array | undefined> {
    const all = Array.from({ length: params.shardCount }, (_, i) => i).filter((i) => i !== except)
    const isSlow = (index: number) => {
      const position = committee.positionOfSliver(blobId, 'primary', index)
      return position !== undefined && committee.isSlow(position)
    }
    const candidates = [...all.filter((index) => !isSlow(index)), ...all.filter(isSlow)]
    const enough = new AbortController()
    using until = linkSignals([signal, enough.signal])
    await mapLimited(candidates, ROW_CONCURRENCY, async (index) => {
      if (found.length >= rows) return
      const bytes = await fetchSliver(index, until.signal)
      if (bytes) found.push({ bytes, symbolBytes: params.symbolBytes, index })
      if (found.length >= rows) enough.abort()
    })
    if (found.length < rows) return undefined
    return coder.decodeBlob(metadata, 'primary', found, { ...jobOptions(signal), verified: true })
  }

  async function gatherPlain(
    indexes: readonly number[],
    signal: AbortSignal,
  ): Promise<Map<number, Map<number, SourceSymbol>>> {
    const gathered = new Map(indexes.map((index) => [index, new Map<number, SourceSymbol>()]))
    // A node that keeps its answer back must not hold up what is there already.
    const enough = new AbortController()
    using until = linkSignals([signal, enough.signal])
    await mapLimited(honestPositions(), SYMBOL_CONCURRENCY, async (position) => {
      const lacking = indexes.filter((index) => gathered.get(index)!.size < columns)
      if (lacking.length === 0) return
      try {
        for (const [index, symbols] of await fetchPlainSymbols(position, lacking, until.signal))
          for (const symbol of symbols) gathered.get(index)!.set(symbol.sourceIndex, symbol)
        if (indexes.every((index) => gathered.get(index)!.size >= columns)) enough.abort()
      } catch (error) {
        if (enough.signal.aborted) return
        noteNodeFailure(committee, position, error)
      }
    })
    return gathered
  }

  function honestPositions(): number[] {
    return committee.preferredPositions().filter((position) => !committee.lied(position))
  }

  /** Keeps symbols of the right size that the node can hold: it must own the shard of their source sliver. */
  function isPlausible(position: number, symbol: SourceSymbol): boolean {
    return (
      symbol.bytes.length === params.symbolBytes &&
      symbol.sourceIndex < params.shardCount &&
      committee.positionOfSliver(blobId, 'secondary', symbol.sourceIndex) === position
    )
  }

  async function fetchPlainSymbols(
    position: number,
    indexes: readonly number[],
    signal: AbortSignal,
  ): Promise<Map<number, SourceSymbol[]>> {
    const { weight } = committee.nodes[position]!
    const perRow = SYMBOL_OVERHEAD_BYTES + weight * (params.symbolBytes + SYMBOL_OVERHEAD_BYTES)
    const maxBytes = SYMBOL_OVERHEAD_BYTES + indexes.length * perRow
    const body = await committee.client(position).fetchDecodingSymbols(blobId, indexes, 'primary', maxBytes, { signal })
    const answer = parseDecodingSymbols(body)
    onBytes?.(body.length)
    return new Map(
      indexes.map((index) => [
        index,
        (answer.get(index) ?? [])
          .filter(({ axis, symbol }) => axis === 'primary' && isPlausible(position, symbol))
          .map(({ symbol }) => symbol),
      ]),
    )
  }

  async function gatherProven(index: number, signal: AbortSignal | undefined): Promise<Map<number, SourceSymbol>> {
    const symbols = new Map<number, SourceSymbol>()
    await mapLimited(honestPositions(), SYMBOL_CONCURRENCY, async (position) => {
      if (symbols.size >= columns) return
      try {
        for (const symbol of await fetchProvenSymbols(position, index, signal)) symbols.set(symbol.sourceIndex, symbol)
      } catch (error) {
        noteNodeFailure(committee, position, error)
      }
    })
    return symbols
  }

  async function fetchProvenSymbols(
    position: number,
    index: number,
    signal: AbortSignal | undefined,
  ): Promise<SourceSymbol[]> {
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

  async function recoverRow(
    index: number,
    plain: ReadonlyMap<number, SourceSymbol>,
    signal: AbortSignal | undefined,
  ): Promise<Uint8Array> {
    const rebuild = async (symbols: ReadonlyMap<number, SourceSymbol>): Promise<Uint8Array | null> => {
      if (symbols.size < columns) return null
      try {
        const chosen = [...symbols.values()].slice(0, columns)
        return (await coder.recoverSliver(metadata, 'primary', index, chosen, jobOptions(signal))).bytes
      } catch (error) {
        if (!(error instanceof FloeError) || error.code !== 'ERASURE_SLIVER_MISMATCH') throw error
        return null
      }
    }
    const row = await rebuild(plain)
    if (row) return row
    // Enough of them and yet another row: proofs tell who lied. Too few: whoever had none, or was late, is not asked for
    // the same again.
    const proven = plain.size >= columns ? await gatherProven(index, signal) : plain
    return (proven === plain ? null : await rebuild(proven)) ?? recoverFromOtherRows(index, proven.size, signal)
  }

  /** Last resort: any kp primary slivers decode the blob. Costs a whole blob in memory and traffic. */
  async function recoverFromOtherRows(
    index: number,
    gathered: number,
    signal: AbortSignal | undefined,
  ): Promise<Uint8Array> {
    const slivers: SliverData[] = []
    const blob = await decodeWhole(index, signal, slivers)
    if (!blob)
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
    return rowOf(blob, index)
  }

  return {
    recover(index, signal) {
      return new Promise((resolve, reject) => {
        waiting.push({ index, signal, resolve, reject })
        run().catch(reject)
      })
    },
  }
}

function jobOptions(signal: AbortSignal | undefined): { signal?: AbortSignal } {
  return signal ? { signal } : {}
}
