/** Objects while a transaction runs: identities made and ended, dynamic fields loaded, transfers, events.
 *
 *  Everything is kept until the end; `finish` then tells what was created, changed, wrapped, unwrapped and deleted. */

import { fromBase58 } from '@mysten/sui/utils'
import { equalBytes } from '../../base/bytes.ts'
import { ByteWriter } from '../../codec/cursor.ts'
import { blake2b256 } from '../../crypto/hash.ts'
import { invariantFault, limitFault, nativeAbort } from '../movevm/errors.ts'
import type { Loader } from '../movevm/loader.ts'
import { ABILITY } from '../movevm/module.ts'
import { addressBytes, addressFromBytes, type DatatypeType, type MoveType, typeTagBytes } from '../movevm/types.ts'
import { decodeValue, encodeValue } from '../movevm/value-bcs.ts'
import { expectStruct, type Value } from '../movevm/values.ts'
import type { ExecutionEvent, ObjectSource } from './execution.ts'
import { isMoveObject, type LedgerMoveObject, type Owner, objectType } from './object.ts'

/** Identities one transaction may make, and objects it may transfer; as on Sui. */
const MAX_NEW_IDS = 2048
/** Dynamic fields one transaction may load; as on Sui. */
const MAX_LOADED_CHILDREN = 1000
/** As on Sui. */
const MAX_EVENTS = 1024

/** Abort codes of `0x2::dynamic_field` and `0x2::transfer`. */
const EFieldAlreadyExists = 0
const EFieldDoesNotExist = 1
const EFieldTypeMismatch = 2
const ESharedNonNewObject = 0
const EReceivingObjectTypeMismatch = 2
const EUnableToReceiveObject = 3

/** Owner of an object to be; a shared one learns its version at the end. */
export type NewOwner = Owner | { readonly kind: 'newly-shared' }

export interface PendingObject {
  readonly type: DatatypeType
  readonly owner: NewOwner
  readonly value: Value
}

interface Child {
  readonly parent: string
  readonly type: DatatypeType
  /** One slot, empty once the child has been removed. */
  readonly cell: (Value | undefined)[]
}

/** An object as it will be, without version and rebate. */
export interface FinalObject {
  readonly id: string
  readonly type: DatatypeType
  readonly owner: NewOwner
  readonly hasPublicTransfer: boolean
  readonly contents: Uint8Array
}

export interface ObjectOutcome {
  readonly written: ReadonlyMap<string, FinalObject>
  /** Objects that existed before and are consumed or rewritten, by id. */
  readonly modified: ReadonlyMap<string, LedgerMoveObject>
  readonly newIds: ReadonlySet<string>
  readonly deletedIds: ReadonlySet<string>
}

/** Id number `counter` of a transaction. */
export function deriveObjectId(digest: Uint8Array, counter: number): string {
  return addressFromBytes(blake2b256(new ByteWriter(41).u8(0xf1).bytes(digest).u64(counter).finish()))
}

/** Id of the dynamic field of `parent` with a key. */
export function deriveFieldId(parent: string, keyType: MoveType, key: Uint8Array): string {
  const out = new ByteWriter(128).u8(0xf0).bytes(addressBytes(parent)).u64(key.length).bytes(key)
  return addressFromBytes(blake2b256(out.bytes(typeTagBytes(keyType)).finish()))
}

/** The id inside an object's value: its first field is a `UID { id: ID { bytes } }`. */
export function idOfValue(value: Value): string {
  const uid = expectStruct(expectStruct(value).fields[0])
  return addressOfId(uid.fields[0])
}

/** The address inside an `ID`. */
export function addressOfId(id: Value | undefined): string {
  const address = expectStruct(id).fields[0]
  if (typeof address !== 'string') throw invariantFault('expected an object id')
  return address
}

/** The type of a value that is to be an object.
 *  @throws {MoveFault} invariant */
export function expectObjectType(type: MoveType | undefined): DatatypeType {
  if (type?.kind !== 'datatype') throw invariantFault('expected an object type')
  return type
}

