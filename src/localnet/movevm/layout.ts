/** What a datatype is made of once its type arguments are known. */

import { ABILITY, ALL_ABILITIES } from './module.ts'
import type { DatatypeType, MoveType } from './types.ts'

export interface FieldLayout {
  readonly name: string
  readonly type: MoveType
}

export interface VariantLayout {
  readonly name: string
  readonly fields: readonly FieldLayout[]
}

/** Layout of a struct (`fields`) or of an enum (`variants`). */
export interface Layout {
  readonly type: DatatypeType
  readonly abilities: number
  readonly fields: readonly FieldLayout[] | undefined
  readonly variants: readonly VariantLayout[] | undefined
}

/** Abilities of an instance of a datatype: what it declares, where every argument that is not phantom allows it.
 *  `key` needs arguments with `store`. */
export function instanceAbilities(
  declared: number,
  typeParameters: readonly { readonly phantom: boolean }[],
  argumentAbilities: readonly number[],
): number {
  let abilities = declared
  for (const [i, argument] of argumentAbilities.entries()) {
    if (typeParameters[i]?.phantom) continue
    const allowed = argument & (ABILITY.copy | ABILITY.drop | ABILITY.store)
    abilities &= allowed | ((argument & ABILITY.store) !== 0 ? ABILITY.key : 0)
  }
  return abilities
}

export const PRIMITIVE_ABILITIES = ABILITY.copy | ABILITY.drop | ABILITY.store
export const SIGNER_ABILITIES = ABILITY.drop
export const REFERENCE_ABILITIES = ABILITY.copy | ABILITY.drop
/** A vector can do what its elements can, but is never an object. */
export const VECTOR_ABILITIES = ALL_ABILITIES & ~ABILITY.key
