/** The state that one transaction's code shares: loader, natives, meter. */

import { type CodeLocation, invariantFault, limitFault, MoveFault } from './errors.ts'
import type { FunctionInstance } from './function-instance.ts'
import { MAX_COPIED_BYTES, MAX_INSTRUCTIONS } from './limits.ts'
import type { LinkedFunction } from './linkage.ts'
import type { Loader } from './loader.ts'
import type { MoveType } from './types.ts'
import type { Value } from './values.ts'

/** The part of the machine that natives use. */
export interface NativeMachine {
  readonly loader: Loader
  /** Pays for work worth some instructions. */
  charge(instructions: number): void
  /** Pays for bytes copied, hashed or compared. */
  chargeBytes(bytes: number): void
}

/** What a native function gets. `C` is what the host of the machine lends to its natives. */
export interface NativeCall<C> {
  readonly machine: NativeMachine
  readonly context: C
  readonly typeArguments: readonly MoveType[]
  readonly args: readonly Value[]
  /** The instance called: its linkage names types in full. */
  readonly callee: FunctionInstance
}

/** Returns the value or values the function leaves on the stack: `[]` for functions without result. */
export type NativeFunction<C> = (call: NativeCall<C>) => Value | readonly Value[]

/** `address::module::name` (normalised) → implementation. */
export type NativeTable<C> = ReadonlyMap<string, NativeFunction<C>>

export class Machine<C> implements NativeMachine {
  readonly loader: Loader
  readonly natives: NativeTable<C>
  readonly context: C
  /** Instructions the transaction may still run. */
  #left: number
  readonly #limit: number
  #copied = 0

  /** @param maxInstructions - what the gas budget pays for; never more than MAX_INSTRUCTIONS */
  constructor(loader: Loader, natives: NativeTable<C>, context: C, maxInstructions = MAX_INSTRUCTIONS) {
    this.loader = loader
    this.natives = natives
    this.context = context
    this.#limit = Math.min(maxInstructions, MAX_INSTRUCTIONS)
    this.#left = this.#limit
  }

  /** Instructions run so far, work of natives and copies included. */
  get instructionsUsed(): number {
    return this.#limit - Math.max(0, this.#left)
  }

  /** Pays for work worth some instructions.
   *  @throws {MoveFault} out-of-gas */
  charge(instructions: number): void {
    this.#left -= instructions
    if (this.#left < 0) throw new MoveFault('out-of-gas', `more than ${this.#limit} instructions`)
  }

  /** Pays for bytes copied, hashed or compared.
   *  @throws {MoveFault} out-of-gas, limit */
  chargeBytes(bytes: number): void {
    this.#copied += bytes
    if (this.#copied > MAX_COPIED_BYTES) throw limitFault('too many bytes copied')
    this.charge(Math.ceil(bytes / 64))
  }

  native(linked: LinkedFunction): NativeFunction<C> {
    const native = this.natives.get(linked.id)
    if (!native) throw invariantFault(`native function ${linked.id} is not implemented`)
    return native
  }
}

export function locationOf(linked: LinkedFunction, instruction: number): CodeLocation {
  return {
    packageId: linked.module.loaded.packageId,
    module: linked.module.loaded.module.name,
    functionIndex: linked.definition.index,
    functionName: linked.name,
    instruction,
  }
}