export class ObjectRuntime {
  readonly #source: ObjectSource
  readonly #loader: Loader
  readonly #digest: Uint8Array
  readonly #newIds = new Set<string>()
  readonly #deletedIds = new Set<string>()
  readonly #transfers = new Map<string, PendingObject>()
  readonly #children = new Map<string, Child>()
  readonly #originals = new Map<string, LedgerMoveObject>()
  readonly #received = new Map<string, LedgerMoveObject>()
  readonly #inputOwners = new Map<string, Owner>()
  readonly #receivable = new Set<string>()
  readonly events: ExecutionEvent[] = []
  idsCreated = 0
  lastCreatedId: string | undefined
  /** Package and module of the command being run: where its events come from. */
  caller = { packageId: '', module: '' }

  /** @param digest - base58 digest of the transaction */
  constructor(source: ObjectSource, loader: Loader, digest: string) {
    this.#source = source
    this.#loader = loader
    this.#digest = fromBase58(digest)
  }

  get digest(): Uint8Array {
    return this.#digest
  }

  /** Objects taken through `receive`, for the effects' dependencies. */
  get received(): ReadonlyMap<string, LedgerMoveObject> {
    return this.#received
  }

  registerInput(object: LedgerMoveObject): void {
    this.#inputOwners.set(object.id, object.owner)
  }

  registerReceivable(id: string): void {
    this.#receivable.add(id)
  }

