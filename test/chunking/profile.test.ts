import { expect, it } from 'vitest'
import { CHUNK_PROFILE, CHUNK_PROFILES, chunkParamsFor, MAX_CHUNK_BYTES } from '../../src/chunking/profile.ts'

const MiB = 2 ** 20

it('profile 1 chooses the average by file size, with a quarter and four times of it as bounds', () => {
  const rows = [0, 256 * MiB - 1, 256 * MiB, 4096 * MiB - 1, 4096 * MiB, 2 ** 45].map(chunkParamsFor)
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
