/** Loads what a transaction names: object and pure inputs, gas coins, packages it depends on. */

import { fromBase64 } from '@mysten/sui/utils'
import { MoveLinkError } from '../movevm/errors.ts'
import type { Loader } from '../movevm/loader.ts'
import { type DatatypeType, normalizeAddress, parseType, SUI_FRAMEWORK_ADDRESS } from '../movevm/types.ts'
import { Int, Struct } from '../movevm/values.ts'
import { requireMove } from './checks.ts'
import { invalidArgument } from './errors.ts'
import type { ExecutionRequest, ObjectSource } from './execution.ts'
import { type GasPayment, loadGas } from './execution-gas.ts'
import type { ObjectRuntime } from './execution-objects.ts'
import { balanceType, readWithdrawal } from './funds.ts'
import { type LedgerMoveObject, type LedgerObject, objectType, ZERO_DIGEST } from './object.ts'
import { type InputAccess, pureSlot, resultSlot, type Slot } from './ptb-values.ts'
import type { CallArg, Command, ProgrammableTransaction } from './transaction.ts'

const WITHDRAWAL = `${SUI_FRAMEWORK_ADDRESS}::funds_accumulator::Withdrawal`

export interface LoadedInputs {
  readonly slots: readonly Slot[]
  readonly gas: GasPayment | undefined
  /** Every object the transaction names, packages excluded. */
  readonly objects: readonly LedgerObject[]
  /** Shared objects that are only read. */
  readonly readOnlyShared: readonly LedgerMoveObject[]
  /** Digests of the transactions that made what this one names, packages included. */
  readonly dependencies: ReadonlySet<string>
}

/** @throws {LedgerError} if something named is not there or cannot be an input */
export function loadInputs(
  request: ExecutionRequest,
  transaction: ProgrammableTransaction,
  runtime: ObjectRuntime,
  loader: Loader,
): LoadedInputs {
  const { source } = request
  const objects: LedgerObject[] = []
  const readOnlyShared: LedgerMoveObject[] = []
  const addObject = (object: LedgerMoveObject, access: InputAccess): Slot => {
    objects.push(object)
    runtime.registerInput(object)
    if (access === 'read' && object.owner.kind !== 'immutable') readOnlyShared.push(object)
    return { type: objectType(object.data.type), cell: [runtime.decode(object)], input: { object, access } }
  }
  const gas = loadGas(request, runtime)
  if (gas) objects.push(...(gas.coin ? [gas.coin] : []), ...gas.folded)
  const slots = transaction.inputs.map((input) =>
    input.FundsWithdrawal
      ? withdrawalSlot(input.FundsWithdrawal, request.data, loader)
      : loadInput(input, source, runtime, objects, addObject),
  )
  return { slots, gas, objects, readOnlyShared, dependencies: dependenciesOf(source, transaction, objects) }
}

function loadInput(
  input: CallArg,
  source: ObjectSource,
  runtime: ObjectRuntime,
  objects: LedgerObject[],
  addObject: (object: LedgerMoveObject, access: InputAccess) => Slot,
): Slot {
  if (input.Pure) return pureSlot(fromBase64(input.Pure.bytes))
  const { ImmOrOwnedObject, SharedObject, Receiving } = input.Object ?? {}
  if (ImmOrOwnedObject) {
    const object = requireMove(source, ImmOrOwnedObject.objectId)
    return addObject(object, object.owner.kind === 'immutable' ? 'read' : 'owned')
  }
  if (SharedObject) {
    const object = requireMove(source, SharedObject.objectId)
    return addObject(object, SharedObject.mutable && object.owner.kind !== 'immutable' ? 'shared' : 'read')
  }
  if (Receiving) {
    const object = requireMove(source, Receiving.objectId)
    objects.push(object)
    runtime.registerReceivable(object.id)
    return { cell: [undefined], receiving: { id: object.id, version: object.version } }
  }
  throw invalidArgument('this kind of input is not supported')
}

/** A right to take funds: `Withdrawal<Balance<T>> { owner, limit }`. */
function withdrawalSlot(
  withdrawal: NonNullable<CallArg['FundsWithdrawal']>,
  data: ExecutionRequest['data'],
  loader: Loader,
): Slot {
  const { owner, coinType, amount } = readWithdrawal(withdrawal, data)
  try {
    const type = loader.canonicalType(parseType(`${WITHDRAWAL}<${balanceType(coinType)}>`)) as DatatypeType
    return resultSlot(type, new Struct(loader.layout(type), [owner, new Int(256, amount)]))
  } catch (error) {
    if (error instanceof MoveLinkError) throw invalidArgument(`no such coin type here: ${coinType}`)
    throw error
  }
}

/** Packages that commands name are inputs too, as far as dependencies go. */
function packagesOf(commands: readonly Command[]): string[] {
  return commands.flatMap((command) => {
    if (command.MoveCall) {
      return [command.MoveCall.package, ...command.MoveCall.typeArguments.flatMap(addressesIn)]
    }
    if (command.MakeMoveVec?.type) return addressesIn(command.MakeMoveVec.type)
    if (command.Publish) return command.Publish.dependencies
    if (command.Upgrade) return [...command.Upgrade.dependencies, command.Upgrade.package]
    return []
  })
}

function addressesIn(type: string): string[] {
  return type.match(/0x[0-9a-fA-F]+(?=::)/g) ?? []
}

function dependenciesOf(
  source: ObjectSource,
  transaction: ProgrammableTransaction,
  objects: readonly LedgerObject[],
): Set<string> {
  const digests = new Set(objects.map((object) => object.previousTransaction))
  for (const id of packagesOf(transaction.commands)) {
    const stored = source.getObject(normalizeAddress(id))
    if (stored) digests.add(stored.previousTransaction)
  }
  digests.delete(ZERO_DIGEST)
  return digests
}
