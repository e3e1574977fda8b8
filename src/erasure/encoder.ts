/** Blob → slivers, metadata, blob id.
 *
 *  1. Source rows are extended to n columns (secondary code). The systematic columns are the blob itself, so only the
 *     f new ones are kept: about half a blob.
 *  2. Columns, in blocks, are extended to n rows (primary code); every symbol is hashed while it is in cache. The new
 *     rows are kept (two blobs) unless only the id is wanted.
 *  3. Row trees over the nodes of column groups (`row-groups.ts`); column trees were made in step 2.
 *
 *  For an id alone, new columns are void once they are hashed. Where half a blob of them would be too much beside what
 *  does not depend on the blob, steps 1 and 2 are done for some of them after the others.
 *
 *  What is kept stays in memory or, for large blobs, goes to a file, so that memory does not grow with the blob.
 *  @see reference/walrus-protocol.md §3, §4 */

import { copyBytes } from '../base/copy.ts'
import type { BlobIdentity, EncodedBlob, EncodeOptions } from './api.ts'
import { blobIdOf, pairHashesOf } from './blob-id.ts'
import { codewordsPerBlock, type Range } from './blocks.ts'
import { codeOfAxis } from './code.ts'
import type { EncodeColumnsJob, MatrixPart, NewColumns } from './encode-jobs.ts'
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
import { groupBytes, groupColumns, groupRanges } from './row-groups.ts'

/** Bytes copied for one job: enough to hide the hand-over, few enough for some of them to be in flight. */
const STAGE_BYTES = 2 ** 20
/** The same where a job writes to files: the more rows it has, the longer are the pieces. */
const FILE_STAGE_BYTES = 4 * 2 ** 20
/** Tables and small things in the memory of an engine. */
const ENGINE_BYTES = 2 ** 20
/** Bytes that a job gathers before it writes them to a file: some twenty thousand per row at 1000 shards. */
const GATHER_BYTES = 16 * 2 ** 20

/** Of the blob, beside it: what an id is to take at most, less than the promised 0.6 for what is not counted. */
const IDENTITY_SHARE = 0.58
/** Another pass over the rows takes 3 % longer. This little memory, and this many passes, are not worth more. */
const MIN_PASS_BYTES = 8 * 2 ** 20
const MAX_PASSES = 4

/** What the steps share. */
interface Work {
  readonly params: BlobParams
  readonly input: Uint8Array
  /** The blob where jobs can read all of it, or nothing: then rows and columns are brought to them in pieces. Memory other
   *  than the input gets its bytes from it row by row. */
  readonly blob: Region | undefined
  /** Where the blob's rows are copied to on the way; nowhere if `blob` is complete. */
  readonly keep: Region | undefined
  /** Takes the new columns of a pass. */
  readonly columns: Region
  /** New columns of a pass, a multiple of a group; n or more for all of them at once. */
  readonly passColumns: number
  readonly rows: Region | undefined
  readonly counts: JobCounts
}

/** The systematic rows are part of no new bytes: f columns and n - kp rows. */
function newBytes(params: BlobParams): { columns: number; rows: number } {
  const { shardCount: n, primarySourceCount: kp, secondarySourceCount: ks } = params
  return { columns: (n - ks) * params.secondarySliverBytes, rows: (n - kp) * params.primarySliverBytes }
}

