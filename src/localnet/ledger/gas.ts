/** What a transaction costs. Storage is exact; computation approximates the chain's meter by counting instructions, in the
 *  chain's buckets, so that typical transactions cost what they cost there: one bucket of 1,000 units. */

import { MAX_INSTRUCTIONS } from '../movevm/limits.ts'
import type { GasUsed } from './execution.ts'

/** MIST per byte of storage: 100 units of 76 MIST. */
const STORAGE_PRICE = 7600n
/** Part of a rebate that is paid out, in 1/10,000. */
const REBATE_RATE = 9900n
const RATE_BASE = 10_000n
/** Instructions per unit of computation. Natives are charged in instructions too; that of a signature check is chosen so
 *  that it costs about the 44 units it costs on chain. */
const INSTRUCTIONS_PER_UNIT = 100
/** Computation is rounded up to one of these, in units; as on Sui. */
const BUCKETS = [1_000, 5_000, 10_000, 20_000, 50_000, 200_000, 1_000_000, 5_000_000] as const

/** What storing an object of a size costs, and later gives back. */
export function storageCost(bytes: number): bigint {
  return BigInt(bytes) * STORAGE_PRICE
}

/** Units charged for some instructions. */
export function computationUnits(instructions: number): bigint {
  const units = Math.ceil(instructions / INSTRUCTIONS_PER_UNIT)
  return BigInt(BUCKETS.find((bucket) => units <= bucket) ?? BUCKETS.at(-1)!)
}

/** Instructions that a budget pays for. */
export function affordableInstructions(budget: bigint, price: bigint): number {
  if (price <= 0n) return MAX_INSTRUCTIONS
  const units = budget / price
  const most = BigInt(MAX_INSTRUCTIONS / INSTRUCTIONS_PER_UNIT)
  return Number(units < most ? units : most) * INSTRUCTIONS_PER_UNIT
}

/** The summary of a transaction.
 *  @param storage - sum of the costs of all objects written
 *  @param rebates - sum of the rebates of all objects consumed or rewritten */
export function gasSummary(computation: bigint, storage: bigint, rebates: bigint): GasUsed {
  const storageRebate = (rebates * REBATE_RATE + RATE_BASE / 2n) / RATE_BASE
  return {
    computationCost: computation,
    storageCost: storage,
    storageRebate,
    nonRefundableStorageFee: rebates - storageRebate,
  }
}

/** What the gas coin loses; negative if it gains. */
export function netGas(gas: GasUsed): bigint {
  return gas.computationCost + gas.storageCost - gas.storageRebate
}

export const NO_GAS: GasUsed = { computationCost: 0n, storageCost: 0n, storageRebate: 0n, nonRefundableStorageFee: 0n }
