/** Slivers → blob. Any kp primary or any ks secondary slivers suffice; where all systematic primary slivers are at hand
 *  the blob is their concatenation and nothing is decoded. Of a range only the rows are made that it lies in.
 *  @see reference/walrus-protocol.md §7.1, §7.2, §8 */

import { equalBytes } from '../base/bytes.ts'
import { copyBytes } from '../base/copy.ts'
import type { ByteRange, Consistency } from './api.ts'
import { metadataParams, sliverHashOf } from './blob-id.ts'
import { identityPlan } from './encoder.ts'
import { HASH_BYTES } from './engine.ts'
import { ErasureError } from './errors.ts'
import {
  type BlobMetadata,
  type BlobParams,
  type RowRange,
  rowsOfRange,
  type Sliver,
  type SliverAxis,
  sliverBytesOf,
  sourceCount,
} from './params.ts'
import { type Plan, type PlanContext, pieces, split } from './plan.ts'
import { assertSliverHash, assertSliverShape, rootsPlan } from './sliver-hash.ts'

/** `DecodeOptions` without the signal. */
interface DecodeChoices {
  readonly consistency?: Consistency
  readonly verified?: boolean
  readonly into?: Uint8Array
}

/** What one decoding works on. */
interface Decoding {
  readonly context: PlanContext
  readonly metadata: BlobMetadata
  readonly params: BlobParams
  readonly axis: SliverAxis
  readonly chosen: readonly Sliver[]
  readonly verified: boolean
  /** Rows of the source matrix that are made, and no others. */
  readonly rows: RowRange
  /** Those rows. */
  readonly matrix: Uint8Array
}

/** Blob bytes `range`, default all of them. */
export function* decodePlan(
  context: PlanContext,
  metadata: BlobMetadata,
  axis: SliverAxis,
  slivers: readonly Sliver[],
  options: DecodeChoices = {},
  range?: ByteRange,
): Plan<Uint8Array> {
  const { consistency = 'default', verified = false } = options
  const params = metadataParams(metadata)
  const { primarySourceCount, primarySliverBytes, blobBytes } = params
  const { from, to } = range ?? { from: 0, to: blobBytes }
  const inRange = range ? rowsOfRange(params, from, to) : { first: 0, count: primarySourceCount }
  // The strict check encodes the whole blob again.
  const rows = consistency === 'strict' ? { first: 0, count: primarySourceCount } : inRange
  const into = options.into ?? new Uint8Array(to - from)
  if (into.length !== to - from) throw new RangeError(`"into" expected ${to - from} bytes, got ${into.length}`)
  if (rows.count === 0) return into
  const chosen = chooseSlivers(params, axis, slivers, rows)
  const complete = axis === 'primary' && chosen.length === rows.count && chosen.every(({ index }) => isIn(rows, index))
  if (complete && verified && consistency !== 'strict') return concatenate(chosen, from, into)
  const { memory } = context
  const matrix = memory.allocate(rows.count * primarySliverBytes)
  const decoding: Decoding = { context, metadata, params, axis, chosen, verified, rows, matrix }
  try {
    if (complete) {
      // In order these are the rows: they are verified where they stand.
      placeSystematic(decoding)
      if (!verified) yield* verifyPlan(decoding, matrix)
    } else {
      yield* verifyAndRestorePlan(decoding)
      placeSystematic(decoding)
    }
    // Behind the blob's end is padding: what the slivers say there must not survive into the checks below.
    const firstByte = rows.first * primarySliverBytes
    matrix.fill(0, Math.max(0, blobBytes - firstByte))
    if (consistency === 'default') yield* checkRowsPlan(decoding)
    else if (consistency === 'strict') yield* checkAllPlan(decoding)
    // A copy: shared memory is not accepted everywhere, and this block goes back.
    copyBytes(into, 0, matrix, from - firstByte, to - from)
    return into
  } finally {
    memory.release(matrix)
  }
}

function isIn({ first, count }: RowRange, index: number): boolean {
  return index >= first && index < first + count
}

/** Systematic primary slivers, in order, are the blob: bytes from `from` on, as many as `into` takes. Whoever received
 *  them in their places in `into` pays nothing. */
function concatenate(chosen: readonly Sliver[], from: number, into: Uint8Array): Uint8Array {
  for (const { index, bytes } of chosen) {
    const at = index * bytes.length - from
    if (bytes.buffer === into.buffer && bytes.byteOffset === into.byteOffset + at) continue
    if (at < into.length) into.set(bytes.subarray(Math.max(0, -at), into.length - at), Math.max(0, at))
  }
  return into
}

/** @param joined - the chosen slivers one after the other */
function* verifyPlan({ context, metadata, params, axis, chosen }: Decoding, joined: Uint8Array): Plan<void> {
  const roots = yield* rootsPlan(context, params, axis, joined, chosen.length)
  for (const [p, { index }] of chosen.entries())
    assertSliverHash(metadata, axis, index, roots.subarray(p * HASH_BYTES, (p + 1) * HASH_BYTES))
}

