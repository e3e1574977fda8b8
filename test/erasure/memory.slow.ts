import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const once = fileURLToPath(new URL('../bench/erasure-once.ts', import.meta.url))
const MEBIBYTE = 2 ** 20
/** Whatever the blob: 32·n² bytes of hashes, the memory of two kernels, and rows on their way. */
const FIXED_BYTES = 80 * MEBIBYTE

interface Peak {
  /** Resident before, with the blob and a pool whose threads have started. */
  readonly readyBytes: number
  readonly peakBytes: number
}

/** Peak of a process of its own that does one thing at 1000 shards. */
async function peakOf(operation: 'upload' | 'id', mebibytes: number): Promise<Peak> {
  const { stdout } = await promisify(execFile)(process.execPath, [once, operation, String(mebibytes)])
  return JSON.parse(stdout) as Peak
}

describe('peak resident memory at 1000 shards', () => {
  it('stays under 1 GiB while every sliver of 256 MiB is taken, the blob included', async () => {
    expect((await peakOf('upload', 256)).peakBytes).toBeLessThan(2 ** 30)
  })

  it('stays under 2 GiB for 1 GiB', async () => {
    expect((await peakOf('upload', 1024)).peakBytes).toBeLessThan(2 ** 31)
  })

  it.each([64, 256, 1024])('is the blob and half of it for its id, beside a fixed part (%i MiB)', async (m) => {
    const { readyBytes, peakBytes } = await peakOf('id', m)
    expect(peakBytes - readyBytes).toBeLessThan(0.5 * m * MEBIBYTE + FIXED_BYTES)
  })

  it('is the blob and 0.6 of it for the id of 1 GiB', async () => {
    const { readyBytes, peakBytes } = await peakOf('id', 1024)
    expect(peakBytes - readyBytes).toBeLessThan(0.6 * 1024 * MEBIBYTE)
  })
})
