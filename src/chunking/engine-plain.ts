/** FastCDC 2016 (Xia et al., USENIX ATC) in plain TypeScript: the oracle that the WebAssembly engine must equal.
 *
 *  A chunk ends at length n, counted from its first byte, if n is the smallest length with
 *    minBytes ≤ n < normalBytes and hash(n) < hardThreshold, or
 *    normalBytes ≤ n < maxBytes and hash(n) < easyThreshold, or n = maxBytes,
 *  where hash(n) = Σ gear[byte n−1−k] · 2^k mod 2^32 over k = 0..31. The hash looks at the last 32 bytes only, so hashing
 *  starts 32 bytes before minBytes, and two streams that share a chunk's end go on with equal cuts. Every byte is looked
 *  at once: time is linear whatever the content. */

import type { ChunkEngine, Cutter } from './engine.ts'
import { GEAR_TABLE, GEAR_WINDOW_BYTES } from './gear.ts'
import { type ChunkParams, type CutLimits, cutLimits, parseChunkParams } from './params.ts'

class PlainCutter implements Cutter {
  readonly #limits: CutLimits
  #length = 0
  #hash = 0

  constructor(limits: CutLimits) {
    this.#limits = limits
  }

  get pendingBytes(): number {
    return this.#length
  }

  feed(bytes: Uint8Array): number[] {
    const { minBytes, normalBytes, maxBytes, hardThreshold, easyThreshold } = this.#limits
    const cuts: number[] = []
    let at = 0
    let length = this.#length
    let hash = this.#hash
    while (at < bytes.length) {
      const skipped = Math.min(minBytes - GEAR_WINDOW_BYTES - length, bytes.length - at)
      if (skipped > 0) {
        at += skipped
        length += skipped
        continue
      }
      hash = (Math.imul(hash, 2) + GEAR_TABLE[bytes[at]!]!) >>> 0
      at++
      length++
      if (length < minBytes) continue
      if (length < maxBytes && hash >= (length < normalBytes ? hardThreshold : easyThreshold)) continue
      cuts.push(at)
      length = 0
      hash = 0
    }
    this.#length = length
    this.#hash = hash
    return cuts
  }
}

export const plainEngine: ChunkEngine = {
  name: 'plain',
  createCutter: (params: ChunkParams) => new PlainCutter(cutLimits(parseChunkParams(params))),
}
