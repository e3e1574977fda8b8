import { bcs } from '@mysten/sui/bcs'
import { Ed25519Keypair } from '@mysten/sui/keypairs/ed25519'
import { coinWithBalance, SerialTransactionExecutor, Transaction } from '@mysten/sui/transactions'
import { deriveDynamicFieldID, normalizeSuiAddress, toBase58 } from '@mysten/sui/utils'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { reservationId } from '../../../src/localnet/ledger/coin-reservation.ts'
import { startTestLedger, type TestLedger } from '../ledger/test-ledger.ts'

const SUI = `${normalizeSuiAddress('0x2')}::sui::SUI`
const WAL = `0xf10e${'1'.padStart(60, '0')}::wal::WAL`
/** Ends the digest of a coin reservation. */
const MARK = new Uint8Array(20).fill(0xac)
const SINK = normalizeSuiAddress('0x51')

let test: TestLedger
beforeAll(async () => {
  test = await startTestLedger()
})
afterAll(async () => {
  expect(test.warnings).toEqual([])
  await test[Symbol.asyncDispose]()
})

interface User {
  keypair: Ed25519Keypair
  address: string
}

async function run(transaction: Transaction, user: User) {
  const result = await test.client.signAndExecuteTransaction({
    transaction,
    signer: user.keypair,
    include: { effects: true, balanceChanges: true, transaction: true },
  })
  return result.$kind === 'Transaction'
    ? result.Transaction
    : Promise.reject(new Error(JSON.stringify(result.FailedTransaction.status)))
}

/** A new user without any coin, but with funds. */
async function userWithFunds({ sui = 0n, wal = 0n }: { sui?: bigint; wal?: bigint }): Promise<User> {
  const giver = await test.createUser(50_000_000_000n)
  if (wal > 0n) await test.ledger.fund(giver.address, wal, WAL)
  const keypair = new Ed25519Keypair()
  const address = keypair.toSuiAddress()
  const tx = new Transaction()
  tx.setSender(giver.address)
  const send = (coin: Parameters<Transaction['moveCall']>[0]['arguments'], type: string) =>
    tx.moveCall({ target: '0x2::coin::send_funds', typeArguments: [type], arguments: coin as never })
  if (sui > 0n) send([tx.splitCoins(tx.gas, [sui]), tx.pure.address(address)], SUI)
  if (wal > 0n) send([coinWithBalance({ type: WAL, balance: wal })(tx), tx.pure.address(address)], WAL)
  await run(tx, giver)
  return { keypair, address }
}

async function balance(owner: string, coinType = SUI) {
  const { balance } = await test.client.getBalance({ owner, coinType })
  return [BigInt(balance.coinBalance), BigInt(balance.addressBalance)] as const
}

const gasOf = (effects: { gasUsed: { computationCost: string; storageCost: string; storageRebate: string } }) =>
  BigInt(effects.gasUsed.computationCost) + BigInt(effects.gasUsed.storageCost) - BigInt(effects.gasUsed.storageRebate)

