/** Errors of the Move virtual machine.
 *
 *  `MoveFormatError` is for bytes and names from outside. `MoveFault` is what running code can do wrong; the executor
 *  turns it into a failure status of the transaction, so it is a result rather than a failure of Floe. */

import { FloeError, IntegrityError } from '../../base/errors.ts'

/** Module bytes, a type or a value that is not well formed. */
export class MoveFormatError extends IntegrityError {
  override name = 'MoveFormatError'
}

/** The bytes are no module of a supported version. */
export function malformedModule(reason: string, data: Record<string, unknown> = {}): MoveFormatError {
  return new MoveFormatError('MOVE_MODULE_MALFORMED', `not a valid Move module: ${reason}`, { data })
}

export function malformedType(text: string, reason: string): MoveFormatError {
  return new MoveFormatError('MOVE_TYPE_MALFORMED', `not a valid Move type: ${reason}`, { data: { text } })
}

export function malformedValue(type: string, reason: string): MoveFormatError {
  return new MoveFormatError('MOVE_VALUE_MALFORMED', `bytes are no value of type ${type}: ${reason}`, {
    data: { type },
  })
}

/** A package, module, type or function that is not there, or cannot be linked. */
export class MoveLinkError extends FloeError {
  override name = 'MoveLinkError'
  constructor(
    code: 'MOVE_PACKAGE_MISSING' | 'MOVE_MODULE_MISSING' | 'MOVE_TYPE_MISSING' | 'MOVE_FUNCTION_MISSING',
    what: string,
  ) {
    super('other', code, `${code.slice(5).toLowerCase().replace('_', ' ')}: ${what}`, { data: { what } })
  }
}

/** Where in the bytecode something happened. */
export interface CodeLocation {
  /** Storage id of the package: `0x` and 64 hex digits. */
  packageId: string
  module: string
  /** Index of the function definition. */
  functionIndex: number
  functionName: string
  /** Index of the instruction. */
  instruction: number
}

/** What stopped the code. `abort` carries the code of an `abort` instruction or of a native; the others are run-time errors
 *  of the machine, `invariant` those that compiled code cannot cause. */
export type FaultKind =
  | 'abort'
  | 'arithmetic'
  | 'vector'
  | 'variant'
  | 'limit'
  | 'out-of-gas'
  | 'invariant'
  | 'object'
  | 'funds'

/** Execution of Move code stopped. */
export class MoveFault extends FloeError {
  override name = 'MoveFault'
  readonly fault: FaultKind
  /** Abort code (u64) or sub-status of the error. */
  readonly abortCode: bigint
  location: CodeLocation | undefined

  constructor(fault: FaultKind, message: string, abortCode = 0n, location?: CodeLocation) {
    super('other', `MOVE_${fault.toUpperCase().replace('-', '_')}`, message, {
      data: { fault, abortCode: String(abortCode) },
    })
    this.fault = fault
    this.abortCode = abortCode
    this.location = location
  }
}

/** An abort raised by a native function. */
export function nativeAbort(code: bigint | number): MoveFault {
  return new MoveFault('abort', `native function aborted with code ${code}`, BigInt(code))
}

export function invariantFault(message: string): MoveFault {
  return new MoveFault('invariant', message)
}

export function limitFault(message: string): MoveFault {
  return new MoveFault('limit', message)
}
