/** The engine to read, and the oracle for the others: the code in closed form, decoding by Gaussian elimination.
 *  It shares nothing with the fast engine but the field and the layout; cost grows with k·t, and with k³ once. */

import { merkleLeaf, merkleRoot } from '../crypto/merkle.ts'
import type { Range } from './blocks.ts'
import { type Code, coefficient } from './code.ts'
import { type Engine, type Grid, HASH_BYTES, type SymbolBlock } from './engine.ts'
import { EXP, inverse, LOG, multiply } from './field.ts'
import { symbolElements, writeSymbol } from './layout.ts'

export function createNaiveEngine(): Engine {
  let memory = new Uint8Array(0)

  const symbolAt = (block: SymbolBlock, grid: Grid, position: number, codeword: number) => {
    const from = grid.offset + position * grid.positionStride + codeword * grid.codewordStride
    return memory.subarray(from, from + block.symbolBytes)
  }

  /** outputs[j] = Σ_i matrix[j][i] · inputs[i], for every codeword. */
  const apply = (matrix: readonly Uint16Array[], block: SymbolBlock, inputs: Grid, outputs: Grid) => {
    for (let w = 0; w < block.codewords; w++) {
      const vectors = Array.from(matrix[0] ?? [], (_, i) => symbolElements(symbolAt(block, inputs, i, w)))
      for (const [j, row] of matrix.entries()) {
        const sum = new Uint16Array(block.symbolBytes / 2)
        for (const [i, vector] of vectors.entries()) addScaled(sum, row[i]!, vector)
        writeSymbol(symbolAt(block, outputs, j, w), sum)
      }
    }
  }

  return {
    name: 'naive',
    get memory() {
      return memory
    },
    reserve(bytes) {
      if (memory.length < bytes) memory = new Uint8Array(bytes)
      return 0
    },
    extend(code, block, originals, recovery, only = { first: 0, count: code.recoveryCount }) {
      apply(recoveryMatrix(code, only), block, originals, recovery)
    },
    restore(code, block, present, given, wanted, restored) {
      const inverted = invert(present.map((index) => generatorRow(code, index)))
      apply(
        wanted.map((index) => inverted[index]!),
        block,
        given,
        restored,
      )
    },
    hashLeaves(block, positions, symbols, leaves) {
      for (let p = 0; p < positions; p++)
        for (let w = 0; w < block.codewords; w++)
          memory.set(
            merkleLeaf(symbolAt(block, symbols, p, w)),
            leaves.offset + p * leaves.positionStride + w * leaves.codewordStride,
          )
    },
    merkleRoots(leafCount, codewords, leaves, roots) {
      const node: SymbolBlock = { symbolBytes: HASH_BYTES, codewords }
      for (let w = 0; w < codewords; w++) {
        const hashes = Array.from({ length: leafCount }, (_, p) => symbolAt(node, leaves, p, w).slice())
        memory.set(merkleRoot(hashes), roots + w * HASH_BYTES)
      }
    },
  }
}

function addScaled(sum: Uint16Array, factor: number, vector: Uint16Array): void {
  if (factor === 0) return
  const log = LOG[factor]!
  for (let e = 0; e < vector.length; e++) {
    const element = vector[e]!
    if (element !== 0) sum[e]! ^= EXP[log + LOG[element]!]!
  }
}

/** Row `index` of the generator matrix: the identity above the recovery coefficients. */
function generatorRow(code: Code, index: number): Uint16Array {
  const { originalCount } = code
  return Uint16Array.from({ length: originalCount }, (_, i) =>
    index < originalCount ? Number(index === i) : coefficient(code, index - originalCount, i),
  )
}

function recoveryMatrix(code: Code, { first, count }: Range): Uint16Array[] {
  return Array.from({ length: count }, (_, j) => generatorRow(code, code.originalCount + first + j))
}

/** Inverse of a square matrix by Gauss–Jordan elimination. Any k rows of the generator are independent. */
function invert(rows: readonly Uint16Array[]): Uint16Array[] {
  const size = rows.length
  const left = rows.map((row) => row.slice())
  const right = rows.map((_, i) => Uint16Array.from({ length: size }, (_, j) => Number(i === j)))
  for (let column = 0; column < size; column++) {
    const pivot = left.findIndex((row, i) => i >= column && row[column] !== 0)
    if (pivot < 0) throw new RangeError('"rows" expected independent rows')
    for (const matrix of [left, right]) [matrix[column], matrix[pivot]] = [matrix[pivot]!, matrix[column]!]
    const scale = inverse(left[column]![column]!)
    for (const matrix of [left, right]) matrix[column] = matrix[column]!.map((value) => multiply(value, scale))
    for (let i = 0; i < size; i++) {
      const factor = left[i]![column]!
      if (i === column || factor === 0) continue
      addScaled(left[i]!, factor, left[column]!)
      addScaled(right[i]!, factor, right[column]!)
    }
  }
  return right
}
