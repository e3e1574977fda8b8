/** The Move unit tests once more, on the machine of the local network: every test must end as it does on the compiler's
 *  (`unit.test.ts`). */

import { beforeAll, describe, expect, it } from 'vitest'
import type { Loader } from '../../src/localnet/movevm/loader.ts'
import { listMoveTests, type MoveTest } from '../../src/move/test-modules.ts'
import { loadTestPackages, runMoveTest } from './machine.ts'

let loader: Loader

beforeAll(async () => {
  loader = await loadTestPackages()
}, 90_000)

/** The tests that end otherwise than expected. */
function surprises(tests: readonly MoveTest[]): string[] {
  return tests.flatMap((test) => {
    try {
      expect(runMoveTest(loader, test)).toEqual(test.expected)
      return []
    } catch (error) {
      return [`${test.module}::${test.name}: ${error instanceof Error ? error.message : String(error)}`]
    }
  })
}

describe('Move unit tests on our machine', () => {
  for (const [name, least] of [
    ['wal', 2],
    ['walrus', 176],
    ['floe', 240],
    ['wal_exchange', 12],
  ] as const) {
    it(`end for ${name} as on the compiler's machine`, { timeout: 60_000 }, () => {
      const tests = listMoveTests(name)
      expect(tests.length).toBeGreaterThanOrEqual(least)
      expect(surprises(tests)).toEqual([])
    })
  }

  it('notice another end than the expected one', () => {
    const [test] = listMoveTests('floe').filter(({ expected }) => expected.kind === 'abort')
    expect(surprises([{ ...test!, expected: { kind: 'success' } }])).toHaveLength(1)
  })
})
