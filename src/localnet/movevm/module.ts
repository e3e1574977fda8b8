/** A module as its bytecode describes it: tables that refer to each other by index. */

import type { PrimitiveName } from './types.ts'

/** Bits of an ability set. */
export const ABILITY = { copy: 1, drop: 2, store: 4, key: 8 } as const
export const ALL_ABILITIES = 15

/** A type in a signature: datatypes by handle, type parameters open. */
export type TypeToken =
  | { readonly kind: PrimitiveName }
  | { readonly kind: 'vector'; readonly element: TypeToken }
  | { readonly kind: 'datatype'; readonly handle: number; readonly typeArguments: readonly TypeToken[] }
  | { readonly kind: 'typeParameter'; readonly index: number }
  | { readonly kind: 'reference'; readonly mutable: boolean; readonly to: TypeToken }

export interface ModuleHandle {
  /** Index into `addresses`. */
  readonly address: number
  /** Index into `identifiers`. */
  readonly name: number
}
export interface DatatypeHandle {
  readonly module: number
  readonly name: number
  readonly abilities: number
  readonly typeParameters: readonly { readonly constraints: number; readonly phantom: boolean }[]
}
export interface FunctionHandle {
  readonly module: number
  readonly name: number
  /** Indices into `signatures`. */
  readonly parameters: number
  readonly returns: number
  /** Ability set demanded of each type argument. */
  readonly typeParameters: readonly number[]
}
export interface Instance {
  /** What is instantiated: an index into the table that the instance table belongs to. */
  readonly of: number
  /** Type arguments: index into `signatures`. */
  readonly typeArguments: number
}
export interface Constant {
  readonly type: TypeToken
  readonly bytes: Uint8Array
}
export interface FieldDefinition {
  readonly name: number
  readonly type: TypeToken
}
export interface StructDefinition {
  readonly handle: number
  /** Absent for native structs. */
  readonly fields: readonly FieldDefinition[] | undefined
}
export interface VariantDefinition {
  readonly name: number
  readonly fields: readonly FieldDefinition[]
}
export interface EnumDefinition {
  readonly handle: number
  readonly variants: readonly VariantDefinition[]
}
export interface VariantRef {
  /** Index into `enumDefinitions`, or into `enumInstances` for instances. */
  readonly of: number
  readonly tag: number
}
export interface JumpTable {
  readonly enumDefinition: number
  /** Target by variant tag. */
  readonly targets: readonly number[]
}

export interface Code {
  /** Signature of the locals beyond the parameters. */
  readonly locals: number
  readonly opcodes: Uint8Array
  /** First operand of each instruction, or 0. For literals: index into `literals`. */
  readonly operands: Uint32Array
  /** Count operand of VecPack and VecUnpack; literals by index. */
  readonly counts: ReadonlyMap<number, number>
  readonly literals: readonly bigint[]
  readonly jumpTables: readonly JumpTable[]
}
export type Visibility = 'private' | 'public' | 'friend'

export interface FunctionDefinition {
  readonly index: number
  readonly handle: number
  readonly visibility: Visibility
  readonly isEntry: boolean
  /** Absent for native functions. */
  readonly code: Code | undefined
}

export interface MoveModule {
  readonly version: number
  readonly selfHandle: number
  /** Own address as compiled: the original package id, or 0x0 before publishing. */
  readonly address: string
  readonly name: string
  readonly byteLength: number
  readonly moduleHandles: readonly ModuleHandle[]
  readonly datatypeHandles: readonly DatatypeHandle[]
  readonly functionHandles: readonly FunctionHandle[]
  readonly functionInstances: readonly Instance[]
  readonly signatures: readonly (readonly TypeToken[])[]
  readonly constants: readonly Constant[]
  readonly identifiers: readonly string[]
  readonly addresses: readonly string[]
  readonly structDefinitions: readonly StructDefinition[]
  readonly structInstances: readonly Instance[]
  readonly functionDefinitions: readonly FunctionDefinition[]
  readonly fieldHandles: readonly { readonly struct: number; readonly field: number }[]
  readonly fieldInstances: readonly Instance[]
  readonly friends: readonly ModuleHandle[]
  readonly enumDefinitions: readonly EnumDefinition[]
  readonly enumInstances: readonly Instance[]
  readonly variantHandles: readonly VariantRef[]
  readonly variantInstances: readonly VariantRef[]
}

/** Address and name of the module behind a handle. */
export function moduleOf(module: MoveModule, handle: number): { address: string; name: string } {
  const { address, name } = module.moduleHandles[handle]!
  return { address: module.addresses[address]!, name: module.identifiers[name]! }
}

/** Original ids of the packages a module refers to, its own included. */
export function referencedPackages(module: MoveModule): Set<string> {
  return new Set(module.moduleHandles.map((handle) => module.addresses[handle.address]!))
}
