import { bcs } from '@mysten/sui/bcs'
import { Ed25519Keypair } from '@mysten/sui/keypairs/ed25519'
import { Transaction } from '@mysten/sui/transactions'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createRng } from '../../../src/base/rng.ts'
import { startTestLedger, type TestLedger } from './test-ledger.ts'

let test: TestLedger
let keypair: Ed25519Keypair
let address: string
beforeAll(async () => {
  test = await startTestLedger()
  ;({ keypair, address } = await test.createUser(10_000_000_000n, 2))
})
afterAll(async () => {
  expect(test.warnings).toEqual([])
  await test[Symbol.asyncDispose]()
})

interface Coin {
  objectId: string
  version: string
  digest: string
}

/** Richest first. */
async function coins(owner = address): Promise<Coin[]> {
  const { objects } = await test.client.listCoins({ owner })
  return objects
    .sort((a, b) => Number(BigInt(b.balance) - BigInt(a.balance)))
    .map(({ objectId, version, digest }) => ({ objectId, version, digest }))
}

/** A transfer to oneself that is complete without the ledger. */
async function complete(change: (tx: Transaction) => void = () => {}): Promise<Uint8Array> {
  const tx = new Transaction()
  tx.transferObjects([tx.splitCoins(tx.gas, [1000])], address)
  tx.setSender(address)
  tx.setGasPrice(1000)
  tx.setGasBudget(20_000_000)
  tx.setGasPayment([(await coins())[0]!])
  tx.setExpiration({ None: true })
  change(tx)
  return tx.build()
}

async function execute(bytes: Uint8Array, signers: Ed25519Keypair[] = [keypair]) {
  const signatures = await Promise.all(signers.map(async (signer) => (await signer.signTransaction(bytes)).signature))
  return test.client.executeTransaction({ transaction: bytes, signatures, include: { effects: true } })
}

const refused = (code: string, message: RegExp) => ({ code, message: expect.stringMatching(message) })

