/** Row trees, built while columns come. All n² leaf hashes at once would be 32 MB at 1000 shards; a group of columns is
 *  reduced to one node per row as soon as its leaves are there, and only these nodes are kept.
 *
 *  A group is a power of two of columns and starts at a multiple of it, so that its node is one of the row's tree. The last
 *  group may be short: its levels are padded as the tree's. Source columns and the others come from different jobs: where
 *  they meet within a group its leaves are kept until both are there, the *seam*. */

import { inBlocks, type Range } from './blocks.ts'
import { type Engine, HASH_BYTES } from './engine.ts'
import type { BlobParams } from './params.ts'

/** What column jobs leave behind for the row trees, in memory that all of them reach. */
export interface RowGroups {
  /** G: a power of two below n. */
  readonly columns: number
  /** Node of row r over group g at (g·n + r)·32. */
  readonly nodes: Uint8Array
  /** Leaf of row r in column c of the seam's group at (r·G + c)·32; empty if there is no seam. */
  readonly seam: Uint8Array
}

export interface RowRootsJob {
  readonly $kind: 'row-roots'
  readonly params: BlobParams
  readonly range: Range
  readonly groups: RowGroups
  readonly rowRoots: Uint8Array
}

/** More columns in a group save no memory worth having. */
const MAX_GROUP_COLUMNS = 32
/** Rows whose trees are finished at once. */
const ROWS_AT_ONCE = 64

/** The largest group of at most `most` columns. */
export function groupColumns({ shardCount: n }: BlobParams, most: number): number {
  let columns = 1
  while (columns * 2 <= Math.min(most, n - 1, MAX_GROUP_COLUMNS)) columns *= 2
  return columns
}

/** Bytes of `nodes` and `seam`. */
export function groupBytes(params: BlobParams, columns: number): { nodes: number; seam: number } {
  const { shardCount: n } = params
  return {
    nodes: Math.ceil(n / columns) * n * HASH_BYTES,
    seam: seamGroup(params, columns) === undefined ? 0 : columns * n * HASH_BYTES,
  }
}

/** The group that holds source columns and others, if there is one. */
function seamGroup({ secondarySourceCount: ks }: BlobParams, columns: number): number | undefined {
  return ks % columns === 0 ? undefined : Math.floor(ks / columns)
}

/** Splits columns at multiples of `step`, itself a multiple of a group. */
export function* groupRanges(first: number, end: number, step: number): Iterable<Range> {
  for (let at = first, next: number; at < end; at = next) {
    next = Math.min(end, at - (at % step) + step)
    yield { first: at, count: next - at }
  }
}

/** Engine memory for the leaves of a range of columns, group after group, each row after row. */
export interface LeafArea {
  /** Groups that the range touches. */
  readonly firstGroup: number
  readonly count: number
  readonly bytes: number
}

export function leafArea({ shardCount: n }: BlobParams, { first, count }: Range, columns: number): LeafArea {
  const firstGroup = Math.floor(first / columns)
  const groups = Math.ceil((first + count) / columns) - firstGroup
  return { firstGroup, count: groups, bytes: groups * columns * n * HASH_BYTES }
}

/** Takes the leaves of the range, which stand at `leaves` as `area` says, to where they are needed. Of `scratch` n nodes
 *  are used. */
export function collectGroups(
  engine: Engine,
  params: BlobParams,
  { columns, nodes, seam }: RowGroups,
  range: Range,
  area: LeafArea,
  leaves: number,
  scratch: number,
): void {
  const { shardCount: n } = params
  const rowBytes = columns * HASH_BYTES
  for (let g = 0; g < area.count; g++) {
    const group = area.firstGroup + g
    const at = leaves + g * n * rowBytes
    if (group === seamGroup(params, columns)) {
      const from = Math.max(range.first - group * columns, 0)
      const end = Math.min(range.first + range.count - group * columns, columns)
      for (let row = 0; row < n; row++) {
        const start = row * rowBytes + from * HASH_BYTES
        const bytes = (end - from) * HASH_BYTES
        seam.set(engine.memory.subarray(at + start, at + start + bytes), start)
      }
      continue
    }
    groupNodes(engine, params, columns, group, n, at, scratch)
    nodes.set(engine.memory.subarray(scratch, scratch + n * HASH_BYTES), group * n * HASH_BYTES)
  }
}

/** Nodes of `rows` rows over one group, whose leaves stand row after row at `leaves`, into `out`. */
function groupNodes(
  engine: Engine,
  { shardCount: n }: BlobParams,
  columns: number,
  group: number,
  rows: number,
  leaves: number,
  out: number,
): void {
  const rowBytes = columns * HASH_BYTES
  const count = Math.min(columns, n - group * columns)
  const grid = { offset: leaves, positionStride: HASH_BYTES, codewordStride: rowBytes }
  engine.merkleRoots(count, rows, grid, out)
  // The tree has more than one node at each level below that of groups, so a node alone gets one of zeros beside it.
  for (let width = 2 ** Math.ceil(Math.log2(count)); width < columns; width *= 2) {
    const { memory } = engine
    for (let row = 0; row < rows; row++) {
      memory.copyWithin(leaves + row * rowBytes, out + row * HASH_BYTES, out + (row + 1) * HASH_BYTES)
      memory.fill(0, leaves + row * rowBytes + HASH_BYTES, leaves + row * rowBytes + 2 * HASH_BYTES)
    }
    engine.merkleRoots(2, rows, grid, out)
  }
}

/** Finishes the trees of a range of rows. */
export function rowRoots(engine: Engine, { params, range, groups, rowRoots }: RowRootsJob): undefined {
  const { shardCount: n } = params
  const { columns, nodes, seam } = groups
  const groupCount = Math.ceil(n / columns)
  const seamAt = seamGroup(params, columns)
  inBlocks(range, ROWS_AT_ONCE, (first, count) => {
    const stride = count * HASH_BYTES
    const seamBytes = seamAt === undefined ? 0 : count * columns * HASH_BYTES
    const input = engine.reserve((groupCount + 1) * stride + seamBytes)
    const roots = input + groupCount * stride
    const { memory } = engine
    for (let g = 0; g < groupCount; g++) {
      if (g === seamAt) continue
      const from = (g * n + first) * HASH_BYTES
      memory.set(nodes.subarray(from, from + stride), input + g * stride)
    }
    if (seamAt !== undefined) {
      const leaves = roots + stride
      const from = first * columns * HASH_BYTES
      memory.set(seam.subarray(from, from + seamBytes), leaves)
      groupNodes(engine, params, columns, seamAt, count, leaves, input + seamAt * stride)
    }
    engine.merkleRoots(groupCount, count, { offset: input, positionStride: stride, codewordStride: HASH_BYTES }, roots)
    rowRoots.set(engine.memory.subarray(roots, roots + stride), first * HASH_BYTES)
  })
  return undefined
}
