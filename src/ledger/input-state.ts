/** Whether a transaction that was refused can be built anew: what it names is read again, and the chain decides.
 *
 *  A transaction names the exact version of every object it owns, payment coins above all. Of two that name the same version
 *  only one can ever be executed; the other is refused, and stays impossible, because versions never come back. */

import type { Transaction } from '@mysten/sui/transactions'
import type { LedgerObject } from './checked-object.ts'
import { parseAddress } from './object-id.ts'

/** A transaction's commands and inputs, complete or not yet. */
export type TransactionContents = ReturnType<Transaction['getData']>

interface NamedObject {
  id: string
  /** `null`: whatever version it has when the transaction is completed. */
  version: bigint | null
}

export type InputState =
  /** Everything is as the transaction names it. */
  | { $kind: 'unmoved' }
  /** Something has another version by now, another owner, or is gone: this transaction can never take effect, one that is
   *  built anew may. For money of the address balance, which has no versions, it only says that there is too little now. */
  | { $kind: 'moved'; id: string }
  /** Nothing has moved, but the answer is older than what the transaction names: of a server that lags, it proves nothing. */
  | { $kind: 'behind'; id: string }
  /** Something that only its id names cannot be used any more: building the same transaction anew is of no use. */
  | { $kind: 'gone'; id: string }

export interface InputReader {
  fetchObjects(ids: readonly string[]): Promise<(LedgerObject | null)[]>
  /** What an address has of a coin outside of coins. */
  fetchAddressBalance(owner: string, coinType: string): Promise<bigint>
}

/** @param sender - full form */
export async function readInputState(
  contents: TransactionContents,
  sender: string,
  reader: InputReader,
): Promise<InputState> {
  const named = namedObjects(contents)
  const live = await reader.fetchObjects(named.map(({ id }) => id))
  let moved: string | undefined
  let behind: string | undefined
  for (const [i, { id, version }] of named.entries()) {
    const object = live[i]
    if (object && isUsable(object, sender) && (version === null || object.version === version)) continue
    if (version === null) return { $kind: 'gone', id }
    if (object && object.version < version) behind ??= id
    else moved ??= id
  }
  if (moved !== undefined) return { $kind: 'moved', id: moved }
  if (behind !== undefined) return { $kind: 'behind', id: behind }
  for (const [coinType, amount] of withdrawnAmounts(contents))
    if ((await reader.fetchAddressBalance(sender, coinType)) < amount) return { $kind: 'moved', id: coinType }
  return { $kind: 'unmoved' }
}

function isUsable({ owner }: LedgerObject, sender: string): boolean {
  if (owner.$kind === 'object') return false
  return owner.$kind !== 'address' || parseAddress(owner.address) === parseAddress(sender)
}

/** Objects by id, and those by version: owned ones and the coins that pay for gas. Shared ones have no version here. */
function namedObjects({ inputs, gasData }: TransactionContents): NamedObject[] {
  const named: NamedObject[] = []
  for (const input of inputs) {
    if (input.UnresolvedObject) named.push({ id: input.UnresolvedObject.objectId, version: null })
    const owned = input.Object?.ImmOrOwnedObject ?? input.Object?.Receiving
    if (owned) named.push({ id: owned.objectId, version: BigInt(owned.version) })
  }
  // What stands for a part of the address balance among the payment has version 0: no object has.
  for (const { objectId, version } of gasData.payment ?? [])
    if (BigInt(version) !== 0n) named.push({ id: objectId, version: BigInt(version) })
  return named
}

function withdrawnAmounts({ inputs }: TransactionContents): Map<string, bigint> {
  const amounts = new Map<string, bigint>()
  for (const { FundsWithdrawal: withdrawal } of inputs) {
    if (!withdrawal?.withdrawFrom.Sender) continue
    const { Balance: coinType } = withdrawal.typeArg
    amounts.set(coinType, (amounts.get(coinType) ?? 0n) + BigInt(withdrawal.reservation.MaxAmountU64))
  }
  return amounts
}
