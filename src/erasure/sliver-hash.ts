/** Slivers against metadata. A sliver's hash covers all n symbols of its expanded row or column, so checking one means
 *  extending it first. @see reference/walrus-protocol.md §4, §5.2 */

import { equalBytes, toHex } from '../base/bytes.ts'
import { copyBytes } from '../base/copy.ts'
import { metadataParams, sliverHashOf } from './blob-id.ts'
import { HASH_BYTES } from './engine.ts'
import { ErasureError } from './errors.ts'
import { type BlobMetadata, type BlobParams, type Sliver, type SliverAxis, sliverBytesOf } from './params.ts'
import { isReachable, type Plan, type PlanContext, pieces, split } from './plan.ts'

/** @throws {ErasureError} ERASURE_SLIVER_SHAPE, naming what is wrong in `data.fault` */
export function assertSliverShape(params: BlobParams, axis: SliverAxis, sliver: Sliver): void {
  const expected = { symbolBytes: params.symbolBytes, bytes: sliverBytesOf(params, axis) }
  const { index, symbolBytes, bytes } = sliver
  const fault =
    !Number.isInteger(index) || index < 0 || index >= params.shardCount
      ? 'index'
      : symbolBytes !== expected.symbolBytes
        ? 'symbol size'
        : bytes.length !== expected.bytes
          ? 'length'
          : undefined
  if (fault)
    throw new ErasureError('ERASURE_SLIVER_SHAPE', `the ${axis} sliver has a wrong ${fault}`, {
      fault,
      axis,
      index,
      symbolBytes,
      bytes: bytes.length,
      expected,
    })
}

/** @throws {ErasureError} ERASURE_SLIVER_MISMATCH if the root is not the one in the metadata */
export function assertSliverHash(metadata: BlobMetadata, axis: SliverAxis, index: number, root: Uint8Array): void {
  const expected = sliverHashOf(metadata, axis, index)
  if (!equalBytes(root, expected))
    throw new ErasureError('ERASURE_SLIVER_MISMATCH', `${axis} sliver ${index} is not the one of this blob`, {
      axis,
      index,
      expected: toHex(expected),
      got: toHex(root),
    })
}

/** Roots, 32 bytes each, of slivers that stand one after the other in `slivers`. */
export function* rootsPlan(
  context: PlanContext,
  params: BlobParams,
  axis: SliverAxis,
  slivers: Uint8Array,
  count: number,
): Plan<Uint8Array> {
  const { memory, jobsPerBatch } = context
  const roots = memory.allocate(count * HASH_BYTES)
  try {
    const shared = { $kind: 'hash-slivers', params, axis, slivers, roots } as const
    yield pieces(split(0, count, jobsPerBatch).map((range) => ({ ...shared, range })))
    return roots.slice()
  } finally {
    memory.release(roots)
  }
}

export function* verifySliverPlan(
  context: PlanContext,
  metadata: BlobMetadata,
  axis: SliverAxis,
  sliver: Sliver,
): Plan<void> {
  const params = metadataParams(metadata)
  assertSliverShape(params, axis, sliver)
  const { bytes } = sliver
  // Memory that is used again: sent as a message, each sliver would leave three copies behind, and the garbage of some hundred
  // of them is collected every few milliseconds.
  const place = isReachable(context, bytes) ? undefined : context.memory.allocate(bytes.length)
  if (place) copyBytes(place, 0, bytes, 0, bytes.length)
  try {
    const root = yield* rootsPlan(context, params, axis, place ?? bytes, 1)
    assertSliverHash(metadata, axis, sliver.index, root)
  } finally {
    context.memory.release(place)
  }
}
