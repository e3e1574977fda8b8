/** What must hold before a transaction is executed: inputs exist at the versions named and belong to the sender, gas is
 *  payable, the transaction has not expired. */

import { normalizeAddress } from '../movevm/types.ts'
import { type CoinReservation, readReservation, reservationId } from './coin-reservation.ts'
import { invalidArgument, notFound, staleReference } from './errors.ts'
import type { ObjectSource, TransactionDataV1 } from './execution.ts'
import { type FundsAmount, FundsChanges, fundsOf, withdrawalsOf } from './funds.ts'
import { coinValue, isMoveObject, type LedgerMoveObject, type LedgerObject, SUI_COIN_TYPE, SUI_TYPE } from './object.ts'
import { type CallArg, inputObjectId, type ObjectRef, programmable } from './transaction.ts'

/** Objects in one payment; as on Sui. */
export const MAX_GAS_OBJECTS = 256
/** 50 SUI; as on Sui. */
export const MAX_GAS_BUDGET = 50_000_000_000n
/** Budgets below what the smallest bucket of computation costs cannot pay for anything. */
const MIN_GAS_UNITS = 1000n

export interface CheckContext {
  source: ObjectSource
  chainId: string
  epoch: bigint
  nowMs: number
  referenceGasPrice: bigint
}

/** The live object.
 *  @throws {LedgerError} LEDGER_NOT_FOUND */
export function requireObject(source: ObjectSource, id: string): LedgerObject {
  const object = source.getObject(normalizeAddress(id))
  if (!object) throw notFound(`Object ${normalizeAddress(id)} not found`, { objectId: normalizeAddress(id) })
  return object
}

/** The live object, which must not be a package.
 *  @throws {LedgerError} LEDGER_NOT_FOUND, LEDGER_INVALID_ARGUMENT */
export function requireMove(source: ObjectSource, id: string): LedgerMoveObject {
  const object = requireObject(source, id)
  if (!isMoveObject(object)) throw invalidArgument(`${object.id} is a package, not an object`)
  return object
}

/** The live object, which must be exactly the version and digest named.
 *  @throws {LedgerError} LEDGER_STALE_REFERENCE, LEDGER_NOT_FOUND */
export function requireReference(source: ObjectSource, ref: ObjectRef): LedgerObject {
  const object = requireObject(source, ref.objectId)
  if (BigInt(ref.version) !== object.version || ref.digest !== object.digest) {
    throw staleReference(
      `Transaction needs to be rebuilt because object ${object.id} version ${ref.version} digest ${ref.digest} ` +
        `is unavailable for consumption, current version: ${object.version}`,
      { objectId: object.id, version: String(ref.version), currentVersion: String(object.version) },
    )
  }
  return object
}

/** Checks inputs and expiration, and gas unless `payment` is false (a mock coin will pay).
 *  @throws {LedgerError} */
export function checkTransaction(data: TransactionDataV1, context: CheckContext, options: { payment: boolean }): void {
  const { inputs } = programmable(data)
  const sender = normalizeAddress(data.sender)
  checkDuplicates(data)
  for (const input of inputs) checkInput(input, sender, context.source)
  checkExpiration(data.expiration, context)
  checkPrice(data, context)
  const fromFunds = options.payment ? checkPayment(data, context) : 0n
  checkFunds(data, fromFunds, context.source)
}

function checkDuplicates(data: TransactionDataV1): void {
  const seen = new Set<string>()
  const ids = [
    ...programmable(data).inputs.map(inputObjectId),
    ...data.gasData.payment.map((ref) => normalizeAddress(ref.objectId)),
  ]
  for (const id of ids) {
    if (id === undefined) continue
    if (seen.has(id)) throw invalidArgument(`object ${id} is used more than once`, { objectId: id })
    seen.add(id)
  }
}

function checkInput(input: CallArg, sender: string, source: ObjectSource): void {
  const object = input.Object
  if (!object) return
  if (object.ImmOrOwnedObject) {
    const live = requireReference(source, object.ImmOrOwnedObject)
    if (live.data.kind === 'package') throw invalidArgument(`${live.id} is a package, not an input`)
    if (live.owner.kind === 'immutable') return
    if (live.owner.kind !== 'address') throw invalidArgument(`object ${live.id} is not owned by an address`)
    if (live.owner.address !== sender) {
      throw invalidArgument(
        `Transaction was not signed by the correct sender: object ${live.id} is owned by ${live.owner.address}`,
        { objectId: live.id },
      )
    }
  } else if (object.Receiving) {
    const live = requireReference(source, object.Receiving)
    if (live.owner.kind !== 'address') throw invalidArgument(`object ${live.id} cannot be received`)
  } else if (object.SharedObject) {
    const live = requireObject(source, object.SharedObject.objectId)
    const initial =
      live.owner.kind === 'shared'
        ? live.owner.initialVersion
        : live.owner.kind === 'consensus-address'
          ? live.owner.startVersion
          : undefined
    if (initial !== BigInt(object.SharedObject.initialSharedVersion)) {
      throw invalidArgument(`object ${live.id} is not shared since version ${object.SharedObject.initialSharedVersion}`)
    }
  }
}

