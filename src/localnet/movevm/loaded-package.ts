/** A package whose modules have been read, with look-ups by name. Immutable, so it is kept for as long as the stored
 *  package is. */

import { MoveLinkError } from './errors.ts'
import type { Layout } from './layout.ts'
import type { EnumDefinition, FunctionDefinition, MoveModule, StructDefinition } from './module.ts'
import { readModule } from './module-reader.ts'
import type { StoredPackage } from './package.ts'

export interface LoadedModule {
  readonly module: MoveModule
  /** Storage id of the package. */
  readonly packageId: string
  readonly structs: ReadonlyMap<string, StructDefinition>
  readonly enums: ReadonlyMap<string, EnumDefinition>
  readonly functions: ReadonlyMap<string, FunctionDefinition>
}

export interface LoadedPackage {
  readonly stored: StoredPackage
  /** Id of the first version: the address in the bytecode. */
  readonly originalId: string
  readonly modules: ReadonlyMap<string, LoadedModule>
  /** `module::Name` → defining package id. */
  readonly origins: ReadonlyMap<string, string>
  /** Layouts of instances of the types defined by this package, by type key. */
  readonly layouts: Map<string, Layout>
}

const loaded = new WeakMap<StoredPackage, LoadedPackage>()

/** @throws {MoveFormatError} if a module is malformed */
export function openPackage(stored: StoredPackage): LoadedPackage {
  let result = loaded.get(stored)
  if (!result) {
    result = readPackage(stored)
    loaded.set(stored, result)
  }
  return result
}

function readPackage(stored: StoredPackage): LoadedPackage {
  const modules = new Map<string, LoadedModule>()
  let originalId = stored.id
  for (const [name, bytes] of stored.data.modules) {
    const module = readModule(bytes)
    if (module.name !== name) throw new MoveLinkError('MOVE_MODULE_MISSING', `${stored.id}::${name}`)
    originalId = module.address
    modules.set(name, indexModule(module, stored.id))
  }
  const origins = new Map(
    stored.data.typeOrigins.map((origin) => [`${origin.module}::${origin.datatype}`, origin.packageId]),
  )
  return { stored, originalId, modules, origins, layouts: new Map() }
}

function indexModule(module: MoveModule, packageId: string): LoadedModule {
  const datatypeName = (handle: number) => module.identifiers[module.datatypeHandles[handle]!.name]!
  const functionName = (handle: number) => module.identifiers[module.functionHandles[handle]!.name]!
  return {
    module,
    packageId,
    structs: new Map(module.structDefinitions.map((definition) => [datatypeName(definition.handle), definition])),
    enums: new Map(module.enumDefinitions.map((definition) => [datatypeName(definition.handle), definition])),
    functions: new Map(module.functionDefinitions.map((definition) => [functionName(definition.handle), definition])),
  }
}
