/** All that an engine does, over one block of random symbols. */

import { toHex } from '../../src/base/bytes.ts'
import { createRng } from '../../src/base/rng.ts'
import type { Code } from '../../src/erasure/code.ts'
import type { Engine } from '../../src/erasure/engine.ts'

/** Extension, hashes and restoration from a random choice of symbols, in forms that can be compared. */
export function exercise(engine: Engine, code: Code, symbolBytes: number, codewords: number, seed: number) {
  const { originalCount: k, recoveryCount: t } = code
  const rng = createRng(seed)
  const block = { symbolBytes, codewords }
  const vectorBytes = codewords * symbolBytes
  const count = k + t
  const base = engine.reserve(2 * count * vectorBytes + (count + 1) * codewords * 32)
  const data = rng.fill(new Uint8Array(k * vectorBytes))
  engine.memory.set(data, base)
  const grid = { positionStride: vectorBytes, codewordStride: symbolBytes }
  const symbols = { offset: base, ...grid }
  engine.extend(code, block, symbols, { offset: base + k * vectorBytes, ...grid })
  const leaves = { offset: base + 2 * count * vectorBytes, positionStride: codewords * 32, codewordStride: 32 }
  engine.hashLeaves(block, count, symbols, leaves)
  engine.merkleRoots(count, codewords, leaves, leaves.offset + count * codewords * 32)
  const extended = engine.memory.slice(base, base + count * vectorBytes)
  const hashes = engine.memory.slice(leaves.offset, leaves.offset + (count + 1) * codewords * 32)

  const order = Array.from({ length: count }, (_, i) => i)
  for (let i = count - 1; i > 0; i--) {
    const j = rng.below(i + 1)
    ;[order[i], order[j]] = [order[j]!, order[i]!]
  }
  const present = order.slice(0, k)
  const wanted = Array.from({ length: k }, (_, i) => i).filter((i) => !present.includes(i))
  for (const [p, index] of present.entries())
    engine.memory.set(extended.subarray(index * vectorBytes, (index + 1) * vectorBytes), base + p * vectorBytes)
  const restored = { offset: base + k * vectorBytes, ...grid }
  engine.restore(code, block, present, symbols, wanted, restored)
  const back = wanted.map((_, p) =>
    toHex(engine.memory.slice(restored.offset + p * vectorBytes, restored.offset + (p + 1) * vectorBytes)),
  )
  const expected = wanted.map((index) => toHex(data.slice(index * vectorBytes, (index + 1) * vectorBytes)))
  return { extended: toHex(extended), hashes: toHex(hashes), back, expected }
}
