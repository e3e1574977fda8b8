/** Funds of addresses ("address balances"): money that belongs to an address without being in a coin.
 *
 *  As on Sui they are dynamic fields of the object `0xacc`, one per address and coin type. There the fields are changed by
 *  a transaction of the system that settles a checkpoint; here every transaction is a checkpoint, and its own record
 *  carries the new fields. The effects tell of them as accumulator writes. */

import { ByteReader, ByteWriter } from '../../codec/cursor.ts'
import { addressBytes, addressFromBytes, normalizeAddress, parseType, SUI_FRAMEWORK_ADDRESS } from '../movevm/types.ts'
import { invalidArgument } from './errors.ts'
import type { ObjectSource, TransactionDataV1 } from './execution.ts'
import { deriveFieldId } from './execution-objects.ts'
import { type LedgerObject, objectType } from './object.ts'
import { type CallArg, programmable } from './transaction.ts'

/** The object whose fields they are. */
export const ACCUMULATOR_ROOT = normalizeAddress('0xacc')

export interface FundsAmount {
  /** Address with 64 digits. */
  readonly owner: string
  /** Normalised. */
  readonly coinType: string
  readonly amount: bigint
}

/** Id of the field with the funds of an address.
 *  @param coinType - normalised */
export function fundsId(owner: string, coinType: string): string {
  return deriveFieldId(ACCUMULATOR_ROOT, keyType(coinType), addressBytes(owner))
}

function keyType(coinType: string) {
  return parseType(`${SUI_FRAMEWORK_ADDRESS}::accumulator::Key<${balanceType(coinType)}>`)
}

/** `Balance<T>` of a normalised coin type. */
export function balanceType(coinType: string): string {
  return `${SUI_FRAMEWORK_ADDRESS}::balance::Balance<${coinType}>`
}

/** What an address has of a coin type, coins aside. */
export function fundsOf(source: ObjectSource, owner: string, coinType: string): bigint {
  const field = source.getObject(fundsId(owner, coinType))
  return field ? readFunds(field).amount : 0n
}

/** Owner, type and amount of a field below `0xacc`. */
export function readFunds(field: LedgerObject): FundsAmount {
  const key = field.data.kind === 'move' ? objectType(field.data.type).typeArguments[0] : undefined
  const balance = key?.kind === 'datatype' ? key.typeArguments[0] : undefined
  const coin = balance?.kind === 'datatype' ? balance.typeArguments[0] : undefined
  if (field.data.kind !== 'move' || !coin) throw new TypeError('not a field with funds')
  const reader = new ByteReader(field.data.contents)
  reader.bytes(32)
  const owner = addressFromBytes(reader.bytes(32))
  return { owner, coinType: coin.key, amount: reader.u64() | (reader.u64() << 64n) }
}

/** Contents of the field. */
export function fundsContents({ owner, coinType, amount }: FundsAmount): Uint8Array {
  const out = new ByteWriter(80).bytes(addressBytes(fundsId(owner, coinType))).bytes(addressBytes(owner))
  return out
    .u64(amount & 0xffff_ffff_ffff_ffffn)
    .u64(amount >> 64n)
    .finish()
}

type FundsWithdrawal = NonNullable<CallArg['FundsWithdrawal']>

/** Whose funds an input takes, of what, up to how much.
 *  @throws {LedgerError} LEDGER_INVALID_ARGUMENT */
export function readWithdrawal(withdrawal: FundsWithdrawal, data: TransactionDataV1): FundsAmount {
  const { reservation, typeArg, withdrawFrom } = withdrawal
  if (withdrawFrom.SenderAllowance) throw invalidArgument('withdrawals by allowance are not supported here')
  const amount = BigInt(reservation.MaxAmountU64)
  if (amount === 0n) throw invalidArgument('a withdrawal reserves more than nothing')
  const owner = normalizeAddress(withdrawFrom.Sponsor ? data.gasData.owner : data.sender)
  return { owner, coinType: parseType(typeArg.Balance).key, amount }
}

/** Everything a transaction's inputs may take from funds; gas is not in it. */
export function withdrawalsOf(data: TransactionDataV1): FundsAmount[] {
  return programmable(data).inputs.flatMap(({ FundsWithdrawal: withdrawal }) =>
    withdrawal ? [readWithdrawal(withdrawal, data)] : [],
  )
}

/** Sums of changes by owner and coin type. */
export class FundsChanges {
  readonly #changes = new Map<string, FundsAmount>()

  add(owner: string, coinType: string, amount: bigint): void {
    const id = fundsId(owner, coinType)
    this.#changes.set(id, { owner, coinType, amount: (this.#changes.get(id)?.amount ?? 0n) + amount })
  }

  /** By id of the field; what came to nothing is not in it. */
  entries(): [string, FundsAmount][] {
    return [...this.#changes].filter(([, { amount }]) => amount !== 0n)
  }

  get(owner: string, coinType: string): bigint {
    return this.#changes.get(fundsId(owner, coinType))?.amount ?? 0n
  }
}

/** Funds moved by the commands of one transaction. What is sent in it cannot be taken in it. */
export class FundsRuntime {
  readonly #source: ObjectSource
  /** Nothing is refused: a dev-inspection may take what is not there. */
  readonly #unlimited: boolean
  readonly #taken = new FundsChanges()
  readonly changes = new FundsChanges()

  constructor(source: ObjectSource, unlimited: boolean) {
    this.#source = source
    this.#unlimited = unlimited
  }

  send(owner: string, coinType: string, amount: bigint): void {
    this.changes.add(owner, coinType, amount)
  }

  /** @returns false if the owner has less */
  take(owner: string, coinType: string, amount: bigint): boolean {
    this.#taken.add(owner, coinType, amount)
    const isThere = this.#taken.get(owner, coinType) <= fundsOf(this.#source, owner, coinType)
    if (!isThere && !this.#unlimited) return false
    this.changes.add(owner, coinType, -amount)
    return true
  }
}
