/** The ledger's state in memory: live objects with their indexes, and the history of transactions and events.
 *
 *  It changes only by `apply`, with records that are already in the log; so replaying the log rebuilds it exactly. */

import { stateCorrupt } from './errors.ts'
import { decodeObject, type LedgerObject } from './object.ts'
import { OrderedIds } from './ordered-ids.ts'
import type { HeaderRecord, LogRecord, RecordedEvent, StatusRecord, TransactionRecord } from './record.ts'
import { VersionHistory } from './version-history.ts'

/** An event with its place: `sequence` is its rank in the whole ledger. */
export interface EventRow extends RecordedEvent {
  sequence: number
  index: number
  transaction: TransactionRecord
}

const NO_IDS: readonly string[] = []

export class LedgerState {
  header: HeaderRecord | undefined
  status: StatusRecord = {
    kind: 'status',
    epoch: 0n,
    epochStartMs: 0,
    epochFirstCheckpoint: 0n,
    clockOffsetMs: 0,
    initialised: false,
  }
  readonly #objects = new Map<string, LedgerObject>()
  readonly #versions = new VersionHistory()
  readonly #byAddress = new Map<string, OrderedIds>()
  readonly #byParent = new Map<string, OrderedIds>()
  /** Position = checkpoint − 1. */
  readonly #transactions: TransactionRecord[] = []
  readonly #byDigest = new Map<string, TransactionRecord>()
  readonly #byObject = new Map<string, number[]>()
  readonly #events: EventRow[] = []

  get checkpoint(): bigint {
    return BigInt(this.#transactions.length)
  }

  get transactions(): readonly TransactionRecord[] {
    return this.#transactions
  }

  get events(): readonly EventRow[] {
    return this.#events
  }

  get objectCount(): number {
    return this.#objects.size
  }

  getObject(id: string): LedgerObject | undefined {
    return this.#objects.get(id)
  }

  /** A live or recent version. */
  getVersion(id: string, version: bigint): LedgerObject | undefined {
    const live = this.#objects.get(id)
    return live?.version === version ? live : this.#versions.get(id, version)
  }

  liveObjects(): Iterable<LedgerObject> {
    return this.#objects.values()
  }

  formerVersions(): Iterable<LedgerObject> {
    return this.#versions.values()
  }

  /** Ids owned by an address (also as consensus owner), ascending, after `after`. */
  ownedIds(address: string, after?: string): readonly string[] {
    return this.#byAddress.get(address)?.after(after) ?? NO_IDS
  }

  /** Ids of objects owned by the object `parent`, ascending, after `after`. */
  childIds(parent: string, after?: string): readonly string[] {
    return this.#byParent.get(parent)?.after(after) ?? NO_IDS
  }

  getTransaction(digest: string): TransactionRecord | undefined {
    return this.#byDigest.get(digest)
  }

  /** Positions of the transactions that changed the object, ascending. */
  transactionsOf(objectId: string): readonly number[] {
    return this.#byObject.get(objectId) ?? []
  }

  /** @param written - the parsed form of `record.written` or `record.objects`, if the caller has it */
  apply(record: LogRecord, written?: readonly LedgerObject[]): void {
    switch (record.kind) {
      case 'header':
        this.header = record
        break
      case 'status':
        this.status = record
        break
      case 'objects':
        for (const object of written ?? record.objects.map(decodeObject)) this.#put(object)
        break
      case 'versions':
        for (const object of record.objects) this.#versions.add(decodeObject(object))
        break
      case 'transaction':
        this.#applyTransaction(record, written ?? record.written.map(decodeObject))
        break
      case 'end':
        break
    }
  }

  #applyTransaction(record: TransactionRecord, written: readonly LedgerObject[]): void {
    const position = this.#transactions.length
    if (record.checkpoint !== BigInt(position + 1)) {
      throw stateCorrupt('checkpoints are not consecutive', { expected: position + 1, got: String(record.checkpoint) })
    }
    for (const id of record.removed) this.#remove(id)
    for (const object of written) this.#put(object)
    // The objects live on in their own map; keeping their bytes here too would double the memory.
    const kept: TransactionRecord = { ...record, written: [], removed: [] }
    this.#transactions.push(kept)
    this.#byDigest.set(kept.digest, kept)
    for (const { id } of kept.changed) {
      const positions = this.#byObject.get(id)
      if (positions) positions.push(position)
      else this.#byObject.set(id, [position])
    }
    for (const [index, event] of kept.events.entries()) {
      this.#events.push({ ...event, sequence: this.#events.length, index, transaction: kept })
    }
  }

  #put(object: LedgerObject): void {
    const former = this.#objects.get(object.id)
    if (former) {
      this.#versions.add(former)
      this.#unindex(former)
    }
    this.#objects.set(object.id, object)
    this.#indexOf(object, true)?.add(object.id)
  }

  #remove(id: string): void {
    const former = this.#objects.get(id)
    if (!former) return
    this.#versions.add(former)
    this.#unindex(former)
    this.#objects.delete(id)
  }

  #unindex(object: LedgerObject): void {
    this.#indexOf(object, false)?.delete(object.id)
  }

  #indexOf(object: LedgerObject, create: boolean): OrderedIds | undefined {
    const { owner } = object
    if (owner.kind === 'address' || owner.kind === 'consensus-address') {
      return entryOf(this.#byAddress, owner.address, create)
    }
    return owner.kind === 'object' ? entryOf(this.#byParent, owner.parent, create) : undefined
  }
}

function entryOf(index: Map<string, OrderedIds>, key: string, create: boolean): OrderedIds | undefined {
  let ids = index.get(key)
  if (!ids && create) {
    ids = new OrderedIds()
    index.set(key, ids)
  }
  return ids
}