function* encodeSteps(context: PlanContext, work: Work): Plan<BlobIdentity> {
  const { memory, jobsPerBatch } = context
  const { params, rows, counts } = work
  const { shardCount: n } = params
  const bytes = groupBytes(params, counts.group)
  const [nodes, seam, hashes] = [bytes.nodes, bytes.seam, (4 * n + 1) * HASH_BYTES].map((b) => memory.allocate(b))
  const groups = { columns: counts.group, nodes: nodes!, seam: seam! }
  const rowRoots = hashes!.subarray(0, n * HASH_BYTES)
  const columnRoots = hashes!.subarray(n * HASH_BYTES, 2 * n * HASH_BYTES)
  const staging = createStaging(context, stagedBytes(params, counts))
  try {
    for (const range of passRanges(work)) {
      const columns = { range, region: work.columns }
      yield extendRowsPieces(context, work, staging, columns)
      const shared = { $kind: 'encode-columns', params, columns, rows, groups, columnRoots } as const
      yield columnPieces(work, staging, shared)
    }
    yield pieces(split(0, n, jobsPerBatch).map((range) => ({ $kind: 'row-roots', params, range, groups, rowRoots })))
    const pairHashes = pairHashesOf(n, rowRoots, columnRoots)
    const pairs = hashes!.subarray(2 * n * HASH_BYTES, 4 * n * HASH_BYTES)
    pairs.set(pairHashes)
    const root = hashes!.subarray(4 * n * HASH_BYTES)
    yield pieces([{ $kind: 'blob-root', pairHashes: pairs, root }])
    const rootHash = root.slice()
    const metadata = { blobBytes: params.blobBytes, shardCount: n, pairHashes }
    return { params, blobId: blobIdOf(rootHash, params.blobBytes), rootHash, metadata }
  } finally {
    staging.release()
    memory.release(nodes, seam, hashes)
  }
}

/** How many of `total` rows or columns one job takes: no more than `most`, enough jobs to share out, and multiples of a
 *  block, so that none is short. */
function perJob({ jobsPerBatch }: PlanContext, { symbolBytes }: BlobParams, total: number, most: number): number {
  const block = codewordsPerBlock(symbolBytes)
  const shared = Math.min(Math.max(1, Math.floor(most)), Math.ceil(total / jobsPerBatch / block) * block)
  return shared < block ? shared : shared - (shared % block)
}

/** How the work is cut. */
interface JobCounts {
  /** Rows of one job where their bytes are brought to it. */
  readonly rows: number
  /** Columns of the blob, and new ones, of one job: multiples of `group`. */
  readonly columns: number
  readonly others: number
  readonly group: number
}

/** @param place - of what jobs read and write: `staged` if the blob is brought to them in pieces */
function jobCounts(context: PlanContext, params: BlobParams, place: 'memory' | 'file' | 'staged'): JobCounts {
  const { jobsPerBatch, jobsInFlight } = context
  const { shardCount: n, primarySourceCount: kp, secondarySourceCount: ks, symbolBytes: s } = params
  const { primarySliverBytes, secondarySliverBytes } = params
  const atHand = place === 'file' ? FILE_STAGE_BYTES : STAGE_BYTES
  let most = { columns: n, others: n }
  if (place === 'file') most = { columns: GATHER_BYTES / ((n - kp) * s), others: atHand / secondarySliverBytes }
  else if (place === 'staged') {
    // Where columns of the jobs in flight and nodes of all groups take the least together.
    const best = Math.sqrt((n * n * HASH_BYTES) / (jobsInFlight * secondarySliverBytes))
    most = { columns: best, others: best }
  }
  const columns = Math.min(Math.ceil(ks / jobsPerBatch), Math.floor(most.columns))
  const others = Math.min(Math.ceil((n - ks) / jobsPerBatch), Math.floor(most.others))
  const group = groupColumns(params, Math.min(columns, others))
  const multiple = (count: number) => Math.max(group, count - (count % group))
  const rows = perJob(context, params, kp, atHand / primarySliverBytes)
  return { rows, columns: multiple(columns), others: multiple(others), group }
}

/** A job's input, where it cannot have all of the blob at hand. */
function stagedBytes({ primarySliverBytes, secondarySliverBytes }: BlobParams, { rows, columns }: JobCounts): number {
  return Math.max(rows * primarySliverBytes, columns * secondarySliverBytes)
}

