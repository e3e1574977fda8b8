/** Signatures of functions and layouts of types as clients ask for them: resolved to defining package ids, with type
 *  parameters left open. */

import { MoveLinkError } from './errors.ts'
import type { LinkedModule } from './linkage.ts'
import { Loader } from './loader.ts'
import { ABILITY, type FieldDefinition, type TypeToken } from './module.ts'
import type { PackageSource } from './package.ts'
import { type MoveType, type PrimitiveName, parseType } from './types.ts'

export type Ability = keyof typeof ABILITY

/** A type with open type parameters. */
export type OpenType =
  | { readonly kind: PrimitiveName }
  | { readonly kind: 'vector'; readonly element: OpenType }
  /** `typeName` is `0x<64 hex>::module::Name` without arguments. */
  | { readonly kind: 'datatype'; readonly typeName: string; readonly typeArguments: readonly OpenType[] }
  | { readonly kind: 'typeParameter'; readonly index: number }

export interface OpenSignature {
  readonly reference: 'none' | 'immutable' | 'mutable'
  readonly body: OpenType
}

export interface FunctionSignature {
  readonly name: string
  /** `friend` is `public(package)`. */
  readonly visibility: 'private' | 'public' | 'friend'
  readonly isEntry: boolean
  readonly typeParameters: readonly { readonly constraints: readonly Ability[] }[]
  /** Includes the trailing TxContext. */
  readonly parameters: readonly OpenSignature[]
  readonly returns: readonly OpenSignature[]
}

/** The signature of a function, or nothing if package, module or function is missing. */
export function moduleFunction(
  source: PackageSource,
  packageId: string,
  module: string,
  name: string,
): FunctionSignature | undefined {
  return lookUp(() => {
    const linkage = new Loader(source).linkage(packageId)
    const linked = linkage.module(linkage.root.originalId, module).function(name)
    const open = (token: TypeToken) => openSignature(linked.module, token)
    return {
      name,
      visibility: linked.definition.visibility,
      isEntry: linked.definition.isEntry,
      typeParameters: linked.typeParameters.map((set) => ({ constraints: abilityNames(set) })),
      parameters: linked.parameterTokens.map(open),
      returns: linked.returnTokens.map(open),
    }
  })
}

export interface DatatypeField {
  readonly name: string
  readonly type: OpenType
}

/** A struct (`fields`) or an enum (`variants`) as it is declared. */
export interface DatatypeDeclaration {
  /** `0x<64 hex>::module::Name` by defining package id. */
  readonly typeName: string
  readonly definingId: string
  readonly abilities: readonly Ability[]
  readonly typeParameters: readonly { readonly constraints: readonly Ability[]; readonly isPhantom: boolean }[]
  readonly fields: readonly DatatypeField[] | undefined
  readonly variants: readonly { readonly name: string; readonly fields: readonly DatatypeField[] }[] | undefined
}

/** The declaration of a struct or enum, or nothing if package, module or type is missing. */
export function moduleDatatype(
  source: PackageSource,
  packageId: string,
  moduleName: string,
  name: string,
): DatatypeDeclaration | undefined {
  return lookUp(() => {
    const linkage = new Loader(source).linkage(packageId)
    const linked = linkage.module(linkage.root.originalId, moduleName)
    const { module, structs, enums } = linked.loaded
    const struct = structs.get(name)
    const declared = struct ?? enums.get(name)
    if (!declared) return undefined
    const { abilities, typeParameters } = module.datatypeHandles[declared.handle]!
    const { address } = linked.datatype(declared.handle)
    const open = (fields: readonly FieldDefinition[]) =>
      fields.map((field) => ({ name: module.identifiers[field.name]!, type: openType(linked, field.type) }))
    return {
      typeName: `${address}::${moduleName}::${name}`,
      definingId: address,
      abilities: abilityNames(abilities),
      typeParameters: typeParameters.map(({ constraints, phantom }) => ({
        constraints: abilityNames(constraints),
        isPhantom: phantom,
      })),
      fields: struct && open(struct.fields ?? []),
      variants: enums.get(name)?.variants.map((variant) => ({
        name: module.identifiers[variant.name]!,
        fields: open(variant.fields),
      })),
    }
  })
}

export interface StructField {
  readonly name: string
  /** Normalised type. */
  readonly type: string
}

/** Fields of a struct instance and the abilities it has, or nothing if there is no such struct.
 *  @param type - e.g. `0x2::coin::Coin<0x2::sui::SUI>`
 *  @throws {MoveFormatError} MOVE_TYPE_MALFORMED if the text is no type */
export function structLayout(
  source: PackageSource,
  type: string,
): { fields: readonly StructField[]; abilities: readonly Ability[] } | undefined {
  const parsed = parseType(type)
  return lookUp(() => {
    const loader = new Loader(source)
    const canonical: MoveType = loader.canonicalType(parsed)
    const layout = canonical.kind === 'datatype' ? loader.layout(canonical) : undefined
    if (!layout?.fields) return undefined
    return {
      fields: layout.fields.map((field) => ({ name: field.name, type: field.type.key })),
      abilities: abilityNames(layout.abilities),
    }
  })
}

function lookUp<T>(find: () => T | undefined): T | undefined {
  try {
    return find()
  } catch (error) {
    if (error instanceof MoveLinkError) return undefined
    throw error
  }
}

/** Names of the abilities in a set, in the order of their bits. */
export function abilityNames(set: number): Ability[] {
  return (Object.keys(ABILITY) as Ability[]).filter((name) => (set & ABILITY[name]) !== 0)
}

function openSignature(module: LinkedModule, token: TypeToken): OpenSignature {
  if (token.kind !== 'reference') return { reference: 'none', body: openType(module, token) }
  return { reference: token.mutable ? 'mutable' : 'immutable', body: openType(module, token.to) }
}

function openType(module: LinkedModule, token: TypeToken): OpenType {
  if (token.kind === 'vector') return { kind: 'vector', element: openType(module, token.element) }
  if (token.kind === 'typeParameter') return { kind: 'typeParameter', index: token.index }
  if (token.kind === 'datatype') {
    const { address, module: home, name } = module.datatype(token.handle)
    const typeArguments = token.typeArguments.map((argument) => openType(module, argument))
    return { kind: 'datatype', typeName: `${address}::${home}::${name}`, typeArguments }
  }
  if (token.kind === 'reference') throw new TypeError('a reference inside a type')
  return { kind: token.kind }
}
