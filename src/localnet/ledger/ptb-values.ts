/** The values a programmable transaction works on: inputs, the gas coin, and results of commands. */

import type { Loader } from '../movevm/loader.ts'
import { ABILITY } from '../movevm/module.ts'
import type { MoveType } from '../movevm/types.ts'
import type { Value } from '../movevm/values.ts'
import type { LedgerMoveObject } from './object.ts'

/** How an object input may be used. `owned` and `shared` may be changed, `read` may not. */
export type InputAccess = 'owned' | 'shared' | 'read' | 'gas'

/** A place that commands take values from. */
export interface Slot {
  /** Raw bytes of a pure input that has not been given a type. */
  readonly pure?: Uint8Array
  /** Type of what is in the cell; absent for pure inputs until they are borrowed mutably. */
  type?: MoveType
  /** One element: the value, or nothing once it was moved. References point into this array. */
  readonly cell: (Value | undefined)[]
  /** Set for object inputs and the gas coin. */
  readonly input?: { readonly object: LedgerMoveObject; readonly access: InputAccess }
  /** A ticket for an object sent to another object. */
  readonly receiving?: { readonly id: string; readonly version: bigint }
}

export function pureSlot(bytes: Uint8Array): Slot {
  return { pure: bytes, cell: [undefined] }
}

export function resultSlot(type: MoveType, value: Value): Slot {
  return { type, cell: [value] }
}

export function hasAbility(loader: Loader, type: MoveType, ability: keyof typeof ABILITY): boolean {
  return (loader.abilities(type) & ABILITY[ability]) !== 0
}

/** Bookkeeping of one command's borrows: a slot is either moved once, borrowed mutably once, or only read. */
export class Borrows {
  readonly #kinds = new Map<Slot, 'mutable' | 'immutable'>()

  /** @returns false if the slot is borrowed in a way that excludes this one */
  borrow(slot: Slot, kind: 'mutable' | 'immutable'): boolean {
    const held = this.#kinds.get(slot)
    if (held && (held === 'mutable' || kind === 'mutable')) return false
    this.#kinds.set(slot, kind)
    return true
  }

  isBorrowed(slot: Slot): boolean {
    return this.#kinds.has(slot)
  }
}