/** New columns that an id is to have in memory at a time. */
function passColumns(context: PlanContext, params: BlobParams, blob: Region | undefined, counts: JobCounts): number {
  const { shardCount: n, secondarySourceCount: ks, symbolBytes: s, blobBytes } = params
  const { jobsInFlight } = context
  const { nodes, seam } = groupBytes(params, counts.group)
  const stripeBytes = codewordsPerBlock(s) * s * (n + 2 * codeOfAxis(params, 'secondary').chunk)
  const besides =
    nodes +
    seam +
    (blob ? 0 : jobsInFlight * stagedBytes(params, counts)) +
    Math.max(1, jobsInFlight - 1) * (stripeBytes + counts.columns * n * HASH_BYTES + ENGINE_BYTES)
  const { columns } = newBytes(params)
  const most = Math.max(IDENTITY_SHARE * blobBytes - besides, MIN_PASS_BYTES)
  const passes = Math.min(MAX_PASSES, Math.ceil(columns / most))
  return Math.ceil((n - ks + (ks % counts.group)) / passes / counts.group) * counts.group
}

/** New columns, pass by pass: whole groups but for the first and the last. */
function* passRanges({ params, counts, passColumns }: Work): Iterable<Range> {
  const { shardCount: n, secondarySourceCount: ks } = params
  const firstGroup = ks - (ks % counts.group)
  for (const { first, count } of ranges(firstGroup, n, passColumns)) {
    const from = Math.max(ks, first)
    yield { first: from, count: first + count - from }
  }
}

function* ranges(first: number, end: number, step: number): Iterable<Range> {
  for (let at = first; at < end; at += step) yield { first: at, count: Math.min(step, end - at) }
}

function* extendRowsPieces(context: PlanContext, work: Work, staging: Staging, columns: NewColumns): Iterable<Piece> {
  const { params, input, blob, keep, counts } = work
  const { primarySourceCount: kp, primarySliverBytes: rowBytes } = params
  if (blob && isMemory(blob) && !keep) {
    const source: MatrixPart = { region: blob, rowBytes, firstRow: 0, firstColumn: 0 }
    for (const range of split(0, kp, context.jobsPerBatch)) {
      // Just before it is needed: meanwhile the threads work on what came before.
      if (blob !== input) {
        const from = Math.min(input.length, range.first * rowBytes)
        copyBytes(blob, from, input, from, Math.min(input.length, from + range.count * rowBytes) - from)
      }
      yield { job: { $kind: 'extend-rows', params, range, source, columns } }
    }
    return
  }
  for (const range of ranges(0, kp, counts.rows)) {
    const place = staging.take()
    const from = Math.min(input.length, range.first * rowBytes)
    const bytes = input.subarray(from, Math.min(input.length, from + range.count * rowBytes))
    copyBytes(place, 0, bytes, 0, bytes.length)
    const source = { region: place.subarray(0, bytes.length), rowBytes, firstRow: range.first, firstColumn: 0 }
    const job = { $kind: 'extend-rows', params, range, source, columns, ...(keep ? { keep } : {}) } as const
    yield { job, done: () => staging.give(place) }
  }
}

type ColumnsShared = Omit<EncodeColumnsJob, 'range' | 'source'>

/** New columns of this pass, and the blob's own in the last one. */
function* columnPieces(work: Work, staging: Staging, shared: ColumnsShared): Iterable<Piece> {
  const { params, input, blob, counts } = work
  const { shardCount: n, secondarySourceCount: ks, symbolBytes: s } = params
  const { range: fresh } = shared.columns
  const end = fresh.first + fresh.count
  if (end === n && blob) {
    const source: MatrixPart = { region: blob, rowBytes: params.primarySliverBytes, firstRow: 0, firstColumn: 0 }
    for (const range of groupRanges(0, ks, counts.columns)) yield { job: { ...shared, range, source } }
  } else if (end === n)
    for (const range of groupRanges(0, ks, counts.columns)) {
      const place = staging.take()
      const source = { region: place, rowBytes: range.count * s, firstRow: 0, firstColumn: range.first }
      gatherColumns(params, input, range, place)
      yield { job: { ...shared, range, source }, done: () => staging.give(place) }
    }
  // Nothing stands in these jobs' way: `source` is for the columns of the blob itself.
  const nothing: MatrixPart = { region: shared.columnRoots, rowBytes: 0, firstRow: 0, firstColumn: 0 }
  for (const range of groupRanges(fresh.first, end, counts.others)) yield { job: { ...shared, range, source: nothing } }
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
    copyBytes(into, row * length, input, from, have)
    if (have < length) into.fill(0, row * length + have, (row + 1) * length)
  }
}

