import { bcs } from '@mysten/sui/bcs'
import { describe, expect, it } from 'vitest'
import { executionErrorMessage } from '../../../src/localnet/rpc/execution-error.ts'
import { Proto } from '../../../src/localnet/rpc/messages.ts'

const ID = `0x${'c0'.repeat(32)}`
const location = {
  module: { address: ID, name: 'counter' },
  function: 3,
  instruction: 14,
  functionName: 'bump',
}

type Input = typeof bcs.TransactionEffects.$inferInput

/** The status as it comes out of stored effects. */
function decoded(error: unknown) {
  const effects = {
    V2: {
      status: { Failure: { error, command: 2 } },
      executedEpoch: 0,
      gasUsed: { computationCost: 0, storageCost: 0, storageRebate: 0, nonRefundableStorageFee: 0 },
      transactionDigest: '11111111111111111111111111111111',
      gasObjectIndex: null,
      eventsDigest: null,
      dependencies: [],
      lamportVersion: 1,
      changedObjects: [],
      unchangedConsensusObjects: [],
      auxDataDigest: null,
    },
  } as Input
  const { Failure } = bcs.TransactionEffects.parse(bcs.TransactionEffects.serialize(effects).toBytes()).V2!.status
  return executionErrorMessage(Failure!.error, Failure!.command)
}

