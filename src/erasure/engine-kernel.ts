/** The engine over a compiled kernel: additive FFT and BLAKE2b in WebAssembly, with vector instructions or without.
 *
 *  Whole slivers are long vectors: a position's symbols of all codewords in the block stand side by side in one vector,
 *  low and high bytes in planes apart, so that one butterfly serves every codeword at once. Transforms run over slices of
 *  the planes that stay in the second-level cache. Butterflies with factor 0, blocks of zeros and results that nobody
 *  needs are skipped. */

import type { Range } from './blocks.ts'
import { type Code, type Locator, locatorFor, nextPowerOfTwo, pointOf } from './code.ts'
import { type Engine, type Grid, HASH_BYTES, type SymbolBlock } from './engine.ts'
import { EXP, GROUP_ORDER, multiply } from './field.ts'
import type { Kernel } from './kernel.ts'
import { MAX_SHARD_COUNT } from './params.ts'

const PAGE_BYTES = 65536
const FACTOR_TABLE_BYTES = 128
/** Factors of butterflies are even and below the largest transform, 2·nextpow2 of the largest shard count. */
const MAX_FACTOR = 2 * nextPowerOfTwo(MAX_SHARD_COUNT)
/** What one transform may touch at a time: half of a second-level cache of 1 MiB. */
const SLICE_TARGET_BYTES = 512 * 1024
/** A load may start 1 byte before a symbol and reach 15 past it. */
const SLACK_BYTES = 64

/** @param kernel - an instance of its own
 *  @param name - by what the kernel computes: vector instructions, or plain ones behind the same exports */
export function createKernelEngine(kernel: Kernel, name: 'simd' | 'scalar'): Engine {
  return new KernelEngine(kernel, name)
}

const align = (bytes: number, to: number) => Math.ceil(bytes / to) * to

/** Vectors in kernel memory: `plane` bytes from the low to the high plane, `stride` from vector to vector. */
interface Vectors {
  readonly base: number
  readonly plane: number
  readonly stride: number
}

class KernelEngine implements Engine {
  readonly name: 'simd' | 'scalar'
  readonly #kernel: Kernel
  #memory: Uint8Array
  /** Tables of even factors 0, 2, … are filled up to here. */
  #factorsFilled = 0
  readonly #tables: number
  readonly #single: number
  readonly #nodes: number
  readonly #user: number
  #userBytes = 0
  #lastLocator: { code: Code; present: readonly number[]; locator: Locator } | undefined

  constructor(kernel: Kernel, name: 'simd' | 'scalar') {
    this.name = name
    this.#kernel = kernel
    this.#memory = new Uint8Array(kernel.memory.buffer)
    this.#tables = align(kernel.heapBase(), 64) + SLACK_BYTES
    this.#single = this.#tables + (MAX_FACTOR / 2) * FACTOR_TABLE_BYTES
    this.#nodes = this.#single + FACTOR_TABLE_BYTES
    this.#user = align(this.#nodes + (MAX_SHARD_COUNT + 2) * HASH_BYTES, 64) + SLACK_BYTES
    this.#grow(this.#user)
  }

  get memory(): Uint8Array {
    return this.#memory
  }

  reserve(bytes: number): number {
    this.#userBytes = align(bytes, 64) + SLACK_BYTES
    this.#grow(this.#user + this.#userBytes)
    return this.#user
  }

  extend(code: Code, block: SymbolBlock, originals: Grid, recovery: Grid, only?: Range): void {
    const wanted = only ?? { first: 0, count: code.recoveryCount }
    if (wanted.count === 0) return
    if (code.rate === 'low') this.#extendLow(code, block, originals, recovery, wanted)
    else this.#extendHigh(code, block, originals, recovery, wanted)
  }

