/** Runs Move unit tests on the machine of the local network. */

import { MoveFault } from '../../src/localnet/movevm/errors.ts'
import { callFunction } from '../../src/localnet/movevm/interpreter.ts'
import { Loader } from '../../src/localnet/movevm/loader.ts'
import { Machine } from '../../src/localnet/movevm/machine.ts'
import { readModule } from '../../src/localnet/movevm/module-reader.ts'
import type { StoredPackage } from '../../src/localnet/movevm/package.ts'
import { readModuleNames } from '../../src/move/bytecode.ts'
import { BUILT_PACKAGE_NAMES, loadPackage, PACKAGE_ADDRESSES, type PackageName } from '../../src/move/packages.ts'
import { compileTestModules, type Expectation, type MoveTest } from '../../src/move/test-modules.ts'
import { storedPackage } from '../localnet/movevm/probe.ts'
import { newScenario, TEST_NATIVES } from './scenario.ts'

/** Packages whose tests run here; those of the framework are about the compiler's machine. */
export const TESTED = ['wal', 'walrus', 'floe', 'wal_exchange'] as const satisfies PackageName[]

/** Every package, with test code. */
export async function loadTestPackages(): Promise<Loader> {
  const modules = await compileTestModules(TESTED)
  const packages = new Map<string, StoredPackage>()
  for (const name of BUILT_PACKAGE_NAMES) {
    const address = PACKAGE_ADDRESSES[name]
    const own = modules.filter((module) => readModuleNames(module).address === address)
    const others = Object.values(PACKAGE_ADDRESSES).filter((other) => other !== address)
    packages.set(address, storedPackage(address, own, others))
  }
  return new Loader({ getObject: (id) => packages.get(id) })
}

/** `module::function` of what the published package has: what only tests see is left out. */
export function publishedFunctions(name: PackageName): Set<string> {
  return new Set(
    loadPackage(name).modules.flatMap(({ name: module, bytes }) => {
      const tables = readModule(bytes)
      return tables.functionDefinitions.map(({ handle }) => {
        const called = tables.identifiers[tables.functionHandles[handle]!.name]!
        // Test code cannot call an `init`, so it has another name there.
        return `${module}::${called === 'init' ? 'initialise' : called}`
      })
    }),
  )
}

/** How a test ends, in the terms of its expectation; anything else is thrown. */
export function runMoveTest(loader: Loader, test: MoveTest): Expectation {
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
