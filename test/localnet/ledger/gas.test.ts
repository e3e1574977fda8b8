import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  affordableInstructions,
  computationUnits,
  gasSummary,
  netGas,
  storageCost,
} from '../../../src/localnet/ledger/gas.ts'
import { MAX_INSTRUCTIONS } from '../../../src/localnet/movevm/limits.ts'

describe('gas', () => {
  it('rounds computation up to the buckets of the chain', () => {
    expect([0, 1, 100_000, 100_001, 500_001, 9_000_000].map(computationUnits)).toEqual([
      1000n,
      1000n,
      1000n,
      5000n,
      10_000n,
      200_000n,
    ])
  })

  it('lets a budget run no more instructions than it pays for, and never more than the limit', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 10n ** 12n), fc.bigInt(1n, 10n ** 6n), (budget, price) => {
        const instructions = affordableInstructions(budget, price)
        expect(instructions).toBeLessThanOrEqual(MAX_INSTRUCTIONS)
        expect(BigInt(instructions / 100) * price).toBeLessThanOrEqual(budget)
      }),
    )
  })

  it('gives back 99 % of a rebate, rounded to the nearest', () => {
    expect(gasSummary(0n, 0n, 988_000n)).toMatchObject({ storageRebate: 978_120n, nonRefundableStorageFee: 9_880n })
    expect(gasSummary(0n, 0n, 50n)).toMatchObject({ storageRebate: 50n, nonRefundableStorageFee: 0n })
    expect(gasSummary(0n, 0n, 51n)).toMatchObject({ storageRebate: 50n, nonRefundableStorageFee: 1n })
  })

  it('costs computation and storage less the rebate', () => {
    const gas = gasSummary(1_000_000n, storageCost(130), 988_000n)
    expect(storageCost(130)).toBe(988_000n)
    expect(netGas(gas)).toBe(1_000_000n + 988_000n - 978_120n)
  })
})
