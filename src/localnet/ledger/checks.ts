/** What must hold before a transaction is executed: inputs exist at the versions named and belong to the sender, gas is
 *  payable, the transaction has not expired. */

import { normalizeAddress } from '../movevm/types.ts'
import { invalidArgument, notFound, staleReference } from './errors.ts'
import type { ObjectSource, TransactionDataV1 } from './execution.ts'
import { coinValue, type LedgerObject, SUI_COIN_TYPE } from './object.ts'
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
  if (options.payment) checkPayment(data, context)
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

function checkPayment(data: TransactionDataV1, context: CheckContext): void {
  const { payment } = data.gasData
  const budget = BigInt(data.gasData.budget)
  const minimum = MIN_GAS_UNITS * BigInt(data.gasData.price)
  if (budget < minimum) throw invalidArgument(`gas budget ${budget} is below the minimum ${minimum}`)
  if (budget > MAX_GAS_BUDGET) throw invalidArgument(`gas budget ${budget} is above the maximum ${MAX_GAS_BUDGET}`)
  if (payment.length === 0) throw invalidArgument('no gas payment: address balances are not supported here')
  if (payment.length > MAX_GAS_OBJECTS) throw invalidArgument(`more than ${MAX_GAS_OBJECTS} gas objects`)
  const owner = normalizeAddress(data.gasData.owner)
  let total = 0n
  for (const ref of payment) {
    const coin = requireReference(context.source, ref)
    if (coin.data.kind !== 'move' || coin.data.type !== SUI_COIN_TYPE) {
      throw invalidArgument(`gas object ${coin.id} is not a SUI coin`)
    }
    if (coin.owner.kind !== 'address' || coin.owner.address !== owner) {
      throw invalidArgument(`gas object ${coin.id} is not owned by the gas owner ${owner}`)
    }
    total += coinValue(coin)
  }
  if (total < budget) {
    throw invalidArgument(`Balance of gas object ${total} is lower than the needed amount: ${budget}`)
  }
}
