/** The Move unit tests once more, on the machine of the local network: every test must end as it does on the compiler's
 *  (`unit.test.ts`). */

import { beforeAll, describe, expect, it } from 'vitest'
import type { Loader } from '../../src/localnet/movevm/loader.ts'
import { buildAbortCodes } from '../../src/move/package-files.ts'
import { PACKAGE_ADDRESSES } from '../../src/move/packages.ts'
import { listMoveTests, type MoveTest } from '../../src/move/test-modules.ts'
import { loadTestPackages, publishedFunctions, runMoveTest } from './machine.ts'

const CHECKED = ['walrus', 'floe', 'wal_exchange'] as const

let loader: Loader
/** `package::module::function` of what was called. */
const called = new Set<string>()

beforeAll(async () => {
  loader = await loadTestPackages()
  for (const name of CHECKED) noteCalls(name)
})

/** The machine reads a function's code when it calls it for the first time. */
function noteCalls(name: (typeof CHECKED)[number]): void {
  for (const [module, { functions }] of loader.package(PACKAGE_ADDRESSES[name]).modules)
    for (const [key, definition] of functions) {
      const { code } = definition
      const get = () => {
        called.add(`${name}::${module}::${key}`)
        return code
      }
      Object.defineProperty(definition, 'code', { get })
    }
}

/** Aborts that nothing can cause, in the package or outside, or not here. */
const UNRAISED: Readonly<Record<string, string>> = {
  'walrus::bls_aggregate::ESigVerification': 'signatures count as right here: raised in attacks.test.ts with real ones',
  'walrus::storage_pool::EInvalidBlobCount': 'what leaves a pool was counted when it came in',
  'walrus::system_state_inner::EInvalidAccountingEpoch': 'the ring turns with the epoch, in the same call',
  'walrus::system_state_inner::EInvalidIdEpoch': 'messages::EIncorrectEpoch comes first',
}

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
    ['walrus', 183],
    ['floe', 240],
    ['wal_exchange', 12],
  ] as const) {
    it(`end for ${name} as on the compiler's machine`, () => {
      const tests = listMoveTests(name)
      expect(tests.length).toBeGreaterThanOrEqual(least)
      expect(surprises(tests)).toEqual([])
    })
  }

  it.each(CHECKED)('call every function of %s, private ones too', (name) => {
    const uncalled = [...publishedFunctions(name)].map((key) => `${name}::${key}`).filter((key) => !called.has(key))
    expect(uncalled).toEqual([])
  })

  it.each(CHECKED)('raise every abort of %s, in its module', (name) => {
    const raised = new Set(
      listMoveTests(name).flatMap(({ expected }) =>
        expected.kind === 'abort' && expected.address === PACKAGE_ADDRESSES[name]
          ? [`${expected.module}::${expected.code}`]
          : [],
      ),
    )
    const missing = Object.entries(buildAbortCodes()[name]!).flatMap(([module, codes]) =>
      codes.filter(({ code }) => !raised.has(`${module}::${code}`)).map((code) => `${name}::${module}::${code.name}`),
    )
    expect(missing.sort()).toEqual(
      Object.keys(UNRAISED)
        .filter((key) => key.startsWith(`${name}::`))
        .sort(),
    )
  })

  it('notice another end than the expected one', () => {
    const [test] = listMoveTests('floe').filter(({ expected }) => expected.kind === 'abort')
    expect(surprises([{ ...test!, expected: { kind: 'success' } }])).toHaveLength(1)
  })
})
