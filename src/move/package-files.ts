/** What `build/<package>.json`, `abort-codes.json` and `surface.json` must say, computed from the sources. */

import { toHex } from '../base/bytes.ts'
import { extractAbortCodes, type ModuleAbortCodes } from './abort-codes.ts'
import { readModuleNames } from './bytecode.ts'
import { compilePackage, packageFiles } from './compiler.ts'
import { MoveSourceError } from './errors.ts'
import { BUILT_PACKAGE_NAMES, PACKAGE_ADDRESSES, type PackageFile, type PackageName } from './packages.ts'
import { readSurface } from './surface.ts'

/** @param changed other text for some sources, path → text
 *  @throws {MoveCompileError} if it does not compile */
export async function buildPackageFile(
  name: PackageName,
  changed: Readonly<Record<string, string>> = {},
): Promise<PackageFile> {
  const output = await compilePackage(name, changed)
  const names = output.modules.map(readModuleNames)
  for (const module of names) {
    if (module.address !== PACKAGE_ADDRESSES[name])
      throw new RangeError(`${name}::${module.name} expected at ${PACKAGE_ADDRESSES[name]}, got ${module.address}`)
  }
  return {
    address: PACKAGE_ADDRESSES[name],
    names: names.map((module) => module.name),
    modules: output.modules.map((module) => Buffer.from(module).toString('base64')),
    dependencies: output.dependencies.filter((address) => address !== PACKAGE_ADDRESSES[name]).sort(),
    digest: toHex(output.digest),
  }
}

/** The walrus package one version on, for upgrades of a local network: the same but for the number that its objects are
 *  checked against.
 *  @throws {MoveCompileError} if it does not compile */
export function buildNextWalrus(): Promise<PackageFile> {
  return buildPackageFile('walrus', raiseVersion('walrus', ['sources/system.move', 'sources/staking.move']))
}

/** Sources with `const VERSION` one higher.
 *  @throws {MoveSourceError} if one of them has none */
export function raiseVersion(name: PackageName, paths: readonly string[]): Record<string, string> {
  const files = packageFiles(name, false)
  return Object.fromEntries(
    paths.map((path) => {
      const text = files[path] ?? ''
      const version = /const VERSION: u64 = (\d+);/.exec(text)
      if (!version) throw new MoveSourceError(`${name}/${path} has no VERSION`)
      return [path, text.replace(version[0], `const VERSION: u64 = ${Number(version[1]) + 1};`)]
    }),
  )
}

/** Package → module → abort codes. */
export function buildAbortCodes(): Record<string, ModuleAbortCodes> {
  return Object.fromEntries(BUILT_PACKAGE_NAMES.map((name) => [name, extractAbortCodes(packageFiles(name, false))]))
}

/** Package → facts about other packages that its bytecode leans on. */
export function buildSurface(files: Readonly<Partial<Record<PackageName, PackageFile>>>): Record<string, string[]> {
  return Object.fromEntries(
    Object.entries(files).map(([name, { address, modules }]) => {
      const facts = modules.flatMap((module) => readSurface(new Uint8Array(Buffer.from(module, 'base64')), address))
      return [name, [...new Set(facts)].sort()]
    }),
  )
}

/** The text a generated file has. */
export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}
