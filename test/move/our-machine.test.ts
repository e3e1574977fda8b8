/** The Move unit tests once more, on the machine of the local network: every test must end as it does on the compiler's
 *  (`unit.test.ts`). */

import { beforeAll, describe, expect, it } from 'vitest'
import { MoveFault } from '../../src/localnet/movevm/errors.ts'
import { callFunction } from '../../src/localnet/movevm/interpreter.ts'
import { Loader } from '../../src/localnet/movevm/loader.ts'
import { Machine } from '../../src/localnet/movevm/machine.ts'
import type { StoredPackage } from '../../src/localnet/movevm/package.ts'
import { readModuleNames } from '../../src/move/bytecode.ts'
import { BUILT_PACKAGE_NAMES, PACKAGE_ADDRESSES } from '../../src/move/packages.ts'
import { compileTestModules, type Expectation, listMoveTests, type MoveTest } from '../../src/move/test-modules.ts'
import { storedPackage } from '../localnet/movevm/probe.ts'
import { newScenario, TEST_NATIVES } from './scenario.ts'

const NAMES = ['wal', 'walrus', 'floe', 'wal_exchange'] as const

let loader: Loader

beforeAll(async () => {
  const modules = await compileTestModules(NAMES)
  const packages = new Map<string, StoredPackage>()
  for (const name of BUILT_PACKAGE_NAMES) {
    const address = PACKAGE_ADDRESSES[name]
    const own = modules.filter((module) => readModuleNames(module).address === address)
    const others = Object.values(PACKAGE_ADDRESSES).filter((other) => other !== address)
    packages.set(address, storedPackage(address, own, others))
  }
  loader = new Loader({ getObject: (id) => packages.get(id) })
}, 90_000)

/** How a test ends, in the terms of its expectation; anything else is thrown. */
function run(test: MoveTest): Expectation {
  const instance = loader.linkage(test.address).module(test.address, test.module).function(test.name).instance([])
  try {
    callFunction(new Machine(loader, TEST_NATIVES, newScenario()), instance, [])
    return { kind: 'success' }
  } catch (error) {
    if (!(error instanceof MoveFault) || !error.location) throw error
    const { packageId: address, module } = error.location
    if (error.fault === 'abort') return { kind: 'abort', code: error.abortCode, address, module }
    if (error.fault === 'arithmetic') return { kind: 'arithmetic', address, module }
    throw error
  }
}

/** The tests that end otherwise than expected. */
function surprises(tests: readonly MoveTest[]): string[] {
  return tests.flatMap((test) => {
    const label = `${test.module}::${test.name}`
    try {
      const ended = run(test)
      expect(ended).toEqual(test.expected)
      return []
    } catch (error) {
      return [`${label}: ${error instanceof Error ? error.message : String(error)}`]
    }
  })
}

describe('Move unit tests on our machine', () => {
  for (const [name, least] of [
    ['wal', 2],
    ['walrus', 165],
    ['floe', 233],
    ['wal_exchange', 8],
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
