/** The jobs of an encoding: rows are extended, then columns, which are hashed at once while they are in cache. */

import { copyBytes } from '../base/copy.ts'
import { codewordsPerBlock, copyPadded, inBlocks, type Range } from './blocks.ts'
import { codeOfAxis } from './code.ts'
import { type Engine, type Grid, HASH_BYTES } from './engine.ts'
import type { BlobParams } from './params.ts'
import { isMemory, type JobTools, type Region, readRegion, writeRegion } from './region.ts'
import { collectGroups, groupRanges, leafArea, type RowGroups } from './row-groups.ts'

/** Bytes of the source matrix: symbol (row, column) starts at (row - firstRow)·rowBytes + (column - firstColumn)·s.
 *  Where the region ends the matrix is zero. */
export interface MatrixPart {
  readonly region: Region
  readonly rowBytes: number
  readonly firstRow: number
  readonly firstColumn: number
}

/** Some of the columns ks..n-1, each kp·s bytes, one after the other. */
export interface NewColumns {
  readonly range: Range
  readonly region: Region
}

/** Extends source rows, as far as `columns` goes. */
export interface ExtendRowsJob {
  readonly $kind: 'extend-rows'
  readonly params: BlobParams
  readonly range: Range
  /** Whole rows, in memory. */
  readonly source: MatrixPart
  /** Where the rows are kept too, as the blob they are. */
  readonly keep?: Region
  readonly columns: NewColumns
}

/** Extends columns to n symbols and hashes all of them. */
export interface EncodeColumnsJob {
  readonly $kind: 'encode-columns'
  readonly params: BlobParams
  /** Entirely below ks or entirely from ks on. */
  readonly range: Range
  /** For columns below ks. */
  readonly source: MatrixPart
  /** For columns from ks on. */
  readonly columns: NewColumns
  /** Rows kp..n-1, each ks·s bytes; absent if only hashes are wanted. */
  readonly rows: Region | undefined
  readonly groups: RowGroups
  /** n roots, 32 bytes each. */
  readonly columnRoots: Uint8Array
}

/** The symbols of some blocks stand side by side in the engine's memory, so that what is brought there and taken away
 *  comes in pieces of up to this: pieces of single blocks, each in a page of its own, took twice as long. */
const STRIPE_TARGET_BYTES = 4096

/** Codewords of a stripe: some whole blocks. */
function codewordsPerStripe(symbolBytes: number): number {
  const perBlock = codewordsPerBlock(symbolBytes)
  return perBlock * Math.max(1, Math.floor(STRIPE_TARGET_BYTES / (perBlock * symbolBytes)))
}

/** The grid without its first codewords. */
function fromCodeword(grid: Grid, first: number): Grid {
  return { ...grid, offset: grid.offset + first * grid.codewordStride }
}

export function extendRows(engine: Engine, tools: JobTools, job: ExtendRowsJob): undefined {
  const { params, range, source, keep, columns } = job
  const { secondarySourceCount: ks, symbolBytes: s, primarySliverBytes, secondarySliverBytes } = params
  const code = codeOfAxis(params, 'secondary')
  const rows = source.region
  if (!isMemory(rows)) throw new TypeError('rows are extended from memory')
  const from = (range.first - source.firstRow) * primarySliverBytes
  if (keep) {
    const length = Math.min(range.count * primarySliverBytes, rows.length - from)
    if (length > 0) writeRegion(tools, keep, range.first * primarySliverBytes, rows.subarray(from, from + length))
  }
  const only = { first: columns.range.first - ks, count: columns.range.count }
  const write = (j: number, row: number, bytes: Uint8Array) =>
    writeRegion(tools, columns.region, j * secondarySliverBytes + row * s, bytes)
  // A file gets the rows of the job together: single blocks would be a thousand bytes each.
  const gathered = isMemory(columns.region) ? undefined : tools.scratch(1, only.count * range.count * s)
  const blockCount = codewordsPerBlock(s)
  inBlocks(range, codewordsPerStripe(s), (stripe, stripeCount) => {
    const stripeBytes = stripeCount * s
    const input = engine.reserve(stripeCount * primarySliverBytes + only.count * stripeBytes)
    const output = input + stripeCount * primarySliverBytes
    const at = (stripe - source.firstRow) * primarySliverBytes
    copyPadded(engine.memory, input, rows, at, stripeCount * primarySliverBytes)
    const originals = { offset: input, positionStride: s, codewordStride: primarySliverBytes }
    const recovery = { offset: output, positionStride: stripeBytes, codewordStride: s }
    inBlocks({ first: 0, count: stripeCount }, blockCount, (first, codewords) => {
      const block = { symbolBytes: s, codewords }
      engine.extend(code, block, fromCodeword(originals, first), fromCodeword(recovery, first), only)
    })
    const { memory } = engine
    for (let j = 0; j < only.count; j++) {
      const made = memory.subarray(output + j * stripeBytes, output + (j + 1) * stripeBytes)
      if (gathered) gathered.set(made, (j * range.count + stripe - range.first) * s)
      else write(j, stripe, made)
    }
  })
  if (gathered)
    for (let j = 0; j < only.count; j++)
      write(j, range.first, gathered.subarray(j * range.count * s, (j + 1) * range.count * s))
  return undefined
}

/** Leaves of so many columns stand in the engine's memory at a time: 2 MB at 1000 shards. */
const WINDOW_COLUMNS = 64

