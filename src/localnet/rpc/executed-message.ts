/** Executed transactions and their events as protobuf messages. */

import { bcs } from '@mysten/sui/bcs'
import { toBase58 } from '@mysten/sui/utils'
import { saltedBlake2b256 } from '../../crypto/hash.ts'
import type { Simulation } from '../ledger/chain.ts'
import { parseEffects } from '../ledger/effects.ts'
import type { ObjectSource, TransactionDataV1 } from '../ledger/execution.ts'
import { jsonValue } from '../ledger/json-value.ts'
import type { BalanceChange, RecordedEvent, TransactionRecord } from '../ledger/record.ts'
import { effectsMessage } from './effects-message.ts'
import type { FieldMask } from './field-mask.ts'
import { Proto, timestamp, valueMessage } from './messages.ts'
import { transactionMessage } from './transaction-message.ts'

/** Place of an event in the ledger; absent in simulations. */
export interface EventPlace {
  checkpoint: bigint
  digest: string
  index: number
}

/** @param source - where the packages are that JSON rendering needs */
export function eventMessage(
  event: RecordedEvent,
  mask: FieldMask,
  source: ObjectSource,
  place?: EventPlace,
): Proto.Event {
  const message = Proto.Event.create({
    packageId: event.packageId,
    module: event.module,
    sender: event.sender,
    eventType: event.type,
    contents: { name: event.type, value: event.contents },
  })
  if (mask.has('json')) {
    const json = jsonValue(source, event.type, event.contents)
    if (json !== undefined) message.json = valueMessage(json)
  }
  if (place) {
    message.checkpoint = place.checkpoint
    message.transactionDigest = place.digest
    message.transactionIndex = 0n
    message.eventIndex = place.index
  }
  return mask.apply(Proto.Event, message)
}

function eventsMessage(
  events: readonly RecordedEvent[],
  bytes: Uint8Array,
  mask: FieldMask,
  source: ObjectSource,
): Proto.TransactionEvents | undefined {
  if (events.length === 0) return undefined
  return {
    bcs: mask.has('bcs') ? { name: 'TransactionEvents', value: bytes } : undefined,
    digest: mask.has('digest') ? toBase58(saltedBlake2b256('TransactionEvents::', bytes)) : undefined,
    events: mask.has('events') ? events.map((event) => eventMessage(event, mask.child('events'), source)) : [],
  }
}

function balanceMessages(changes: readonly BalanceChange[]): Proto.BalanceChange[] {
  return changes.map(({ address, coinType, amount }) => ({ address, coinType, amount: String(amount) }))
}

function parseData(bytes: Uint8Array): TransactionDataV1 {
  return bcs.TransactionData.parse(bytes).V1
}

/** A committed transaction. BCS is parsed only for what the mask wants. */
export function executedMessage(
  record: TransactionRecord,
  mask: FieldMask,
  source: ObjectSource,
): Proto.ExecutedTransaction {
  const message = Proto.ExecutedTransaction.create({
    digest: record.digest,
    checkpoint: record.checkpoint,
    timestamp: timestamp(record.timestampMs),
    transactionIndex: 0n,
  })
  if (mask.has('signatures')) message.signatures = signatureMessages(record.signatures)
  if (mask.has('balance_changes')) message.balanceChanges = balanceMessages(record.balanceChanges)
  if (mask.has('events'))
    message.events = eventsMessage(record.events, record.eventsBytes, mask.child('events'), source)
  if (mask.has('transaction')) {
    const source = { data: parseData(record.bytes), bytes: record.bytes, digest: record.digest }
    message.transaction = transactionMessage(source, mask.child('transaction'))
  }
  if (mask.has('effects')) {
    const types = new Map(record.changed.map((object) => [object.id, object.type]))
    const view = {
      effects: parseEffects(record.effects),
      bytes: record.effects,
      digest: record.effectsDigest,
      typeOf: (id: string) => types.get(id),
    }
    message.effects = effectsMessage(view, mask.child('effects'))
  }
  return mask.apply(Proto.ExecutedTransaction, message)
}

function signatureMessages(signatures: readonly Uint8Array[]): Proto.UserSignature[] {
  return signatures.map((value) => ({
    bcs: { name: 'UserSignature', value },
    signature: { oneofKind: undefined },
  }))
}

/** A simulated transaction: like a committed one, without place, time and signatures. */
export function simulatedMessage(
  { data, bytes, digest, result }: Simulation,
  mask: FieldMask,
  source: ObjectSource,
): Proto.ExecutedTransaction {
  const message = Proto.ExecutedTransaction.create({ digest })
  if (mask.has('balance_changes')) message.balanceChanges = balanceMessages(result.balanceChanges)
  if (mask.has('events') && result.eventsBytes) {
    message.events = eventsMessage(result.events, result.eventsBytes, mask.child('events'), source)
  }
  if (mask.has('transaction'))
    message.transaction = transactionMessage({ data, bytes, digest }, mask.child('transaction'))
  if (mask.has('effects')) {
    const view = {
      effects: result.effects,
      bytes: result.effectsBytes,
      digest: result.effectsDigest,
      typeOf: (id: string) => result.objectTypes.get(id),
    }
    message.effects = effectsMessage(view, mask.child('effects'))
  }
  return mask.apply(Proto.ExecutedTransaction, message)
}
