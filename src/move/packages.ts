/** The compiled Move packages: `build/<package>.json`, written by `build.ts`. */

import { readFileSync } from 'node:fs'
import { fromHex } from '../base/bytes.ts'
import { relocateModule } from './bytecode.ts'

export type PackageName = 'move-stdlib' | 'sui-framework' | 'wal' | 'walrus' | 'floe' | 'wal_exchange'

/** What a network starts with, in an order in which it can be installed: each package after those it names. */
export const PACKAGE_NAMES: readonly PackageName[] = ['move-stdlib', 'sui-framework', 'wal', 'walrus', 'floe']

/** Every package that is built. Local networks install `wal_exchange` as well; bare ledgers need not. */
export const BUILT_PACKAGE_NAMES: readonly PackageName[] = [...PACKAGE_NAMES, 'wal_exchange']

/** Where the local network installs each package; also the addresses in the checked-in bytecode (README). */
export const PACKAGE_ADDRESSES: Readonly<Record<PackageName, string>> = {
  'move-stdlib': `0x${'1'.padStart(64, '0')}`,
  'sui-framework': `0x${'2'.padStart(64, '0')}`,
  wal: `0xf10e${'1'.padStart(60, '0')}`,
  walrus: `0xf10e${'2'.padStart(60, '0')}`,
  floe: `0xf10e${'3'.padStart(60, '0')}`,
  wal_exchange: `0xf10e${'4'.padStart(60, '0')}`,
}

export interface CompiledModule {
  readonly name: string
  readonly bytes: Uint8Array
}

export interface CompiledPackage {
  readonly name: PackageName
  /** Address its modules carry, `0x` and 64 hex digits. */
  readonly address: string
  /** In dependency order. */
  readonly modules: readonly CompiledModule[]
  /** Addresses of all packages it needs, also indirectly, without itself; sorted. */
  readonly dependencies: readonly string[]
}

/** Shape of `build/<package>.json`. */
export interface PackageFile {
  /** Address the modules were compiled at. */
  readonly address: string
  /** Names of the modules, in the order of `modules`. */
  readonly names: readonly string[]
  /** Base64. */
  readonly modules: readonly string[]
  readonly dependencies: readonly string[]
  /** Package digest of the modules at these addresses; hex. */
  readonly digest: string
}

/** A package as compiled, at its fixed address. */
export function loadPackage(name: PackageName): CompiledPackage {
  return compiledPackage(name, readPackageFile(name))
}

function compiledPackage(name: PackageName, file: PackageFile): CompiledPackage {
  return {
    name,
    address: file.address,
    modules: file.modules.map((module, i) => ({ name: file.names[i]!, bytes: decodeBase64(module) })),
    dependencies: file.dependencies,
  }
}

/** The walrus package one version on, at the same address: what a local network is upgraded to. For the upgrade command,
 *  which wants its modules at `0x0`: `relocatePackage(loadNextWalrus(), { walrus: '0x0' })`. */
export function loadNextWalrus(): CompiledPackage {
  return compiledPackage('walrus', readJson('walrus-next'))
}

/** The packages a network starts with, each after those it needs. */
export function loadPackages(): CompiledPackage[] {
  return PACKAGE_NAMES.map(loadPackage)
}

/** The package with other packages' addresses, and its own, replaced. To publish `floe` on a real network:
 *  `relocatePackage(loadPackage('floe'), { floe: '0x0', wal: <id>, walrus: <original id> })`.
 *  @param addresses hex with or without leading zeros; packages left out keep their address
 *  @throws {RangeError} if an address is not hex of at most 32 bytes */
export function relocatePackage(
  compiled: CompiledPackage,
  addresses: Readonly<Partial<Record<PackageName, string>>>,
): CompiledPackage {
  const bytes = new Map<string, Uint8Array>()
  const texts = new Map<string, string>()
  for (const name of BUILT_PACKAGE_NAMES) {
    const address = addresses[name]
    if (address === undefined) continue
    const digits = address.replace(/^0x/, '')
    if (digits.length === 0 || digits.length > 64)
      throw new RangeError(`"${name}" expected an address, got "${address}"`)
    const padded = digits.toLowerCase().padStart(64, '0')
    bytes.set(PACKAGE_ADDRESSES[name], fromHex(padded))
    texts.set(PACKAGE_ADDRESSES[name], `0x${padded}`)
  }
  return {
    name: compiled.name,
    address: texts.get(compiled.address) ?? compiled.address,
    modules: compiled.modules.map((module) => ({ name: module.name, bytes: relocateModule(module.bytes, bytes) })),
    dependencies: compiled.dependencies.map((address) => texts.get(address) ?? address).sort(),
  }
}

export function readPackageFile(name: PackageName): PackageFile {
  return readJson(name)
}

function readJson(name: string): PackageFile {
  return JSON.parse(readFileSync(new URL(`./build/${name}.json`, import.meta.url), 'utf8')) as PackageFile
}

function decodeBase64(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'base64'))
}
