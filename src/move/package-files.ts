/** What `build/<package>.json`, `abort-codes.json` and `surface.json` must say, computed from the sources. */

import { toHex } from '../base/bytes.ts'
import { extractAbortCodes, type ModuleAbortCodes } from './abort-codes.ts'
import { readModuleNames } from './bytecode.ts'
import { compilePackage, packageFiles } from './compiler.ts'
import { PACKAGE_ADDRESSES, PACKAGE_NAMES, type PackageFile, type PackageName } from './packages.ts'
import { readSurface } from './surface.ts'

/** @throws {MoveCompileError} if it does not compile */
export async function buildPackageFile(name: PackageName): Promise<PackageFile> {
  const output = await compilePackage(name)
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

/** Package → module → abort codes. */
export function buildAbortCodes(): Record<string, ModuleAbortCodes> {
  return Object.fromEntries(PACKAGE_NAMES.map((name) => [name, extractAbortCodes(packageFiles(name, false))]))
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
