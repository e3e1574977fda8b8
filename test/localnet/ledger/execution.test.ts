import { describe, expect, it } from 'vitest'
import { coinValue } from '../../../src/localnet/ledger/object.ts'
import { normalizeAddress } from '../../../src/localnet/movevm/types.ts'
import { ALICE, BOB, expectSuccess, TestLedger } from './execution-fixture.ts'

describe('executing built-in commands', () => {
  it('splits the gas coin and transfers the part', async () => {
    const ledger = new TestLedger()
    const gas = ledger.coin(ALICE, 10_000_000_000n)
    const result = await ledger.run(
      (tx) => {
        const [part] = tx.splitCoins(tx.gas, [123n])
        tx.transferObjects([part!], BOB)
      },
      { payment: [gas] },
    )
    expectSuccess(result)
    const sent = result.written.find((object) => object.id !== gas.id)!
    expect(sent.owner).toEqual({ kind: 'address', address: BOB })
    expect(coinValue(sent)).toBe(123n)
    // One coin more: its storage (988,000 MIST, as on chain) and one bucket of computation, less 1 % of the old rebate.
    expect(result.gasUsed).toEqual({
      computationCost: 1_000_000n,
      storageCost: 1_976_000n,
      storageRebate: 978_120n,
      nonRefundableStorageFee: 9_880n,
    })
    expect(coinValue(ledger.getObject(gas.id)!)).toBe(10_000_000_000n - 123n - 1_000_000n - 1_976_000n + 978_120n)
    expect(sent.storageRebate).toBe(988_000n)
  })

  it('installs all packages of the local network at their fixed addresses and runs their init', async () => {
    const ledger = new TestLedger()
    await ledger.install('wal')
    await ledger.install('walrus')
    await ledger.install('floe')
    const [coin] = ledger.ofType(`${normalizeAddress('0x2')}::coin::Coin<0xf10e`)
    expect(coinValue(coin!)).toBe(5_000_000_000_000_000_000n)
    expect(ledger.ofType(`${normalizeAddress('0x2')}::package::UpgradeCap`)).toHaveLength(3)
    expect(
      ledger.ofType('0xf10e000000000000000000000000000000000000000000000000000000000002::genesis::AdminCap'),
    ).toHaveLength(1)
  })
})
