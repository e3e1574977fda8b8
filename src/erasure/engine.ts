/** What an engine computes: Reed–Solomon extension and erasure decoding of many codewords side by side, and hashes.
 *
 *  Everything happens in memory that the engine owns, so that a WebAssembly engine need not copy. A codeword is one row
 *  or one column of the matrix; its symbols are *positions*. `Grid` says where the symbols of a block lie, which lets the
 *  same bytes be read row by row or column by column without moving them. */

import type { Range } from './blocks.ts'
import type { Code } from './code.ts'

/** Symbol (position p, codeword w) starts at `offset + p·positionStride + w·codewordStride`, in bytes. */
export interface Grid {
  readonly offset: number
  readonly positionStride: number
  readonly codewordStride: number
}

/** Symbols of equal size in `codewords` codewords. */
export interface SymbolBlock {
  /** Even, 2..65534. */
  readonly symbolBytes: number
  readonly codewords: number
}

export interface Engine {
  readonly name: 'naive' | 'scalar' | 'simd'

  /** The engine's memory. Read it anew after every call: growing replaces it. */
  readonly memory: Uint8Array

  /** Makes room for `bytes` bytes and returns where they start; what an earlier call returned is void. */
  reserve(bytes: number): number

  /** Computes recovery symbols of each codeword from its k originals.
   *  @param recovery - where the first of them goes
   *  @param only - which of the t; default all */
  extend(code: Code, block: SymbolBlock, originals: Grid, recovery: Grid, only?: Range): void

  /** Computes originals from k symbols of each codeword.
   *  @param present - symbol index of each position of `given`; k distinct ones
   *  @param wanted - index (below k, not in `present`) of each position of `restored` */
  restore(
    code: Code,
    block: SymbolBlock,
    present: readonly number[],
    given: Grid,
    wanted: readonly number[],
    restored: Grid,
  ): void

  /** Merkle leaf hash of every symbol, 32 bytes each. */
  hashLeaves(block: SymbolBlock, positions: number, symbols: Grid, leaves: Grid): void

  /** Merkle root of each codeword's leaves, 32 bytes each, one after the other from `roots`. */
  merkleRoots(leafCount: number, codewords: number, leaves: Grid, roots: number): void
}

export const HASH_BYTES = 32