export function encodeColumns(engine: Engine, tools: JobTools, job: EncodeColumnsJob): undefined {
  const { params, range, rows } = job
  const { shardCount: n, primarySourceCount: kp, secondarySourceCount: ks, symbolBytes: s } = params
  const load = range.first < ks ? matrixLoader(tools, job) : columnLoader(tools, job)
  const kept = range.first < ks ? rows : undefined
  const gathered = kept && !isMemory(kept) ? tools.scratch(1, (n - kp) * range.count * s) : undefined
  const keep = (column: number, count: number, at: number) => {
    const { memory } = engine
    for (let j = 0; j < n - kp; j++) {
      const made = memory.subarray(at + j * count * s, at + (j + 1) * count * s)
      if (gathered) gathered.set(made, (j * range.count + column - range.first) * s)
      else writeRegion(tools, kept!, j * params.primarySliverBytes + column * s, made)
    }
  }
  for (const window of groupRanges(range.first, range.first + range.count, WINDOW_COLUMNS))
    encodeWindow(engine, job, window, load, kept && keep)
  if (gathered)
    for (let j = 0; j < n - kp; j++) {
      const made = gathered.subarray(j * range.count * s, (j + 1) * range.count * s)
      writeRegion(tools, kept!, j * params.primarySliverBytes + range.first * s, made)
    }
  return undefined
}

/** @param keep - gets the new rows of `count` columns from `column` on, which stand at `at` */
function encodeWindow(
  engine: Engine,
  { params, groups, columnRoots }: EncodeColumnsJob,
  window: Range,
  load: ColumnLoader,
  keep: ((column: number, count: number, at: number) => void) | undefined,
): void {
  const { shardCount: n, primarySourceCount: kp, symbolBytes: s } = params
  const { columns } = groups
  const code = codeOfAxis(params, 'primary')
  const blockCount = codewordsPerBlock(s)
  // Stripes make the pieces longer in which rows are taken away; without any, a block at a time takes less memory.
  const perStripe = Math.min(window.count, keep ? codewordsPerStripe(s) : blockCount)
  const area = leafArea(params, window, columns)
  const input = engine.reserve(perStripe * n * s + area.bytes + (n + window.count) * HASH_BYTES)
  const leaves = input + perStripe * n * s
  const roots = leaves + area.bytes
  const scratch = roots + window.count * HASH_BYTES
  inBlocks(window, perStripe, (stripe, stripeCount) => {
    const output = input + kp * stripeCount * s
    const stripeOriginals = load(engine, input, stripe, stripeCount)
    const stripeRecovery = { offset: output, positionStride: stripeCount * s, codewordStride: s }
    inBlocks({ first: 0, count: stripeCount }, blockCount, (first, codewords) => {
      const originals = fromCodeword(stripeOriginals, first)
      const recovery = fromCodeword(stripeRecovery, first)
      engine.extend(code, { symbolBytes: s, codewords }, originals, recovery)

      for (const { first: column, count } of groupRanges(stripe + first, stripe + first + codewords, columns)) {
        const block = { symbolBytes: s, codewords: count }
        const skipped = column - stripe - first
        const group = Math.floor(column / columns)
        const at = leaves + ((group - area.firstGroup) * n * columns + (column % columns)) * HASH_BYTES
        const nodes = { offset: at, positionStride: columns * HASH_BYTES, codewordStride: HASH_BYTES }
        engine.hashLeaves(block, kp, fromCodeword(originals, skipped), nodes)
        const behind = { ...nodes, offset: at + kp * nodes.positionStride }
        engine.hashLeaves(block, n - kp, fromCodeword(recovery, skipped), behind)
        engine.merkleRoots(n, count, nodes, roots + (column - window.first) * HASH_BYTES)
      }
    })
    keep?.(stripe, stripeCount, output)
  })
  columnRoots.set(engine.memory.subarray(roots, scratch), window.first * HASH_BYTES)
  collectGroups(engine, params, groups, window, area, leaves, scratch)
}

/** Brings `count` columns from `first` on into engine memory at `to`, and says how they lie there. */
type ColumnLoader = (engine: Engine, to: number, first: number, count: number) => Grid

/** Systematic columns, row after row. */
function matrixLoader(tools: JobTools, { params, range, source }: EncodeColumnsJob): ColumnLoader {
  const { primarySourceCount: kp, symbolBytes: s } = params
  let { region, rowBytes, firstRow, firstColumn } = source
  if (!isMemory(region)) {
    const stripeBytes = range.count * s
    const stripe = tools.scratch(0, kp * stripeBytes)
    for (let row = 0; row < kp; row++) {
      const from = (row - firstRow) * rowBytes + (range.first - firstColumn) * s
      readRegion(tools, region, from, stripe.subarray(row * stripeBytes, (row + 1) * stripeBytes))
    }
    ;[region, rowBytes, firstRow, firstColumn] = [stripe, stripeBytes, 0, range.first]
  }
  const bytes = region as Uint8Array
  return (engine, to, first, count) => {
    for (let row = 0; row < kp; row++) {
      const from = (row - firstRow) * rowBytes + (first - firstColumn) * s
      copyPadded(engine.memory, to + row * count * s, bytes, from, count * s)
    }
    return { offset: to, positionStride: count * s, codewordStride: s }
  }
}

/** Columns that were computed from rows before, one after the other. */
function columnLoader(tools: JobTools, { params, range, columns }: EncodeColumnsJob): ColumnLoader {
  const { secondarySliverBytes, symbolBytes: s } = params
  let bytes: Uint8Array
  let firstColumn = columns.range.first
  if (isMemory(columns.region)) bytes = columns.region
  else {
    bytes = tools.scratch(0, range.count * secondarySliverBytes)
    readRegion(tools, columns.region, (range.first - firstColumn) * secondarySliverBytes, bytes)
    firstColumn = range.first
  }
  return (engine, to, first, count) => {
    const from = (first - firstColumn) * secondarySliverBytes
    copyBytes(engine.memory, to, bytes, from, count * secondarySliverBytes)
    return { offset: to, positionStride: s, codewordStride: secondarySliverBytes }
  }
}
