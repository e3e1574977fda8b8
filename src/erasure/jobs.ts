/** Pieces of work that one engine does at a time, on whatever thread it lives. A job names the bytes it reads and the
 *  bytes it writes; on a pool these are shared memory, and no two jobs of a batch write the same bytes.
 *
 *  Jobs cover ranges of rows or columns; inside, they go in blocks whose vectors stay in cache. */

import { copyBytes } from '../base/copy.ts'
import type { ProvenSymbol } from './api.ts'
import { codewordsPerBlock, copyPadded, inBlocks, type Range } from './blocks.ts'
import { codeOfAxis } from './code.ts'
import { type EncodeColumnsJob, type ExtendRowsJob, encodeColumns, extendRows } from './encode-jobs.ts'
import { type Engine, HASH_BYTES } from './engine.ts'
import { type BlobParams, type SliverAxis, sliverBytesOf, sourceCount } from './params.ts'
import type { JobTools } from './region.ts'
import { type RowRootsJob, rowRoots } from './row-groups.ts'
import { merkleProofs } from './tree.ts'

/** Roots of slivers that stand one after the other in `slivers`, into `roots`. */
export interface HashSliversJob {
  readonly $kind: 'hash-slivers'
  readonly params: BlobParams
  readonly axis: SliverAxis
  readonly slivers: Uint8Array
  /** Which of them. */
  readonly range: Range
  readonly roots: Uint8Array
}

/** Restores missing source rows (primary) or columns (secondary) of the matrix from k slivers. */
export interface RestoreJob {
  readonly $kind: 'restore'
  readonly params: BlobParams
  readonly axis: SliverAxis
  /** Sliver indexes, and their bytes one after the other. */
  readonly present: readonly number[]
  readonly slivers: Uint8Array
  readonly wanted: readonly number[]
  /** Codewords: columns on the primary axis, rows on the secondary. */
  readonly range: Range
  /** Rows of the source matrix from `firstRow` on. */
  readonly matrix: Uint8Array
  readonly firstRow: number
}

/** Restores one sliver from symbols, one after the other in `symbols`, of slivers of the other axis. */
export interface RecoverJob {
  readonly $kind: 'recover'
  readonly params: BlobParams
  readonly axis: SliverAxis
  readonly present: readonly number[]
  readonly symbols: Uint8Array
  readonly sliver: Uint8Array
}

/** Symbols of one sliver towards slivers of the other axis, with proofs; the result of the job. */
export interface SymbolsJob {
  readonly $kind: 'symbols'
  readonly params: BlobParams
  readonly axis: SliverAxis
  readonly index: number
  readonly sliver: Uint8Array
  readonly targets: readonly number[]
}

/** The root over all pairs, 32 bytes. */
export interface BlobRootJob {
  readonly $kind: 'blob-root'
  /** 64 bytes per pair. */
  readonly pairHashes: Uint8Array
  readonly root: Uint8Array
}

export type Job =
  | ExtendRowsJob
  | EncodeColumnsJob
  | RowRootsJob
  | BlobRootJob
  | HashSliversJob
  | RestoreJob
  | RecoverJob
  | SymbolsJob

export type JobResult = undefined | ProvenSymbol[]

/** Restoring scales every vector by a factor of its own, whose table is made anew for each block: longer ones pay. */
const RESTORE_VECTOR_TARGET_BYTES = 8192

export function runJob(engine: Engine, job: Job, tools: JobTools): JobResult {
  switch (job.$kind) {
    case 'extend-rows':
      return extendRows(engine, tools, job)
    case 'encode-columns':
      return encodeColumns(engine, tools, job)
    case 'row-roots':
      return rowRoots(engine, job)
    case 'blob-root':
      return blobRoot(engine, job)
    case 'hash-slivers':
      return hashSlivers(engine, job)
    case 'restore':
      return restore(engine, job)
    case 'recover':
      return recover(engine, job)
    case 'symbols':
      return symbols(engine, job)
  }
}

/** Root over the pair leaves. */
function blobRoot(engine: Engine, { pairHashes, root }: BlobRootJob): undefined {
  const pairBytes = 2 * HASH_BYTES
  const pairs = pairHashes.length / pairBytes
  const input = engine.reserve(pairHashes.length + (pairs + 1) * HASH_BYTES)
  const leaves = { offset: input + pairHashes.length, positionStride: HASH_BYTES, codewordStride: 0 }
  const out = leaves.offset + pairs * HASH_BYTES
  engine.memory.set(pairHashes, input)
  const symbols = { offset: input, positionStride: pairBytes, codewordStride: 0 }
  engine.hashLeaves({ symbolBytes: pairBytes, codewords: 1 }, pairs, symbols, leaves)
  engine.merkleRoots(pairs, 1, leaves, out)
  root.set(engine.memory.subarray(out, out + HASH_BYTES))
  return undefined
}