  #extendLow({ originalCount, chunk }: Code, block: SymbolBlock, originals: Grid, recovery: Grid, wanted: Range) {
    const end = wanted.first + wanted.count
    this.#fillFactors(chunk + end + chunk)
    const coefficients = this.#vectors(block, 2 * chunk)
    const values = { ...coefficients, base: coefficients.base + chunk * coefficients.stride }
    this.#packAll(coefficients, originalCount, chunk, block, originals)
    this.#inverse(coefficients, chunk, 0, originalCount)
    // Recovery symbols come by whole transforms, of which the first and the last may be wanted in part.
    for (let from = wanted.first - (wanted.first % chunk); from < end; from += chunk) {
      const skipped = Math.max(0, wanted.first - from)
      const needed = Math.min(chunk, end - from)
      // Nobody needs the coefficients after the last transform.
      const isLast = from + chunk >= end
      const into = isLast ? coefficients : values
      const { stride, plane } = values
      if (!isLast) this.#kernel.copy(into.base, coefficients.base, chunk, stride, plane, plane)
      this.#forward(into, chunk, from + chunk, needed, skipped)
      for (let j = skipped; j < needed; j++) this.#unpack(into, j, block, recovery, from + j - wanted.first)
    }
  }

  #extendHigh({ originalCount, chunk }: Code, block: SymbolBlock, originals: Grid, recovery: Grid, wanted: Range) {
    this.#fillFactors(chunk + originalCount + chunk)
    const sum = this.#vectors(block, 2 * chunk)
    const part = { ...sum, base: sum.base + chunk * sum.stride }
    for (let first = 0; first < originalCount; first += chunk) {
      const count = Math.min(chunk, originalCount - first)
      const into = first === 0 ? sum : part
      const from = { ...originals, offset: originals.offset + first * originals.positionStride }
      this.#packAll(into, count, chunk, block, from)
      this.#inverse(into, chunk, first + chunk, count)
      if (first > 0) this.#kernel.add(sum.base, part.base, chunk, sum.stride, sum.plane, sum.plane)
    }
    this.#forward(sum, chunk, 0, wanted.first + wanted.count, wanted.first)
    for (let j = 0; j < wanted.count; j++) this.#unpack(sum, wanted.first + j, block, recovery, j)
  }

  restore(
    code: Code,
    block: SymbolBlock,
    present: readonly number[],
    given: Grid,
    wanted: readonly number[],
    restored: Grid,
  ): void {
    if (wanted.length === 0) return
    const { size, logs } = this.#locator(code, present)
    this.#fillFactors(size)
    const vectors = this.#vectors(block, size)
    const { base, stride, plane } = vectors
    const kernel = this.#kernel
    this.#memory.fill(0, base, base + size * stride)
    for (const [p, index] of present.entries()) {
      const point = pointOf(code, index)
      this.#pack(vectors, point, block, given, p)
      kernel.scale(base + point * stride, plane, plane, this.#factor(EXP[logs[point]!]!))
    }
    this.#inverse(vectors, size, 0, size)
    this.#slices(vectors, size, (at, len) => kernel.derivative(at, stride, plane, len, size))
    const points = wanted.map((index) => pointOf(code, index))
    this.#forward(vectors, size, 0, Math.max(...points) + 1)
    for (const [p, point] of points.entries()) {
      kernel.scale(base + point * stride, plane, plane, this.#factor(EXP[GROUP_ORDER - logs[point]!]!))
      this.#unpack(vectors, point, block, restored, p)
    }
  }

  /** The blocks of one decoding share a locator, which costs more than a block. */
  #locator(code: Code, present: readonly number[]): Locator {
    const last = this.#lastLocator
    const same = last?.present === present && last.code.rate === code.rate && last.code.chunk === code.chunk
    if (same && last.code.originalCount === code.originalCount) return last.locator
    const locator = locatorFor(code, present)
    this.#lastLocator = { code, present, locator }
    return locator
  }

  hashLeaves({ symbolBytes, codewords }: SymbolBlock, positions: number, symbols: Grid, leaves: Grid): void {
    // The longer run goes into the kernel's loop.
    const alongCodewords = codewords >= positions
    const outer = alongCodewords ? positions : codewords
    const inner = alongCodewords ? codewords : positions
    const steps = (grid: Grid) =>
      alongCodewords ? [grid.positionStride, grid.codewordStride] : [grid.codewordStride, grid.positionStride]
    const [symbolOuter, symbolInner] = steps(symbols)
    const [leafOuter, leafInner] = steps(leaves)
    for (let i = 0; i < outer; i++)
      this.#kernel.hashLeaves(
        symbols.offset + i * symbolOuter!,
        symbolInner!,
        symbolBytes,
        inner,
        leaves.offset + i * leafOuter!,
        leafInner!,
      )
  }

  merkleRoots(leafCount: number, codewords: number, leaves: Grid, roots: number): void {
    const isDense = leaves.positionStride === HASH_BYTES && leaves.codewordStride === leafCount * HASH_BYTES
    if (isDense && leafCount > 1 && leafCount <= MAX_SHARD_COUNT && nextPowerOfTwo(leafCount) === leafCount) {
      this.#denseRoots(leafCount, codewords, leaves.offset, roots)
      return
    }
    for (let w = 0; w < codewords; w++)
      this.#kernel.merkleRoot(
        leaves.offset + w * leaves.codewordStride,
        leaves.positionStride,
        leafCount,
        this.#nodes,
        roots + w * HASH_BYTES,
      )
  }

  /** Complete trees that stand one after the other are one row of pairs at every level: the last pairs of a tree, of which
   *  the kernel would have to hash one alone, go with those of the next. */
  #denseRoots(leafCount: number, codewords: number, leaves: number, roots: number): void {
    const batch = Math.max(1, Math.floor((2 * MAX_SHARD_COUNT) / leafCount))
    for (let first = 0; first < codewords; first += batch) {
      const trees = Math.min(batch, codewords - first)
      let from = leaves + first * leafCount * HASH_BYTES
      for (let width = leafCount / 2; width >= 1; width /= 2) {
        const to = width === 1 ? roots + first * HASH_BYTES : this.#nodes
        this.#kernel.hashPairs(from, trees * width, to)
        from = to
      }
    }
  }

  #grow(bytes: number): void {
    const missing = bytes + SLACK_BYTES - this.#memory.length
    if (missing <= 0) return
    this.#kernel.memory.grow(Math.ceil(missing / PAGE_BYTES))
    this.#memory = new Uint8Array(this.#kernel.memory.buffer)
  }

  /** Room for `count` vectors behind what the caller reserved. */
  #vectors({ symbolBytes, codewords }: SymbolBlock, count: number): Vectors {
    const plane = align((symbolBytes / 2) * codewords, 16)
    // An odd number of cache lines, so that vectors do not fall into the same cache sets.
    const stride = (align(2 * plane, 64) / 64) % 2 === 0 ? align(2 * plane, 64) + 64 : align(2 * plane, 64)
    const base = this.#user + this.#userBytes
    this.#grow(base + count * stride)
    return { base, plane, stride }
  }

  #pack(vectors: Vectors, vector: number, block: SymbolBlock, grid: Grid, position: number): void {
    this.#kernel.pack(
      vectors.base + vector * vectors.stride,
      vectors.plane,
      grid.offset + position * grid.positionStride,
      grid.codewordStride,
      block.codewords,
      block.symbolBytes,
    )
  }

  #unpack(vectors: Vectors, vector: number, block: SymbolBlock, grid: Grid, position: number): void {
    this.#kernel.unpack(
      vectors.base + vector * vectors.stride,
      vectors.plane,
      grid.offset + position * grid.positionStride,
      grid.codewordStride,
      block.codewords,
      block.symbolBytes,
    )
  }

  /** Packs `count` positions and clears the vectors from there to `chunk`. */
  #packAll(vectors: Vectors, count: number, chunk: number, block: SymbolBlock, grid: Grid): void {
    for (let i = 0; i < count; i++) this.#pack(vectors, i, block, grid, i)
    this.#memory.fill(0, vectors.base + count * vectors.stride, vectors.base + chunk * vectors.stride)
  }

  /** Calls with the start and length of slices small enough that `size` vectors of them stay in cache. */
  #slices({ base, plane }: Vectors, size: number, run: (at: number, len: number) => void): void {
    const slice = Math.max(64, Math.floor(SLICE_TARGET_BYTES / (2 * size * 64)) * 64)
    for (let at = 0; at < plane; at += slice) run(base + at, Math.min(slice, plane - at))
  }

  #inverse(vectors: Vectors, size: number, delta: number, nonzero: number): void {
    const { stride, plane } = vectors
    this.#slices(vectors, size, (at, len) =>
      this.#kernel.ifft(at, stride, plane, len, size, delta, nonzero, this.#tables),
    )
  }

  /** Makes results from `first` to before `end`. */
  #forward(vectors: Vectors, size: number, delta: number, end: number, first = 0): void {
    const { stride, plane } = vectors
    this.#slices(vectors, size, (at, len) =>
      this.#kernel.fft(at, stride, plane, len, size, delta, first, end, this.#tables),
    )
  }

  /** Tables of the even factors below `limit`. */
  #fillFactors(limit: number): void {
    for (; this.#factorsFilled < limit; this.#factorsFilled += 2)
      this.#writeFactor(this.#tables + (this.#factorsFilled / 2) * FACTOR_TABLE_BYTES, this.#factorsFilled)
  }

  /** The table of any factor, in a place that the next call overwrites. */
  #factor(factor: number): number {
    this.#writeFactor(this.#single, factor)
    return this.#single
  }

  #writeFactor(at: number, factor: number): void {
    for (let nibble = 0; nibble < 4; nibble++) {
      const low = at + nibble * 32
      this.#memory[low] = 0
      this.#memory[low + 16] = 0
      for (let bit = 0; bit < 4; bit++) {
        const product = multiply(factor, 1 << (4 * nibble + bit))
        const step = 1 << bit
        for (let entry = 0; entry < step; entry++) {
          this.#memory[low + step + entry] = this.#memory[low + entry]! ^ (product & 0xff)
          this.#memory[low + 16 + step + entry] = this.#memory[low + 16 + entry]! ^ (product >> 8)
        }
      }
    }
  }
}
