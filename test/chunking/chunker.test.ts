import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concatBytes, equalBytes } from '../../src/base/bytes.ts'
import { chunkBytes, chunkStream } from '../../src/chunking/chunker.ts'
import { plainEngine } from '../../src/chunking/engine-plain.ts'
import { wasmEngine } from '../../src/chunking/engine-wasm.ts'
import { GEAR_TABLE } from '../../src/chunking/gear.ts'
import type { ChunkParams } from '../../src/chunking/params.ts'
import { parseChunkParams } from '../../src/chunking/params.ts'
import { sha256Hex } from '../../src/crypto/hash.ts'
import { collect, inPieces, randomBytes } from './inputs.ts'

const SMALL: ChunkParams = { minBytes: 64, avgBytes: 256, maxBytes: 1024 }
const engines = [plainEngine, wasmEngine()]

const lengthsOf = (chunks: readonly Uint8Array[]) => chunks.map((chunk) => chunk.length)

describe('chunkBytes', () => {
  it.each(engines)('gives no chunk for empty input ($name)', (engine) => {
    expect(chunkBytes(new Uint8Array(0), SMALL, engine)).toEqual([])
  })

  it('returns views that are together the whole input, none above the maximum, only the last below the minimum', () => {
    const input = randomBytes(1, 100_000)
    const chunks = chunkBytes(input, SMALL)
    expect(equalBytes(concatBytes(...chunks), input)).toBe(true)
    expect(chunks.every((chunk) => chunk.buffer === input.buffer)).toBe(true)
    expect(Math.max(...lengthsOf(chunks))).toBeLessThanOrEqual(1024)
    expect(Math.min(...lengthsOf(chunks.slice(0, -1)))).toBeGreaterThanOrEqual(64)
  })

  it('keeps the mean over random bytes within 5 % of the average asked for', () => {
    const chunks = chunkBytes(randomBytes(2, 8_000_000), { minBytes: 1024, avgBytes: 4096, maxBytes: 16_384 })
    expect(8_000_000 / chunks.length / 4096).toBeGreaterThan(0.95)
    expect(8_000_000 / chunks.length / 4096).toBeLessThan(1.05)
  })

  it('cuts the same in WebAssembly as in the oracle at every length around the borders', () => {
    const input = randomBytes(3, 3 * 1024)
    for (const shape of [input, new Uint8Array(3 * 1024)])
      for (const border of [0, 32, 64, 208, 256, 1024, 2048])
        for (let length = Math.max(0, border - 34); length <= border + 34; length++) {
          const bytes = shape.subarray(0, length)
          expect(lengthsOf(chunkBytes(bytes, SMALL, wasmEngine()))).toEqual(
            lengthsOf(chunkBytes(bytes, SMALL, plainEngine)),
          )
        }
  })

  it('cuts the same in WebAssembly as in the oracle for any sizes', () => {
    const input = randomBytes(4, 20_000)
    const sizes = fc
      .tuple(fc.integer({ min: 32, max: 300 }), fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 900 }))
      .map(([min, more, most]) => ({ minBytes: min, avgBytes: min + more, maxBytes: min + more + most }))
    fc.assert(
      fc.property(sizes, (params) => {
        expect(lengthsOf(chunkBytes(input, params, wasmEngine()))).toEqual(
          lengthsOf(chunkBytes(input, params, plainEngine)),
        )
      }),
      { seed: 7, numRuns: 60 },
    )
  })

  it('crosses the copy border of the WebAssembly engine without a seam', () => {
    const input = randomBytes(5, 2_200_000)
    const params = { minBytes: 4096, avgBytes: 16_384, maxBytes: 65_536 }
    expect(lengthsOf(chunkBytes(input, params, wasmEngine()))).toEqual(
      lengthsOf(chunkBytes(input, params, plainEngine)),
    )
  })

  it('changes at most three chunks when bytes are inserted, removed or replaced', () => {
    const params = { minBytes: 256, avgBytes: 1024, maxBytes: 4096 }
    const input = randomBytes(6, 200_000)
    const before = new Set(chunkBytes(input, params).map(sha256Hex))
    for (const at of [0, 50_000, 123_456, 199_990]) {
      const edits = [
        concatBytes(input.subarray(0, at), Uint8Array.of(1, 2, 3), input.subarray(at)),
        concatBytes(input.subarray(0, at), input.subarray(at + 5)),
        concatBytes(input.subarray(0, at), Uint8Array.of(9), input.subarray(at + 1)),
      ]
      for (const edited of edits) {
        const fresh = chunkBytes(edited, params).filter((chunk) => !before.has(sha256Hex(chunk)))
        expect(fresh.length).toBeLessThanOrEqual(3)
      }
    }
  })

  it.each([
    { minBytes: 31, avgBytes: 64, maxBytes: 128 },
    { minBytes: 65, avgBytes: 64, maxBytes: 128 },
    { minBytes: 64, avgBytes: 129, maxBytes: 128 },
    { minBytes: 64, avgBytes: 128, maxBytes: 2 ** 24 + 1 },
    { minBytes: 64, avgBytes: 100.5, maxBytes: 128 },
    { minBytes: Number.NaN, avgBytes: 64, maxBytes: 128 },
  ])('refuses sizes that contradict each other: %j', (params) => {
    expect(() => parseChunkParams(params)).toThrow(expect.objectContaining({ code: 'CHUNK_PARAMS', kind: 'usage' }))
    expect(() => chunkBytes(new Uint8Array(1), params)).toThrow(expect.objectContaining({ code: 'CHUNK_PARAMS' }))
  })
})

