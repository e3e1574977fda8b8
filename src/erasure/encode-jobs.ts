/** The jobs of an encoding: rows are extended, then columns, which are hashed at once while they are in cache. */

import { codewordsPerBlock, copyPadded, inBlocks, type Range } from './blocks.ts'
import { codeOfAxis } from './code.ts'
import { type Engine, type Grid, HASH_BYTES } from './engine.ts'
import type { BlobParams } from './params.ts'
import { isMemory, type JobTools, type Region, readRegion, writeRegion } from './region.ts'

/** Bytes of the source matrix: symbol (row, column) starts at (row - firstRow)·rowBytes + (column - firstColumn)·s.
 *  Where the region ends the matrix is zero. */
export interface MatrixPart {
  readonly region: Region
  readonly rowBytes: number
  readonly firstRow: number
  readonly firstColumn: number
}

/** Extends source rows: writes columns ks..n-1, each kp·s bytes, one after the other, into `columns`. */
export interface ExtendRowsJob {
  readonly $kind: 'extend-rows'
  readonly params: BlobParams
  readonly range: Range
  /** Whole rows, in memory. */
  readonly source: MatrixPart
  /** Where the rows are kept too, as the blob they are. */
  readonly keep?: Region
  readonly columns: Region
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
  readonly columns: Region
  /** Rows kp..n-1, each ks·s bytes; absent if only hashes are wanted. */
  readonly rows: Region | undefined
  /** n × n leaf hashes, row by row. */
  readonly leaves: Uint8Array
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
  const { shardCount: n, secondarySourceCount: ks, symbolBytes: s, primarySliverBytes, secondarySliverBytes } = params
  const code = codeOfAxis(params, 'secondary')
  const rows = source.region
  if (!isMemory(rows)) throw new TypeError('rows are extended from memory')
  const from = (range.first - source.firstRow) * primarySliverBytes
  if (keep) {
    const length = Math.min(range.count * primarySliverBytes, rows.length - from)
    if (length > 0) writeRegion(tools, keep, range.first * primarySliverBytes, rows.subarray(from, from + length))
  }
  // A file gets the rows of the job together: single blocks would be a thousand bytes each.
  const gathered = isMemory(columns) ? undefined : tools.scratch(1, (n - ks) * range.count * s)
  const blockCount = codewordsPerBlock(s)
  inBlocks(range, codewordsPerStripe(s), (stripe, stripeCount) => {
    const stripeBytes = stripeCount * s
    const input = engine.reserve(stripeCount * n * s)
    const output = input + stripeCount * primarySliverBytes
    const at = (stripe - source.firstRow) * primarySliverBytes
    copyPadded(engine.memory, input, rows, at, stripeCount * primarySliverBytes)
    const originals = { offset: input, positionStride: s, codewordStride: primarySliverBytes }
    const recovery = { offset: output, positionStride: stripeBytes, codewordStride: s }
    inBlocks({ first: 0, count: stripeCount }, blockCount, (first, codewords) =>
      engine.extend(code, { symbolBytes: s, codewords }, fromCodeword(originals, first), fromCodeword(recovery, first)),
    )
    const { memory } = engine
    for (let j = 0; j < n - ks; j++) {
      const made = memory.subarray(output + j * stripeBytes, output + (j + 1) * stripeBytes)
      if (gathered) gathered.set(made, (j * range.count + stripe - range.first) * s)
      else writeRegion(tools, columns, j * secondarySliverBytes + stripe * s, made)
    }
  })
  if (gathered)
    for (let j = 0; j < n - ks; j++) {
      const made = gathered.subarray(j * range.count * s, (j + 1) * range.count * s)
      writeRegion(tools, columns, j * secondarySliverBytes + range.first * s, made)
    }
  return undefined
}

