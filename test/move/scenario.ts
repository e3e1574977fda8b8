/** What the unit tests need beyond a ledger's natives: several transactions in one run, objects kept between them, events
 *  as values. The natives of objects, fields, hashes and numbers are those of the local network. */

import {
  addressOfId,
  deriveObjectId,
  expectObjectType,
  idOfValue,
} from '../../src/localnet/ledger/execution-objects.ts'
import { NATIVES, type TransactionContext } from '../../src/localnet/ledger/natives.ts'
import type { Owner } from '../../src/localnet/ledger/object.ts'
import { invariantFault, nativeAbort } from '../../src/localnet/movevm/errors.ts'
import type { Loader } from '../../src/localnet/movevm/loader.ts'
import type { NativeCall, NativeFunction, NativeTable } from '../../src/localnet/movevm/machine.ts'
import type { DatatypeType, MoveType } from '../../src/localnet/movevm/types.ts'
import { decodeValue } from '../../src/localnet/movevm/value-bcs.ts'
import {
  expectAddress,
  expectBytes,
  expectU64,
  Int,
  MoveVector,
  Struct,
  type Value,
} from '../../src/localnet/movevm/values.ts'
import { PACKAGE_ADDRESSES } from '../../src/move/packages.ts'

const isShared = (owner: Owner) => owner.kind === 'shared'
const isImmutable = (owner: Owner) => owner.kind === 'immutable'
const isOf = (address: string) => (owner: Owner) => owner.kind === 'address' && owner.address === address

interface Kept {
  readonly type: DatatypeType
  readonly value: Value
  readonly owner: Owner
}

interface Child {
  readonly parent: string
  readonly type: DatatypeType
  readonly cell: (Value | undefined)[]
}

/** What the natives of the ledger ask of their objects. */
type Needed = Pick<
  TransactionContext['objects'],
  | 'digest'
  | 'freshId'
  | 'recordNewId'
  | 'deleteId'
  | 'transfer'
  | 'share'
  | 'emit'
  | 'hasChild'
  | 'childCell'
  | 'addChild'
  | 'removeChild'
>

/** Stands in for `ObjectRuntime`: nothing is read from a ledger and nothing settled. */
class ScenarioObjects implements Needed {
  digest: Uint8Array = new Uint8Array(32)
  idsCreated = 0
  lastCreatedId: string | undefined
  readonly events: { type: DatatypeType; contents: Uint8Array }[] = []
  /** Objects given away in this transaction; the next one can take them. */
  readonly #given = new Map<string, Kept>()
  /** In the order of arrival. */
  readonly #kept = new Map<string, Kept>()
  /** Taken and not given back, also over several transactions. */
  readonly #taken = new Map<string, Owner>()
  readonly #children = new Map<string, Child>()

  freshId(): string {
    this.lastCreatedId = deriveObjectId(this.digest, this.idsCreated++)
    return this.lastCreatedId
  }

  recordNewId(): void {}

  deleteId(): void {}

  transfer(type: DatatypeType, value: Value, owner: Owner): void {
    this.#given.set(idOfValue(value), { type, value, owner })
  }

  share(type: DatatypeType, value: Value): void {
    this.transfer(type, value, { kind: 'shared', initialVersion: 1n })
  }

  emit(_sender: string, type: DatatypeType, contents: Uint8Array): void {
    this.events.push({ type, contents })
  }

  // Children, with the abort codes of the ledger's

  hasChild(parent: string, id: string, type?: DatatypeType): boolean {
    const child = this.#child(parent, id)
    return child !== undefined && (type === undefined || child.type.key === type.key)
  }

  childCell(parent: string, id: string, type: DatatypeType): (Value | undefined)[] {
    const child = this.#child(parent, id)
    if (!child) throw nativeAbort(1)
    if (child.type.key !== type.key) throw nativeAbort(2)
    return child.cell
  }

  addChild(parent: string, type: DatatypeType, value: Value): void {
    const id = idOfValue(value)
    if (this.#child(parent, id)) throw nativeAbort(0)
    this.#children.set(id, { parent, type, cell: [value] })
  }

  removeChild(parent: string, id: string, type: DatatypeType): Value {
    const cell = this.childCell(parent, id, type)
    const value = cell[0]!
    cell[0] = undefined
    return value
  }

  #child(parent: string, id: string): Child | undefined {
    const child = this.#children.get(id)
    return child?.parent === parent && child.cell[0] !== undefined ? child : undefined
  }

