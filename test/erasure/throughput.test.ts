import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const run = promisify(execFile)
const MEBIBYTE = 2 ** 20

/** Encodes in a process of its own, so that nothing else counts; returns the best time and the peak of memory. */
async function encode(
  shardCount: number,
  mebibytes: number,
  times: number,
): Promise<{ ms: number; peakBytes: number }> {
  const script = `
    const { createErasurePool } = await import(${JSON.stringify(new URL('../../src/erasure/pool.ts', import.meta.url).href)})
    const pool = createErasurePool({ threads: 2 })
    const blob = new Uint8Array(${mebibytes * MEBIBYTE}).map((_, i) => i * 7 + (i >> 9))
    let ms = Infinity
    for (let i = 0; i < ${times}; i++) {
      const start = performance.now()
      const encoded = await pool.encodeBlob(${shardCount}, blob)
      ms = Math.min(ms, performance.now() - start)
      encoded.release()
    }
    await pool.close()
    // The peak in resourceUsage begins with that of the process that this one was forked from.
    const status = await import('node:fs').then(({ readFileSync }) => readFileSync('/proc/self/status', 'utf8')).catch(() => '')
    const peakBytes = 1024 * Number(/VmHWM:\\s+(\\d+)/.exec(status)?.[1] ?? process.resourceUsage().maxRSS)
    console.log(JSON.stringify({ ms, peakBytes }))`
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script])
  return JSON.parse(stdout)
}

describe('encoding 64 MiB at the default 208 shards', () => {
  it('reaches 15 MB/s many times over and stays under 700 MiB, blob after blob', async () => {
    const { ms, peakBytes } = await encode(208, 64, 3)
    expect((64 * MEBIBYTE) / 1e6 / (ms / 1000)).toBeGreaterThan(15)
    expect(peakBytes).toBeLessThan(700 * MEBIBYTE)
  })
})