describe('transactions that the ledger refuses', () => {
  it('changes nothing when it refuses', async () => {
    const { checkpoint } = test.ledger
    const bytes = await complete()
    await expect(execute(bytes, [new Ed25519Keypair()])).rejects.toMatchObject(
      refused('INVALID_ARGUMENT', /neither the sender nor the gas owner/),
    )
    expect(test.ledger.checkpoint).toBe(checkpoint)
    expect((await execute(bytes)).$kind).toBe('Transaction')
    expect(test.ledger.checkpoint).toBe(checkpoint + 1n)
  })

  it('refuses a signature over other bytes, a missing one, and one too many', async () => {
    const bytes = await complete()
    const { signature } = await keypair.signTransaction(await complete((tx) => tx.setGasBudget(19_000_000)))
    await expect(test.client.executeTransaction({ transaction: bytes, signatures: [signature] })).rejects.toMatchObject(
      refused('INVALID_ARGUMENT', /invalid user signature/),
    )
    await expect(test.client.executeTransaction({ transaction: bytes, signatures: [] })).rejects.toMatchObject(
      refused('INVALID_ARGUMENT', /expected 1 signature/),
    )
    await expect(execute(bytes, [keypair, keypair])).rejects.toMatchObject(
      refused('INVALID_ARGUMENT', /expected 1 signature\(s\), got 2/),
    )
  })

  it('refuses the second of two transactions that spend the same coin version', async () => {
    const first = await complete((tx) => tx.setGasBudget(18_000_000))
    const second = await complete((tx) => tx.setGasBudget(17_000_000))
    const results = await Promise.allSettled([execute(first), execute(second)])
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    const { reason } = results.find((result) => result.status === 'rejected') as PromiseRejectedResult
    expect(reason).toMatchObject(refused('FAILED_PRECONDITION', /unavailable for consumption, current version/))
  })

  it('executes the same bytes once, however often and at once they come', async () => {
    const { checkpoint } = test.ledger
    const bytes = await complete()
    const results = await Promise.all([execute(bytes), execute(bytes), execute(bytes)])
    expect(new Set(results.map((result) => result.Transaction!.digest)).size).toBe(1)
    await execute(bytes)
    expect(test.ledger.checkpoint).toBe(checkpoint + 1n)
  })

  it('never commits tampered bytes under the old signature', async () => {
    const bytes = await complete()
    const { signature } = await keypair.signTransaction(bytes)
    const rng = createRng(17)
    const { checkpoint } = test.ledger
    for (let round = 0; round < 60; round++) {
      const tampered = bytes.slice()
      tampered[rng.below(tampered.length)]! ^= 1 << rng.below(8)
      await expect(
        test.client.executeTransaction({ transaction: tampered, signatures: [signature] }),
      ).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    }
    expect(test.ledger.checkpoint).toBe(checkpoint)
  })

  it('refuses bytes after the end, and bytes that are no transaction', async () => {
    const bytes = await complete()
    const longer = new Uint8Array([...bytes, 0])
    await expect(execute(longer)).rejects.toMatchObject(refused('INVALID_ARGUMENT', /canonical|parse/))
    await expect(execute(new Uint8Array(0))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(execute(new Uint8Array(200_000))).rejects.toMatchObject(
      refused('INVALID_ARGUMENT', /exceeds the limit/),
    )
    await expect(execute(new Uint8Array(1000).fill(0xff))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  it.each<[string, (tx: Transaction) => void, RegExp]>([
    ['a price below the reference', (tx) => tx.setGasPrice(999), /below the reference price/],
    ['a budget that buys nothing', (tx) => tx.setGasBudget(999), /below the minimum/],
    ['a budget above the maximum', (tx) => tx.setGasBudget(50_000_000_001n), /above the maximum/],
    ['a budget above the payment', (tx) => tx.setGasBudget(40_000_000_000n), /is lower than the needed amount/],
    ['no payment', (tx) => tx.setGasPayment([]), /without gas payment/],
    [
      'a window of another chain',
      (tx) =>
        tx.setExpiration({
          ValidDuring: {
            minEpoch: '0',
            maxEpoch: '1',
            minTimestamp: null,
            maxTimestamp: null,
            chain: '4vJ9JU1bJJE96FWSJKvHsmmFADCg4gpZQff4P3bkLKi',
            nonce: 1,
          },
        }),
      /for chain/,
    ],
  ])('refuses %s', async (_name, change, message) => {
    await expect(execute(await complete(change))).rejects.toMatchObject(refused('INVALID_ARGUMENT', message))
  })

  it('refuses a transaction that expired with its epoch', async () => {
    const bytes = await complete((tx) => tx.setExpiration({ Epoch: Number(test.ledger.epoch) }))
    await test.ledger.advanceEpoch()
    await expect(execute(bytes)).rejects.toMatchObject(refused('INVALID_ARGUMENT', /expired/))
    const { systemState } = await test.client.getCurrentSystemState()
    expect(BigInt(systemState.epoch!)).toBe(test.ledger.epoch)
  })

  it('refuses inputs and gas of others, and one object twice', async () => {
    const other = await test.createUser()
    const [theirs] = await coins(other.address)
    const [mine] = await coins()
    await expect(execute(await complete((tx) => tx.setGasPayment([theirs!])))).rejects.toMatchObject(
      refused('INVALID_ARGUMENT', /not owned by the gas owner/),
    )
    const taking = await complete((tx) => void tx.transferObjects([tx.objectRef(theirs!)], address))
    await expect(execute(taking)).rejects.toMatchObject(refused('INVALID_ARGUMENT', /not signed by the correct sender/))
    const twice = await complete((tx) => void tx.transferObjects([tx.objectRef(mine!)], address))
    await expect(execute(twice)).rejects.toMatchObject(refused('INVALID_ARGUMENT', /more than once/))
  })

  it('refuses objects that do not exist, and shared objects as of a wrong version', async () => {
    const missing = { objectId: `0x${'77'.repeat(32)}`, version: '1', digest: (await coins())[0]!.digest }
    const bytes = await complete((tx) => void tx.transferObjects([tx.objectRef(missing)], address))
    await expect(execute(bytes)).rejects.toMatchObject(refused('NOT_FOUND', /not found/))
    const shared = await complete((tx) =>
      tx.moveCall({
        target: `${test.counterPackageId}::counter::value`,
        arguments: [tx.sharedObjectRef({ objectId: test.counterId, initialSharedVersion: 999, mutable: false })],
      }),
    )
    await expect(execute(shared)).rejects.toMatchObject(refused('INVALID_ARGUMENT', /not shared since version 999/))
  })

  it('says on building which function or object is missing and whose gas does not suffice', async () => {
    const call = (target: string) => {
      const tx = new Transaction()
      tx.moveCall({ target, arguments: [tx.object(test.counterId)] })
      tx.setSender(address)
      return tx.build({ client: test.client })
    }
    await expect(call(`${test.counterPackageId}::counter::nothing`)).rejects.toThrow(
      /unable to find function .*nothing/,
    )
    const lost = new Transaction()
    lost.transferObjects([lost.object(`0x${'78'.repeat(32)}`)], address)
    lost.setSender(address)
    await expect(lost.build({ client: test.client })).rejects.toThrow(/not found/)
    const poor = new Ed25519Keypair().toSuiAddress()
    const broke = new Transaction()
    broke.moveCall({ target: `${test.counterPackageId}::counter::create` })
    broke.setSender(poor)
    await expect(broke.build({ client: test.client })).rejects.toThrow(new RegExp(`insufficient SUI balance.*${poor}`))
    const child = new Transaction()
    const [field] = test.ledger.dynamicFields(test.counterId)
    expect(field).toBeUndefined()
    child.moveCall({
      target: `${test.counterPackageId}::counter::bump`,
      arguments: [child.object(test.counterId), child.pure.u64(1)],
    })
    await test.client.signAndExecuteTransaction({ transaction: child, signer: keypair })
    const owned = new Transaction()
    owned.transferObjects([owned.object(test.ledger.dynamicFields(test.counterId)[0]!.id)], address)
    owned.setSender(address)
    await expect(owned.build({ client: test.client })).rejects.toThrow(/object owned and cannot be used as an input/)
  })

  it('keeps transactions with absurd names and types, and opens again with them', async () => {
    const deep = `${test.counterPackageId}::${'m'.repeat(128)}::${'T'.repeat(128)}`
    const wide = `${deep}<${Array(200).fill(deep).join(',')}>`
    const hostile: ((tx: Transaction) => void)[] = [
      (tx) => void tx.moveCall({ target: `${test.counterPackageId}::counter::${'f'.repeat(100_000)}` }),
      (tx) => void tx.moveCall({ target: `${test.counterPackageId}::${'m'.repeat(100_000)}::f` }),
      (tx) => void tx.moveCall({ target: `${test.counterPackageId}::counter::create`, typeArguments: [wide] }),
      (tx) => void tx.makeMoveVec({ type: wide, elements: [] }),
    ]
    let kept = 0
    for (const change of hostile) {
      const bytes = await complete(change)
      const outcome = await execute(bytes).catch((error: { code: string }) => error)
      if ('code' in outcome) expect(outcome.code).toBe('INVALID_ARGUMENT')
      else {
        expect(outcome.FailedTransaction?.status.success).toBe(false)
        kept++
      }
    }
    expect(kept).toBeGreaterThan(1)
    const { checkpoint } = test.ledger
    await test.restart()
    expect(test.ledger.checkpoint).toBe(checkpoint)
  })

  it('refuses a transaction of the system', async () => {
    const bytes = await complete()
    // Variant 0 of the kind is programmable; 1 to 3 are the system's.
    expect(bytes[1]).toBe(0)
    for (const kind of [1, 2, 3, 9]) {
      const system = bytes.slice()
      system[1] = kind
      await expect(execute(system)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    }
    expect(bcs.TransactionData.parse(bytes).V1.kind.$kind).toBe('ProgrammableTransaction')
  })
})
