import { describe, expect, it } from 'vitest'
import { ByteReader, ByteWriter } from '../../src/codec/cursor.ts'
import { fundAllowance, NO_LIMIT_FROST, readFundAccount } from '../../src/ledger/repository-fund.ts'
import { type FundPlanInput, planFundRenewal } from '../../src/repo/fund-plan.ts'

const MiB = 1_048_576n

function input(
  more: Partial<FundPlanInput> & { rule?: Partial<FundPlanInput['account']['rule']> } = {},
): FundPlanInput {
  const rule = {
    renewBelow: 4,
    renewTo: 10,
    maxPriceFrost: 20n,
    maxPerPackFrost: NO_LIMIT_FROST,
    maxPerEpochFrost: NO_LIMIT_FROST,
    ...more.rule,
  }
  return {
    fundFrost: 1_000_000n,
    knownEpoch: 20,
    walrus: { epoch: 20, maxEpochsAhead: 53, prices: { storagePerUnit: 10n, writePerUnit: 5n } },
    packs: [
      { number: 0, endEpoch: 22, storageBytes: 3n * MiB },
      { number: 1, endEpoch: 23, storageBytes: 3n * MiB + 1n },
      { number: 2, endEpoch: 24, storageBytes: MiB },
    ],
    ...more,
    account: { epoch: 20, spentFrost: 0n, ...more.account, rule },
  }
}
const extended = (plan: ReturnType<typeof planFundRenewal>) =>
  plan.extensions.map(({ number, extraEpochs, costFrost }) => [number, extraEpochs, costFrost])

describe('what a fund can renew', () => {
  it('is what ends soon, as far as the rule goes', () => {
    const plan = planFundRenewal(input())
    expect(extended(plan)).toEqual([
      [0, 8, 240n],
      [1, 7, 280n],
    ])
    expect(plan).toMatchObject({ unpaid: [], needsProof: false })
    expect(plan.extensions.map(({ limitFrost }) => limitFrost)).toEqual([264n, 308n])
  })

  it('goes no further than asked, nor than the network sells', () => {
    expect(extended(planFundRenewal(input({ targetEpoch: 23 })))).toEqual([[0, 1, 30n]])
    const short = { epoch: 20, maxEpochsAhead: 4, prices: { storagePerUnit: 10n, writePerUnit: 5n } }
    expect(extended(planFundRenewal(input({ walrus: short })))).toEqual([
      [0, 2, 60n],
      [1, 1, 40n],
    ])
  })

  it('ends with the money: fewer epochs first, then none', () => {
    expect(planFundRenewal(input({ fundFrost: 275n }))).toMatchObject({
      extensions: [{ number: 0, extraEpochs: 8 }],
      unpaid: [1],
    })
    expect(extended(planFundRenewal(input({ fundFrost: 100n })))).toEqual([[0, 3, 90n]])
    expect(planFundRenewal(input({ fundFrost: 0n }))).toMatchObject({ extensions: [], unpaid: [0, 1] })
    expect(extended(planFundRenewal(input({ rule: { maxPerPackFrost: 100n } })))).toEqual([
      [0, 3, 90n],
      [1, 2, 80n],
    ])
    expect(extended(planFundRenewal(input({ rule: { maxPerEpochFrost: 250n } })))).toEqual([[0, 8, 240n]])
    const spent = { epoch: 20, spentFrost: 200n } as FundPlanInput['account']
    expect(extended(planFundRenewal(input({ account: spent, rule: { maxPerEpochFrost: 250n } })))).toEqual([
      [0, 1, 30n],
      // What pack 0 left over does not buy an epoch of this one.
    ])
  })

  it('is nothing while storage costs more than the rule allows', () => {
    const dear = { epoch: 20, maxEpochsAhead: 53, prices: { storagePerUnit: 21n, writePerUnit: 5n } }
    expect(planFundRenewal(input({ walrus: dear }))).toMatchObject({ extensions: [], unpaid: [0, 1] })
  })

  it('leaves alone what has expired and what ends late enough', () => {
    const packs = [
      { number: 7, endEpoch: 20, storageBytes: MiB },
      { number: 8, endEpoch: 40, storageBytes: MiB },
    ]
    expect(planFundRenewal(input({ packs }))).toEqual({ extensions: [], unpaid: [], needsProof: false })
  })

  it('needs a proof of the epoch exactly where the repository lags behind and that matters', () => {
    // The contract believes it is 15: nothing is due, and it would lend up to 25 only.
    expect(planFundRenewal(input({ knownEpoch: 15 }))).toMatchObject({ needsProof: true })
    expect(extended(planFundRenewal(input({ knownEpoch: 15 })))).toEqual(extended(planFundRenewal(input())))
    // One epoch behind, but asked for so little that it is the same.
    expect(planFundRenewal(input({ knownEpoch: 19, targetEpoch: 23 }))).toMatchObject({ needsProof: false })
    const nothing = planFundRenewal(input({ knownEpoch: 15, packs: [] }))
    expect(nothing).toEqual({ extensions: [], unpaid: [], needsProof: false })
  })
})

it('computes allowances as the contract does, without overflow', () => {
  const rule = input().account.rule
  expect(fundAllowance(rule, 0n, 5, 1_000n)).toBe(0n)
  expect(fundAllowance(rule, 1n, 5, 1_000n)).toBe(100n)
  expect(fundAllowance(rule, MiB + 1n, 5, 1_000n)).toBe(200n)
  expect(fundAllowance({ ...rule, maxPriceFrost: NO_LIMIT_FROST }, 2n ** 63n, 53, NO_LIMIT_FROST)).toBe(NO_LIMIT_FROST)
})

it('reads the account of a fund exactly, and nothing longer or shorter', () => {
  const bytes = new ByteWriter().u32(3).u32(9).u64(20n).u64(30n).u64(40n).u32(7).u64(5n).finish()
  expect(readFundAccount(new ByteReader(bytes))).toEqual({
    rule: { renewBelow: 3, renewTo: 9, maxPriceFrost: 20n, maxPerPackFrost: 30n, maxPerEpochFrost: 40n },
    epoch: 7,
    spentFrost: 5n,
  })
  expect(() => readFundAccount(new ByteReader(bytes.subarray(1)))).toThrow()
  expect(() => readFundAccount(new ByteReader(Uint8Array.of(...bytes, 0)))).toThrow()
})
