import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { afterAll, describe, expect, it } from 'vitest'
import type { PackageName } from '../../src/move/packages.ts'

/** A run takes some 3 s of processor time; machines that build other things at once take a multiple of it. */
const LIMIT_MS = 300_000

const startWorker = () => new Worker(new URL('./test-worker.ts', import.meta.url))
/** Runs one package after the other. */
const shared = startWorker()
afterAll(() => shared.terminate())

async function runUnitTests(
  name: PackageName,
  {
    extra = {},
    limitMs = LIMIT_MS,
    worker = shared,
  }: { extra?: Record<string, string>; limitMs?: number; worker?: Worker } = {},
): Promise<{ passed: boolean; output: string }> {
  const answer = once(worker, 'message', { signal: AbortSignal.timeout(limitMs) })
  worker.postMessage({ name, extra })
  const [result] = await answer
  return result
}

describe('Move unit tests', () => {
  for (const [name, least] of [
    ['move-stdlib', 8],
    ['sui-framework', 23],
    ['wal', 2],
    ['walrus', 176],
    ['floe', 240],
    ['wal_exchange', 12],
  ] as const) {
    it(`pass for ${name}`, async () => {
      const { passed, output } = await runUnitTests(name)
      expect(output).toMatch(/Test result: OK\. Total tests: \d+; passed: \d+; failed: 0/)
      expect(passed).toBe(true)
      expect(Number(/Total tests: (\d+)/.exec(output)?.[1])).toBeGreaterThanOrEqual(least)
    })
  }

  it('notice a test that fails', async () => {
    const wrong = '#[test_only] module wal::wrong; #[test] fun one_is_two() { assert!(1u64 == 2) }'
    const { passed, output } = await runUnitTests('wal', { extra: { 'tests/wrong.move': wrong } })
    expect(passed).toBe(false)
    expect(output).toContain('[ FAIL    ] wal::wrong::one_is_two')
  })

  it('are ended when they do not end', async () => {
    const endless = '#[test_only] module wal::endless; #[test] fun for_ever() { loop {} }'
    const worker = startWorker()
    const running = runUnitTests('wal', { extra: { 'tests/endless.move': endless }, limitMs: 2_000, worker })
    await expect(running).rejects.toThrow(/abort/)
    await worker.terminate()
  })
})
