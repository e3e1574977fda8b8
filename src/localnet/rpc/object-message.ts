/** Ledger objects as protobuf messages. */

import type { ObjectSource } from '../ledger/execution.ts'
import { jsonValue } from '../ledger/json-value.ts'
import {
  coinType,
  coinValue,
  encodeObject,
  type LedgerObject,
  type LedgerPackage,
  type Owner,
} from '../ledger/object.ts'
import type { FieldMask } from './field-mask.ts'
import { Proto, valueMessage } from './messages.ts'
import { packageMessage } from './package-message.ts'

const { Owner_OwnerKind: OwnerKind } = Proto

export function ownerMessage(owner: Owner): Proto.Owner {
  switch (owner.kind) {
    case 'address':
      return { kind: OwnerKind.ADDRESS, address: owner.address }
    case 'object':
      return { kind: OwnerKind.OBJECT, address: owner.parent }
    case 'shared':
      return { kind: OwnerKind.SHARED, version: owner.initialVersion }
    case 'consensus-address':
      return { kind: OwnerKind.CONSENSUS_ADDRESS, address: owner.address, version: owner.startVersion }
    case 'immutable':
      return { kind: OwnerKind.IMMUTABLE }
  }
}

/** The object's fields that the mask wants; costly ones are computed only then.
 *  @param source - where the packages are that JSON rendering needs */
export function objectMessage(object: LedgerObject, mask: FieldMask, source: ObjectSource): Proto.Object {
  const message = Proto.Object.create({
    objectId: object.id,
    version: object.version,
    digest: object.digest,
    owner: ownerMessage(object.owner),
    previousTransaction: object.previousTransaction,
    storageRebate: object.storageRebate,
  })
  if (mask.has('bcs')) message.bcs = { name: 'Object', value: encodeObject(object) }
  if (object.data.kind === 'package') {
    message.objectType = 'package'
    if (mask.has('package')) message.package = packageMessage(object as LedgerPackage)
    return mask.apply(Proto.Object, message)
  }
  const { type, hasPublicTransfer, contents } = object.data
  message.objectType = type
  message.hasPublicTransfer = hasPublicTransfer
  if (mask.has('contents')) message.contents = { name: type, value: contents }
  if (mask.has('json')) {
    const json = jsonValue(source, type, contents)
    if (json !== undefined) message.json = valueMessage(json)
  }
  if (mask.has('balance') && coinType(type) !== undefined) message.balance = coinValue(object)
  return mask.apply(Proto.Object, message)
}
