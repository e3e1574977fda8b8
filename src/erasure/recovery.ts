/** One lost sliver from symbols of the other axis, and the symbols that a stored sliver gives.
 *
 *  Symbol i of the expanded column j is also symbol j of the expanded row i: so a lost row is decoded from one symbol
 *  of each of ks columns, by the code along rows. @see reference/walrus-protocol.md §7.3 */

import type { ProvenSymbol, SourceSymbol } from './api.ts'
import { metadataParams } from './blob-id.ts'
import { ErasureError } from './errors.ts'
import { type BlobMetadata, type Sliver, type SliverAxis, sliverBytesOf, sourceCount } from './params.ts'
import { type Plan, type PlanContext, pieces, sendable } from './plan.ts'
import { assertSliverHash, assertSliverShape, rootsPlan } from './sliver-hash.ts'

export function* recoverPlan(
  context: PlanContext,
  metadata: BlobMetadata,
  axis: SliverAxis,
  index: number,
  symbols: readonly SourceSymbol[],
): Plan<Sliver> {
  const params = metadataParams(metadata)
  const { shardCount, symbolBytes } = params
  if (!Number.isInteger(index) || index < 0 || index >= shardCount)
    throw new RangeError(`"index" expected 0..${shardCount - 1}, got ${index}`)
  const byIndex = new Map<number, Uint8Array>()
  for (const { sourceIndex, bytes } of symbols) {
    if (!Number.isInteger(sourceIndex) || sourceIndex < 0 || sourceIndex >= shardCount || bytes.length !== symbolBytes)
      throw new ErasureError('ERASURE_INPUT', 'a recovery symbol has a wrong index or size', {
        sourceIndex,
        bytes: bytes.length,
        expected: symbolBytes,
      })
    if (!byIndex.has(sourceIndex)) byIndex.set(sourceIndex, bytes)
  }
  const needed = sourceCount(params, axis === 'primary' ? 'secondary' : 'primary')
  if (byIndex.size < needed)
    throw new ErasureError('ERASURE_NOT_ENOUGH', `${byIndex.size} of ${needed} symbols are not enough`, {
      axis,
      index,
      got: byIndex.size,
      needed,
    })
  const present = [...byIndex.keys()].sort((a, b) => a - b).slice(0, needed)
  const { memory } = context
  const joined = memory.allocate(needed * symbolBytes)
  const bytes = memory.allocate(sliverBytesOf(params, axis))
  try {
    for (const [p, source] of present.entries()) joined.set(byIndex.get(source)!, p * symbolBytes)
    yield pieces([{ $kind: 'recover', params, axis, present, symbols: joined, sliver: bytes }])
    const root = yield* rootsPlan(context, params, axis, bytes, 1)
    assertSliverHash(metadata, axis, index, root)
    return { bytes: new Uint8Array(bytes), symbolBytes, index }
  } finally {
    memory.release(joined, bytes)
  }
}

export function* symbolsPlan(
  _context: PlanContext,
  metadata: BlobMetadata,
  sourceAxis: SliverAxis,
  source: Sliver,
  targets: readonly number[],
): Plan<ProvenSymbol[]> {
  const params = metadataParams(metadata)
  assertSliverShape(params, sourceAxis, source)
  for (const target of targets)
    if (!Number.isInteger(target) || target < 0 || target >= params.shardCount)
      throw new RangeError(`"targetIndexes" expected 0..${params.shardCount - 1}, got ${target}`)
  const { index } = source
  const sliver = sendable(source.bytes)
  const [symbols] = yield pieces([{ $kind: 'symbols', params, axis: sourceAxis, index, sliver, targets }])
  return symbols!
}
