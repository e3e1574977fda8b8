/** Fills in gas as a Sui node does: price, budget from a trial run that a mock coin pays, and coins to pay with. */

import { randomInt } from 'node:crypto'
import { normalizeAddress } from '../movevm/types.ts'
import { MAX_GAS_BUDGET, MAX_GAS_OBJECTS } from './checks.ts'
import { invalidArgument } from './errors.ts'
import type { ExecutionResult, ObjectSource, TransactionDataV1 } from './execution.ts'
import { fundsOf, withdrawalsOf } from './funds.ts'
import { coinValue, type LedgerObject, SUI_COIN_TYPE, SUI_TYPE } from './object.ts'
import { argumentsOf, inputObjectId, type ObjectRef, programmable } from './transaction.ts'

/** Margin on top of the estimate, in gas units: prices of storage rebates differ by a little between trial and truth. */
const MARGIN_UNITS = 1000n
/** Loading a further payment coin, in MIST. */
const COIN_LOAD_COST = 2_000n

/** Budget that pays for the trial run, and for loading `coins` payment coins instead of one. */
export function estimateBudget(trial: ExecutionResult, referenceGasPrice: bigint, coins: number): bigint {
  const { computationCost, storageCost, storageRebate } = trial.gasUsed
  // The mock coin is new to the ledger, so its storage is charged in full; a real coin's was paid long ago.
  const net = computationCost + storageCost - (trial.mockGas?.storageCost ?? 0n) - storageRebate
  const needed = net > computationCost ? net : computationCost
  const budget = needed + MARGIN_UNITS * referenceGasPrice + COIN_LOAD_COST * BigInt(Math.max(0, coins - 1))
  return budget < MAX_GAS_BUDGET ? budget : MAX_GAS_BUDGET
}

/** SUI coins of the gas owner that are not inputs, in the order given, up to the limit of one payment. */
export function selectableCoins(data: TransactionDataV1, owned: Iterable<LedgerObject>): LedgerObject[] {
  const used = new Set(programmable(data).inputs.map(inputObjectId))
  const coins: LedgerObject[] = []
  for (const object of owned) {
    if (coins.length === MAX_GAS_OBJECTS) break
    const isSui = object.data.kind === 'move' && object.data.type === SUI_COIN_TYPE
    if (isSui && object.owner.kind === 'address' && !used.has(object.id)) coins.push(object)
  }
  return coins
}

/** References to all the coins, if they hold the budget.
 *  @throws {LedgerError} LEDGER_INVALID_ARGUMENT naming the account */
export function payWith(coins: readonly LedgerObject[], owner: string, budget: bigint): ObjectRef[] {
  const total = coins.reduce((sum, coin) => sum + coinValue(coin), 0n)
  if (coins.length === 0 || total < budget) {
    throw invalidArgument(
      `Unable to perform gas selection due to insufficient SUI balance (in address balance or coins) for account ` +
        `${normalizeAddress(owner)} to satisfy required budget ${budget}.`,
      { owner: normalizeAddress(owner), budget: String(budget), balance: String(total) },
    )
  }
  return coins.map((coin) => ({ objectId: coin.id, version: String(coin.version), digest: coin.digest }))
}

/** The gas coin is more than what pays. */
export function usesGasCoin(data: TransactionDataV1): boolean {
  return programmable(data).commands.some((command) => argumentsOf(command).some((argument) => argument.GasCoin))
}

/** MIST in the owner's funds that the transaction's inputs leave. */
export function freeFunds(data: TransactionDataV1, source: ObjectSource, owner: string): bigint {
  const taken = withdrawalsOf(data).filter((each) => each.owner === owner && each.coinType === SUI_TYPE)
  return taken.reduce((left, { amount }) => left - amount, fundsOf(source, owner, SUI_TYPE))
}

/** A transaction that funds pay for is good for this epoch and the next, unless it says otherwise. */
export function replayWindow(data: TransactionDataV1, chain: string, epoch: bigint): TransactionDataV1['expiration'] {
  if (!data.expiration.None) return data.expiration
  const window = { minEpoch: String(epoch), maxEpoch: String(epoch + 1n), minTimestamp: null, maxTimestamp: null }
  return { $kind: 'ValidDuring', ValidDuring: { ...window, chain, nonce: randomInt(2 ** 32) } }
}
