/** Loads what a transaction names: object and pure inputs, gas coins, packages it depends on. */

import { fromBase64 } from '@mysten/sui/utils'
import { normalizeAddress } from '../movevm/types.ts'
import { invalidArgument, notFound } from './errors.ts'
import type { ExecutionRequest, ObjectSource } from './execution.ts'
import type { ObjectRuntime } from './execution-objects.ts'
import {
  coinContents,
  coinValue,
  createObject,
  isMoveObject,
  type LedgerMoveObject,
  type LedgerObject,
  objectType,
  SUI_COIN_TYPE,
  ZERO_DIGEST,
} from './object.ts'
import { type InputAccess, pureSlot, type Slot } from './ptb-values.ts'
import type { CallArg, Command, ProgrammableTransaction } from './transaction.ts'

/** Stands in for a payment in simulations; no real object can have this id. */
const MOCK_GAS_ID = `0x${'9a5'.padStart(64, '0')}`
const MOCK_GAS_VALUE = 10n ** 18n
/** Budget of a simulation that names none: the most a transaction may have on Sui. */
const MOCK_BUDGET = 50_000_000_000n

export interface GasPayment {
  readonly slot: Slot
  /** The coin that stays. */
  readonly coin: LedgerMoveObject
  /** Coins folded into it. */
  readonly folded: readonly LedgerMoveObject[]
  readonly isMock: boolean
  /** MIST held back while commands run. */
  readonly budget: bigint
  /** MIST in all coins together. */
  readonly total: bigint
}

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

function requireLive(source: ObjectSource, id: string): LedgerObject {
  const object = source.getObject(normalizeAddress(id))
  if (!object) throw notFound(`Object ${normalizeAddress(id)} not found`, { objectId: normalizeAddress(id) })
  return object
}

function requireMove(source: ObjectSource, id: string): LedgerMoveObject {
  const object = requireLive(source, id)
  if (!isMoveObject(object)) throw invalidArgument(`${object.id} is a package, not an object`)
  return object
}

/** @throws {LedgerError} if something named is not there or cannot be an input */
export function loadInputs(
  request: ExecutionRequest,
  transaction: ProgrammableTransaction,
  runtime: ObjectRuntime,
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
  if (gas) objects.push(gas.coin, ...gas.folded)
  const slots = transaction.inputs.map((input) => loadInput(input, source, runtime, objects, addObject))
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

function loadGas(request: ExecutionRequest, runtime: ObjectRuntime): GasPayment | undefined {
  const { source, data, mode } = request
  if (mode === 'genesis') return undefined
  const { payment } = data.gasData
  const isMock = payment.length === 0
  if (isMock && mode === 'commit') throw invalidArgument('no gas payment: address balances are not supported here')
  const coins = isMock
    ? [mockCoin(normalizeAddress(data.sender))]
    : payment.map((ref) => requireMove(source, ref.objectId))
  for (const coin of coins) {
    if (coin.data.type !== SUI_COIN_TYPE) throw invalidArgument(`gas object ${coin.id} is not a SUI coin`)
  }
  const [coin, ...folded] = coins as [LedgerMoveObject, ...LedgerMoveObject[]]
  const total = coins.reduce((sum, each) => sum + coinValue(each), 0n)
  const declared = BigInt(data.gasData.budget)
  const budget = isMock && declared === 0n ? MOCK_BUDGET : declared
  if (total < budget) throw invalidArgument(`Balance of gas object ${total} is lower than the needed amount: ${budget}`)
  runtime.registerInput(coin)
  // The budget is out of reach of the commands, so that it is there when gas is charged.
  const held: LedgerMoveObject = { ...coin, data: { ...coin.data, contents: coinContents(coin.id, total - budget) } }
  const slot: Slot = {
    type: objectType(SUI_COIN_TYPE),
    cell: [runtime.decode(held)],
    input: { object: coin, access: 'gas' },
  }
  return { slot, coin, folded, isMock, budget, total }
}

function mockCoin(owner: string): LedgerMoveObject {
  return createObject({
    id: MOCK_GAS_ID,
    version: 1n,
    owner: { kind: 'address', address: owner },
    previousTransaction: ZERO_DIGEST,
    storageRebate: 0n,
    data: {
      kind: 'move',
      type: SUI_COIN_TYPE,
      hasPublicTransfer: true,
      contents: coinContents(MOCK_GAS_ID, MOCK_GAS_VALUE),
    },
  }) as LedgerMoveObject
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
