/** Native functions of 0x2 that touch the transaction: context, identities, ownership, dynamic fields, events. */

import { invariantFault, limitFault, MoveFault, nativeAbort } from '../movevm/errors.ts'
import type { NativeCall, NativeFunction, NativeTable } from '../movevm/machine.ts'
import { nativesOf, PURE_NATIVES } from '../movevm/natives.ts'
import { CRYPTO_NATIVES } from '../movevm/natives-crypto.ts'
import { type DatatypeType, type MoveType, PRIMITIVES, SUI_FRAMEWORK_ADDRESS } from '../movevm/types.ts'
import { encodeValue } from '../movevm/value-bcs.ts'
import {
  expectAddress,
  expectBytes,
  expectReference,
  expectStruct,
  expectU64,
  Int,
  MoveVector,
  type Reference,
  Struct,
  type Value,
} from '../movevm/values.ts'
import {
  addressOfId,
  deriveFieldId,
  deriveObjectId,
  expectObjectType,
  type ObjectRuntime,
} from './execution-objects.ts'
import { balanceType, type FundsRuntime } from './funds.ts'

/** What natives know of the running transaction. */
export interface TransactionContext {
  readonly objects: ObjectRuntime
  readonly funds: FundsRuntime
  readonly sender: string
  /** Owner of the gas if that is not the sender. */
  readonly sponsor: string | undefined
  readonly epoch: bigint
  readonly epochTimestampMs: bigint
  readonly referenceGasPrice: bigint
  readonly gasPrice: bigint
  readonly gasBudget: bigint
}

type Call = NativeCall<TransactionContext>
type Native = NativeFunction<TransactionContext>

/** Instructions that loading or storing an object is worth. */
const OBJECT_COST = 50

/** The id behind a `&UID` argument. */
function uidAddress(value: Value | undefined): string {
  return addressOfId(expectStruct(expectReference(value).get()).fields[0])
}

const txContext: Record<string, Native> = {
  native_sender: ({ context }) => context.sender,
  native_epoch: ({ context }) => context.epoch,
  native_epoch_timestamp_ms: ({ context }) => context.epochTimestampMs,
  native_sponsor: ({ context }) =>
    new MoveVector(context.sponsor === undefined ? [] : [context.sponsor], PRIMITIVES.address),
  native_rgp: ({ context }) => context.referenceGasPrice,
  native_gas_price: ({ context }) => context.gasPrice,
  native_gas_budget: ({ context }) => context.gasBudget,
  native_ids_created: ({ context }) => BigInt(context.objects.idsCreated),
  fresh_id: ({ context, machine }) => {
    machine.charge(OBJECT_COST)
    return context.objects.freshId()
  },
  last_created_id: ({ context }) => {
    const id = context.objects.lastCreatedId
    if (id === undefined) throw nativeAbort(0)
    return id
  },
  derive_id: ({ args }) => {
    const digest = expectBytes(args[0])
    if (digest.length !== 32) throw nativeAbort(0)
    return deriveObjectId(digest, Number(expectU64(args[1])))
  },
}

const object: Record<string, Native> = {
  // The UID is the first field of every object.
  borrow_uid: ({ args }) => {
    const reference = expectReference(args[0])
    const struct = expectStruct(reference.get())
    return reference.into(struct.fields, 0, struct, false, struct.place(0))
  },
  delete_impl: ({ context, args }) => {
    context.objects.deleteId(expectAddress(args[0]))
    return []
  },
  record_new_uid: ({ context, args }) => {
    context.objects.recordNewId(expectAddress(args[0]))
    return []
  },
}

const transfer: Record<string, Native> = {
  transfer_impl: ({ context, machine, typeArguments, args }) => {
    machine.charge(OBJECT_COST)
    const owner = { kind: 'address', address: expectAddress(args[1]) } as const
    context.objects.transfer(expectObjectType(typeArguments[0]), args[0]!, owner)
    return []
  },
  share_object_impl: ({ context, machine, typeArguments, args }) => {
    machine.charge(OBJECT_COST)
    context.objects.share(expectObjectType(typeArguments[0]), args[0]!)
    return []
  },
  freeze_object_impl: ({ context, machine, typeArguments, args }) => {
    machine.charge(OBJECT_COST)
    context.objects.transfer(expectObjectType(typeArguments[0]), args[0]!, { kind: 'immutable' })
    return []
  },
  receive_impl: ({ context, machine, typeArguments, args }) => {
    machine.charge(OBJECT_COST)
    const [parent, id, version] = args
    const type = expectObjectType(typeArguments[0])
    return context.objects.receive(expectAddress(parent), addressOfId(id), expectU64(version), type)
  },
}

