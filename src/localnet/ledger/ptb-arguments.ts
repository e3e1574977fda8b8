/** Arguments of commands: which slot they name, and taking a value out of it by value or by reference. */

import { invariantFault } from '../movevm/errors.ts'
import type { Loader } from '../movevm/loader.ts'
import { type DatatypeType, type MoveType, SUI_FRAMEWORK_ADDRESS } from '../movevm/types.ts'
import { copyValue, Reference, Struct, type Value } from '../movevm/values.ts'
import { argumentFailure } from './ptb-failure.ts'
import { decodePure } from './ptb-pure.ts'
import { type Borrows, hasAbility, type Slot } from './ptb-values.ts'
import type { Argument } from './transaction.ts'

/** Everything arguments can name. */
export interface SlotTable {
  readonly gas: Slot | undefined
  readonly inputs: readonly Slot[]
  /** Results of the commands so far. */
  readonly results: readonly (readonly Slot[])[]
}

/** @param index - position of the argument in its command, for the failure
 *  @throws {ExecutionFailure} CommandArgumentError */
export function slotOf(table: SlotTable, argument: Argument, index: number): Slot {
  if (argument.GasCoin) {
    if (!table.gas) throw argumentFailure(index, 'InvalidGasCoinUsage')
    return table.gas
  }
  if (argument.Input !== undefined) {
    const slot = table.inputs[argument.Input]
    if (!slot) throw argumentFailure(index, 'IndexOutOfBounds', { idx: argument.Input })
    return slot
  }
  if (argument.Result !== undefined) {
    const results = table.results[argument.Result]
    if (!results) throw argumentFailure(index, 'IndexOutOfBounds', { idx: argument.Result })
    if (results.length !== 1) throw argumentFailure(index, 'InvalidResultArity', { resultIdx: argument.Result })
    return results[0]!
  }
  const [resultIdx, secondaryIdx] = argument.NestedResult!
  const results = table.results[resultIdx]
  if (!results) throw argumentFailure(index, 'IndexOutOfBounds', { idx: resultIdx })
  const slot = results[secondaryIdx]
  if (!slot) throw argumentFailure(index, 'SecondaryIndexOutOfBounds', { resultIdx, secondaryIdx })
  return slot
}

const RECEIVING = `${SUI_FRAMEWORK_ADDRESS}::transfer::Receiving`

function isReceiving(type: MoveType): type is DatatypeType {
  return type.kind === 'datatype' && `${type.address}::${type.module}::${type.name}` === RECEIVING
}

export class ArgumentReader {
  readonly #table: SlotTable
  readonly #loader: Loader
  /** Bytes may stand for any type, and inputs may be used in any way. */
  readonly #permissive: boolean

  constructor(table: SlotTable, loader: Loader, permissive: boolean) {
    this.#table = table
    this.#loader = loader
    this.#permissive = permissive
  }

  slot(argument: Argument, index: number): Slot {
    return slotOf(this.#table, argument, index)
  }

  /** Takes an argument for a parameter of a function. */
  forParameter(argument: Argument, index: number, parameter: MoveType, borrows: Borrows): Value {
    const slot = this.slot(argument, index)
    if (parameter.kind !== 'reference') return this.byValue(slot, index, parameter, borrows)
    return this.byReference(slot, index, parameter.to, parameter.mutable, borrows)
  }

  /** Moves, copies or decodes a value of a type.
   *  @param expected - if absent, any value that is not pure */
  byValue(slot: Slot, index: number, expected: MoveType | undefined, borrows: Borrows): Value {
    if (slot.pure && !slot.type) {
      if (!expected) throw argumentFailure(index, 'TypeMismatch')
      return decodePure(this.#loader, expected, slot.pure, index, this.#permissive)
    }
    if (slot.receiving) return this.#ticket(slot.receiving, index, expected)
    const value = this.#present(slot, index)
    this.#assertType(slot, index, expected)
    if (slot.input?.access === 'gas' && !this.#permissive) throw argumentFailure(index, 'InvalidGasCoinUsage')
    if (slot.input?.access === 'read' && !this.#permissive) throw argumentFailure(index, 'InvalidObjectByValue')
    if (hasAbility(this.#loader, slot.type!, 'copy')) return copyValue(value)
    if (borrows.isBorrowed(slot)) throw argumentFailure(index, 'CannotMoveBorrowedValue')
    slot.cell[0] = undefined
    return value
  }

  /** Moves an object of any type out of its slot, the gas coin included. */
  takeObject(slot: Slot, index: number): { type: DatatypeType; value: Value } {
    if (slot.pure || slot.receiving) throw argumentFailure(index, 'TypeMismatch')
    const value = this.#present(slot, index)
    const type = slot.type!
    if (slot.input?.access === 'read') throw argumentFailure(index, 'InvalidObjectByValue')
    if (type.kind !== 'datatype') throw argumentFailure(index, 'TypeMismatch')
    slot.cell[0] = undefined
    return { type, value }
  }

  byReference(slot: Slot, index: number, expected: MoveType, mutable: boolean, borrows: Borrows): Reference {
    if (slot.pure && !slot.type) return this.#borrowPure(slot, slot.pure, index, expected, mutable)
    if (slot.receiving) throw argumentFailure(index, 'TypeMismatch')
    this.#present(slot, index)
    this.#assertType(slot, index, expected)
    if (mutable && slot.input?.access === 'read' && !this.#permissive) {
      throw argumentFailure(index, 'InvalidObjectByMutRef')
    }
    if (!borrows.borrow(slot, mutable ? 'mutable' : 'immutable')) throw argumentFailure(index, 'InvalidValueUsage')
    return new Reference(slot.cell, 0, mutable)
  }

  /** A pure input that is changed keeps the change, and with it its type. */
  #borrowPure(slot: Slot, bytes: Uint8Array, index: number, expected: MoveType, mutable: boolean): Reference {
    const value = decodePure(this.#loader, expected, bytes, index, this.#permissive)
    if (!mutable) return new Reference([value], 0, false)
    slot.type = expected
    slot.cell[0] = value
    return new Reference(slot.cell, 0)
  }

  #present(slot: Slot, index: number): Value {
    const [value] = slot.cell
    if (value === undefined)
      throw argumentFailure(index, slot.input?.access === 'gas' ? 'InvalidGasCoinUsage' : 'InvalidValueUsage')
    return value
  }

  #assertType(slot: Slot, index: number, expected: MoveType | undefined): void {
    if (expected && slot.type?.key !== expected.key) throw argumentFailure(index, 'TypeMismatch')
  }

  /** `Receiving<T> { id, version }` for whatever T the parameter asks; the type is checked when it is received. */
  #ticket(ticket: { id: string; version: bigint }, index: number, expected: MoveType | undefined): Value {
    if (!expected || !isReceiving(expected)) throw argumentFailure(index, 'TypeMismatch')
    const layout = this.#loader.layout(expected)
    const id = layout.fields?.[0]?.type
    if (id?.kind !== 'datatype') throw invariantFault('a receiving ticket holds an id')
    return new Struct(layout, [new Struct(this.#loader.layout(id), [ticket.id]), ticket.version])
  }
}
