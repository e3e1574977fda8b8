/** The two Reed–Solomon codes of a shard count, as evaluations of one polynomial at points of the Cantor basis.
 *
 *  High rate: recovery symbols stand at points 0..t-1, originals at m..m+k-1, zeros above, m = nextpow2(t).
 *  Low rate:  originals stand at points 0..k-1, zeros at k..m-1, recovery symbols from m on, m = nextpow2(k).
 *  The two give different bytes, so the rule that chooses is part of the protocol.
 *  @see reference/walrus-protocol.md §2.2 to §2.6 */

import { divide, GROUP_ORDER, LOG } from './field.ts'
import type { BlobParams, SliverAxis } from './params.ts'

export interface Code {
  /** k */
  readonly originalCount: number
  /** t */
  readonly recoveryCount: number
  readonly rate: 'high' | 'low'
  /** m: size of the transform, a power of two. */
  readonly chunk: number
}

export function nextPowerOfTwo(value: number): number {
  return value <= 1 ? 1 : 2 ** (32 - Math.clz32(value - 1))
}

export function codeOf(originalCount: number, recoveryCount: number): Code {
  const p = nextPowerOfTwo(originalCount)
  const q = nextPowerOfTwo(recoveryCount)
  const high = p > q || (p === q && originalCount <= recoveryCount)
  return { originalCount, recoveryCount, rate: high ? 'high' : 'low', chunk: high ? q : p }
}

/** The code whose symbol index is the sliver index of that axis: `primary` extends kp rows to n, `secondary` ks columns. */
export function codeOfAxis(params: BlobParams, axis: SliverAxis): Code {
  const originals = axis === 'primary' ? params.primarySourceCount : params.secondarySourceCount
  return codeOf(originals, params.shardCount - originals)
}

/** Evaluation point of symbol `index` (0..k-1 originals, then recovery). */
export function pointOf(code: Code, index: number): number {
  const { originalCount, chunk } = code
  const isOriginal = index < originalCount
  if (code.rate === 'high') return isOriginal ? chunk + index : index - originalCount
  return isOriginal ? index : chunk + index - originalCount
}

/** The factor by which original `i` enters recovery symbol `j`: the code in closed form, a scaled Cauchy matrix. */
export function coefficient(code: Code, j: number, i: number): number {
  const { chunk } = code
  const shift = 31 - Math.clz32(chunk)
  if (code.rate === 'low') return divide((chunk + j) >>> shift, (chunk + j) ^ i)
  return divide((chunk + i) >>> shift, j ^ (chunk + i))
}

/** What erasure decoding knows about each point of its transform. */
export interface Locator {
  /** N: size of the transform, a power of two above every point that was received or erased. */
  readonly size: number
  /** Log of the erasure locator at each point, or of its derivative where the point is itself erased. */
  readonly logs: Uint16Array
}

/** Locator for the symbols present (indexes); all others are erased.
 *  Direct summation costs N·|erased| lookups: 2 M at 1000 shards, once per set of slivers, so the reference's
 *  two Walsh–Hadamard transforms of 65536 points would cost more. */
export function locatorFor(code: Code, present: readonly number[]): Locator {
  const { originalCount, chunk } = code
  let end = code.rate === 'high' ? chunk + originalCount : originalCount
  for (const index of present) end = Math.max(end, pointOf(code, index) + 1)
  const size = nextPowerOfTwo(end)
  const known = new Uint8Array(size)
  for (const index of present) known[pointOf(code, index)] = 1
  // Points that hold zeros by construction count as received.
  if (code.rate === 'high') known.fill(1, chunk + originalCount, size)
  else known.fill(1, originalCount, Math.min(chunk, size))
  const erased: number[] = []
  for (let point = 0; point < size; point++) if (!known[point]) erased.push(point)
  const logs = new Uint16Array(size)
  for (let point = 0; point < size; point++) {
    let sum = 0
    for (const other of erased) if (other !== point) sum += LOG[point ^ other]!
    logs[point] = sum % GROUP_ORDER
  }
  return { size, logs }
}