function borrowChild({ context, machine, typeArguments, args }: Call, mutable: boolean): Reference {
  machine.charge(OBJECT_COST)
  const type = expectObjectType(typeArguments[0])
  const cell = context.objects.childCell(uidAddress(args[0]), expectAddress(args[1]), type)
  const uid = expectReference(args[0])
  return uid.into(cell, 0, uid.get(), mutable)
}

const dynamicField: Record<string, Native> = {
  hash_type_and_key: ({ machine, typeArguments, args }) => {
    const key = encodeValue(args[1]!)
    machine.chargeBytes(key.length)
    return deriveFieldId(expectAddress(args[0]), typeArguments[0]!, key)
  },
  add_child_object: ({ context, machine, typeArguments, args }) => {
    machine.charge(OBJECT_COST)
    context.objects.addChild(expectAddress(args[0]), expectObjectType(typeArguments[0]), args[1]!)
    return []
  },
  borrow_child_object: (call) => borrowChild(call, false),
  borrow_child_object_mut: (call) => borrowChild(call, true),
  remove_child_object: ({ context, machine, typeArguments, args }) => {
    machine.charge(OBJECT_COST)
    const type = expectObjectType(typeArguments[0])
    return context.objects.removeChild(expectAddress(args[0]), expectAddress(args[1]), type)
  },
  has_child_object: ({ context, machine, args }) => {
    machine.charge(OBJECT_COST)
    return context.objects.hasChild(expectAddress(args[0]), expectAddress(args[1]))
  },
  has_child_object_with_ty: ({ context, machine, typeArguments, args }) => {
    machine.charge(OBJECT_COST)
    const type = expectObjectType(typeArguments[0])
    return context.objects.hasChild(expectAddress(args[0]), expectAddress(args[1]), type)
  },
}

/** `T` of `Balance<T>`: what funds are of. */
function fundsCoinType(type: MoveType | undefined): { coinType: string; balance: DatatypeType } {
  const balance = expectObjectType(type)
  const coin = balance.typeArguments[0]
  if (!coin || balance.key !== balanceType(coin.key)) throw invariantFault('funds are balances')
  return { coinType: coin.key, balance }
}

/** Of `0x2::funds_accumulator`. */
const EOverflow = 0
const MAX_U64 = (1n << 64n) - 1n

const fundsAccumulator: Record<string, Native> = {
  add_to_accumulator_address: ({ context, machine, typeArguments, args }) => {
    machine.charge(OBJECT_COST)
    const { coinType } = fundsCoinType(typeArguments[0])
    context.funds.send(expectAddress(args[1]), coinType, expectU64(expectStruct(args[2]).fields[0]))
    return []
  },
  withdraw_from_accumulator_address: ({ context, machine, typeArguments, args }) => {
    machine.charge(OBJECT_COST)
    const { coinType, balance } = fundsCoinType(typeArguments[0])
    const amount = args[2] instanceof Int ? args[2].value : 0n
    if (amount > MAX_U64) throw nativeAbort(EOverflow)
    const isThere = context.funds.take(expectAddress(args[1]), coinType, amount)
    if (!isThere) throw new MoveFault('funds', `there is less than ${amount} ${coinType}`)
    return new Struct(machine.loader.layout(balance), [amount])
  },
}

/** As on Sui. */
const MAX_EVENT_BYTES = 250 * 1024

function emit({ context, machine, typeArguments, args }: Call): [] {
  const contents = encodeValue(args[0]!)
  if (contents.length > MAX_EVENT_BYTES) throw limitFault('event too large')
  machine.chargeBytes(contents.length)
  context.objects.emit(context.sender, expectObjectType(typeArguments[0]), contents)
  return []
}

function inModule(module: string, natives: Record<string, Native>): [string, Native][] {
  return nativesOf(`${SUI_FRAMEWORK_ADDRESS}::${module}`, natives)
}

/** Every native function of the local network's 0x1 and 0x2. */
export const NATIVES: NativeTable<TransactionContext> = new Map<string, Native>([
  ...PURE_NATIVES,
  ...CRYPTO_NATIVES,
  ...inModule('tx_context', txContext),
  ...inModule('object', object),
  ...inModule('transfer', transfer),
  ...inModule('dynamic_field', dynamicField),
  ...inModule('event', { emit }),
  ...inModule('funds_accumulator', fundsAccumulator),
])
