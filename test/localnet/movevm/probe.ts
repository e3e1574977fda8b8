/** The package `test/vectors/move/probe` on a bare machine: framework and probe in a Map, natives without objects. */

import { readFileSync } from 'node:fs'
import { MoveFault } from '../../../src/localnet/movevm/errors.ts'
import { callFunction } from '../../../src/localnet/movevm/interpreter.ts'
import { Loader } from '../../../src/localnet/movevm/loader.ts'
import { Machine, type NativeTable } from '../../../src/localnet/movevm/machine.ts'
import { substituteAddresses } from '../../../src/localnet/movevm/module-addresses.ts'
import { readModule } from '../../../src/localnet/movevm/module-reader.ts'
import { PURE_NATIVES } from '../../../src/localnet/movevm/natives.ts'
import { CRYPTO_NATIVES } from '../../../src/localnet/movevm/natives-crypto.ts'
import type { StoredPackage } from '../../../src/localnet/movevm/package.ts'
import { normalizeAddress, parseType } from '../../../src/localnet/movevm/types.ts'
import { encodeValue } from '../../../src/localnet/movevm/value-bcs.ts'
import { ByteVector, MoveVector, Struct, type Value, Variant } from '../../../src/localnet/movevm/values.ts'
import { loadPackage, type PackageName } from '../../../src/move/packages.ts'

/** Bytecode of a package of `test/vectors/move`, at 0x0. */
export function vectorModules(name: string): Uint8Array[] {
  const file = new URL(`../../vectors/move/${name}.json`, import.meta.url)
  const { modules } = JSON.parse(readFileSync(file, 'utf8')) as { modules: string[] }
  return modules.map((module) => new Uint8Array(Buffer.from(module, 'base64')))
}

/** A package object of modules that all dependencies of ours exist for. */
export function storedPackage(
  id: string,
  modules: readonly Uint8Array[],
  dependencies: readonly string[],
): StoredPackage {
  const parsed = modules.map((bytes) => ({ bytes, module: readModule(bytes) }))
  return {
    id,
    version: 1n,
    data: {
      kind: 'package',
      modules: new Map(parsed.map(({ bytes, module }) => [module.name, bytes])),
      typeOrigins: parsed.flatMap(({ module }) =>
        [...module.structDefinitions, ...module.enumDefinitions].map(({ handle }) => ({
          module: module.name,
          datatype: module.identifiers[module.datatypeHandles[handle]!.name]!,
          packageId: id,
        })),
      ),
      linkage: new Map(dependencies.map((dependency) => [dependency, { packageId: dependency, version: 1n }])),
    },
  }
}

export const PROBE = normalizeAddress('0x77')
const STDLIB = normalizeAddress('0x1')
const FRAMEWORK = normalizeAddress('0x2')

const packages = new Map<string, StoredPackage>()
for (const name of ['move-stdlib', 'sui-framework'] satisfies PackageName[]) {
  const { address, modules, dependencies } = loadPackage(name)
  packages.set(
    address,
    storedPackage(
      address,
      modules.map(({ bytes }) => bytes),
      dependencies,
    ),
  )
}
const placed = vectorModules('probe').map((bytes) =>
  substituteAddresses(bytes, new Map([[normalizeAddress('0x0'), PROBE]])),
)
packages.set(PROBE, storedPackage(PROBE, placed, [STDLIB, FRAMEWORK]))

export const source = { getObject: (id: string) => packages.get(id) }
export const loader = new Loader(source)

const natives: NativeTable<undefined> = new Map([...PURE_NATIVES, ...CRYPTO_NATIVES])

/** Calls `0x77::<module>::<name>`. */
export function call(
  module: string,
  name: string,
  args: readonly Value[],
  options: { typeArguments?: readonly string[]; maxInstructions?: number } = {},
): Value[] {
  const types = (options.typeArguments ?? []).map(parseType)
  const instance = loader.linkage(PROBE).module(PROBE, module).function(name).instance(types)
  return callFunction(new Machine(loader, natives, undefined, options.maxInstructions), instance, args)
}

/** The fault that a call ends with. */
export function faultOf(run: () => unknown): MoveFault {
  try {
    run()
  } catch (error) {
    if (error instanceof MoveFault) return error
    throw error
  }
  throw new Error('the call returned')
}

export function bytes(content: string | readonly number[]): ByteVector {
  return new ByteVector(typeof content === 'string' ? new TextEncoder().encode(content) : Uint8Array.from(content))
}

/** A `std::string::String`. */
export function text(content: string): Struct {
  const type = parseType('0x1::string::String')
  if (type.kind !== 'datatype') throw new Error('unreachable')
  return new Struct(loader.layout(type), [bytes(content)])
}

/** A value as plain data: structs and vectors as arrays, byte vectors as text in Latin-1, variants as [tag, ...]. */
export function plain(value: Value): unknown {
  if (value instanceof ByteVector) return Buffer.from(value.bytes).toString('latin1')
  if (value instanceof Struct) return value.fields.map(plain)
  if (value instanceof MoveVector) return value.items.map(plain)
  if (value instanceof Variant) return [value.tag, ...value.fields.map(plain)]
  if (typeof value === 'object' && 'bits' in value) return value.value
  return value
}

export { encodeValue }
