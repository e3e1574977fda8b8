import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { afterAll, describe, expect, it } from 'vitest'
import { packageFiles } from '../../src/move/compiler.ts'
import { buildAbortCodes } from '../../src/move/package-files.ts'
import type { PackageName } from '../../src/move/packages.ts'

/** A run takes some 3 s of processor time; machines that build other things at once take a multiple of it. */
const LIMIT_MS = 90_000

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

/** Text of the test sources of a package. */
function testText(name: PackageName): string {
  return Object.entries(packageFiles(name, true))
    .filter(([path]) => path.startsWith('tests/'))
    .map(([, text]) => text)
    .join('\n')
}

/** Checks that a correct caller in this package cannot make fail: they guard one module against another. */
const UNREACHABLE: Readonly<Partial<Record<PackageName, readonly string[]>>> = {
  walrus: [
    'active_set::EZeroMaxSize',
    'active_set::EDuplicateInsertion',
    'bls_aggregate::ESigVerification', // always true in this VM; tested with real signatures on the local network
    'storage_pool::EInvalidBlobSize', // what is in a pool was counted in
    'storage_pool::EInvalidBlobCount',
    'staking_pool::EIncorrectPoolId', // the pool is looked up by the stake's own node id
    'system_state_inner::EIncorrectCommittee',
    'system_state_inner::EInvalidAccountingEpoch',
    'system_state_inner::EInvalidIdEpoch', // messages::EIncorrectEpoch comes first
  ],
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
    it(`pass for ${name}`, { timeout: LIMIT_MS + 5_000 }, async () => {
      const { passed, output } = await runUnitTests(name)
      expect(output).toMatch(/Test result: OK\. Total tests: \d+; passed: \d+; failed: 0/)
      expect(passed).toBe(true)
      expect(Number(/Total tests: (\d+)/.exec(output)?.[1])).toBeGreaterThanOrEqual(least)
    })
  }

  for (const name of ['walrus', 'floe', 'wal_exchange'] as const) {
    it(`expect every abort of ${name}`, () => {
      const tests = testText(name)
      const missing = Object.entries(buildAbortCodes()[name]!)
        .flatMap(([module, codes]) => codes.map((code) => `${module}::${code.name}`))
        .filter((code) => !UNREACHABLE[name]?.includes(code))
        .filter((code) => !new RegExp(`abort_code = (${name}::)?${code}\\b`).test(tests))
      expect(missing).toEqual([])
    })
  }

  for (const name of ['walrus', 'floe', 'wal_exchange'] as const) {
    it(`call every public function of ${name}`, () => {
      const tests = testText(name)
      const missing = Object.entries(packageFiles(name, false)).flatMap(([path, text]) =>
        [...text.matchAll(/^public fun (?!\w*_for_testing\b)(\w+)/gm)]
          .map(([, called]) => called!)
          .filter((called) => !new RegExp(`[.:]${called}\\(`).test(tests))
          .map((called) => `${path}: ${called}`),
      )
      expect(missing).toEqual([])
    })
  }

  it('notice a test that fails', { timeout: LIMIT_MS + 5_000 }, async () => {
    const wrong = '#[test_only] module wal::wrong; #[test] fun one_is_two() { assert!(1u64 == 2) }'
    const { passed, output } = await runUnitTests('wal', { extra: { 'tests/wrong.move': wrong } })
    expect(passed).toBe(false)
    expect(output).toContain('[ FAIL    ] wal::wrong::one_is_two')
  })

  it('are ended when they do not end', { timeout: LIMIT_MS + 5_000 }, async () => {
    const endless = '#[test_only] module wal::endless; #[test] fun for_ever() { loop {} }'
    const worker = startWorker()
    const running = runUnitTests('wal', { extra: { 'tests/endless.move': endless }, limitMs: 2_000, worker })
    await expect(running).rejects.toThrow(/abort/)
    await worker.terminate()
  })
})