  // Between transactions

  /** Returns the number of events of the transaction that ends, and what it shared for the first time. */
  endTransaction(): { events: number; shared: string[] } {
    const shared = [...this.#given].filter(([id, kept]) => isShared(kept.owner) && !this.#taken.has(id))
    for (const [id, kept] of this.#given) {
      this.#kept.delete(id)
      this.#kept.set(id, kept)
      this.#taken.delete(id)
    }
    this.#given.clear()
    return { events: this.events.splice(0).length, shared: shared.map(([id]) => id) }
  }

  mostRecent(type: MoveType, isOwner: (owner: Owner) => boolean): string | undefined {
    return this.ids(type, isOwner).at(-1)
  }

  ids(type: MoveType, isOwner: (owner: Owner) => boolean): string[] {
    return [...this.#kept].filter(([, kept]) => kept.type.key === type.key && isOwner(kept.owner)).map(([id]) => id)
  }

  /** @throws {MoveFault} abort 4 if it is not there */
  take(id: string, type: MoveType, isOwner: (owner: Owner) => boolean): Value {
    const kept = this.#kept.get(id)
    if (!kept || kept.type.key !== type.key || !isOwner(kept.owner)) throw nativeAbort(4)
    this.#kept.delete(id)
    this.#taken.set(id, kept.owner)
    return kept.value
  }

  wasTaken(id: string, isOwner: (owner: Owner) => boolean): boolean {
    const owner = this.#taken.get(id)
    return owner !== undefined && isOwner(owner)
  }
}

/** A context whose sender, digest and time the tests set. */
export interface ScenarioContext {
  objects: ScenarioObjects
  sender: string
  sponsor: string | undefined
  epoch: bigint
  epochTimestampMs: bigint
  referenceGasPrice: bigint
  gasPrice: bigint
  gasBudget: bigint
}

export function newScenario(): ScenarioContext {
  const objects = new ScenarioObjects()
  const numbers = { epoch: 0n, epochTimestampMs: 0n, referenceGasPrice: 0n, gasPrice: 0n, gasBudget: 0n }
  return { objects, sender: PACKAGE_ADDRESSES['move-stdlib'], sponsor: undefined, ...numbers }
}

type Call = NativeCall<ScenarioContext>
type Native = NativeFunction<ScenarioContext>

function structOf(loader: Loader, type: MoveType | undefined, fields: Value[]): Struct {
  if (type?.kind !== 'datatype') throw invariantFault('expected a struct type')
  return new Struct(loader.layout(type), fields)
}

function fieldTypes(loader: Loader, type: MoveType | undefined): MoveType[] {
  if (type?.kind !== 'datatype') throw invariantFault('expected a struct type')
  return loader.layout(type).fields!.map((field) => field.type)
}

/** `Option<ID>`, as the called function returns it. */
function optionalId({ machine, callee }: Call, id: string | undefined): Struct {
  const [list] = fieldTypes(machine.loader, callee.returns[0])
  if (list?.kind !== 'vector') throw invariantFault('an option holds a vector')
  const items = id === undefined ? [] : [structOf(machine.loader, list.element, [id])]
  return structOf(machine.loader, callee.returns[0], [new MoveVector(items, list.element)])
}

function emptyOf(loader: Loader, type: MoveType): Value {
  if (type.kind === 'vector') return new MoveVector([], type.element)
  return structOf(
    loader,
    type,
    fieldTypes(loader, type).map((field) => emptyOf(loader, field)),
  )
}

/** The effects as far as the tests of these packages read them: the number of events, and what is shared. */
function endTransaction({ context, machine, callee }: Call): Struct {
  const { events, shared } = context.objects.endTransaction()
  const result = callee.returns[0]
  if (result?.kind !== 'datatype') throw invariantFault('expected a struct type')
  const values = machine.loader.layout(result).fields!.map(({ name, type }) => {
    if (name === 'num_user_events') return BigInt(events)
    if (name !== 'shared' || type.kind !== 'vector') return emptyOf(machine.loader, type)
    return new MoveVector(
      shared.map((id) => structOf(machine.loader, type.element, [id])),
      type.element,
    )
  })
  return structOf(machine.loader, result, values)
}

function replaceContext({ context, args }: Call): [] {
  const [sender, digest, epoch, ms, created, reference, price, budget, sponsor] = args
  context.sender = expectAddress(sender)
  context.objects.digest = expectBytes(digest).slice()
  context.objects.idsCreated = Number(expectU64(created))
  context.epoch = expectU64(epoch)
  context.epochTimestampMs = expectU64(ms)
  context.referenceGasPrice = expectU64(reference)
  context.gasPrice = expectU64(price)
  context.gasBudget = expectU64(budget)
  const [sponsored] = sponsor instanceof MoveVector ? sponsor.items : []
  context.sponsor = sponsored === undefined ? undefined : expectAddress(sponsored)
  return []
}

function eventsByType({ context, machine, typeArguments }: Call): MoveVector {
  const type = expectObjectType(typeArguments[0])
  const found = context.objects.events.filter((event) => event.type.key === type.key)
  return new MoveVector(
    found.map(({ contents }) => decodeValue(type, contents, machine.loader.layout)),
    type,
  )
}

const scenario: Record<string, Native> = {
  take_from_address_by_id: ({ context, typeArguments, args }) =>
    context.objects.take(addressOfId(args[2]), typeArguments[0]!, isOf(expectAddress(args[1]))),
  take_shared_by_id: ({ context, typeArguments, args }) =>
    context.objects.take(addressOfId(args[1]), typeArguments[0]!, isShared),
  take_immutable_by_id: ({ context, typeArguments, args }) =>
    context.objects.take(addressOfId(args[1]), typeArguments[0]!, isImmutable),
  most_recent_id_for_address: (call) =>
    optionalId(call, call.context.objects.mostRecent(call.typeArguments[0]!, isOf(expectAddress(call.args[0])))),
  most_recent_id_shared: (call) => optionalId(call, call.context.objects.mostRecent(call.typeArguments[0]!, isShared)),
  most_recent_immutable_id: (call) =>
    optionalId(call, call.context.objects.mostRecent(call.typeArguments[0]!, isImmutable)),
  was_taken_from_address: ({ context, args }) =>
    context.objects.wasTaken(addressOfId(args[1]), isOf(expectAddress(args[0]))),
  was_taken_shared: ({ context, args }) => context.objects.wasTaken(addressOfId(args[0]), isShared),
  was_taken_immutable: ({ context, args }) => context.objects.wasTaken(addressOfId(args[0]), isImmutable),
  ids_for_address: ({ context, machine, typeArguments, args, callee }) => {
    const list = callee.returns[0]
    if (list?.kind !== 'vector') throw invariantFault('expected a vector')
    const ids = context.objects.ids(typeArguments[0]!, isOf(expectAddress(args[0])))
    return new MoveVector(
      ids.map((id) => structOf(machine.loader, list.element, [id])),
      list.element,
    )
  },
  end_transaction: endTransaction,
}

function inModule(address: string, module: string, natives: Record<string, Native>): [string, Native][] {
  return Object.entries(natives).map(([name, native]) => [`${address}::${module}::${name}`, native])
}

const STD = PACKAGE_ADDRESSES['move-stdlib']
const SUI = PACKAGE_ADDRESSES['sui-framework']

/** Signatures are right, as in the compiler's machine: the tests sign nothing. Real ones are tested on the ledger. */
const signatures: Record<string, Native> = { bls12381_min_pk_verify: () => true }

export const TEST_NATIVES: NativeTable<ScenarioContext> = new Map<string, Native>([
  // The context has what these natives read of a transaction's.
  ...(NATIVES as unknown as NativeTable<ScenarioContext>),
  ...inModule(STD, 'unit_test', { destroy: () => [], poison: () => [] }),
  ...inModule(SUI, 'bls12381', signatures),
  ...inModule(SUI, 'event', {
    num_events: ({ context }) => new Int(32, BigInt(context.objects.events.length)),
    events_by_type: eventsByType,
  }),
  ...inModule(SUI, 'test_utils', {
    create_one_time_witness: ({ machine, typeArguments }) => structOf(machine.loader, typeArguments[0], [true]),
  }),
  ...inModule(SUI, 'tx_context', { replace: replaceContext }),
  ...inModule(SUI, 'test_scenario', scenario),
])
