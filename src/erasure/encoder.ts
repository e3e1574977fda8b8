/** Blob → slivers, metadata, blob id.
 *
 *  1. Source rows are extended to n columns (secondary code). The systematic columns are the blob itself, so only the
 *     f new ones are kept: about half a blob.
 *  2. Columns, in blocks, are extended to n rows (primary code); every symbol is hashed while it is in cache. The new
 *     rows are kept (two blobs) unless only the id is wanted.
 *  3. Row trees over the leaf hashes; column trees were made in step 2.
 *
 *  What is kept stays in memory or, for large blobs, goes to a file, so that memory does not grow with the blob.
 *  @see reference/walrus-protocol.md §3, §4 */

import type { BlobIdentity, EncodedBlob } from './api.ts'
import { blobIdOf, pairHashesOf } from './blob-id.ts'
import { codewordsPerBlock } from './blocks.ts'
import type { EncodeColumnsJob, MatrixPart } from './encode-jobs.ts'
import { createEncodedBlob, type Encoding } from './encoded-blob.ts'
import { HASH_BYTES } from './engine.ts'
import { type BlobParams, blobParams } from './params.ts'
import {
  createStaging,
  isReachable,
  type Piece,
  type Plan,
  type PlanContext,
  pieces,
  type SpillFile,
  type Staging,
  split,
} from './plan.ts'
import { isMemory, type Region } from './region.ts'

/** Bytes copied for one job: enough to hide the hand-over, few enough for some of them to be in flight. */
const STAGE_BYTES = 2 ** 20
/** The same where a job writes to files: the more rows it has, the longer are the pieces. */
const FILE_STAGE_BYTES = 4 * 2 ** 20
/** Bytes that a job gathers before it writes them to a file: some twenty thousand per row at 1000 shards. */
const GATHER_BYTES = 16 * 2 ** 20

/** What the steps share. */
interface Work {
  readonly params: BlobParams
  readonly input: Uint8Array
  /** The blob where jobs can read all of it, or nothing: then rows and columns are brought to them in pieces. Memory other
   *  than the input gets its bytes from it row by row. */
  readonly blob: Region | undefined
  /** Where the blob's rows are copied to on the way; nowhere if `blob` is complete. */
  readonly keep: Region | undefined
  readonly columns: Region
  readonly rows: Region | undefined
}

/** The systematic rows are part of no new bytes: f columns and n - kp rows. */
function newBytes(params: BlobParams): { columns: number; rows: number } {
  const { shardCount: n, primarySourceCount: kp, secondarySourceCount: ks } = params
  return { columns: (n - ks) * params.secondarySliverBytes, rows: (n - kp) * params.primarySliverBytes }
}

function* encodeSteps(context: PlanContext, work: Work): Plan<BlobIdentity> {
  const { memory, jobsPerBatch } = context
  const { params, columns, rows } = work
  const { shardCount: n } = params
  const leaves = memory.allocate(n * n * HASH_BYTES)
  const roots = memory.allocate(2 * n * HASH_BYTES)
  const rowRoots = roots.subarray(0, n * HASH_BYTES)
  const columnRoots = roots.subarray(n * HASH_BYTES)
  const counts = stagedCounts(context, work)
  const staging = createStaging(
    context,
    Math.max(counts.rows * params.primarySliverBytes, counts.columns * params.secondarySliverBytes),
  )
  try {
    yield extendRowsPieces(context, work, staging)
    const shared = { $kind: 'encode-columns', params, columns, rows, leaves, columnRoots } as const
    yield columnPieces(context, work, staging, shared)
    yield pieces(split(0, n, jobsPerBatch).map((range) => ({ $kind: 'row-roots', params, range, leaves, rowRoots })))
    // The leaves have served: their memory takes the last two steps.
    const pairHashes = pairHashesOf(n, rowRoots, columnRoots)
    const pairs = leaves.subarray(0, pairHashes.length)
    pairs.set(pairHashes)
    const root = leaves.subarray(pairHashes.length, pairHashes.length + HASH_BYTES)
    yield pieces([{ $kind: 'blob-root', pairHashes: pairs, root }])
    const rootHash = root.slice()
    const metadata = { blobBytes: params.blobBytes, shardCount: n, pairHashes }
    return { params, blobId: blobIdOf(rootHash, params.blobBytes), rootHash, metadata }
  } finally {
    staging.release()
    memory.release(leaves, roots)
  }
}

