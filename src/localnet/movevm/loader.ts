/** Finds packages, links them and lays out types, for one view of the ledger.
 *
 *  Code names types and functions by *original* package ids; the linkage table of the package that is called says which
 *  version of each stands behind them. A datatype is known by its *defining* id, the version that first had it; its layout
 *  never changes afterwards, so it is taken from there. */

import { MoveLinkError, malformedType } from './errors.ts'
import {
  instanceAbilities,
  type Layout,
  PRIMITIVE_ABILITIES,
  REFERENCE_ABILITIES,
  SIGNER_ABILITIES,
  VECTOR_ABILITIES,
} from './layout.ts'
import { MAX_CACHED_INSTANCES } from './limits.ts'
import { Linkage } from './linkage.ts'
import { type LoadedPackage, openPackage } from './loaded-package.ts'
import type { FieldDefinition } from './module.ts'
import type { PackageSource, StoredPackage } from './package.ts'
import { type DatatypeType, datatypeType, type MoveType, vectorType } from './types.ts'

// Links depend on the package alone (its table lists every dependency), hence one per stored instance.
const linkages = new WeakMap<StoredPackage, Linkage>()

export class Loader {
  readonly #source: PackageSource
  readonly #fresh = new Map<string, StoredPackage>()

  constructor(source: PackageSource) {
    this.#source = source
  }

  /** Makes a package visible that the running transaction has published. */
  addPackage(stored: StoredPackage): void {
    this.#fresh.set(stored.id, stored)
  }

  /** @param packageId - storage id */
  tryPackage(packageId: string): LoadedPackage | undefined {
    const stored = this.#fresh.get(packageId) ?? this.#source.getObject(packageId)
    return stored?.data.kind === 'package' ? openPackage(stored as StoredPackage) : undefined
  }

  /** @param packageId - storage id
   *  @throws {MoveLinkError} MOVE_PACKAGE_MISSING */
  package(packageId: string): LoadedPackage {
    const found = this.tryPackage(packageId)
    if (!found) throw new MoveLinkError('MOVE_PACKAGE_MISSING', packageId)
    return found
  }

  /** The code that a call into a package runs: the package and its dependencies at the linked versions.
   *  @throws {MoveLinkError} */
  linkage(packageId: string): Linkage {
    const root = this.package(packageId)
    let linkage = linkages.get(root.stored)
    if (!linkage) {
      linkage = new Linkage(root, (id) => this.package(id))
      linkages.set(root.stored, linkage)
    }
    return linkage
  }

  /** @throws {MoveLinkError} MOVE_TYPE_MISSING */
  layout = (type: DatatypeType): Layout => {
    const home = this.package(type.address)
    let layout = home.layouts.get(type.key)
    if (!layout) {
      layout = this.#buildLayout(home, type)
      if (home.layouts.size >= MAX_CACHED_INSTANCES) home.layouts.clear()
      home.layouts.set(type.key, layout)
    }
    return layout
  }

  #buildLayout(home: LoadedPackage, type: DatatypeType): Layout {
    const { module: moduleName, name, typeArguments } = type
    const found = home.modules.get(moduleName)
    const struct = found?.structs.get(name)
    const definition = struct ?? found?.enums.get(name)
    if (!found || !definition) throw new MoveLinkError('MOVE_TYPE_MISSING', type.key)
    const handle = found.module.datatypeHandles[definition.handle]!
    if (handle.typeParameters.length !== typeArguments.length)
      throw malformedType(type.key, 'wrong number of type arguments')
    const linked = this.linkage(home.stored.id).module(home.originalId, moduleName)
    const resolve = (fields: readonly FieldDefinition[]) =>
      fields.map((field) => ({
        name: found.module.identifiers[field.name]!,
        type: linked.resolve(field.type, typeArguments),
      }))
    const argumentAbilities = typeArguments.map((argument) => this.abilities(argument))
    return {
      type,
      abilities: instanceAbilities(handle.abilities, handle.typeParameters, argumentAbilities),
      fields: struct?.fields && resolve(struct.fields),
      variants: found.enums.get(name)?.variants.map((variant) => ({
        name: found.module.identifiers[variant.name]!,
        fields: resolve(variant.fields),
      })),
    }
  }

  /** Ability set of a type. */
  abilities(type: MoveType): number {
    if (type.kind === 'datatype') return this.layout(type).abilities
    if (type.kind === 'vector') return this.abilities(type.element) & VECTOR_ABILITIES
    if (type.kind === 'reference') return REFERENCE_ABILITIES
    return type.kind === 'signer' ? SIGNER_ABILITIES : PRIMITIVE_ABILITIES
  }

  /** A type as a user wrote it, with every datatype named by its defining id; checks that it exists and that type arguments
   *  have the abilities demanded.
   *  @throws {MoveLinkError | MoveFormatError} */
  canonicalType(type: MoveType): MoveType {
    if (type.kind === 'vector') return vectorType(this.canonicalType(type.element))
    if (type.kind !== 'datatype') return type
    const home = this.package(type.address)
    const defining = home.origins.get(`${type.module}::${type.name}`)
    if (!defining) throw new MoveLinkError('MOVE_TYPE_MISSING', type.key)
    const typeArguments = type.typeArguments.map((argument) => this.canonicalType(argument))
    const canonical = datatypeType(defining, type.module, type.name, typeArguments)
    this.layout(canonical)
    const found = home.modules.get(type.module)!
    const definition = found.structs.get(type.name) ?? found.enums.get(type.name)
    const handle = found.module.datatypeHandles[definition!.handle]!
    for (const [i, argument] of typeArguments.entries()) {
      const { constraints } = handle.typeParameters[i]!
      if ((this.abilities(argument) & constraints) !== constraints) {
        throw malformedType(type.key, `type argument ${i} lacks an ability`)
      }
    }
    return canonical
  }
}