/** Every variant of ExecutionFailureStatus, with the kind and details that a full node shows. */
const CASES: [unknown, keyof typeof Proto.ExecutionError_ExecutionErrorKind, object?][] = [
  [{ InsufficientGas: true }, 'INSUFFICIENT_GAS'],
  [{ InvalidGasObject: true }, 'INVALID_GAS_OBJECT'],
  [{ InvariantViolation: true }, 'INVARIANT_VIOLATION'],
  [{ FeatureNotYetSupported: true }, 'FEATURE_NOT_YET_SUPPORTED'],
  [
    { MoveObjectTooBig: { objectSize: 5, maxObjectSize: 4 } },
    'OBJECT_TOO_BIG',
    { sizeError: { size: 5n, maxSize: 4n } },
  ],
  [
    { MovePackageTooBig: { objectSize: 6, maxObjectSize: 4 } },
    'PACKAGE_TOO_BIG',
    { sizeError: { size: 6n, maxSize: 4n } },
  ],
  [{ CircularObjectOwnership: { object: ID } }, 'CIRCULAR_OBJECT_OWNERSHIP', { objectId: ID }],
  [{ InsufficientCoinBalance: true }, 'INSUFFICIENT_COIN_BALANCE'],
  [{ CoinBalanceOverflow: true }, 'COIN_BALANCE_OVERFLOW'],
  [{ PublishErrorNonZeroAddress: true }, 'PUBLISH_ERROR_NON_ZERO_ADDRESS'],
  [{ SuiMoveVerificationError: true }, 'SUI_MOVE_VERIFICATION_ERROR'],
  [
    { MovePrimitiveRuntimeError: location },
    'MOVE_PRIMITIVE_RUNTIME_ERROR',
    { abort: { location: { package: ID, module: 'counter', function: 3, instruction: 14, functionName: 'bump' } } },
  ],
  [{ MovePrimitiveRuntimeError: null }, 'MOVE_PRIMITIVE_RUNTIME_ERROR', { oneofKind: undefined }],
  [
    { MoveAbort: [location, 7] },
    'MOVE_ABORT',
    { abort: { abortCode: 7n, location: { package: ID, module: 'counter', functionName: 'bump' } } },
  ],
  [{ VMVerificationOrDeserializationError: true }, 'VM_VERIFICATION_OR_DESERIALIZATION_ERROR'],
  [{ VMInvariantViolation: true }, 'VM_INVARIANT_VIOLATION'],
  [{ FunctionNotFound: true }, 'FUNCTION_NOT_FOUND'],
  [{ ArityMismatch: true }, 'ARITY_MISMATCH'],
  [{ TypeArityMismatch: true }, 'TYPE_ARITY_MISMATCH'],
  [{ NonEntryFunctionInvoked: true }, 'NON_ENTRY_FUNCTION_INVOKED'],
  [
    { CommandArgumentError: { argIdx: 4, kind: { TypeMismatch: true } } },
    'COMMAND_ARGUMENT_ERROR',
    { commandArgumentError: { argument: 4, kind: 1 } },
  ],
  [
    { CommandArgumentError: { argIdx: 1, kind: { InvalidBCSBytes: true } } },
    'COMMAND_ARGUMENT_ERROR',
    { commandArgumentError: { argument: 1, kind: 2 } },
  ],
  [
    { CommandArgumentError: { argIdx: 0, kind: { InvalidUsageOfPureArg: true } } },
    'COMMAND_ARGUMENT_ERROR',
    { commandArgumentError: { argument: 0, kind: 3 } },
  ],
  [
    { CommandArgumentError: { argIdx: 0, kind: { SecondaryIndexOutOfBounds: { resultIdx: 8, secondaryIdx: 9 } } } },
    'COMMAND_ARGUMENT_ERROR',
    { commandArgumentError: { kind: 6, indexError: { index: 8, subresult: 9 } } },
  ],
  [
    { CommandArgumentError: { argIdx: 0, kind: { SharedObjectOperationNotAllowed: true } } },
    'COMMAND_ARGUMENT_ERROR',
    { commandArgumentError: { kind: 12 } },
  ],
  [
    { TypeArgumentError: { argumentIdx: 2, kind: { ConstraintNotSatisfied: true } } },
    'TYPE_ARGUMENT_ERROR',
    { typeArgumentError: { typeArgument: 2, kind: 2 } },
  ],
  [
    { UnusedValueWithoutDrop: { resultIdx: 1, secondaryIdx: 2 } },
    'UNUSED_VALUE_WITHOUT_DROP',
    { indexError: { index: 1, subresult: 2 } },
  ],
  [
    { InvalidPublicFunctionReturnType: { idx: 3 } },
    'INVALID_PUBLIC_FUNCTION_RETURN_TYPE',
    { indexError: { index: 3 } },
  ],
  [{ InvalidTransferObject: true }, 'INVALID_TRANSFER_OBJECT'],
  [{ EffectsTooLarge: { currentSize: 2, maxSize: 1 } }, 'EFFECTS_TOO_LARGE', { sizeError: { size: 2n, maxSize: 1n } }],
  [{ PublishUpgradeMissingDependency: true }, 'PUBLISH_UPGRADE_MISSING_DEPENDENCY'],
  [{ PublishUpgradeDependencyDowngrade: true }, 'PUBLISH_UPGRADE_DEPENDENCY_DOWNGRADE'],
  [
    { PackageUpgradeError: { upgradeError: { PackageIDDoesNotMatch: { packageId: ID, ticketId: ID } } } },
    'PACKAGE_UPGRADE_ERROR',
    { packageUpgradeError: { kind: 6, packageId: ID, ticketId: ID } },
  ],
  [
    { PackageUpgradeError: { upgradeError: { IncompatibleUpgrade: true } } },
    'PACKAGE_UPGRADE_ERROR',
    { packageUpgradeError: { kind: 3 } },
  ],
  [
    { WrittenObjectsTooLarge: { currentSize: 2, maxSize: 1 } },
    'WRITTEN_OBJECTS_TOO_LARGE',
    { sizeError: { size: 2n } },
  ],
  [{ CertificateDenied: true }, 'CERTIFICATE_DENIED'],
  [{ SuiMoveVerificationTimedout: true }, 'SUI_MOVE_VERIFICATION_TIMEDOUT'],
  [{ SharedObjectOperationNotAllowed: true }, 'CONSENSUS_OBJECT_OPERATION_NOT_ALLOWED'],
  [{ InputObjectDeleted: true }, 'INPUT_OBJECT_DELETED'],
  [
    { ExecutionCancelledDueToSharedObjectCongestion: { congested_objects: [ID] } },
    'EXECUTION_CANCELED_DUE_TO_CONSENSUS_OBJECT_CONGESTION',
    { congestedObjects: { objects: [ID] } },
  ],
  [
    { AddressDeniedForCoin: { address: ID, coinType: 'c' } },
    'ADDRESS_DENIED_FOR_COIN',
    { coinDenyListError: { address: ID, coinType: 'c' } },
  ],
  [{ CoinTypeGlobalPause: { coinType: 'c' } }, 'COIN_TYPE_GLOBAL_PAUSE', { coinDenyListError: { coinType: 'c' } }],
  [{ ExecutionCancelledDueToRandomnessUnavailable: true }, 'EXECUTION_CANCELED_DUE_TO_RANDOMNESS_UNAVAILABLE'],
  [
    { MoveVectorElemTooBig: { valueSize: 3, maxScaledSize: 2 } },
    'MOVE_VECTOR_ELEM_TOO_BIG',
    { sizeError: { size: 3n } },
  ],
  [{ MoveRawValueTooBig: { valueSize: 3, maxScaledSize: 2 } }, 'MOVE_RAW_VALUE_TOO_BIG', { sizeError: { size: 3n } }],
  [{ InvalidLinkage: true }, 'INVALID_LINKAGE'],
  [{ InsufficientBalanceForWithdraw: true }, 'INSUFFICIENT_FUNDS_FOR_WITHDRAW'],
  [{ NonExclusiveWriteInputObjectModified: { id: ID } }, 'NON_EXCLUSIVE_WRITE_INPUT_OBJECT_MODIFIED', { objectId: ID }],
]

describe('execution errors', () => {
  it.each(CASES)('shows %o as %s', (status, kind, details = { oneofKind: undefined }) => {
    const message = decoded(status)
    expect(message.kind).toBe(Proto.ExecutionError_ExecutionErrorKind[kind])
    expect(message.command).toBe(2n)
    expect(message.description).toMatch(/ in command 2$/)
    expect(message.errorDetails).toMatchObject(details)
  })

  it('knows every kind that the client knows', () => {
    const shown = new Set<string>(CASES.map(([, kind]) => kind))
    const known = Object.keys(Proto.ExecutionError_ExecutionErrorKind).filter((name) => Number.isNaN(Number(name)))
    expect(known.filter((name) => !shown.has(name))).toEqual(['EXECUTION_ERROR_KIND_UNKNOWN'])
  })
})
