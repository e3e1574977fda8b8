import { describe, expect, it } from 'vitest'
import { toHex } from '../../src/base/bytes.ts'
import { createRng } from '../../src/base/rng.ts'
import { merkleRoot } from '../../src/crypto/merkle.ts'
import { codeOf } from '../../src/erasure/code.ts'
import type { Engine } from '../../src/erasure/engine.ts'
import { createEngine } from '../../src/erasure/engine-choice.ts'
import { createNaiveEngine } from '../../src/erasure/engine-naive.ts'
import { bestKernel, supportedKernels } from '../../src/erasure/kernel-file.ts'
import { exercise } from './exercise.ts'

const naive = createNaiveEngine()
const fast = supportedKernels().map((name): [string, Engine] => [name, createEngine(name)])

/** Small codes of both rates, with one and several chunks, and those of 31, 34, 100 and 208 shards. */
const codes = [
  [2, 2],
  [3, 1],
  [3, 4],
  [4, 6],
  [7, 3],
  [11, 20],
  [21, 10],
  [12, 22],
  [34, 66],
  [67, 33],
  [70, 138],
  [139, 69],
] as const

/** What the naive engine makes of a case; each kernel is compared with it. */
const references = new Map<string, ReturnType<typeof exercise>>()
function reference(k: number, t: number, size: number, codewords: number): ReturnType<typeof exercise> {
  const key = [k, t, size, codewords].join()
  const known = references.get(key) ?? exercise(naive, codeOf(k, t), size, codewords, k * 1000 + size)
  references.set(key, known)
  return known
}

describe.each(fast)('%s', (_, engine) => {
  it.each(codes)('agrees with the naive engine at every symbol size around lane borders (%i + %i)', (k, t) => {
    const sizes =
      k < 30 ? [2, 4, 6, 14, 16, 18, 30, 32, 34, 62, 64, 66, 94, 96, 98, 126, 128, 130, 190, 192, 260] : [2, 34, 130]
    for (const size of sizes)
      for (const codewords of k < 30 ? [1, 2, 5] : [1, 3]) {
        const got = exercise(engine, codeOf(k, t), size, codewords, k * 1000 + size)
        const { extended, hashes } = reference(k, t, size, codewords)
        expect(got.extended === extended, `extension, ${size} bytes, ${codewords} codewords`).toBe(true)
        expect(got.hashes === hashes, `hashes, ${size} bytes, ${codewords} codewords`).toBe(true)
        expect(got.back).toEqual(got.expected)
      }
  })

  it('restores what it extended at 1000 shards', () => {
    for (const [k, t] of [
      [334, 666],
      [667, 333],
    ] as const) {
      const { back, expected } = exercise(engine, codeOf(k, t), 6, 40, k)
      expect(back.length).toBeGreaterThan(k / 4)
      expect(back).toEqual(expected)
    }
  })

  it('makes some recovery symbols as it makes all, and no others', () => {
    for (const [k, t] of codes.slice(0, 9)) {
      const code = codeOf(k, t)
      const size = 34
      const base = engine.reserve((k + 2 * t) * size)
      engine.memory.set(createRng(k).fill(new Uint8Array(k * size)), base)
      const grid = { positionStride: size, codewordStride: 0 }
      const block = { symbolBytes: size, codewords: 1 }
      const all = base + k * size
      engine.extend(code, block, { offset: base, ...grid }, { offset: all, ...grid })
      const some = all + t * size
      for (let first = 0; first <= t; first += Math.ceil(t / 7))
        for (let count = 0; first + count <= t; count += Math.ceil(t / 5)) {
          engine.memory.fill(0xee, some, some + t * size)
          engine.extend(code, block, { offset: base, ...grid }, { offset: some, ...grid }, { first, count })
          const { memory } = engine
          const expected = memory.subarray(all + first * size, all + (first + count) * size)
          expect(Buffer.compare(memory.subarray(some, some + count * size), expected), `${k}+${t}: ${first}`).toBe(0)
          expect(memory.subarray(some + count * size, some + t * size).every((byte) => byte === 0xee)).toBe(true)
        }
    }
  })

  it('hashes complete trees side by side as it hashes them one by one', () => {
    for (const leafCount of [1, 2, 4, 8, 32, 4096])
      for (const trees of [1, 2, 3, 300].filter((count) => count * leafCount < 20_000)) {
        const bytes = leafCount * trees * 32
        const at = engine.reserve(bytes + (trees + 1) * 32)
        engine.memory.set(createRng(leafCount).fill(new Uint8Array(bytes)), at)
        const grid = { positionStride: 32, codewordStride: leafCount * 32 }
        engine.merkleRoots(leafCount, trees, { offset: at, ...grid }, at + bytes)
        for (const tree of [0, trees >> 1, trees - 1]) {
          const root = at + bytes + tree * 32
          const got = toHex(engine.memory.slice(root, root + 32))
          const leaves = Array.from({ length: leafCount }, (_, i) => {
            const from = at + (tree * leafCount + i) * 32
            return engine.memory.slice(from, from + 32)
          })
          expect(got, `${leafCount} leaves, tree ${tree} of ${trees}`).toBe(toHex(merkleRoot(leaves)))
        }
      }
  })

  it('writes nothing outside the symbols it is asked for', () => {
    const code = codeOf(3, 4)
    const base = engine.reserve(4096)
    engine.memory.fill(0xee, base, base + 4096)
    const originals = { offset: base + 100, positionStride: 10, codewordStride: 0 }
    const recovery = { offset: base + 1000, positionStride: 20, codewordStride: 0 }
    engine.extend(code, { symbolBytes: 10, codewords: 1 }, originals, recovery)
    engine.hashLeaves({ symbolBytes: 10, codewords: 1 }, 3, originals, {
      offset: base + 2000,
      positionStride: 40,
      codewordStride: 0,
    })
    const touched = [...engine.memory.subarray(base, base + 4096).entries()]
      .filter(([, byte]) => byte !== 0xee)
      .map(([at]) => at)
    const allowed = (at: number) =>
      (at >= 1000 && at < 1080 && (at - 1000) % 20 < 10) || (at >= 2000 && at < 2120 && (at - 2000) % 40 < 32)
    expect(touched.length).toBeGreaterThan(100)
    expect(touched.filter((at) => !allowed(at))).toEqual([])
  })
})

describe('the naive engine', () => {
  it.each(codes.slice(0, 8))('restores what it extended (%i + %i)', (k, t) => {
    const { back, expected } = exercise(naive, codeOf(k, t), 6, 2, k)
    expect(back).toEqual(expected)
  })
})

describe('the choice of an engine', () => {
  it('is the fastest kernel that this runtime has, and any other on request', () => {
    // Node 22.15 and later have vector instructions; Node 24 has the relaxed ones too.
    expect(supportedKernels()).toEqual(expect.arrayContaining(['rs2.wasm', 'rs2-scalar.wasm']))
    expect(bestKernel()).toBe(supportedKernels()[0])
    expect(createEngine().name).toBe('simd')
    expect(createEngine('rs2-scalar.wasm').name).toBe('scalar')
    expect(createEngine('naive').name).toBe('naive')
  })
})
