/** How much work an encoding is, and how fast this machine does each kind of it. */

import { type Code, codeOfAxis } from '../../src/erasure/code.ts'
import { createEngine } from '../../src/erasure/engine-choice.ts'
import { openKernel } from '../../src/erasure/kernel-file.ts'
import { type BlobParams, blobParams } from '../../src/erasure/params.ts'
import { bestSeconds } from './measure.ts'

/** Vectors that one extension multiplies by a factor, and adds without one. */
interface Butterflies {
  multiplied: number
  added: number
}

/** Counts the butterflies of a transform as the kernel runs it: blocks from `bound` on are skipped. */
function count(into: Butterflies, size: number, delta: number, bound: number): void {
  for (let d = 1, m = 0; d < size; d *= 2, m++)
    for (let r = 0; r < bound; r += 2 * d) {
      if ((r + delta) >> m === 0) into.added += d
      else into.multiplied += d
    }
}

function extension({ rate, originalCount: k, recoveryCount: t, chunk }: Code): Butterflies {
  const total = { multiplied: 0, added: 0 }
  if (rate === 'low') {
    count(total, chunk, 0, k)
    for (let first = 0; first < t; first += chunk) count(total, chunk, first + chunk, Math.min(chunk, t - first))
  } else {
    for (let first = 0; first < k; first += chunk) count(total, chunk, first + chunk, Math.min(chunk, k - first))
    count(total, chunk, 0, t)
  }
  return total
}

export interface Work {
  /** Bytes, over the whole encoding. */
  readonly multipliedBytes: number
  readonly addedBytes: number
  readonly compressions: number
  /** Bytes hashed, without padding. */
  readonly hashedBytes: number
}

export function encodingWork(params: BlobParams): Work {
  const { shardCount: n, primarySourceCount: kp, symbolBytes: s } = params
  const rows = extension(codeOfAxis(params, 'secondary'))
  const columns = extension(codeOfAxis(params, 'primary'))
  const bytes = (of: 'multiplied' | 'added') => rows[of] * kp * s + columns[of] * n * s
  const leafCompressions = Math.ceil((s + 1) / 128)
  let inner = 0
  for (let level = n; level > 1; level = Math.ceil(level / 2)) inner += Math.ceil(level / 2)
  return {
    multipliedBytes: bytes('multiplied'),
    addedBytes: bytes('added'),
    compressions: n * n * leafCompressions + 2 * n * inner,
    hashedBytes: n * n * (s + 1) + 2 * n * inner * 65,
  }
}

/** One core, in bytes or compressions a second. */
export interface Rates {
  readonly copy: number
  readonly multiply: number
  readonly compress: number
}

/** Rates of this machine: copying 64 MiB, butterflies over 512 KiB, and hashing of symbols in cache. */
export function machineRates(): Rates {
  const from = new Uint8Array(64 * 2 ** 20).fill(1)
  const to = new Uint8Array(from.length).fill(2)
  const copySeconds = bestSeconds(() => to.set(from), 10)

  // 512 vectors of 1 KiB, every butterfly with a factor: offset 512 leaves none of them zero.
  const kernel = openKernel()
  const size = 512
  const vectorBytes = 1024
  const tables = kernel.heapBase() + 4096
  const base = tables + 2048 * 128
  kernel.memory.grow(Math.ceil((base + size * vectorBytes) / 65536) + 1)
  const rounds = 20
  const transformed = { multiplied: 0, added: 0 }
  count(transformed, size, size, size)
  const multiplySeconds = bestSeconds(() => {
    for (let i = 0; i < rounds; i++)
      kernel.fft(base, vectorBytes, vectorBytes / 2, vectorBytes / 2, size, size, 0, size, tables)
  }, 10)

  const engine = createEngine()
  const block = { symbolBytes: 127, codewords: 1 }
  const symbols = 1000
  const at = engine.reserve(symbols * (128 + 32))
  const hashSeconds = bestSeconds(() => {
    for (let i = 0; i < rounds; i++)
      engine.hashLeaves(
        block,
        symbols,
        { offset: at, positionStride: 128, codewordStride: 0 },
        { offset: at + symbols * 128, positionStride: 32, codewordStride: 0 },
      )
  }, 10)
  return {
    copy: from.length / copySeconds,
    multiply: (rounds * transformed.multiplied * vectorBytes) / multiplySeconds,
    compress: (rounds * symbols) / hashSeconds,
  }
}

export function workOf(shardCount: number, blobBytes: number): Work {
  return encodingWork(blobParams(shardCount, blobBytes))
}