describe('chunkStream', () => {
  const input = randomBytes(8, 30_000)
  const expected = lengthsOf(chunkBytes(input, SMALL, plainEngine))

  it.each(engines)('ignores how the bytes are fed ($name)', async (engine) => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 8 }), async (sizes) => {
        const chunks = await collect(chunkStream(inPieces(input, sizes), SMALL, { engine }))
        expect(lengthsOf(chunks)).toEqual(expected)
        expect(equalBytes(concatBytes(...chunks), input)).toBe(true)
      }),
      { seed: 11, numRuns: 30 },
    )
  })

  it('takes pieces of one byte, and empty ones', async () => {
    const pieces = [new Uint8Array(0), ...inPieces(input.subarray(0, 5000), [1]), new Uint8Array(0)]
    const chunks = await collect(chunkStream(pieces, SMALL))
    expect(lengthsOf(chunks)).toEqual(lengthsOf(chunkBytes(input.subarray(0, 5000), SMALL)))
    expect(await collect(chunkStream([], SMALL))).toEqual([])
  })

  it('gives chunks that do not change when the source reuses its buffer', async () => {
    function* reusing() {
      const buffer = new Uint8Array(777)
      for (const piece of inPieces(input, [777])) {
        buffer.set(piece)
        yield buffer.subarray(0, piece.length)
      }
    }
    expect(equalBytes(concatBytes(...(await collect(chunkStream(reusing(), SMALL)))), input)).toBe(true)
  })

  it('stops at an abort and closes the source', async () => {
    const controller = new AbortController()
    let closed = false
    async function* endless() {
      try {
        for (;;) yield input
      } finally {
        closed = true
      }
    }
    const reading = async () => {
      for await (const _ of chunkStream(endless(), SMALL, { signal: controller.signal })) controller.abort()
    }
    await expect(reading()).rejects.toMatchObject({ code: 'CANCELLED', kind: 'cancelled' })
    expect(closed).toBe(true)
  })

  it('keeps streams that run side by side apart', async () => {
    const other = randomBytes(9, 30_000)
    const [first, second] = await Promise.all([
      collect(chunkStream(inPieces(input, [100]), SMALL)),
      collect(chunkStream(inPieces(other, [100]), SMALL)),
    ])
    expect(lengthsOf(first)).toEqual(expected)
    expect(lengthsOf(second)).toEqual(lengthsOf(chunkBytes(other, SMALL, plainEngine)))
  })
})

describe('hostile content', () => {
  // A byte run whose hash cuts at every chance, found by search: chunks are then as short as they may be.
  const params = { minBytes: 64, avgBytes: 128, maxBytes: 1024 }
  const cutting = () => {
    const tail = new Uint8Array(64)
    for (let seed = 0; ; seed++) {
      tail.set(randomBytes(seed, 64))
      let hash = 0
      for (const byte of tail.subarray(32)) hash = (Math.imul(hash, 2) + GEAR_TABLE[byte]!) >>> 0
      if (hash < 2 ** 32 / 512) return tail
    }
  }

  it('never makes more chunks than bytes ÷ minimum', () => {
    const unit = cutting()
    const input = new Uint8Array(64 * 1000).map((_, i) => unit[i % 64]!)
    expect(new Set(lengthsOf(chunkBytes(input, params)))).toEqual(new Set([64]))
  })

  it('takes linear time: each byte is looked at once however short the pieces and the chunks', async () => {
    // The same bytes as one input and as sixteen: linear work is the same for both, quadratic sixteen times as much.
    const unit = cutting()
    const whole = new Uint8Array(1_600_000).map((_, i) => unit[i % 64]!)
    const cpuMs = async (inputs: number) => {
      // Processor time, which other work on the machine adds nothing to. Some kernels count it in steps of 10 ms.
      const start = process.cpuUsage()
      const bytes = whole.subarray(0, whole.length / inputs)
      for (let input = 0; input < inputs; input++) await collect(chunkStream(inPieces(bytes, [50]), params))
      const { user, system } = process.cpuUsage(start)
      return Math.max((user + system) / 1000, 10)
    }
    await cpuMs(16)
    expect((await cpuMs(1)) / (await cpuMs(16))).toBeLessThan(5)
  })
})
