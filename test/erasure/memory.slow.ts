import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const once = fileURLToPath(new URL('../bench/erasure-once.ts', import.meta.url))
const MEBIBYTE = 2 ** 20

interface Peak {
  /** Resident before: the process, the blob, and a pool of two threads that have computed ids of a few bytes. */
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

  it.each([64, 256, 1024])('is the blob and 0.6 of it for its id, beside an idle pool (%i MiB)', async (mebibytes) => {
    const { readyBytes, peakBytes } = await peakOf('id', mebibytes)
    expect(peakBytes - readyBytes).toBeLessThan(0.6 * mebibytes * MEBIBYTE)
  })
})