describe('funds of an address', () => {
  it('are what was sent to it, beside its coins', async () => {
    const user = await userWithFunds({ sui: 5_000n, wal: 7_000n })
    await test.ledger.fund(user.address, 100n)
    expect(await balance(user.address)).toEqual([100n, 5_000n])
    expect(await balance(user.address, WAL)).toEqual([0n, 7_000n])
    const { balances } = await test.client.listBalances({ owner: user.address })
    expect(balances.map((each) => [each.coinType, each.balance]).sort()).toEqual([
      [SUI, '5100'],
      [WAL, '7000'],
    ])
    const key = bcs.Address.serialize(user.address).toBytes()
    const field = deriveDynamicFieldID('0xacc', `0x2::accumulator::Key<0x2::balance::Balance<${WAL}>>`, key)
    const { object } = await test.client.getObject({ objectId: field, include: { content: true } })
    expect(bcs.u128().parse(object.content!.subarray(64))).toBe('7000')
  })

  it('pay for coins and balances that the official client asks for, what is left going back', async () => {
    const user = await userWithFunds({ sui: 2_000_000_000n, wal: 10_000n })
    const tx = new Transaction()
    tx.setSender(user.address)
    tx.transferObjects([coinWithBalance({ type: WAL, balance: 4_000n })(tx)], SINK)
    const balanceOfTen = tx.balance({ type: WAL, balance: 10n })
    tx.moveCall({
      target: '0x2::balance::send_funds',
      typeArguments: [WAL],
      arguments: [balanceOfTen, tx.pure.address(SINK)],
    })
    const before = await balance(SINK, WAL)
    const result = await run(tx, user)
    expect(await balance(user.address, WAL)).toEqual([0n, 5_990n])
    expect(await balance(SINK, WAL)).toEqual([before[0] + 4_000n, before[1] + 10n])
    const changes = new Map(
      result.balanceChanges!.map((each) => [`${each.address} ${each.coinType}`, BigInt(each.amount)]),
    )
    expect(changes.get(`${user.address} ${WAL}`)).toBe(-4_010n)
    expect(changes.get(`${SINK} ${WAL}`)).toBe(4_010n)
    // No coin of SUI: the funds paid for gas too, within a window of epochs.
    const gas = gasOf(result.effects!)
    expect(changes.get(`${user.address} ${SUI}`)).toBe(-gas)
    expect(await balance(user.address)).toEqual([0n, 2_000_000_000n - gas])
    expect(tx.getData()).toMatchObject({
      gasData: { payment: [] },
      expiration: { ValidDuring: { minEpoch: '0', maxEpoch: '1' } },
    })
    expect(result.effects!.gasObject).toBeNull()
    const writes = bcs.TransactionEffects.parse(result.effects!.bcs!).V2!.changedObjects.flatMap(
      ([, change]) => change.outputState.AccumulatorWriteV1 ?? [],
    )
    expect(writes).toHaveLength(3)
    const taken = writes.find((write) => write.address.address === user.address && write.address.ty.includes('WAL'))
    expect(taken).toMatchObject({ operation: { Split: true }, value: { Integer: '4010' } })
    expect(result.effects!.changedObjects.filter((each) => each.outputState === 'AccumulatorWriteV1')).toHaveLength(3)
  })

  it('are added to coins where those do not suffice', async () => {
    const user = await userWithFunds({ sui: 1_000_000_000n, wal: 600n })
    await test.ledger.fund(user.address, 500n, WAL)
    const tx = new Transaction()
    tx.setSender(user.address)
    tx.transferObjects([coinWithBalance({ type: WAL, balance: 1_000n })(tx)], SINK)
    await run(tx, user)
    expect(await balance(user.address, WAL)).toEqual([0n, 100n])
    const all = new Transaction()
    all.setSender(user.address)
    all.transferObjects([coinWithBalance({ type: WAL, balance: 100n })(all)], SINK)
    await run(all, user)
    // Nothing left: the field is gone.
    expect((await test.client.listBalances({ owner: user.address })).balances.map((each) => each.coinType)).toEqual([
      SUI,
    ])
  })

  it('pay for gas where an executor of the official client is told so', async () => {
    const user = await userWithFunds({ sui: 3_000_000_000n, wal: 5n })
    const executor = new SerialTransactionExecutor({
      client: test.client,
      signer: user.keypair,
      gasMode: 'addressBalance',
    })
    const { Transaction: done } = await executor.executeTransaction(split(user, 5n), { effects: true })
    expect(await balance(user.address)).toEqual([0n, 3_000_000_000n - gasOf(done!.effects!)])
  })

  it('are a coin for one transaction where a reservation stands among the payment', async () => {
    const user = await userWithFunds({ sui: 3_000_000_000n })
    await test.ledger.fund(user.address, 1_000_000_000n)
    const [coin] = (await test.client.listCoins({ owner: user.address })).objects
    const { chainIdentifier } = await test.client.getChainIdentifier()
    const reservation = (amount: bigint, owner = user.address) => ({
      objectId: reservationId(owner, chainIdentifier),
      version: '0',
      digest: toBase58(Uint8Array.from([...bcs.u64().serialize(amount).toBytes(), 0, 0, 0, 0, ...MARK])),
    })
    const pay = (payment: { objectId: string; version: string; digest: string }[], give: (tx: Transaction) => void) => {
      const tx = new Transaction()
      tx.setGasPayment(payment)
      tx.setGasBudget(100_000_000)
      give(tx)
      return run(tx, user)
    }
    const giveAll = (tx: Transaction) => tx.transferObjects([tx.gas], SINK)
    await expect(pay([reservation(3_000_000_001n)], giveAll)).rejects.toThrow(/3000000000 < 3000000001/)
    await expect(pay([reservation(5n, SINK)], giveAll)).rejects.toThrow(/not one of the gas owner/)
    await expect(pay([reservation(300_000_000n)], giveAll)).rejects.toThrow(/CommandArgumentError/)
    const split = (tx: Transaction) => tx.transferObjects([tx.splitCoins(tx.gas, [3_500_000_000n])], SINK)
    const { effects } = await pay([reservation(2_900_000_000n), coin!], split)
    expect(effects!.changedObjects.find((each) => each.objectId === coin!.objectId)?.idOperation).toBe('Deleted')
    expect(await balance(user.address)).toEqual([0n, 500_000_000n - gasOf(effects!)])
  })

  it('are refused to those who ask for more than there is, twice or for later', async () => {
    const user = await userWithFunds({ sui: 1_000_000_000n, wal: 100n })
    const take = (...amounts: bigint[]) => {
      const tx = new Transaction()
      tx.setSender(user.address)
      for (const amount of amounts) {
        const coin = tx.moveCall({
          target: '0x2::coin::redeem_funds',
          typeArguments: [WAL],
          arguments: [tx.withdrawal({ amount, type: WAL })],
        })
        tx.transferObjects([coin], SINK)
      }
      return tx
    }
    await expect(run(take(101n), user)).rejects.toThrow(/is less than requested: 100 < 101/)
    await expect(run(take(60n, 60n), user)).rejects.toThrow(/100 < 120/)
    const late = take(10n)
    late.setGasPayment([])
    late.setGasBudget(10_000_000)
    const { chainIdentifier: chain } = await test.client.getChainIdentifier()
    const window = { minTimestamp: null, maxTimestamp: null, chain, nonce: 1 }
    late.setExpiration({ ValidDuring: { ...window, minEpoch: '0', maxEpoch: '2' } })
    await expect(run(late, user)).rejects.toThrow(/one or two epochs/)
    late.setExpiration({ ValidDuring: { ...window, minEpoch: '0', maxEpoch: '1' } })
    await run(late, user)
    const dear = take(10n)
    dear.setGasPayment([])
    dear.setGasBudget(2_000_000_000)
    dear.setExpiration({ ValidDuring: { ...window, minEpoch: '0', maxEpoch: '1' } })
    await expect(run(dear, user)).rejects.toThrow(/< 2000000000/)
    expect(await balance(user.address, WAL)).toEqual([0n, 90n])
  })

  it('stay where they are when the transaction fails, but for gas, and through a restart', async () => {
    const user = await userWithFunds({ sui: 1_000_000_000n, wal: 50n })
    const tx = new Transaction()
    tx.setSender(user.address)
    const coin = tx.moveCall({
      target: '0x2::coin::redeem_funds',
      typeArguments: [WAL],
      arguments: [tx.withdrawal({ amount: 50, type: WAL })],
    })
    tx.moveCall({ target: '0x2::coin::destroy_zero', typeArguments: [WAL], arguments: [coin] })
    await pinGas(tx)
    const result = await test.client.signAndExecuteTransaction({
      transaction: tx,
      signer: user.keypair,
      include: { effects: true },
    })
    expect(result.$kind).toBe('FailedTransaction')
    const left = 1_000_000_000n - gasOf(result.FailedTransaction!.effects!)
    expect(await balance(user.address, WAL)).toEqual([0n, 50n])
    expect(await balance(user.address)).toEqual([0n, left])
    await test.restart()
    expect(await balance(user.address)).toEqual([0n, left])
    const [first, second] = await Promise.all([run(split(user, 20n), user), run(split(user, 20n), user)])
    expect(first.digest).not.toBe(second.digest)
    expect(await balance(user.address, WAL)).toEqual([0n, 10n])
  })

  it('are split and joined as withdrawals, within their limits and owner', async () => {
    const user = await userWithFunds({ sui: 1_000_000_000n, wal: 30n })
    const whole = new Transaction()
    whole.setSender(user.address)
    const kind = [`0x2::balance::Balance<${WAL}>`]
    const [a, b] = [10, 11].map((amount) => whole.object(whole.withdrawal({ amount, type: WAL }) as never))
    const part = whole.moveCall({
      target: '0x2::funds_accumulator::withdrawal_split',
      typeArguments: kind,
      arguments: [a!, whole.pure.u256(4)],
    })
    whole.moveCall({ target: '0x2::funds_accumulator::withdrawal_join', typeArguments: kind, arguments: [b!, part] })
    const coin = whole.moveCall({ target: '0x2::coin::redeem_funds', typeArguments: [WAL], arguments: [b!] })
    whole.transferObjects([coin], SINK)
    await run(whole, user)
    expect(await balance(user.address, WAL)).toEqual([0n, 15n])
  })
})

/** Completes gas by hand: nothing is simulated, so the transaction may fail. */
async function pinGas(tx: Transaction): Promise<void> {
  const { chainIdentifier: chain } = await test.client.getChainIdentifier()
  tx.setGasPayment([])
  tx.setGasBudget(10_000_000)
  tx.setGasPrice(1000)
  const window = { minEpoch: '0', maxEpoch: '1', minTimestamp: null, maxTimestamp: null, nonce: 7 }
  tx.setExpiration({ ValidDuring: { ...window, chain } })
}

function split(user: User, amount: bigint): Transaction {
  const tx = new Transaction()
  tx.setSender(user.address)
  tx.transferObjects([coinWithBalance({ type: WAL, balance: amount })(tx)], SINK)
  return tx
}
