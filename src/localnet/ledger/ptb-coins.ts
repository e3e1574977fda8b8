/** The commands on coins and objects: TransferObjects, SplitCoins, MergeCoins, MakeMoveVec. */

import { invariantFault } from '../movevm/errors.ts'
import type { Loader } from '../movevm/loader.ts'
import { type DatatypeType, type MoveType, PRIMITIVES, parseType, vectorType } from '../movevm/types.ts'
import { expectStruct, expectU64, Struct, type Value } from '../movevm/values.ts'
import { packVector } from '../movevm/vectors.ts'
import { idOfValue } from './execution-objects.ts'
import { coinType } from './object.ts'
import { argumentFailure, failure } from './ptb-failure.ts'
import type { Run } from './ptb-run.ts'
import { Borrows, hasAbility, resultSlot, type Slot } from './ptb-values.ts'
import type { Command } from './transaction.ts'

const MAX_U64 = (1n << 64n) - 1n

/** `Coin<T> { id, balance: Balance<T> { value } }`. */
export function coinBalance(coin: Value): bigint {
  return expectU64(expectStruct(expectStruct(coin).fields[1]).fields[0])
}

export function setCoinBalance(coin: Value, balance: bigint): void {
  expectStruct(expectStruct(coin).fields[1]).fields[0] = balance
}

/** `ID { bytes }` inside the layouts that an object's first field declares. */
export function makeUid(loader: Loader, type: MoveType | undefined, id: string): Struct {
  if (type?.kind !== 'datatype') throw invariantFault('an object starts with its UID')
  const layout = loader.layout(type)
  const inner = layout.fields?.[0]?.type
  if (inner?.kind !== 'datatype') throw invariantFault('a UID holds an ID')
  return new Struct(layout, [new Struct(loader.layout(inner), [id])])
}

function makeCoin(run: Run, type: DatatypeType, balance: bigint): Struct {
  const layout = run.loader.layout(type)
  const [uid, holding] = layout.fields!.map((field) => field.type)
  if (holding?.kind !== 'datatype') throw invariantFault('a coin holds a balance')
  const id = makeUid(run.loader, uid, run.objects.freshId())
  return new Struct(layout, [id, new Struct(run.loader.layout(holding), [balance])])
}

export function runTransferObjects(run: Run, command: NonNullable<Command['TransferObjects']>): Slot[] {
  const borrows = new Borrows()
  const objects = command.objects.map((argument, i) => {
    const slot = run.args.slot(argument, i)
    if (slot === run.gas && run.isGasTemporary) throw argumentFailure(i, 'InvalidGasCoinUsage')
    const taken = run.args.takeObject(slot, i)
    if (slot === run.gas) run.takenGasCoin = taken.value
    if (!hasAbility(run.loader, taken.type, 'key') || !hasAbility(run.loader, taken.type, 'store')) {
      throw argumentFailure(i, 'InvalidTransferObject')
    }
    return taken
  })
  const index = command.objects.length
  const recipient = run.args.byValue(run.args.slot(command.address, index), index, PRIMITIVES.address, borrows)
  const owner = { kind: 'address', address: recipient as string } as const
  for (const { type, value } of objects) run.objects.transfer(type, value, owner)
  return []
}

export function runSplitCoins(run: Run, command: NonNullable<Command['SplitCoins']>): Slot[] {
  const { type, value: coin } = mutableCoin(run, run.args.slot(command.coin, 0), 0)
  const borrows = new Borrows()
  const amounts = command.amounts.map((argument, i) =>
    expectU64(run.args.byValue(run.args.slot(argument, i + 1), i + 1, PRIMITIVES.u64, borrows)),
  )
  return amounts.map((amount) => {
    const balance = coinBalance(coin)
    if (balance < amount) throw failure('InsufficientCoinBalance')
    setCoinBalance(coin, balance - amount)
    return resultSlot(type, makeCoin(run, type, amount))
  })
}

export function runMergeCoins(run: Run, command: NonNullable<Command['MergeCoins']>): Slot[] {
  const destination = run.args.slot(command.destination, 0)
  const { type, value: coin } = mutableCoin(run, destination, 0)
  for (const [i, argument] of command.sources.entries()) {
    const slot = run.args.slot(argument, i + 1)
    if (slot === destination) throw argumentFailure(i + 1, 'CannotMoveBorrowedValue')
    const source = run.args.byValue(slot, i + 1, type, new Borrows())
    const balance = coinBalance(coin) + coinBalance(source)
    if (balance > MAX_U64) throw failure('CoinBalanceOverflow')
    run.objects.deleteId(idOfValue(source))
    setCoinBalance(coin, balance)
  }
  return []
}

function mutableCoin(run: Run, slot: Slot, index: number): { type: DatatypeType; value: Value } {
  const type = slot.type
  if (type?.kind !== 'datatype' || coinType(type.key) === undefined) throw argumentFailure(index, 'TypeMismatch')
  const reference = run.args.byReference(slot, index, type, true, new Borrows())
  return { type, value: reference.get() }
}

export function runMakeMoveVec(run: Run, command: NonNullable<Command['MakeMoveVec']>): Slot[] {
  const borrows = new Borrows()
  let element = command.type === null ? undefined : run.loader.canonicalType(parseType(command.type))
  const items = command.elements.map((argument, i) => {
    const slot = run.args.slot(argument, i)
    if (!element) {
      if (!slot.type || !hasAbility(run.loader, slot.type, 'key')) {
        throw argumentFailure(i, 'InvalidMakeMoveVecNonObjectArgument')
      }
      element = slot.type
    }
    return run.args.byValue(slot, i, element, borrows)
  })
  if (!element) throw failure('InvalidMakeMoveVecNonObjectArgument')
  return [resultSlot(vectorType(element), packVector(element, items))]
}
