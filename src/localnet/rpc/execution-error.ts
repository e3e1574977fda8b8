/** Failure statuses of effects (`bcs.ExecutionFailureStatus`) as protobuf `ExecutionError`. */

import type { ExecutionFailureStatus } from '../ledger/execution.ts'
import { Proto } from './messages.ts'

const {
  ExecutionError_ExecutionErrorKind: Kind,
  CommandArgumentError_CommandArgumentErrorKind: ArgumentKind,
  TypeArgumentError_TypeArgumentErrorKind: TypeKind,
  PackageUpgradeError_PackageUpgradeErrorKind: UpgradeKind,
} = Proto

/** Variants whose protobuf name is not their own in upper snake case. */
const KIND_ALIASES: Readonly<Record<string, string>> = {
  MoveObjectTooBig: 'OBJECT_TOO_BIG',
  MovePackageTooBig: 'PACKAGE_TOO_BIG',
  VMVerificationOrDeserializationError: 'VM_VERIFICATION_OR_DESERIALIZATION_ERROR',
  VMInvariantViolation: 'VM_INVARIANT_VIOLATION',
  SharedObjectOperationNotAllowed: 'CONSENSUS_OBJECT_OPERATION_NOT_ALLOWED',
  ExecutionCancelledDueToSharedObjectCongestion: 'EXECUTION_CANCELED_DUE_TO_CONSENSUS_OBJECT_CONGESTION',
  ExecutionCancelledDueToRandomnessUnavailable: 'EXECUTION_CANCELED_DUE_TO_RANDOMNESS_UNAVAILABLE',
  InsufficientBalanceForWithdraw: 'INSUFFICIENT_FUNDS_FOR_WITHDRAW',
  InvalidBCSBytes: 'INVALID_BCS_BYTES',
  PackageIDDoesNotMatch: 'PACKAGE_ID_DOES_NOT_MATCH',
  InvalidUsageOfPureArg: 'INVALID_USAGE_OF_PURE_ARGUMENT',
}

function upperSnake(name: string): string {
  return KIND_ALIASES[name] ?? name.replace(/(?<!^)([A-Z])/g, '_$1').toUpperCase()
}

/** Number of the enum's constant for a BCS variant, or 0 (unknown). */
function code(constants: Readonly<Record<string, unknown>>, variant: string): number {
  const value = constants[upperSnake(variant)]
  return typeof value === 'number' ? value : 0
}

/** Name of the variant that a value of a BCS enum holds. */
function variantOf(value: { $kind?: string }): string {
  return value.$kind ?? Object.keys(value)[0] ?? ''
}

type Details = Proto.ExecutionError['errorDetails']

function size(value: { maxSize: string; size: string }): Details {
  return { oneofKind: 'sizeError', sizeError: { size: BigInt(value.size), maxSize: BigInt(value.maxSize) } }
}

function index(value: number, subresult?: number): Details {
  return { oneofKind: 'indexError', indexError: { index: value, subresult } }
}

function abortDetails([location, abortCode]: NonNullable<ExecutionFailureStatus['MoveAbort']>): Details {
  return { oneofKind: 'abort', abort: { abortCode: BigInt(abortCode), location: moveLocation(location) } }
}

type BcsMoveLocation = NonNullable<ExecutionFailureStatus['MoveAbort']>[0]

function moveLocation(location: BcsMoveLocation): Proto.MoveLocation {
  return {
    package: location.module.address,
    module: location.module.name,
    function: location.function,
    instruction: location.instruction,
    functionName: location.functionName ?? undefined,
  }
}

function argumentDetails(value: NonNullable<ExecutionFailureStatus['CommandArgumentError']>): Details {
  const { kind } = value
  const outOfBounds = kind.IndexOutOfBounds && { index: kind.IndexOutOfBounds.idx }
  const secondary = kind.SecondaryIndexOutOfBounds && {
    index: kind.SecondaryIndexOutOfBounds.resultIdx,
    subresult: kind.SecondaryIndexOutOfBounds.secondaryIdx,
  }
  const arity = kind.InvalidResultArity && { index: kind.InvalidResultArity.resultIdx }
  return {
    oneofKind: 'commandArgumentError',
    commandArgumentError: {
      argument: value.argIdx,
      kind: code(ArgumentKind as never, variantOf(kind)),
      indexError: outOfBounds ?? secondary ?? arity ?? undefined,
    },
  }
}

