/** Why a transaction failed, in the words of `bcs.ExecutionStatus`. */

import { type CodeLocation, type FaultKind, MoveFault, MoveFormatError, MoveLinkError } from '../movevm/errors.ts'
import type { ExecutionError, ExecutionFailureStatus } from './execution.ts'

/** A failure status as it is written into effects: `{ Variant: true }` or `{ Variant: fields }`. */
export type FailureInput = { readonly [variant: string]: unknown }

/** Thrown where a transaction fails; becomes its status. */
export class ExecutionFailure extends Error {
  override name = 'ExecutionFailure'
  readonly status: FailureInput
  readonly abort: { location: CodeLocation; code: bigint } | undefined
  command: number | undefined

  constructor(status: FailureInput, abort?: { location: CodeLocation; code: bigint }) {
    super(Object.keys(status)[0]!)
    this.status = status
    this.abort = abort
  }
}

/** @param variant - a variant of ExecutionFailureStatus, without fields unless given */
export function failure(variant: string, fields: unknown = true): ExecutionFailure {
  return new ExecutionFailure({ [variant]: fields })
}

/** A wrong argument of a command.
 *  @param variant - a variant of CommandArgumentError */
export function argumentFailure(argIdx: number, variant: string, fields: unknown = true): ExecutionFailure {
  return failure('CommandArgumentError', { argIdx, kind: { [variant]: fields } })
}

export function typeArgumentFailure(
  argumentIdx: number,
  variant: 'TypeNotFound' | 'ConstraintNotSatisfied',
): ExecutionFailure {
  return failure('TypeArgumentError', { argumentIdx, kind: { [variant]: true } })
}

function locationJson(location: CodeLocation) {
  return {
    module: { address: location.packageId, name: location.module },
    function: location.functionIndex,
    instruction: location.instruction,
    functionName: location.functionName,
  }
}

const INVARIANT_STATUS: Partial<Record<FaultKind, string>> = {
  invariant: 'VMInvariantViolation',
  'out-of-gas': 'InsufficientGas',
  funds: 'InsufficientBalanceForWithdraw',
}

/** The failure that an error of the machine amounts to; nothing for errors that are Floe's own.
 *  @param error - what was thrown while a command ran */
export function asFailure(error: unknown): ExecutionFailure | undefined {
  if (error instanceof ExecutionFailure) return error
  if (error instanceof MoveLinkError) {
    return failure(
      error.code === 'MOVE_FUNCTION_MISSING' || error.code === 'MOVE_MODULE_MISSING'
        ? 'FunctionNotFound'
        : 'InvalidLinkage',
    )
  }
  if (error instanceof MoveFormatError) return failure('VMVerificationOrDeserializationError')
  if (!(error instanceof MoveFault)) return undefined
  const { location } = error
  if (error.fault === 'abort' && location) {
    return new ExecutionFailure(
      { MoveAbort: [locationJson(location), String(error.abortCode)] },
      { location, code: error.abortCode },
    )
  }
  const plain = INVARIANT_STATUS[error.fault]
  return plain ? failure(plain) : failure('MovePrimitiveRuntimeError', location ? locationJson(location) : null)
}

/** The error of the result.
 *  @param status - the status as the effects' encoding gave it back */
export function describeFailure(thrown: ExecutionFailure, status: ExecutionFailureStatus): ExecutionError {
  const kind = Object.keys(thrown.status)[0]!
  const { command, abort } = thrown
  return { status, kind, command, message: failureMessage(thrown, kind), ...(abort && { abort }) }
}

function failureMessage({ abort, status, command }: ExecutionFailure, kind: string): string {
  const where = command === undefined ? '' : ` in command ${command}`
  if (abort) {
    const { packageId, module, functionName } = abort.location
    return `MoveAbort(${packageId}::${module}::${functionName}, ${abort.code})${where}`
  }
  const fields = status[kind]
  const detail = fields === true || fields === null ? '' : ` ${JSON.stringify(fields)}`
  return `${kind}${detail}${where}`
}
