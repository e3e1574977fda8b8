/** Blob → slivers, metadata, blob id.
 *
 *  1. Source rows are extended to n columns (secondary code). The systematic columns are the blob itself, so only the
 *     f new ones are kept: about half a blob.
 *  2. Columns, in blocks, are extended to n rows (primary code); every symbol is hashed while it is in cache. The new
 *     rows are kept (two blobs) unless only the id is wanted.
 *  3. Row trees over the leaf hashes; column trees were made in step 2.
 *  @see reference/walrus-protocol.md §3, §4 */

import type { BlobIdentity, EncodedBlob } from './api.ts'
import { blobIdOf, blobRootOf, pairHashesOf } from './blob-id.ts'
import { HASH_BYTES } from './engine.ts'
import { type BlobParams, blobParams, type Sliver, type SliverAxis } from './params.ts'
import { type Plan, type PlanContext, reachable, split } from './plan.ts'

/** Everything an encoded blob is made of. */
interface Encoding {
  readonly identity: BlobIdentity
  /** In memory that jobs can reach; the caller's own bytes if those are. */
  readonly blob: Uint8Array
  /** Columns ks..n-1. */
  readonly columns: Uint8Array
  /** Rows kp..n-1, unless only the id is wanted. */
  readonly rows: Uint8Array | undefined
}

function* encode(context: PlanContext, shardCount: number, input: Uint8Array, keepRows: boolean): Plan<Encoding> {
  const params = blobParams(shardCount, input.length)
  const { primarySourceCount: kp, secondarySourceCount: ks } = params
  const { jobsPerBatch, memory } = context
  const blob = reachable(context, input)
  const columns = memory.allocate((shardCount - ks) * params.secondarySliverBytes)
  const rows = keepRows ? memory.allocate((shardCount - kp) * params.primarySliverBytes) : undefined
  const leaves = memory.allocate(shardCount * shardCount * HASH_BYTES)
  const roots = memory.allocate(2 * shardCount * HASH_BYTES)
  const rowRoots = roots.subarray(0, shardCount * HASH_BYTES)
  const columnRoots = roots.subarray(shardCount * HASH_BYTES)
  let keep = false
  try {
    yield split(0, kp, jobsPerBatch).map((range) => ({ $kind: 'extend-rows', params, range, blob, columns }))
    const shared = { $kind: 'encode-columns', params, blob, columns, rows, leaves, columnRoots } as const
    yield [...split(0, ks, jobsPerBatch), ...split(ks, shardCount - ks, jobsPerBatch)].map((range) => ({
      ...shared,
      range,
    }))
    yield split(0, shardCount, jobsPerBatch).map((range) => ({ $kind: 'row-roots', params, range, leaves, rowRoots }))
    const pairHashes = pairHashesOf(shardCount, rowRoots, columnRoots)
    const rootHash = blobRootOf(pairHashes)
    const metadata = { blobBytes: input.length, shardCount, pairHashes }
    const blobId = blobIdOf(rootHash, input.length)
    keep = keepRows
    return { identity: { params, blobId, rootHash, metadata }, blob, columns, rows }
  } finally {
    memory.release(leaves, roots)
    if (!keep) memory.release(columns, rows, blob === input ? undefined : blob)
  }
}

export function* encodePlan(context: PlanContext, shardCount: number, blob: Uint8Array): Plan<EncodedBlob> {
  const encoding = yield* encode(context, shardCount, blob, true)
  const { params } = encoding.identity
  let released = false
  const sliver = (axis: SliverAxis, index: number): Sliver => {
    if (released) throw new TypeError('the encoded blob has been released')
    if (!Number.isInteger(index) || index < 0 || index >= params.shardCount)
      throw new RangeError(`"index" expected 0..${params.shardCount - 1}, got ${index}`)
    const bytes = axis === 'primary' ? primarySliver(params, encoding, index) : secondarySliver(params, encoding, index)
    return { bytes, symbolBytes: params.symbolBytes, index }
  }
  const release = () => {
    if (released) return
    released = true
    context.memory.release(encoding.columns, encoding.rows, encoding.blob === blob ? undefined : encoding.blob)
  }
  return {
    ...encoding.identity,
    sliver,
    pair: (pairIndex) => ({
      primary: sliver('primary', pairIndex),
      secondary: sliver('secondary', params.shardCount - 1 - pairIndex),
    }),
    release,
    [Symbol.dispose]: release,
  }
}

export function* identityPlan(context: PlanContext, shardCount: number, blob: Uint8Array): Plan<BlobIdentity> {
  return (yield* encode(context, shardCount, blob, false)).identity
}

function primarySliver(params: BlobParams, { blob, rows }: Encoding, index: number): Uint8Array {
  const { primarySliverBytes: length, primarySourceCount: kp } = params
  const bytes = new Uint8Array(length)
  if (index < kp) bytes.set(blob.subarray(index * length, (index + 1) * length))
  else bytes.set(rows!.subarray((index - kp) * length, (index - kp + 1) * length))
  return bytes
}

function secondarySliver(params: BlobParams, { blob, columns }: Encoding, index: number): Uint8Array {
  const { secondarySliverBytes: length, secondarySourceCount: ks, primarySliverBytes, symbolBytes } = params
  const bytes = new Uint8Array(length)
  if (index >= ks) bytes.set(columns.subarray((index - ks) * length, (index - ks + 1) * length))
  else
    for (let row = 0; row < params.primarySourceCount; row++) {
      const from = row * primarySliverBytes + index * symbolBytes
      if (from >= blob.length) break
      bytes.set(blob.subarray(from, from + symbolBytes), row * symbolBytes)
    }
  return bytes
}