/** How many of `total` rows or columns one job takes: no more than `most`, enough jobs to share out, and multiples of a
 *  block, so that none is short. */
function perJob({ jobsPerBatch }: PlanContext, { symbolBytes }: BlobParams, total: number, most: number): number {
  const block = codewordsPerBlock(symbolBytes)
  const shared = Math.min(Math.max(1, Math.floor(most)), Math.ceil(total / jobsPerBatch / block) * block)
  return shared < block ? shared : shared - (shared % block)
}

/** Rows, systematic columns and other columns of one job, where it cannot have all of them at hand. */
function stagedCounts(
  context: PlanContext,
  { params, columns }: Work,
): { rows: number; columns: number; others: number } {
  const most = isMemory(columns) ? STAGE_BYTES : FILE_STAGE_BYTES
  const { shardCount: n, primarySourceCount: kp, secondarySourceCount: ks } = params
  const { primarySliverBytes, secondarySliverBytes } = params
  return {
    rows: perJob(context, params, kp, most / primarySliverBytes),
    columns: perJob(context, params, ks, most / secondarySliverBytes),
    others: perJob(context, params, n - ks, most / secondarySliverBytes),
  }
}

function* ranges(first: number, end: number, step: number): Iterable<{ first: number; count: number }> {
  for (let at = first; at < end; at += step) yield { first: at, count: Math.min(step, end - at) }
}

function* extendRowsPieces(context: PlanContext, work: Work, staging: Staging): Iterable<Piece> {
  const { params, input, blob, keep, columns } = work
  const { primarySourceCount: kp, primarySliverBytes: rowBytes } = params
  if (blob && isMemory(blob) && !keep) {
    const source: MatrixPart = { region: blob, rowBytes, firstRow: 0, firstColumn: 0 }
    for (const range of split(0, kp, context.jobsPerBatch)) {
      // Just before it is needed: meanwhile the threads work on what came before.
      if (blob !== input) {
        const from = Math.min(input.length, range.first * rowBytes)
        blob.set(input.subarray(from, Math.min(input.length, from + range.count * rowBytes)), from)
      }
      yield { job: { $kind: 'extend-rows', params, range, source, columns } }
    }
    return
  }
  for (const range of ranges(0, kp, stagedCounts(context, work).rows)) {
    const place = staging.take()
    const from = Math.min(input.length, range.first * rowBytes)
    const bytes = input.subarray(from, Math.min(input.length, from + range.count * rowBytes))
    place.set(bytes)
    const source = { region: place.subarray(0, bytes.length), rowBytes, firstRow: range.first, firstColumn: 0 }
    const job = { $kind: 'extend-rows', params, range, source, columns, ...(keep ? { keep } : {}) } as const
    yield { job, done: () => staging.give(place) }
  }
}

type ColumnsShared = Omit<EncodeColumnsJob, 'range' | 'source'>