function* verifyAndRestorePlan(decoding: Decoding): Plan<void> {
  const { context, params, axis, chosen, verified } = decoding
  const { memory } = context
  const joined = memory.allocate(chosen.length * sliverBytesOf(params, axis))
  try {
    for (const [p, sliver] of chosen.entries())
      copyBytes(joined, p * sliver.bytes.length, sliver.bytes, 0, sliver.bytes.length)
    if (!verified) yield* verifyPlan(decoding, joined)
    yield* restorePlan(decoding, joined)
  } finally {
    memory.release(joined)
  }
}

/** The slivers to work with, ascending: the rows themselves where all were given, otherwise the first k distinct ones,
 *  systematic ones first: fewer to restore. */
function chooseSlivers(params: BlobParams, axis: SliverAxis, slivers: readonly Sliver[], rows: RowRange): Sliver[] {
  const byIndex = new Map<number, Sliver>()
  for (const sliver of slivers) {
    assertSliverShape(params, axis, sliver)
    if (!byIndex.has(sliver.index)) byIndex.set(sliver.index, sliver)
  }
  const ascending = [...byIndex.values()].sort((a, b) => a.index - b.index)
  if (axis === 'primary') {
    const wanted = ascending.filter(({ index }) => isIn(rows, index))
    if (wanted.length === rows.count) return wanted
  }
  const needed = sourceCount(params, axis)
  if (ascending.length < needed)
    throw new ErasureError('ERASURE_NOT_ENOUGH', `${ascending.length} of ${needed} ${axis} slivers are not enough`, {
      axis,
      got: ascending.length,
      needed,
    })
  return ascending.slice(0, needed)
}

/** Copies what the chosen slivers say about the rows. */
function placeSystematic({ params, axis, chosen, rows, matrix }: Decoding): void {
  const { primarySliverBytes, symbolBytes: s } = params
  for (const { index, bytes } of chosen) {
    if (axis === 'primary') {
      if (isIn(rows, index)) copyBytes(matrix, (index - rows.first) * primarySliverBytes, bytes, 0, bytes.length)
    } else if (index < params.secondarySourceCount)
      for (let r = 0; r < rows.count; r++) {
        const row = rows.first + r
        copyBytes(matrix, r * primarySliverBytes + index * s, bytes, row * s, s)
      }
  }
}

/** Restores the rows that were not given, or the missing columns of the rows. */
function* restorePlan({ context, params, axis, chosen, rows, matrix }: Decoding, slivers: Uint8Array): Plan<void> {
  const present = chosen.map(({ index }) => index)
  const have = new Set(present)
  const window = axis === 'primary' ? rows : { first: 0, count: params.secondarySourceCount }
  const wanted = Array.from({ length: window.count }, (_, i) => window.first + i).filter((i) => !have.has(i))
  const codewords = axis === 'primary' ? { first: 0, count: params.secondarySourceCount } : rows
  const shared = { $kind: 'restore', params, axis, present, slivers, wanted, matrix, firstRow: rows.first } as const
  if (wanted.length > 0)
    yield pieces(split(codewords.first, codewords.count, context.jobsPerBatch).map((range) => ({ ...shared, range })))
}

/** The default consistency check: every row that was not given must hash to what the metadata names. */
function* checkRowsPlan({ context, metadata, params, axis, chosen, rows, matrix }: Decoding): Plan<void> {
  const { primarySliverBytes } = params
  const given = new Set(axis === 'primary' ? chosen.map(({ index }) => index) : [])
  const unseen = Array.from({ length: rows.count }, (_, r) => rows.first + r).filter((row) => !given.has(row))
  if (unseen.length === 0) return
  const { memory } = context
  const all = unseen.length === rows.count
  const joined = all ? matrix : memory.allocate(unseen.length * primarySliverBytes)
  try {
    if (!all)
      for (const [p, row] of unseen.entries()) {
        const from = (row - rows.first) * primarySliverBytes
        copyBytes(joined, p * primarySliverBytes, matrix, from, primarySliverBytes)
      }
    const roots = yield* rootsPlan(context, params, 'primary', joined, unseen.length)
    for (const [p, row] of unseen.entries())
      if (!equalBytes(roots.subarray(p * HASH_BYTES, (p + 1) * HASH_BYTES), sliverHashOf(metadata, 'primary', row)))
        throw new ErasureError('ERASURE_INCONSISTENT', 'the slivers do not belong to one correctly encoded blob', {
          row,
        })
  } finally {
    if (!all) memory.release(joined)
  }
}

/** The strict consistency check; the matrix is the whole blob. */
function* checkAllPlan({ context, metadata, params, matrix }: Decoding): Plan<void> {
  const blob = matrix.subarray(0, params.blobBytes)
  const { metadata: again } = yield* identityPlan(context, params.shardCount, blob)
  if (!equalBytes(again.pairHashes, metadata.pairHashes))
    throw new ErasureError('ERASURE_INCONSISTENT', 'the blob encodes to other slivers than its metadata names', {})
}
