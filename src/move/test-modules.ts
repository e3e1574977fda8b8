/** The Move unit tests as ordinary modules, so that another machine than the compiler's can run them. Development only.
 *
 *  The compiler runs tests itself and does not hand out what it compiled. But test code is Move like any other once its
 *  attributes are gone: `#[test_only]` disappears, `#[test] fun name` becomes `public fun name`. All packages are compiled
 *  as one, each module at its own address, because the test-only parts of a package are seen by the tests of the next.
 *  `init` gets another name: it may be called by tests, but not in a module that is to be published. */

import { extractAbortCodes } from './abort-codes.ts'
import { compileAlone, packageFiles } from './compiler.ts'
import { MoveSourceError } from './errors.ts'
import { BUILT_PACKAGE_NAMES, PACKAGE_ADDRESSES, type PackageName } from './packages.ts'

/** How a test ends. */
export type Expectation =
  | { readonly kind: 'success' }
  | { readonly kind: 'abort'; readonly code: bigint; readonly address: string; readonly module: string }
  | { readonly kind: 'arithmetic'; readonly address: string; readonly module: string }

export interface MoveTest {
  readonly package: PackageName
  readonly address: string
  readonly module: string
  readonly name: string
  readonly expected: Expectation
}

/** Names of packages in sources. */
const NAMED: Readonly<Record<string, PackageName>> = {
  std: 'move-stdlib',
  sui: 'sui-framework',
  wal: 'wal',
  walrus: 'walrus',
  floe: 'floe',
  wal_exchange: 'wal_exchange',
}

const TEST = /#\[test(?:,\s*expected_failure\(([^\]]*)\))?\]\s*(?:public )?fun (\w+)/g

/** @param names packages whose test folders are compiled too
 *  @throws {MoveCompileError} */
export function compileTestModules(names: readonly PackageName[]): Promise<Uint8Array[]> {
  const addresses = Object.entries(NAMED).map(([alias, name]) => `${alias} = "${PACKAGE_ADDRESSES[name]}"`)
  const files: Record<string, string> = {
    'Move.toml': `[package]\nname = "all"\nedition = "2024"\nimplicit-dependencies = false\n\n[addresses]\n${addresses.join('\n')}\n`,
  }
  for (const name of BUILT_PACKAGE_NAMES) {
    for (const [path, text] of Object.entries(packageFiles(name, names.includes(name)))) {
      if (path.endsWith('.move')) files[`sources/${name}-${path.replaceAll('/', '-')}`] = asOrdinary(text)
    }
  }
  return compileAlone('all packages with their tests', files)
}

function asOrdinary(text: string): string {
  return text
    .replace(TEST, (_all, _expected, name: string) => `public fun ${name}`)
    .replaceAll('#[test_only]', '')
    .replace(/\binit\(/g, 'initialise(')
}

/** Every test of a package, in the order of files and lines.
 *  @throws {MoveSourceError} if an expectation names what is not there */
export function listMoveTests(name: PackageName): MoveTest[] {
  const address = PACKAGE_ADDRESSES[name]
  return Object.entries(packageFiles(name, true))
    .filter(([path]) => path.startsWith('tests/'))
    .flatMap(([path, text]) => {
      const module = /^module \w+::(\w+);/m.exec(text)?.[1]
      if (module === undefined) throw new MoveSourceError(`${path} has no module`)
      return [...text.matchAll(TEST)].map(([, expected, test]) => ({
        package: name,
        address,
        module,
        name: test!,
        expected: parseExpectation(name, expected),
      }))
    })
}

function parseExpectation(home: PackageName, text: string | undefined): Expectation {
  if (text === undefined) return { kind: 'success' }
  const location = /location = (\w+)::(\w+)/.exec(text)
  if (text.includes('arithmetic_error')) {
    if (!location) throw new MoveSourceError(`an arithmetic error without a place: ${text}`)
    return { kind: 'arithmetic', address: addressOf(location[1]!), module: location[2]! }
  }
  const [, alias, module, constant] = /abort_code = (?:(\w+)::)?(\w+)::(\w+)/.exec(text) ?? []
  const source = alias === undefined ? home : NAMED[alias]
  const codes = source && module ? abortCodesOf(source)[module] : undefined
  const found = codes?.find((code) => code.name === constant)
  if (!source || !module || !found) throw new MoveSourceError(`an unknown abort code: ${text}`)
  return { kind: 'abort', code: BigInt(found.code), address: PACKAGE_ADDRESSES[source], module }
}

const abortCodes = new Map<PackageName, ReturnType<typeof extractAbortCodes>>()

/** Read once: hundreds of tests name them. */
function abortCodesOf(name: PackageName): ReturnType<typeof extractAbortCodes> {
  const codes = abortCodes.get(name) ?? extractAbortCodes(packageFiles(name, false))
  abortCodes.set(name, codes)
  return codes
}

function addressOf(alias: string): string {
  const name = NAMED[alias]
  if (!name) throw new MoveSourceError(`an unknown package: ${alias}`)
  return PACKAGE_ADDRESSES[name]
}