function checkExpiration(expiration: TransactionDataV1['expiration'], context: CheckContext): void {
  if (expiration.Epoch !== undefined && BigInt(expiration.Epoch) < context.epoch) {
    throw invalidArgument(`the transaction expired with epoch ${expiration.Epoch}`)
  }
  const window = expiration.ValidDuring ?? expiration.Validity
  if (!window) return
  const outside =
    (window.minEpoch !== null && BigInt(window.minEpoch) > context.epoch) ||
    (window.maxEpoch !== null && BigInt(window.maxEpoch) < context.epoch) ||
    (window.minTimestamp !== null && BigInt(window.minTimestamp) > BigInt(Math.trunc(context.nowMs))) ||
    (window.maxTimestamp !== null && BigInt(window.maxTimestamp) < BigInt(Math.trunc(context.nowMs)))
  if (outside) throw invalidArgument('the transaction is not valid now')
  if (window.chain !== context.chainId) throw invalidArgument(`the transaction is for chain ${window.chain}`)
}

function checkPrice(data: TransactionDataV1, context: CheckContext): void {
  const price = BigInt(data.gasData.price)
  if (price < context.referenceGasPrice) {
    throw invalidArgument(`gas price ${price} is below the reference price ${context.referenceGasPrice}`)
  }
}

/** @returns MIST that the gas owner's funds are to pay */
function checkPayment(data: TransactionDataV1, context: CheckContext): bigint {
  const { payment } = data.gasData
  const budget = BigInt(data.gasData.budget)
  const minimum = MIN_GAS_UNITS * BigInt(data.gasData.price)
  if (budget < minimum) throw invalidArgument(`gas budget ${budget} is below the minimum ${minimum}`)
  if (budget > MAX_GAS_BUDGET) throw invalidArgument(`gas budget ${budget} is above the maximum ${MAX_GAS_BUDGET}`)
  if (payment.length > MAX_GAS_OBJECTS) throw invalidArgument(`more than ${MAX_GAS_OBJECTS} gas objects`)
  const owner = normalizeAddress(data.gasData.owner)
  if (payment.length === 0) {
    checkReplayWindow(data.expiration)
    return budget
  }
  let fromFunds = 0n
  let total = 0n
  for (const ref of payment) {
    const reservation = readReservation(ref)
    if (reservation) {
      checkReservation(ref, reservation, owner, context)
      fromFunds += reservation.amount
    } else total += checkedCoinValue(ref, owner, context.source)
  }
  total += fromFunds
  if (total < budget) {
    throw invalidArgument(`Balance of gas object ${total} is lower than the needed amount: ${budget}`)
  }
  return fromFunds
}

function checkedCoinValue(ref: ObjectRef, owner: string, source: ObjectSource): bigint {
  const coin = requireReference(source, ref)
  if (coin.data.kind !== 'move' || coin.data.type !== SUI_COIN_TYPE) {
    throw invalidArgument(`gas object ${coin.id} is not a SUI coin`)
  }
  if (coin.owner.kind !== 'address' || coin.owner.address !== owner) {
    throw invalidArgument(`gas object ${coin.id} is not owned by the gas owner ${owner}`)
  }
  return coinValue(coin)
}

/** Nothing that a transaction paid from funds names need ever change, so its window is what keeps it from being sent again
 *  when its digest has been forgotten. */
function checkReplayWindow(expiration: TransactionDataV1['expiration']): void {
  const window = expiration.ValidDuring ?? expiration.Validity
  const [from, to] = [window?.minEpoch ?? null, window?.maxEpoch ?? null]
  if (from === null || to === null || BigInt(to) > BigInt(from) + 1n) {
    throw invalidArgument(
      'a transaction without gas payment is paid from the address balance, and must be valid for one or two epochs only',
    )
  }
}

function checkReservation(ref: ObjectRef, { amount, epoch }: CoinReservation, owner: string, context: CheckContext) {
  if (normalizeAddress(ref.objectId) !== reservationId(owner, context.chainId)) {
    throw invalidArgument(`coin reservation ${ref.objectId} is not one of the gas owner ${owner} on this chain`)
  }
  if (amount === 0n) throw invalidArgument('a coin reservation reserves more than nothing')
  if (epoch !== context.epoch && epoch + 1n !== context.epoch) {
    throw invalidArgument(`coin reservation ${ref.objectId} is of epoch ${epoch}`)
  }
}

/** Funds must hold all that inputs and gas may take of them. */
function checkFunds(data: TransactionDataV1, fromFunds: bigint, source: ObjectSource): void {
  const wanted = new FundsChanges()
  const add = ({ owner, coinType, amount }: FundsAmount) => wanted.add(owner, coinType, amount)
  withdrawalsOf(data).forEach(add)
  if (fromFunds > 0n) add({ owner: normalizeAddress(data.gasData.owner), coinType: SUI_TYPE, amount: fromFunds })
  for (const [, { owner, coinType, amount }] of wanted.entries()) {
    const available = fundsOf(source, owner, coinType)
    if (available >= amount) continue
    throw invalidArgument(
      `Available amount in account ${owner} for object type ${coinType} is less than requested: ${available} < ${amount}`,
      { owner, coinType, available: String(available), requested: String(amount) },
    )
  }
}
