/** Slivers → blob. Any kp primary or any ks secondary slivers suffice; where all systematic primary slivers are at hand
 *  the blob is their concatenation and nothing is decoded. @see reference/walrus-protocol.md §7.1, §7.2 */

import { equalBytes } from '../base/bytes.ts'
import type { Consistency } from './api.ts'
import { metadataParams, sliverHashOf } from './blob-id.ts'
import { identityPlan } from './encoder.ts'
import { HASH_BYTES } from './engine.ts'
import { ErasureError } from './errors.ts'
import {
  type BlobMetadata,
  type BlobParams,
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

export function* decodePlan(
  context: PlanContext,
  metadata: BlobMetadata,
  axis: SliverAxis,
  slivers: readonly Sliver[],
  options: DecodeChoices = {},
): Plan<Uint8Array> {
  const { consistency = 'default', verified = false, into } = options
  const params = metadataParams(metadata)
  if (into && into.length !== params.blobBytes)
    throw new RangeError(`"into" expected ${params.blobBytes} bytes, got ${into.length}`)
  const chosen = chooseSlivers(params, axis, slivers)
  const allSystematic = axis === 'primary' && chosen.every(({ index }) => index < params.primarySourceCount)
  if (allSystematic && verified && consistency !== 'strict')
    return concatenate(chosen, into ?? new Uint8Array(params.blobBytes))
  const { memory } = context
  const matrix = memory.allocate(params.primarySourceCount * params.primarySliverBytes)
  try {
    if (allSystematic) {
      // In order these are the matrix: they are verified where they stand.
      placeSystematic(params, axis, chosen, matrix)
      if (!verified) yield* verifyPlan(context, metadata, params, axis, chosen, matrix)
    } else {
      yield* verifyAndRestorePlan(context, metadata, params, axis, chosen, matrix, verified)
      placeSystematic(params, axis, chosen, matrix)
    }
    // Behind the blob's end is padding: what the slivers say there must not survive into the checks below.
    matrix.fill(0, params.blobBytes)
    const blob = matrix.subarray(0, params.blobBytes)
    if (consistency === 'default') {
      const given = axis === 'primary' ? chosen.map(({ index }) => index) : []
      yield* checkRowsPlan(context, metadata, params, matrix, new Set(given))
    } else if (consistency === 'strict') {
      const { metadata: again } = yield* identityPlan(context, params.shardCount, blob)
      if (!equalBytes(again.pairHashes, metadata.pairHashes))
        throw new ErasureError('ERASURE_INCONSISTENT', 'the blob encodes to other slivers than its metadata names', {})
    }
    // Shared memory is not accepted everywhere, and this block goes back: the result is the caller's own.
    if (!into) return new Uint8Array(blob)
    into.set(blob)
    return into
  } finally {
    memory.release(matrix)
  }
}

/** Systematic primary slivers, in order, are the blob. */
function concatenate(chosen: readonly Sliver[], into: Uint8Array): Uint8Array {
  for (const { index, bytes } of chosen) {
    const from = index * bytes.length
    if (from < into.length) into.set(bytes.subarray(0, Math.min(bytes.length, into.length - from)), from)
  }
  return into
}

/** @param joined - the chosen slivers one after the other */
function* verifyPlan(
  context: PlanContext,
  metadata: BlobMetadata,
  params: BlobParams,
  axis: SliverAxis,
  chosen: readonly Sliver[],
  joined: Uint8Array,
): Plan<void> {
  const roots = yield* rootsPlan(context, params, axis, joined, chosen.length)
  for (const [p, { index }] of chosen.entries())
    assertSliverHash(metadata, axis, index, roots.subarray(p * HASH_BYTES, (p + 1) * HASH_BYTES))
}

function* verifyAndRestorePlan(
  context: PlanContext,
  metadata: BlobMetadata,
  params: BlobParams,
  axis: SliverAxis,
  chosen: readonly Sliver[],
  matrix: Uint8Array,
  verified: boolean,
): Plan<void> {
  const { memory } = context
  const joined = memory.allocate(chosen.length * sliverBytesOf(params, axis))
  try {
    for (const [p, sliver] of chosen.entries()) joined.set(sliver.bytes, p * sliver.bytes.length)
    if (!verified) yield* verifyPlan(context, metadata, params, axis, chosen, joined)
    yield* restorePlan(context, params, axis, chosen, joined, matrix)
  } finally {
    memory.release(joined)
  }
}

/** The first k distinct slivers, systematic ones first: fewer to restore. */
function chooseSlivers(params: BlobParams, axis: SliverAxis, slivers: readonly Sliver[]): Sliver[] {
  const byIndex = new Map<number, Sliver>()
  for (const sliver of slivers) {
    assertSliverShape(params, axis, sliver)
    if (!byIndex.has(sliver.index)) byIndex.set(sliver.index, sliver)
  }
  const needed = sourceCount(params, axis)
  if (byIndex.size < needed)
    throw new ErasureError('ERASURE_NOT_ENOUGH', `${byIndex.size} of ${needed} ${axis} slivers are not enough`, {
      axis,
      got: byIndex.size,
      needed,
    })
  return [...byIndex.values()].sort((a, b) => a.index - b.index).slice(0, needed)
}

function placeSystematic(params: BlobParams, axis: SliverAxis, chosen: readonly Sliver[], matrix: Uint8Array): void {
  const { primarySliverBytes, symbolBytes: s } = params
  for (const { index, bytes } of chosen) {
    if (index >= sourceCount(params, axis)) continue
    if (axis === 'primary') matrix.set(bytes, index * primarySliverBytes)
    else
      for (let row = 0; row < params.primarySourceCount; row++)
        matrix.set(bytes.subarray(row * s, (row + 1) * s), row * primarySliverBytes + index * s)
  }
}

/** Restores the rows or columns of the source matrix that were not given. */
function* restorePlan(
  context: PlanContext,
  params: BlobParams,
  axis: SliverAxis,
  chosen: readonly Sliver[],
  slivers: Uint8Array,
  matrix: Uint8Array,
): Plan<void> {
  const present = chosen.map(({ index }) => index)
  const have = new Set(present)
  const wanted = Array.from({ length: sourceCount(params, axis) }, (_, i) => i).filter((i) => !have.has(i))
  const codewords = sourceCount(params, axis === 'primary' ? 'secondary' : 'primary')
  const shared = { $kind: 'restore', params, axis, present, slivers, wanted, matrix } as const
  if (wanted.length > 0) yield pieces(split(0, codewords, context.jobsPerBatch).map((range) => ({ ...shared, range })))
}

/** The default consistency check: every systematic row that was not given must hash to what the metadata names. */
function* checkRowsPlan(
  context: PlanContext,
  metadata: BlobMetadata,
  params: BlobParams,
  matrix: Uint8Array,
  given: ReadonlySet<number>,
): Plan<void> {
  const { primarySliverBytes } = params
  const rows = Array.from({ length: params.primarySourceCount }, (_, i) => i).filter((row) => !given.has(row))
  if (rows.length === 0) return
  const { memory } = context
  const all = rows.length === params.primarySourceCount
  const unseen = all ? matrix : memory.allocate(rows.length * primarySliverBytes)
  try {
    if (!all)
      for (const [p, row] of rows.entries())
        unseen.set(matrix.subarray(row * primarySliverBytes, (row + 1) * primarySliverBytes), p * primarySliverBytes)
    const roots = yield* rootsPlan(context, params, 'primary', unseen, rows.length)
    for (const [p, row] of rows.entries())
      if (!equalBytes(roots.subarray(p * HASH_BYTES, (p + 1) * HASH_BYTES), sliverHashOf(metadata, 'primary', row)))
        throw new ErasureError('ERASURE_INCONSISTENT', 'the slivers do not belong to one correctly encoded blob', {
          row,
        })
  } finally {
    if (!all) memory.release(unseen)
  }
}
