/** From an execution's result to the record that is stored, and to what in-process readers see. */

import { normalizeAddress } from '../movevm/types.ts'
import type { ExecutionResult, TransactionDataV1 } from './execution.ts'
import type { ChangedObject, CommittedEvent, CommittedTransaction } from './handle.ts'
import { encodeObject } from './object.ts'
import type { TransactionRecord } from './record.ts'
import { moveCalls, programmable } from './transaction.ts'

/** Objects by what became of them for a reader of live objects: unwrapped ones are `created`, wrapped ones `deleted`. */
function changedObjects(result: ExecutionResult): ChangedObject[] {
  return result.effects.changedObjects.flatMap(([id, change]) => {
    const existed = change.inputState.Exist !== undefined && change.inputState.Exist !== null
    const packageWrite = change.outputState.PackageWrite
    const exists = Boolean(change.outputState.ObjectWrite) || Boolean(packageWrite)
    if (!existed && !exists) return []
    return {
      id,
      type: result.objectTypes.get(id) ?? '',
      change: !exists ? 'deleted' : existed ? 'mutated' : 'created',
      version: BigInt(packageWrite ? packageWrite[0] : result.effects.lamportVersion),
    }
  })
}

export interface CommitFacts {
  digest: string
  checkpoint: bigint
  timestampMs: number
  epoch: bigint
  bytes: Uint8Array
  signatures: readonly Uint8Array[]
}

/** The record of a transaction that was executed with mode `commit` or `genesis`. */
export function transactionRecord(
  data: TransactionDataV1,
  result: ExecutionResult,
  facts: CommitFacts,
): TransactionRecord {
  return {
    kind: 'transaction',
    ...facts,
    sender: normalizeAddress(data.sender),
    gasOwner: normalizeAddress(data.gasData.owner),
    success: result.status.success,
    error: result.status.success ? '' : result.status.error.message,
    effects: result.effectsBytes,
    effectsDigest: result.effectsDigest,
    eventsBytes: result.eventsBytes ?? new Uint8Array(0),
    events: result.events,
    calls: moveCalls(programmable(data).commands),
    changed: changedObjects(result),
    balanceChanges: result.balanceChanges,
    written: result.written.map(encodeObject),
    removed: result.deleted,
  }
}

export function committedEvents(record: TransactionRecord): CommittedEvent[] {
  return record.events.map((event, index) => ({
    checkpoint: record.checkpoint,
    eventIndex: index,
    transactionDigest: record.digest,
    packageId: event.packageId,
    module: event.module,
    sender: event.sender,
    type: event.type,
    contents: event.contents,
    timestampMs: record.timestampMs,
  }))
}

/** The view of `LedgerHandle`. */
export function committedTransaction(record: TransactionRecord): CommittedTransaction {
  return {
    digest: record.digest,
    checkpoint: record.checkpoint,
    timestampMs: record.timestampMs,
    sender: record.sender,
    success: record.success,
    error: record.success ? undefined : record.error,
    events: committedEvents(record),
    changed: record.changed,
  }
}
