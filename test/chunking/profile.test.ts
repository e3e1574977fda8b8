import { expect, it } from 'vitest'
import { chunkBytes } from '../../src/chunking/chunker.ts'
import { plainEngine } from '../../src/chunking/engine-plain.ts'
import { wasmEngine } from '../../src/chunking/engine-wasm.ts'
import { CHUNK_PROFILE, CHUNK_PROFILES, chunkParamsFor, MAX_CHUNK_BYTES } from '../../src/chunking/profile.ts'

const MiB = 2 ** 20

it('profile 1 chooses the average by file size, with a quarter and four times of it as bounds', () => {
  const rows = [0, 256 * MiB - 1, 256 * MiB, 4096 * MiB - 1, 4096 * MiB, 2 ** 45].map((bytes) => chunkParamsFor(bytes))
  expect(rows.map((row) => row.avgBytes / 1024)).toEqual([64, 64, 256, 256, 1024, 1024])
  for (const { minBytes, avgBytes, maxBytes } of rows) {
    expect([minBytes * 4, maxBytes / 4]).toEqual([avgBytes, avgBytes])
    expect(maxBytes).toBeLessThanOrEqual(MAX_CHUNK_BYTES)
  }
  expect(CHUNK_PROFILES[CHUNK_PROFILE]).toBe('fastcdc-gear32-v1')
})

it.each([-1, 0.5, Number.NaN, 2 ** 60])('a file size of %s is a programming mistake', (bytes) => {
  expect(() => chunkParamsFor(bytes)).toThrow(RangeError)
})

it('what is asked for by name wins over the size of the file, and `fixed` cuts at every MiB with either engine', () => {
  const asked = (['small', 'medium', 'large', 'fixed'] as const).map((sizing) => chunkParamsFor(2 ** 40, sizing))
  expect(asked.map(({ avgBytes }) => avgBytes / 1024)).toEqual([64, 256, 1024, 1024])
  const bytes = new Uint8Array(3 * MiB + 5).map((_, i) => (i * i) % 251)
  for (const engine of [plainEngine, wasmEngine()])
    expect(chunkBytes(bytes, chunkParamsFor(0, 'fixed'), engine).map(({ length }) => length)).toEqual([
      MiB,
      MiB,
      MiB,
      5,
    ])
})
