import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const once = fileURLToPath(new URL('../bench/erasure-once.ts', import.meta.url))
const MEBIBYTE = 2 ** 20
/** A process of Node with two more threads, and 32·n² bytes of hashes. */
const FIXED_BYTES = 220 * MEBIBYTE

/** Peak of a process of its own that does one thing at 1000 shards. */
async function peakOf(operation: 'upload' | 'id', mebibytes: number): Promise<number> {
  const { stdout } = await promisify(execFile)(process.execPath, [once, operation, String(mebibytes)])
  return (JSON.parse(stdout) as { peakBytes: number }).peakBytes
}

describe('peak resident memory at 1000 shards', () => {
  it('stays under 1 GiB while every sliver of 256 MiB is taken, the blob included', async () => {
    expect(await peakOf('upload', 256)).toBeLessThan(2 ** 30)
  })

  it('stays under 2 GiB for 1 GiB', async () => {
    expect(await peakOf('upload', 1024)).toBeLessThan(2 ** 31)
  })

  it.each([64, 256, 1024])(
    'is the blob and 0.6 of it for its id, beside what every process needs (%i MiB)',
    async (m) => {
      expect(await peakOf('id', m)).toBeLessThan(1.6 * m * MEBIBYTE + FIXED_BYTES)
    },
  )
})