function* columnPieces(context: PlanContext, work: Work, staging: Staging, shared: ColumnsShared): Iterable<Piece> {
  const { params, input, blob, columns, rows } = work
  const { shardCount: n, primarySourceCount: kp, secondarySourceCount: ks, symbolBytes: s } = params
  const whole: MatrixPart = { region: blob ?? input, rowBytes: params.primarySliverBytes, firstRow: 0, firstColumn: 0 }
  const { jobsPerBatch } = context
  const counts = stagedCounts(context, work)
  const inMemory = isMemory(columns) && (!rows || isMemory(rows))
  if (blob && inMemory) yield* pieces(split(0, ks, jobsPerBatch).map((range) => ({ ...shared, range, source: whole })))
  else if (blob) {
    const gathered = perJob(context, params, ks, GATHER_BYTES / ((n - kp) * s))
    for (const range of ranges(0, ks, gathered)) yield { job: { ...shared, range, source: whole } }
  } else
    for (const range of ranges(0, ks, counts.columns)) {
      const place = staging.take()
      const source = { region: place, rowBytes: range.count * s, firstRow: 0, firstColumn: range.first }
      gatherColumns(params, input, range, place)
      yield { job: { ...shared, range, source }, done: () => staging.give(place) }
    }
  // Nothing stands in these jobs' way: `source` is for the columns of the blob itself.
  const others = inMemory && blob ? split(ks, n - ks, jobsPerBatch) : ranges(ks, n, counts.others)
  const nothing: MatrixPart = { region: shared.columnRoots, rowBytes: 0, firstRow: 0, firstColumn: 0 }
  for (const range of others) yield { job: { ...shared, range, source: nothing } }
}

/** Copies columns of the source matrix, row after row, zeros behind the blob's end. */
function gatherColumns(
  params: BlobParams,
  input: Uint8Array,
  { first, count }: { first: number; count: number },
  into: Uint8Array,
): void {
  const { primarySourceCount: kp, primarySliverBytes, symbolBytes: s } = params
  const length = count * s
  for (let row = 0; row < kp; row++) {
    const from = Math.min(input.length, row * primarySliverBytes + first * s)
    const have = Math.min(length, input.length - from)
    into.set(input.subarray(from, from + have), row * length)
    if (have < length) into.fill(0, row * length + have, (row + 1) * length)
  }
}

export function* encodePlan(context: PlanContext, shardCount: number, input: Uint8Array): Plan<EncodedBlob> {
  const params = blobParams(shardCount, input.length)
  const { encoding, file, free } = placeEncoding(context, params, input)
  let done = false
  try {
    const keep = file ? encoding.blob : undefined
    const identity = yield* encodeSteps(context, { params, input, keep, ...encoding })
    done = true
    return createEncodedBlob(identity, encoding, file, free, context.encodings)
  } finally {
    if (!done) free()
  }
}

/** Where an encoding goes, and how it is given back. */
interface PlacedEncoding {
  readonly encoding: Encoding
  readonly file: SpillFile | undefined
  free(): void
}

function placeEncoding(context: PlanContext, params: BlobParams, input: Uint8Array): PlacedEncoding {
  const { memory, encodings } = context
  const bytes = newBytes(params)
  const totalBytes = params.blobBytes + bytes.columns + bytes.rows
  const file = encodings?.place(totalBytes)
  if (file) {
    const columnsAt = params.blobBytes
    const encoding = {
      blob: file.region(0, params.blobBytes),
      columns: file.region(columnsAt, bytes.columns),
      rows: file.region(columnsAt + bytes.columns, bytes.rows),
    }
    return { encoding, file, free: () => file.close() }
  }
  // Filled while the rows are extended.
  const blob = isReachable(context, input) ? input : memory.allocate(input.length)
  const own = [memory.allocate(bytes.columns), memory.allocate(bytes.rows)] as const
  return {
    encoding: { blob, columns: own[0], rows: own[1] },
    file,
    free: blob === input ? freeMemory(context, totalBytes, own) : freeMemory(context, totalBytes, [blob, ...own]),
  }
}

/** Apart from the place where the input is known: a closure there would hold it for as long as the encoding lives. */
function freeMemory({ memory, encodings }: PlanContext, totalBytes: number, blocks: readonly Uint8Array[]): () => void {
  return () => {
    encodings?.forget(totalBytes)
    memory.release(...blocks)
  }
}

export function* identityPlan(context: PlanContext, shardCount: number, input: Uint8Array): Plan<BlobIdentity> {
  const params = blobParams(shardCount, input.length)
  const columns = context.memory.allocate(newBytes(params).columns)
  const blob = isReachable(context, input) ? input : undefined
  try {
    return yield* encodeSteps(context, { params, input, blob, keep: undefined, columns, rows: undefined })
  } finally {
    context.memory.release(columns)
  }
}