export function encodeColumns(engine: Engine, tools: JobTools, job: EncodeColumnsJob): undefined {
  const { params, range, rows, leaves, columnRoots } = job
  const { shardCount: n, primarySourceCount: kp, secondarySourceCount: ks, symbolBytes: s } = params
  const { primarySliverBytes } = params
  const code = codeOfAxis(params, 'primary')
  const load = range.first < ks ? matrixLoader(tools, job) : columnLoader(tools, job)
  const keepsRows = rows && range.first < ks
  const gathered = keepsRows && !isMemory(rows) ? tools.scratch(1, (n - kp) * range.count * s) : undefined
  // Leaf hashes of the whole job stand in the engine's memory as they will in `leaves`: row after row. Copied out block
  // by block, a hundred bytes to each of a thousand rows, they took a tenth of the time of all.
  const blockCount = codewordsPerBlock(s)
  const perStripe = Math.min(range.count, codewordsPerStripe(s))
  const input = engine.reserve(perStripe * n * s + (n + 1) * range.count * HASH_BYTES)
  const hashes = input + perStripe * n * s
  const roots = hashes + n * range.count * HASH_BYTES
  const leafGrid = { offset: hashes, positionStride: range.count * HASH_BYTES, codewordStride: HASH_BYTES }
  inBlocks(range, perStripe, (stripe, stripeCount) => {
    const stripeBytes = stripeCount * s
    const output = input + kp * stripeBytes
    const stripeOriginals = load(engine, input, stripe, stripeCount)
    const stripeRecovery = { offset: output, positionStride: stripeBytes, codewordStride: s }
    inBlocks({ first: 0, count: stripeCount }, blockCount, (first, codewords) => {
      const block = { symbolBytes: s, codewords }
      const originals = fromCodeword(stripeOriginals, first)
      const recovery = fromCodeword(stripeRecovery, first)
      engine.extend(code, block, originals, recovery)

      const column = stripe - range.first + first
      const nodes = fromCodeword(leafGrid, column)
      engine.hashLeaves(block, kp, originals, nodes)
      engine.hashLeaves(block, n - kp, recovery, { ...nodes, offset: nodes.offset + kp * nodes.positionStride })
      engine.merkleRoots(n, codewords, nodes, roots + column * HASH_BYTES)
    })
    if (!keepsRows) return
    const { memory } = engine
    for (let j = 0; j < n - kp; j++) {
      const made = memory.subarray(output + j * stripeBytes, output + (j + 1) * stripeBytes)
      if (gathered) gathered.set(made, (j * range.count + stripe - range.first) * s)
      else writeRegion(tools, rows, j * primarySliverBytes + stripe * s, made)
    }
  })
  const { memory } = engine
  const rowBytes = range.count * HASH_BYTES
  for (let row = 0; row < n; row++) {
    const from = hashes + row * rowBytes
    leaves.set(memory.subarray(from, from + rowBytes), (row * n + range.first) * HASH_BYTES)
  }
  columnRoots.set(memory.subarray(roots, roots + rowBytes), range.first * HASH_BYTES)
  if (gathered)
    for (let j = 0; j < n - kp; j++) {
      const made = gathered.subarray(j * range.count * s, (j + 1) * range.count * s)
      writeRegion(tools, rows!, j * primarySliverBytes + range.first * s, made)
    }
  return undefined
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
  const { secondarySourceCount: ks, secondarySliverBytes, symbolBytes: s } = params
  let bytes: Uint8Array
  let firstColumn = ks
  if (isMemory(columns)) bytes = columns
  else {
    firstColumn = range.first
    bytes = tools.scratch(0, range.count * secondarySliverBytes)
    readRegion(tools, columns, (range.first - ks) * secondarySliverBytes, bytes)
  }
  return (engine, to, first, count) => {
    const from = (first - firstColumn) * secondarySliverBytes
    engine.memory.set(bytes.subarray(from, from + count * secondarySliverBytes), to)
    return { offset: to, positionStride: s, codewordStride: secondarySliverBytes }
  }
}