  decode(object: LedgerMoveObject): Value {
    return decodeValue(objectType(object.data.type), object.data.contents, this.#loader.layout)
  }

  // Identities

  /** An id that no object has had, without marking it as an object's (package ids). */
  nextId(): string {
    if (this.idsCreated >= MAX_NEW_IDS) throw limitFault('too many new ids')
    return deriveObjectId(this.#digest, this.idsCreated++)
  }

  freshId(): string {
    const id = this.nextId()
    this.recordNewId(id)
    this.lastCreatedId = id
    return id
  }

  /** An id becomes an object's: a fresh one, or a field's. One deleted before in this transaction is just alive again. */
  recordNewId(id: string): void {
    if (this.#newIds.size >= MAX_NEW_IDS) throw limitFault('too many new ids')
    if (!this.#deletedIds.delete(id)) this.#newIds.add(id)
  }

  deleteId(id: string): void {
    if (!this.#newIds.delete(id)) this.#deletedIds.add(id)
  }

  // Ownership

  transfer(type: DatatypeType, value: Value, owner: Owner): void {
    this.#setOwner(type, value, owner)
  }

  /** Shares an object made in this transaction, or shares a shared one again. */
  share(type: DatatypeType, value: Value): void {
    const id = idOfValue(value)
    const before = this.#inputOwners.get(id)
    if (before?.kind === 'shared') this.#setOwner(type, value, before)
    else if (before || !this.#newIds.has(id)) throw nativeAbort(ESharedNonNewObject)
    else this.#setOwner(type, value, { kind: 'newly-shared' })
  }

  #setOwner(type: DatatypeType, value: Value, owner: NewOwner): void {
    if (this.#transfers.size >= MAX_NEW_IDS) throw limitFault('too many transfers')
    this.#transfers.set(idOfValue(value), { type, owner, value })
  }

  /** Takes an object that was sent to another object's address. */
  receive(parent: string, id: string, version: bigint, type: DatatypeType): Value {
    const object = this.#receivable.has(id) ? this.#source.getObject(id) : undefined
    const isOwned = object?.owner.kind === 'address' && object.owner.address === parent
    if (!object || !isMoveObject(object) || !isOwned || object.version !== version || this.#received.has(id)) {
      throw nativeAbort(EUnableToReceiveObject)
    }
    if (object.data.type !== type.key) throw nativeAbort(EReceivingObjectTypeMismatch)
    this.#received.set(id, object)
    this.#originals.set(id, object)
    return this.decode(object)
  }

  // Dynamic fields

  #child(parent: string, id: string): Child | undefined {
    const known = this.#children.get(id)
    if (known) return known.parent === parent && known.cell[0] !== undefined ? known : undefined
    const object = this.#source.getObject(id)
    if (object?.owner.kind !== 'object' || object.owner.parent !== parent || !isMoveObject(object)) return undefined
    if (this.#originals.size >= MAX_LOADED_CHILDREN) throw limitFault('too many dynamic fields loaded')
    const child: Child = { parent, type: objectType(object.data.type), cell: [this.decode(object)] }
    this.#originals.set(id, object)
    this.#children.set(id, child)
    return child
  }

  hasChild(parent: string, id: string, type?: DatatypeType): boolean {
    const child = this.#child(parent, id)
    return child !== undefined && (type === undefined || child.type.key === type.key)
  }

  /** The slot that holds the child.
   *  @throws {MoveFault} abort 1 (missing) or 2 (another type) */
  childCell(parent: string, id: string, type: DatatypeType): (Value | undefined)[] {
    const child = this.#child(parent, id)
    if (!child) throw nativeAbort(EFieldDoesNotExist)
    if (child.type.key !== type.key) throw nativeAbort(EFieldTypeMismatch)
    return child.cell
  }

  addChild(parent: string, type: DatatypeType, value: Value): void {
    const id = idOfValue(value)
    if (this.#child(parent, id)) throw nativeAbort(EFieldAlreadyExists)
    this.#children.set(id, { parent, type, cell: [value] })
  }

  removeChild(parent: string, id: string, type: DatatypeType): Value {
    const cell = this.childCell(parent, id, type)
    const value = cell[0]!
    cell[0] = undefined
    return value
  }

  // Events

  emit(sender: string, type: DatatypeType, contents: Uint8Array): void {
    if (this.events.length >= MAX_EVENTS) throw limitFault('too many events')
    this.events.push({ ...this.caller, sender, type: type.key, contents })
  }

  // The end

  /** Final ownership of an object that was given away or shared in this transaction. */
  pendingOwner(id: string): NewOwner | undefined {
    return this.#transfers.get(id)?.owner
  }

  isDeleted(id: string): boolean {
    return this.#deletedIds.has(id)
  }

  /** What the transaction did.
   *  @param inputs - mutable inputs with the value still in their slot, or nothing if it was moved away */
  finish(inputs: readonly { object: LedgerMoveObject; value: Value | undefined }[]): ObjectOutcome {
    const written = new Map<string, FinalObject>()
    const modified = new Map<string, LedgerMoveObject>()
    const write = (id: string, type: DatatypeType, owner: NewOwner, contents: Uint8Array) => {
      const hasPublicTransfer = (this.#loader.layout(type).abilities & ABILITY.store) !== 0
      written.set(id, { id, type, owner, hasPublicTransfer, contents })
    }
    for (const { object, value } of inputs) {
      modified.set(object.id, object)
      if (value) write(object.id, objectType(object.data.type), object.owner, encodeValue(value))
    }
    for (const [id, object] of this.#received) modified.set(id, object)
    for (const [id, child] of this.#children) {
      const original = this.#originals.get(id)
      const [value] = child.cell
      if (value === undefined) {
        if (original) modified.set(id, original)
        continue
      }
      const contents = encodeValue(value)
      const owner: Owner = { kind: 'object', parent: child.parent }
      if (original && isUnchanged(original, child, contents)) continue
      if (original) modified.set(id, original)
      write(id, child.type, owner, contents)
    }
    for (const [id, { type, owner, value }] of this.#transfers) write(id, type, owner, encodeValue(value))
    return { written, modified, newIds: this.#newIds, deletedIds: this.#deletedIds }
  }
}

/** A field that was only read is not written again. */
function isUnchanged(original: LedgerMoveObject, child: Child, contents: Uint8Array): boolean {
  return (
    original.owner.kind === 'object' &&
    original.owner.parent === child.parent &&
    original.data.type === child.type.key &&
    equalBytes(original.data.contents, contents)
  )
}