function upgradeDetails({ upgradeError }: NonNullable<ExecutionFailureStatus['PackageUpgradeError']>): Details {
  return {
    oneofKind: 'packageUpgradeError',
    packageUpgradeError: {
      kind: code(UpgradeKind as never, variantOf(upgradeError)),
      packageId: upgradeError.UnableToFetchPackage?.packageId ?? upgradeError.PackageIDDoesNotMatch?.packageId,
      policy: upgradeError.UnknownUpgradePolicy?.policy,
      ticketId: upgradeError.PackageIDDoesNotMatch?.ticketId,
    },
  }
}

function details(status: ExecutionFailureStatus): Details {
  if (status.MoveAbort) return abortDetails(status.MoveAbort)
  const runtime: unknown = status.MovePrimitiveRuntimeError
  // The BCS parser turns "no location" inside an enum into `true`.
  if (typeof runtime === 'object' && runtime !== null) {
    return { oneofKind: 'abort', abort: { location: moveLocation(runtime as BcsMoveLocation) } }
  }
  if (status.CommandArgumentError) return argumentDetails(status.CommandArgumentError)
  if (status.TypeArgumentError) {
    const { argumentIdx, kind } = status.TypeArgumentError
    const typeArgumentError = { typeArgument: argumentIdx, kind: code(TypeKind as never, variantOf(kind)) }
    return { oneofKind: 'typeArgumentError', typeArgumentError }
  }
  if (status.PackageUpgradeError) return upgradeDetails(status.PackageUpgradeError)
  if (status.UnusedValueWithoutDrop) {
    return index(status.UnusedValueWithoutDrop.resultIdx, status.UnusedValueWithoutDrop.secondaryIdx)
  }
  if (status.InvalidPublicFunctionReturnType) return index(status.InvalidPublicFunctionReturnType.idx)
  return objectDetails(status) ?? sizeDetails(status)
}

function objectDetails(status: ExecutionFailureStatus): Details | undefined {
  const objectId = status.CircularObjectOwnership?.object ?? status.NonExclusiveWriteInputObjectModified?.id
  if (objectId !== undefined) return { oneofKind: 'objectId', objectId }
  if (status.AddressDeniedForCoin)
    return { oneofKind: 'coinDenyListError', coinDenyListError: status.AddressDeniedForCoin }
  if (status.CoinTypeGlobalPause)
    return { oneofKind: 'coinDenyListError', coinDenyListError: status.CoinTypeGlobalPause }
  const congestion = status.ExecutionCancelledDueToSharedObjectCongestion
  if (congestion) return { oneofKind: 'congestedObjects', congestedObjects: { objects: congestion.congested_objects } }
  return undefined
}

function sizeDetails(status: ExecutionFailureStatus): Details {
  const object = status.MoveObjectTooBig ?? status.MovePackageTooBig
  if (object) return size({ size: object.objectSize, maxSize: object.maxObjectSize })
  const total = status.EffectsTooLarge ?? status.WrittenObjectsTooLarge
  if (total) return size({ size: total.currentSize, maxSize: total.maxSize })
  const value = status.MoveVectorElemTooBig ?? status.MoveRawValueTooBig
  if (value) return size({ size: value.valueSize, maxSize: value.maxScaledSize })
  return { oneofKind: undefined }
}

/** @param command - index of the command, as in the effects */
export function executionErrorMessage(
  status: ExecutionFailureStatus,
  command: string | number | bigint | null,
): Proto.ExecutionError {
  const name = variantOf(status)
  const at = command === null ? '' : ` in command ${command}`
  const abort = status.MoveAbort
  const description = abort ? `MoveAbort(${abort[0].module.name}, ${abort[1]})` : name
  return {
    description: `${description}${at}`,
    command: command === null ? undefined : BigInt(command),
    kind: code(Kind as never, name),
    errorDetails: details(status),
  }
}