/** What of `EncodeOptions` says where the encoded blob is kept. */
type KeepOptions = Pick<EncodeOptions, 'takes' | 'memoryBytes'>

export function* encodePlan(
  context: PlanContext,
  shardCount: number,
  input: Uint8Array,
  options: KeepOptions = {},
): Plan<EncodedBlob> {
  let free = () => {
    if (options.takes) context.memory.release(input)
  }
  let done = false
  try {
    const params = blobParams(shardCount, input.length)
    const placed = placeEncoding(context, params, input, options)
    const { encoding, file } = placed
    free = placed.free
    const keep = isMemory(encoding.blob) ? undefined : encoding.blob
    const counts = jobCounts(context, params, file ? 'file' : 'memory')
    const identity = yield* encodeSteps(context, { params, input, keep, counts, passColumns: shardCount, ...encoding })
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

function placeEncoding(
  context: PlanContext,
  params: BlobParams,
  input: Uint8Array,
  { takes = false, memoryBytes }: KeepOptions,
): PlacedEncoding {
  const { memory, encodings } = context
  const bytes = newBytes(params)
  // Read as it is, the input takes no memory of ours.
  const asItIs = isReachable(context, input)
  const parts = [asItIs ? 0 : params.blobBytes, bytes.columns, bytes.rows]
  // Or else it is part of what is kept.
  const takenBytes = asItIs && takes ? input.length : 0
  const { inMemory, file } = encodings?.place(parts, takenBytes, memoryBytes) ?? {
    inMemory: parts.length,
    file: undefined,
  }
  const own: Uint8Array[] = takes ? [input] : []
  let fileAt = 0
  const put = (part: number): Region => {
    const length = parts[part]!
    if (part < inMemory) {
      own.push(memory.allocate(length))
      return own.at(-1)!
    }
    fileAt += length
    return file!.region(fileAt - length, length)
  }
  // Memory for the blob is filled while the rows are extended.
  const encoding = { blob: asItIs ? input : put(0), columns: put(1), rows: put(2) }
  const keptBytes = takenBytes + parts.slice(0, inMemory).reduce((sum, length) => sum + length, 0)
  return { encoding, file, free: freeEncoding(context, keptBytes, own, file) }
}

/** Apart from the place where the input is known: a closure there would hold it for as long as the encoding lives. */
function freeEncoding(
  { memory, encodings }: PlanContext,
  keptBytes: number,
  blocks: readonly Uint8Array[],
  file: SpillFile | undefined,
): () => void {
  return () => {
    file?.close()
    encodings?.forget(keptBytes)
    memory.release(...blocks)
  }
}

export function* identityPlan(context: PlanContext, shardCount: number, input: Uint8Array): Plan<BlobIdentity> {
  const params = blobParams(shardCount, input.length)
  const blob = isReachable(context, input) ? input : undefined
  const counts = jobCounts(context, params, blob ? 'memory' : 'staged')
  const perPass = passColumns(context, params, blob, counts)
  const fresh = Math.min(perPass, shardCount - params.secondarySourceCount)
  const columns = context.memory.allocate(fresh * params.secondarySliverBytes)
  const work = { params, input, blob, keep: undefined, columns, passColumns: perPass, rows: undefined, counts }
  try {
    return yield* encodeSteps(context, work)
  } finally {
    context.memory.release(columns)
  }
}
