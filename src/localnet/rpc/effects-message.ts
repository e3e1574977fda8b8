/** Transaction effects as protobuf messages. */

import type { bcs } from '@mysten/sui/bcs'
import type { TransactionEffectsV2 } from '../ledger/execution.ts'
import { executionErrorMessage } from './execution-error.ts'
import type { FieldMask } from './field-mask.ts'
import { Proto } from './messages.ts'

const {
  AccumulatorWrite_AccumulatorOperation: AccumulatorOperation,
  AccumulatorWrite_AccumulatorValue: AccumulatorValue,
  Owner_OwnerKind: OwnerKind,
  ChangedObject_InputObjectState: InputState,
  ChangedObject_OutputObjectState: OutputState,
  ChangedObject_IdOperation: IdOperation,
  UnchangedConsensusObject_UnchangedConsensusObjectKind: UnchangedKind,
} = Proto

type BcsOwner = typeof bcs.Owner.$inferType

/** Everything a reader may ask about the effects of one transaction. */
export interface EffectsView {
  effects: TransactionEffectsV2
  bytes: Uint8Array
  digest: string
  /** Type, or `package`, of a changed object. */
  typeOf: (objectId: string) => string | undefined
}

function bcsOwnerMessage(owner: BcsOwner): Proto.Owner {
  if (owner.AddressOwner !== undefined) return { kind: OwnerKind.ADDRESS, address: owner.AddressOwner }
  if (owner.ObjectOwner !== undefined) return { kind: OwnerKind.OBJECT, address: owner.ObjectOwner }
  if (owner.Shared) return { kind: OwnerKind.SHARED, version: BigInt(owner.Shared.initialSharedVersion) }
  if (owner.ConsensusAddressOwner) {
    const { owner: address, startVersion } = owner.ConsensusAddressOwner
    return { kind: OwnerKind.CONSENSUS_ADDRESS, address, version: BigInt(startVersion) }
  }
  return { kind: OwnerKind.IMMUTABLE }
}

function changedObject(
  [objectId, change]: TransactionEffectsV2['changedObjects'][number],
  lamportVersion: bigint,
  objectType: string | undefined,
): Proto.ChangedObject {
  const message: Proto.ChangedObject = {
    objectId,
    objectType,
    inputState: InputState.DOES_NOT_EXIST,
    outputState: OutputState.DOES_NOT_EXIST,
    idOperation: change.idOperation.Created
      ? IdOperation.CREATED
      : change.idOperation.Deleted
        ? IdOperation.DELETED
        : IdOperation.NONE,
  }
  if (change.inputState.Exist) {
    const [[version, digest], owner] = change.inputState.Exist
    message.inputState = InputState.EXISTS
    message.inputVersion = BigInt(version)
    message.inputDigest = digest
    message.inputOwner = bcsOwnerMessage(owner)
  }
  const { ObjectWrite: write, PackageWrite: packageWrite, AccumulatorWriteV1: funds } = change.outputState
  if (write) {
    message.outputState = OutputState.OBJECT_WRITE
    message.outputVersion = lamportVersion
    message.outputDigest = write[0]
    message.outputOwner = bcsOwnerMessage(write[1])
  } else if (packageWrite) {
    message.outputState = OutputState.PACKAGE_WRITE
    message.outputVersion = BigInt(packageWrite[0])
    message.outputDigest = packageWrite[1]
    message.outputOwner = { kind: OwnerKind.IMMUTABLE }
  } else if (funds) {
    message.outputState = OutputState.ACCUMULATOR_WRITE
    message.accumulatorWrite = {
      address: funds.address.address,
      accumulatorType: funds.address.ty,
      operation: funds.operation.Split ? AccumulatorOperation.SPLIT : AccumulatorOperation.MERGE,
      valueKind: AccumulatorValue.INTEGER,
      integerValue: BigInt(funds.value.Integer ?? 0),
      integerTuple: [],
      eventDigestValue: [],
    }
  }
  return message
}

function unchangedObject([objectId, kind]: TransactionEffectsV2['unchangedConsensusObjects'][number]) {
  if (kind.ReadOnlyRoot) {
    const [version, digest] = kind.ReadOnlyRoot
    return { kind: UnchangedKind.READ_ONLY_ROOT, objectId, version: BigInt(version), digest }
  }
  const ended = kind.MutateConsensusStreamEnded ?? kind.ReadConsensusStreamEnded ?? kind.Cancelled
  return {
    kind: kind.PerEpochConfig ? UnchangedKind.PER_EPOCH_CONFIG : UnchangedKind.READ_CONSENSUS_STREAM_ENDED,
    objectId,
    version: ended === undefined || ended === null ? undefined : BigInt(ended),
  }
}

export function executionStatusMessage(status: TransactionEffectsV2['status']): Proto.ExecutionStatus {
  if (!status.Failure) return { success: true }
  return { success: false, error: executionErrorMessage(status.Failure.error, status.Failure.command) }
}

/** The fields of the effects that the mask wants. */
export function effectsMessage(view: EffectsView, mask: FieldMask): Proto.TransactionEffects {
  const { effects } = view
  const message = Proto.TransactionEffects.create({
    digest: view.digest,
    version: 2,
    status: executionStatusMessage(effects.status),
    epoch: BigInt(effects.executedEpoch),
    transactionDigest: effects.transactionDigest,
    eventsDigest: effects.eventsDigest ?? undefined,
    auxiliaryDataDigest: effects.auxDataDigest ?? undefined,
    dependencies: effects.dependencies,
    lamportVersion: BigInt(effects.lamportVersion),
    gasUsed: {
      computationCost: BigInt(effects.gasUsed.computationCost),
      storageCost: BigInt(effects.gasUsed.storageCost),
      storageRebate: BigInt(effects.gasUsed.storageRebate),
      nonRefundableStorageFee: BigInt(effects.gasUsed.nonRefundableStorageFee),
    },
  })
  if (mask.has('bcs')) message.bcs = { name: 'TransactionEffects', value: view.bytes }
  if (mask.has('changed_objects') || mask.has('gas_object')) {
    const lamportVersion = BigInt(effects.lamportVersion)
    const changed = effects.changedObjects.map((entry) => changedObject(entry, lamportVersion, view.typeOf(entry[0])))
    message.changedObjects = changed
    if (effects.gasObjectIndex !== null) message.gasObject = changed[effects.gasObjectIndex]
  }
  message.unchangedConsensusObjects = effects.unchangedConsensusObjects.map(unchangedObject)
  return mask.apply(Proto.TransactionEffects, message)
}
