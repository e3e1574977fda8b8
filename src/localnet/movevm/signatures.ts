/** Signatures of functions and layouts of types as clients ask for them: resolved to defining package ids, with type
 *  parameters left open. */

import type { PackageSource } from './package.ts'
import type { PrimitiveName } from './types.ts'

export type Ability = 'copy' | 'drop' | 'store' | 'key'

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
export declare function moduleFunction(
  source: PackageSource,
  packageId: string,
  module: string,
  name: string,
): FunctionSignature | undefined
