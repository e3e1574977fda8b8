/** What pays for a transaction: coins, funds of an address, or in simulations a coin that does not exist. */

import { normalizeAddress } from '../movevm/types.ts'
import { requireMove } from './checks.ts'
import { readReservation } from './coin-reservation.ts'
import { invalidArgument } from './errors.ts'
import type { ExecutionRequest } from './execution.ts'
import type { ObjectRuntime } from './execution-objects.ts'
import {
  coinContents,
  coinValue,
  createObject,
  type LedgerMoveObject,
  objectType,
  SUI_COIN_TYPE,
  ZERO_DIGEST,
} from './object.ts'
import type { Slot } from './ptb-values.ts'

/** Stands in for a payment in simulations; no real object can have this id. */
const MOCK_GAS_ID = `0x${'9a5'.padStart(64, '0')}`
const MOCK_GAS_VALUE = 10n ** 18n
/** Budget of a simulation that names none: the most a transaction may have on Sui. */
const MOCK_BUDGET = 50_000_000_000n

export interface GasPayment {
  /** What commands know as the gas coin; nothing if funds alone pay. */
  readonly slot: Slot | undefined
  /** The coin that stays; nothing if what remains goes back to funds. */
  readonly coin: LedgerMoveObject | undefined
  /** Coins folded into it. */
  readonly folded: readonly LedgerMoveObject[]
  readonly isMock: boolean
  readonly owner: string
  /** MIST held back while commands run. */
  readonly budget: bigint
  /** MIST in all coins and reservations together. */
  readonly total: bigint
  /** The part of it that comes out of the owner's funds. */
  readonly reserved: bigint
}

/** @throws {LedgerError} if the payment is none, or is less than the budget */
export function loadGas(request: ExecutionRequest, runtime: ObjectRuntime): GasPayment | undefined {
  const { data, mode } = request
  if (mode === 'genesis') return undefined
  const { payment, budget: declared } = data.gasData
  const owner = normalizeAddress(data.gasData.owner)
  const isMock = payment.length === 0 && mode !== 'commit' && !request.paysFromFunds
  const budget = isMock && BigInt(declared) === 0n ? MOCK_BUDGET : BigInt(declared)
  const reservations = payment.flatMap((ref) => readReservation(ref) ?? [])
  const isFromFunds = payment.length === 0 && !isMock
  const reserved = isFromFunds ? budget : reservations.reduce((sum, { amount }) => sum + amount, 0n)
  const coins = isMock ? [gasCoin(owner, MOCK_GAS_VALUE)] : paymentCoins(request)
  const total = coins.reduce((sum, each) => sum + coinValue(each), reserved)
  if (total < budget) throw invalidArgument(`Balance of gas object ${total} is lower than the needed amount: ${budget}`)
  const common = { isMock, owner, budget, total, reserved }
  if (isFromFunds) return { ...common, slot: undefined, coin: undefined, folded: [] }
  // A reservation in the first place makes a coin for the time of the transaction, into which the others are folded.
  const isTemporary = payment[0] !== undefined && readReservation(payment[0]) !== undefined
  const first = isTemporary ? gasCoin(owner, 0n) : coins[0]!
  // The budget is out of reach of the commands, so that it is there when gas is charged.
  const held: LedgerMoveObject = { ...first, data: { ...first.data, contents: coinContents(first.id, total - budget) } }
  runtime.registerInput(first)
  const slot: Slot = {
    type: objectType(SUI_COIN_TYPE),
    cell: [runtime.decode(held)],
    input: { object: first, access: 'gas' },
  }
  return isTemporary
    ? { ...common, slot, coin: undefined, folded: coins }
    : { ...common, slot, coin: first, folded: coins.slice(1) }
}

function paymentCoins({ data, source }: ExecutionRequest): LedgerMoveObject[] {
  return data.gasData.payment.flatMap((ref) => {
    if (readReservation(ref)) return []
    const coin = requireMove(source, ref.objectId)
    if (coin.data.type !== SUI_COIN_TYPE) throw invalidArgument(`gas object ${coin.id} is not a SUI coin`)
    return coin
  })
}

/** A coin that is in no state. */
function gasCoin(owner: string, value: bigint): LedgerMoveObject {
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
      contents: coinContents(MOCK_GAS_ID, value),
    },
  }) as LedgerMoveObject
}
