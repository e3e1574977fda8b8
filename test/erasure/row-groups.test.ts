import { describe, expect, it } from 'vitest'
import { toHex } from '../../src/base/bytes.ts'
import { createRng } from '../../src/base/rng.ts'
import { merkleRoot } from '../../src/crypto/merkle.ts'
import { createEngine } from '../../src/erasure/engine-choice.ts'
import { createNaiveEngine } from '../../src/erasure/engine-naive.ts'
import { blobParams } from '../../src/erasure/params.ts'
import {
  collectGroups,
  groupBytes,
  groupColumns,
  groupRanges,
  leafArea,
  rowRoots,
} from '../../src/erasure/row-groups.ts'

const engines = [createEngine(), createEngine('rs2-scalar.wasm'), createNaiveEngine()]

/** Row roots of a matrix of leaves by way of groups, whose columns come in jobs of `step`, those of the blob last. */
function rootsByGroups(engine: (typeof engines)[number], shardCount: number, columns: number, step: number) {
  const params = blobParams(shardCount, 1)
  const { secondarySourceCount: ks } = params
  const leaf = (row: number, column: number) => createRng(row * shardCount + column + 1).fill(new Uint8Array(32))
  const matrix = Array.from({ length: shardCount }, (_, row) =>
    Array.from({ length: shardCount }, (_, column) => leaf(row, column)),
  )
  const bytes = groupBytes(params, columns)
  // Rubbish, so that nothing counts on zeros.
  const groups = { columns, nodes: new Uint8Array(bytes.nodes).fill(0xee), seam: new Uint8Array(bytes.seam).fill(0xee) }
  for (const range of [...groupRanges(ks, shardCount, step), ...groupRanges(0, ks, step)]) {
    const area = leafArea(params, range, columns)
    const at = engine.reserve(area.bytes + shardCount * 32)
    engine.memory.fill(0xee, at, at + area.bytes)
    for (let column = range.first; column < range.first + range.count; column++)
      for (const [row, leaves] of matrix.entries()) {
        const group = Math.floor(column / columns) - area.firstGroup
        engine.memory.set(leaves[column]!, at + ((group * shardCount + row) * columns + (column % columns)) * 32)
      }
    collectGroups(engine, params, groups, range, area, at, at + area.bytes)
  }
  const roots = new Uint8Array(shardCount * 32)
  for (const range of [
    { first: 0, count: 1 },
    { first: 1, count: shardCount - 1 },
  ])
    rowRoots(engine, { $kind: 'row-roots', params, range, groups, rowRoots: roots })
  return { got: toHex(roots), expected: matrix.map((row) => toHex(merkleRoot(row))).join('') }
}

describe('row trees by groups of columns', () => {
  it.each(engines)('have the roots of whole rows, wherever groups, jobs and the blob end ($name)', (engine) => {
    for (const shardCount of [4, 5, 6, 7, 8, 9, 10, 13, 16, 17, 31, 33, 34])
      for (let columns = 1; columns < shardCount; columns *= 2)
        for (const step of [columns, 3 * columns]) {
          const { got, expected } = rootsByGroups(engine, shardCount, columns, step)
          expect(got, `${shardCount} shards, groups of ${columns}, jobs of ${step}`).toBe(expected)
        }
  })

  it('have groups below the number of shards, whatever is asked for', () => {
    const params = blobParams(1000, 1)
    expect([0.5, 1, 3, 8, 31.9, 1e9].map((most) => groupColumns(params, most))).toEqual([1, 1, 2, 8, 16, 32])
    for (let n = 4; n < 40; n++) expect(groupColumns(blobParams(n, 1), 1000)).toBeLessThan(n)
  })
})