/** Extends `count` slivers that stand at `input` to n symbols each, hashes them, and returns where things are. */
function extendSlivers(engine: Engine, params: BlobParams, axis: SliverAxis, count: number, input: number) {
  const { shardCount: n, symbolBytes: s } = params
  const other = axis === 'primary' ? 'secondary' : 'primary'
  const sourceSymbols = sourceCount(params, other)
  const sliverBytes = sliverBytesOf(params, axis)
  const block = { symbolBytes: s, codewords: count }
  const originals = { offset: input, positionStride: s, codewordStride: sliverBytes }
  const recoveryBytes = (n - sourceSymbols) * s
  const recovery = { offset: input + count * sliverBytes, positionStride: s, codewordStride: recoveryBytes }
  engine.extend(codeOfAxis(params, other), block, originals, recovery)
  const leaves = { offset: input + count * n * s, positionStride: HASH_BYTES, codewordStride: n * HASH_BYTES }
  engine.hashLeaves(block, sourceSymbols, originals, leaves)
  const behind = { ...leaves, offset: leaves.offset + sourceSymbols * HASH_BYTES }
  engine.hashLeaves(block, n - sourceSymbols, recovery, behind)
  return { originals, recovery, leaves, sourceSymbols }
}

function hashSlivers(engine: Engine, { params, axis, slivers, range, roots }: HashSliversJob): undefined {
  const { shardCount: n, symbolBytes: s } = params
  const sliverBytes = sliverBytesOf(params, axis)
  inBlocks(range, codewordsPerBlock(s), (first, count) => {
    const input = engine.reserve(count * n * (s + HASH_BYTES) + count * HASH_BYTES)
    copyPadded(engine.memory, input, slivers, first * sliverBytes, count * sliverBytes)
    const { leaves } = extendSlivers(engine, params, axis, count, input)
    const out = leaves.offset + count * leaves.codewordStride
    engine.merkleRoots(n, count, leaves, out)
    roots.set(engine.memory.subarray(out, out + count * HASH_BYTES), first * HASH_BYTES)
  })
  return undefined
}

function restore(engine: Engine, job: RestoreJob): undefined {
  const { params, axis, present, slivers, wanted, range, matrix, firstRow } = job
  const { symbolBytes: s, primarySliverBytes } = params
  const code = codeOfAxis(params, axis)
  const sliverBytes = sliverBytesOf(params, axis)
  inBlocks(range, codewordsPerBlock(s, RESTORE_VECTOR_TARGET_BYTES), (first, count) => {
    const vectorBytes = count * s
    const input = engine.reserve((present.length + wanted.length) * vectorBytes)
    const output = input + present.length * vectorBytes
    for (let p = 0; p < present.length; p++) {
      const from = p * sliverBytes + first * s
      copyBytes(engine.memory, input + p * vectorBytes, slivers, from, vectorBytes)
    }
    const grid = { positionStride: vectorBytes, codewordStride: s }
    const given = { offset: input, ...grid }
    engine.restore(code, { symbolBytes: s, codewords: count }, present, given, wanted, { offset: output, ...grid })
    const { memory } = engine
    for (const [p, index] of wanted.entries()) {
      const from = output + p * vectorBytes
      if (axis === 'primary') {
        copyBytes(matrix, (index - firstRow) * primarySliverBytes + first * s, memory, from, vectorBytes)
        continue
      }
      for (let w = 0; w < count; w++) {
        const at = (first + w - firstRow) * primarySliverBytes + index * s
        copyBytes(matrix, at, memory, from + w * s, s)
      }
    }
  })
  return undefined
}

function recover(engine: Engine, { params, axis, present, symbols, sliver }: RecoverJob): undefined {
  const { symbolBytes: s } = params
  const code = codeOfAxis(params, axis === 'primary' ? 'secondary' : 'primary')
  const { originalCount } = code
  const wanted = Array.from({ length: originalCount }, (_, i) => i).filter((i) => !present.includes(i))
  const input = engine.reserve((present.length + wanted.length) * s)
  const output = input + present.length * s
  engine.memory.set(symbols, input)
  const grid = { positionStride: s, codewordStride: 0 }
  const given = { offset: input, ...grid }
  engine.restore(code, { symbolBytes: s, codewords: 1 }, present, given, wanted, { offset: output, ...grid })
  const { memory } = engine
  for (const [p, index] of present.entries())
    if (index < originalCount) sliver.set(symbols.subarray(p * s, (p + 1) * s), index * s)
  for (const [p, index] of wanted.entries())
    sliver.set(memory.subarray(output + p * s, output + (p + 1) * s), index * s)
  return undefined
}

function symbols(engine: Engine, { params, axis, index, sliver, targets }: SymbolsJob): ProvenSymbol[] {
  const { shardCount: n, symbolBytes: s } = params
  const input = engine.reserve(n * (s + HASH_BYTES))
  engine.memory.set(sliver, input)
  const { leaves, originals, recovery, sourceSymbols } = extendSlivers(engine, params, axis, 1, input)
  const { memory } = engine
  const hashes = Array.from({ length: n }, (_, i) => {
    const from = leaves.offset + i * HASH_BYTES
    return memory.slice(from, from + HASH_BYTES)
  })
  const proofs = merkleProofs(hashes, targets)
  return targets.map((target, p) => {
    const from = target < sourceSymbols ? originals.offset + target * s : recovery.offset + (target - sourceSymbols) * s
    return {
      sourceIndex: index,
      targetIndex: target,
      bytes: memory.slice(from, from + s),
      proof: proofs[p]!,
    }
  })
}
