import { Transaction } from '@mysten/sui/transactions'
import { describe, expect, it } from 'vitest'
import type { WalrusState } from '../../src/ledger/system-state.ts'
import { addRegistration, blobCost, paymentLimit } from '../../src/ledger/transactions/register.ts'
import { addRenewal } from '../../src/ledger/transactions/renew.ts'
import type { WalFunds } from '../../src/ledger/transactions/wal-payment.ts'
import { storageCost } from '../../src/protocol/cost.ts'

const ID = `0x${'1'.repeat(64)}`
const DIGEST = '11111111111111111111111111111111'
const network = { name: 'testnet', faucet: false }
const state = {
  systemObjectId: ID,
  packageId: ID,
  shardCount: 13,
  prices: { storagePerUnit: 100_000n, writePerUnit: 20_000n },
} as unknown as WalrusState
const PACK = { blobId: new Uint8Array(32).fill(1), rootHash: new Uint8Array(32).fill(2), blobBytes: 2_000_000 }
const EPOCHS = 4

/** Half of it in coins, the rest in the address balance. */
function fundsOf(total: bigint): WalFunds {
  const balance = total / 2n
  const coins = [{ id: ID, version: 1n, digest: DIGEST, balance }]
  return { coinType: `${ID}::wal::WAL`, owner: ID, coins, addressFrost: total - balance, total }
}

/** What is split off to pay from. */
function splitOff(transaction: Transaction): bigint[] {
  const { commands, inputs } = transaction.getData()
  return commands.flatMap((command) =>
    (command.$kind === 'SplitCoins' ? command.SplitCoins.amounts : []).map((amount) => {
      const input = amount.$kind === 'Input' ? inputs[amount.Input] : undefined
      return Buffer.from(input!.Pure!.bytes, 'base64').readBigUInt64LE()
    }),
  )
}

function register(total: bigint): Transaction {
  const transaction = new Transaction()
  const limitFrost = paymentLimit(PRICE, undefined)
  const funds = fundsOf(total)
  addRegistration(transaction, { state, packs: [PACK], epochs: EPOCHS, funds, limitFrost, owner: ID, network })
  return transaction
}

const PRICE = blobCost(13, PACK.blobBytes, EPOCHS, state.prices)

describe('a payment', () => {
  it('sets slack aside where there is enough', () => {
    expect(splitOff(register(2n * PRICE))).toEqual([(PRICE * 11n) / 10n])
  })

  it('goes through with the exact price, setting all there is aside', () => {
    expect(splitOff(register(PRICE))).toEqual([PRICE])
    expect(splitOff(register(PRICE + 5n))).toEqual([PRICE + 5n])
    const price = storageCost(1_000_000n, 3, state.prices)
    const transaction = new Transaction()
    addRenewal(transaction, {
      state,
      floe: ID,
      repository: ID,
      packs: [{ number: 1, endEpoch: 9, extraEpochs: 3, storageBytes: 1_000_000n }],
      funds: fundsOf(price),
      limitFrost: paymentLimit(price, undefined),
      network,
    })
    expect(splitOff(transaction)).toEqual([price])
  })

  it('is refused with less, naming the price', () => {
    expect(() => register(PRICE - 1n)).toThrow(
      expect.objectContaining({
        code: 'FUNDS_WAL_SHORT',
        data: { neededFrost: String(PRICE), availableFrost: String(PRICE - 1n), network: 'testnet' },
      }),
    )
  })
})
