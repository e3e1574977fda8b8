import { bcs } from '@mysten/sui/bcs'
import { Ed25519Keypair } from '@mysten/sui/keypairs/ed25519'
import { ParallelTransactionExecutor, SerialTransactionExecutor, Transaction } from '@mysten/sui/transactions'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestLedger, type TestLedger } from './test-ledger.ts'

let test: TestLedger
let keypair: Ed25519Keypair
let address: string
beforeAll(async () => {
  test = await startTestLedger()
  ;({ keypair, address } = await test.createUser(50_000_000_000n, 3))
})
afterAll(async () => {
  expect(test.warnings).toEqual([])
  await test[Symbol.asyncDispose]()
})

const target = (name: string) => `${test.counterPackageId}::counter::${name}`

function call(
  name: string,
  build: (tx: Transaction) => Parameters<Transaction['moveCall']>[0]['arguments'],
): Transaction {
  const tx = new Transaction()
  tx.moveCall({ target: target(name), arguments: build(tx) })
  return tx
}

const bump = (by: number) => call('bump', (tx) => [tx.object(test.counterId), tx.pure.u64(by)])
const reset = () => call('reset', (tx) => [tx.object(test.counterId)])

async function run(transaction: Transaction, signer = keypair) {
  const result = await test.client.signAndExecuteTransaction({
    transaction,
    signer,
    include: { effects: true, events: true, balanceChanges: true, objectTypes: true, transaction: true, bcs: true },
  })
  return result.$kind === 'Transaction' ? result.Transaction : Promise.reject(new Error(JSON.stringify(result)))
}

describe('transactions of the official client', () => {
  it('chooses gas for a transfer, whose balance changes add up', async () => {
    const recipient = new Ed25519Keypair().toSuiAddress()
    const before = BigInt((await test.client.getBalance({ owner: address })).balance.balance)
    const tx = new Transaction()
    tx.transferObjects([tx.splitCoins(tx.gas, [1_000_000n])], recipient)
    const result = await run(tx)
    expect(result.digest).toBe(await tx.getDigest())
    const after = BigInt((await test.client.getBalance({ owner: address })).balance.balance)
    expect(BigInt((await test.client.getBalance({ owner: recipient })).balance.balance)).toBe(1_000_000n)
    const gas = result.effects!.gasUsed
    const cost = BigInt(gas.computationCost) + BigInt(gas.storageCost) - BigInt(gas.storageRebate)
    expect(before - after).toBe(1_000_000n + cost)
    const changes = new Map(result.balanceChanges!.map((change) => [change.address, BigInt(change.amount)]))
    expect(changes.get(recipient)).toBe(1_000_000n)
    expect(changes.get(address)).toBe(after - before)
    // Three coins paid: two of them are folded into the first.
    expect(tx.getData().gasData.payment).toHaveLength(3)
    expect(result.effects!.changedObjects.filter((change) => change.idOperation === 'Deleted')).toHaveLength(2)
    const parsed = bcs.TransactionEffects.parse(result.effects!.bcs!)
    expect(parsed.V2!.changedObjects.map(([id]) => id)).toEqual(result.effects!.changedObjects.map((c) => c.objectId))
  })

  it('completes gas that is given in part', async () => {
    const user = await test.createUser(3_000_000_000n, 2)
    const budgetOnly = call('create', () => [])
    budgetOnly.setGasBudget(7_000_000)
    await run(budgetOnly, user.keypair)
    expect(budgetOnly.getData().gasData).toMatchObject({ budget: '7000000', payment: [{}, {}] })
    await test.ledger.fund(user.address, 5_000_000_000n)
    const [, second] = (await test.client.listCoins({ owner: user.address })).objects
    const paymentOnly = call('create', () => [])
    paymentOnly.setGasPayment([second!])
    const result = await run(paymentOnly, user.keypair)
    expect(paymentOnly.getData().gasData.payment).toMatchObject([{ objectId: second!.objectId }])
    const { computationCost, storageCost } = result.effects!.gasUsed
    const budget = Number(paymentOnly.getData().gasData.budget)
    expect(budget).toBeGreaterThanOrEqual(Number(computationCost) + Number(storageCost) - 1_000_000)
    expect(budget).toBeLessThan(2 * (Number(computationCost) + Number(storageCost)))
  })

  it('resolves a shared object given by its id alone, mutable only where the function needs it', async () => {
    const tx = bump(5)
    const result = await run(tx)
    expect(tx.getData().inputs[0]).toMatchObject({ Object: { SharedObject: { mutable: true } } })
    expect(result.events).toMatchObject([{ eventType: `${test.counterPackageId}::counter::Bumped`, sender: address }])

    const read = call('value', (tx) => [tx.object(test.counterId)])
    const readResult = await run(read)
    expect(read.getData().inputs[0]).toMatchObject({ Object: { SharedObject: { mutable: false } } })
    expect(readResult.effects!.unchangedConsensusObjects).toMatchObject([
      { objectId: test.counterId, kind: 'ReadOnlyRoot' },
    ])
    await run(reset())
  })

  it('returns values of a simulation without committing it', async () => {
    const { checkpoint } = test.ledger
    const tx = call('value', (tx) => [tx.object(test.counterId)])
    tx.setSender(address)
    const result = await test.client.simulateTransaction({
      transaction: tx,
      include: { commandResults: true, effects: true },
    })
    expect(result.$kind).toBe('Transaction')
    expect(bcs.u64().parse(result.commandResults![0]!.returnValues[0]!.bcs!)).toBe('0')
    expect(test.ledger.checkpoint).toBe(checkpoint)
  })

  it('tells a Move abort while building, with code and function', async () => {
    const error = await run(bump(1000)).catch((error: unknown) => error)
    expect(error).toMatchObject({
      executionError: {
        $kind: 'MoveAbort',
        command: 0,
        MoveAbort: {
          abortCode: '7',
          location: { package: test.counterPackageId, module: 'counter', functionName: 'bump' },
        },
      },
    })
  })

  it('commits a Move abort as a failed transaction that pays its gas', async () => {
    const { object: shared } = await test.client.getObject({ objectId: test.counterId })
    const { initialSharedVersion } = shared.owner.Shared!
    const [coin] = (await test.client.listCoins({ owner: address })).objects
    // Complete without the ledger's help: nothing tells of the abort before it is committed.
    const tx = call('bump', (tx) => [
      tx.sharedObjectRef({ objectId: test.counterId, initialSharedVersion, mutable: true }),
      tx.pure.u64(1000),
    ])
    tx.setGasBudget(50_000_000)
    tx.setGasPrice(1000)
    tx.setGasPayment([coin!])
    const result = await test.client.signAndExecuteTransaction({
      transaction: tx,
      signer: keypair,
      include: { effects: true, events: true },
    })
    expect(result.FailedTransaction).toMatchObject({
      status: { success: false, error: { $kind: 'MoveAbort', MoveAbort: { abortCode: '7' } } },
      events: [],
    })
    const { effects } = result.FailedTransaction!
    // The shared input and the gas coin get new versions, nothing else happens.
    expect(effects!.changedObjects).toHaveLength(2)
    const after = (await test.client.getObject({ objectId: coin!.objectId })).object
    expect(after.version).toBe(effects!.lamportVersion)
  })

  it('makes, keeps, takes, freezes and deletes objects', async () => {
    const made = new Transaction()
    const item = made.moveCall({ target: target('new_item'), arguments: [made.pure.string('first')] })
    made.moveCall({ target: target('keep'), arguments: [made.object(test.counterId), item] })
    await run(made)
    const { dynamicFields } = await test.client.listDynamicFields({ parentId: test.counterId })
    const child = dynamicFields.find((field) => field.$kind === 'DynamicObject')!
    expect(child.name.type).toMatch(/::string::String$/)
    expect(bcs.string().parse(child.name.bcs)).toBe('first')
    const found = await test.client.getDynamicObjectField({ parentId: test.counterId, name: child.name })
    expect(found.object.objectId).toBe(child.$kind === 'DynamicObject' ? child.childId : '')

    const taken = new Transaction()
    const back = taken.moveCall({
      target: target('take'),
      arguments: [taken.object(test.counterId), taken.pure.string('first')],
    })
    taken.moveCall({ target: target('freeze_item'), arguments: [back] })
    const result = await run(taken)
    const frozen = result.effects!.changedObjects.find((change) => change.outputOwner?.$kind === 'Immutable')!
    const label = call('label', (tx) => [tx.object(frozen.objectId)])
    await run(label)
    expect(label.getData().inputs[0]).toMatchObject({ Object: { ImmOrOwnedObject: { objectId: frozen.objectId } } })

    const gone = new Transaction()
    const shortLived = gone.moveCall({ target: target('new_item'), arguments: [gone.pure.string('x')] })
    gone.moveCall({ target: target('delete_item'), arguments: [shortLived] })
    await run(gone)
  })

  it('receives an object that was sent to an object', async () => {
    const send = new Transaction()
    const item = send.moveCall({ target: target('new_item'), arguments: [send.pure.string('post')] })
    send.transferObjects([item], test.counterId)
    const sent = await run(send)
    const id = Object.entries(sent.objectTypes!).find(([, type]) => type.endsWith('::counter::Item'))![0]
    const receive = call('receive', (tx) => [tx.object(test.counterId), tx.object(id)])
    await run(receive)
    expect(receive.getData().inputs[1]).toMatchObject({ Object: { Receiving: { objectId: id } } })
    expect(test.ledger.getObject(id)?.owner.kind).toBe('object')
  })

  it('shows ledger time to contracts, forward only', async () => {
    const readClock = () => {
      const tx = call('read_clock', (tx) => [tx.object.clock()])
      tx.setSender(address)
      return test.client
        .simulateTransaction({ transaction: tx, include: { commandResults: true } })
        .then((result) => Number(bcs.u64().parse(result.commandResults![0]!.returnValues[0]!.bcs!)))
    }
    const first = await readClock()
    expect(Math.abs(first - Date.now())).toBeLessThan(60_000)
    await test.client.forkingService.advanceClock({ durationMs: 86_400_000n })
    expect((await readClock()) - first).toBeGreaterThanOrEqual(86_400_000)
    await run(call('touch', (tx) => [tx.object(test.counterId), tx.object.clock()]))
    const clock = test.ledger.getObject('0x6')!
    expect(clock.version).toBeGreaterThan(1n)
    expect(clock.owner).toEqual({ kind: 'shared', initialVersion: 1n })
  })

  it('serves both transaction executors of the client', async () => {
    const serial = new SerialTransactionExecutor({ client: test.client, signer: keypair })
    for (let i = 0; i < 3; i++) {
      const result = await serial.executeTransaction(bump(1))
      expect(result.$kind).toBe('Transaction')
    }
    await serial.resetCache()
    const user = await test.createUser(20_000_000_000n)
    const parallel = new ParallelTransactionExecutor({
      client: test.client,
      signer: user.keypair,
      initialCoinBalance: 100_000_000n,
    })
    const results = await Promise.all(
      Array.from({ length: 8 }, () => {
        const tx = new Transaction()
        const item = tx.moveCall({ target: target('new_item'), arguments: [tx.pure.string('p')] })
        tx.moveCall({ target: target('delete_item'), arguments: [item] })
        return parallel.executeTransaction(tx)
      }),
    )
    expect(results.map((result) => result.$kind)).toEqual(Array(8).fill('Transaction'))
    await run(reset())
  })

  it('takes a sponsored transaction, built from its kind, with both signatures in any order', async () => {
    const sponsor = await test.createUser()
    const poor = new Ed25519Keypair()
    const kind = await bump(2).build({ client: test.client, onlyTransactionKind: true })
    const tx = Transaction.fromKind(kind)
    tx.setSender(poor.toSuiAddress())
    tx.setGasOwner(sponsor.address)
    const bytes = await tx.build({ client: test.client })
    const signatures = [
      (await sponsor.keypair.signTransaction(bytes)).signature,
      (await poor.signTransaction(bytes)).signature,
    ]
    const result = await test.client.executeTransaction({
      transaction: bytes,
      signatures,
      include: { balanceChanges: true, events: true },
    })
    expect(result.Transaction!.balanceChanges!.map((change) => change.address)).toEqual([sponsor.address])
    expect(result.Transaction!.events).toMatchObject([{ sender: poor.toSuiAddress() }])
    await run(reset())
  })

  it('builds a kind even if executing it would fail', async () => {
    const kind = await bump(1000).build({ client: test.client, onlyTransactionKind: true })
    expect(Transaction.fromKind(kind).getData().inputs[0]).toMatchObject({
      Object: { SharedObject: { mutable: true } },
    })
  })

  it('publishes a package, whose functions can be called at once', async () => {
    const { counterPackage } = await import('./test-ledger.ts')
    const tx = new Transaction()
    const cap = tx.publish({
      modules: counterPackage.modules.map((module) => [...module]),
      dependencies: [...counterPackage.dependencies],
    })
    tx.transferObjects([cap], address)
    const result = await run(tx)
    const packageId = result.effects!.changedObjects.find((change) => change.outputState === 'PackageWrite')!.objectId
    expect(packageId).not.toBe(test.counterPackageId)
    const { function: described } = await test.client.getMoveFunction({
      packageId,
      moduleName: 'counter',
      name: 'bump',
    })
    expect(described.parameters.map(({ reference }) => reference)).toEqual(['mutable', null, 'immutable'])
    const create = new Transaction()
    create.moveCall({ target: `${packageId}::counter::create` })
    const { objectTypes } = await run(create)
    expect(Object.values(objectTypes!)).toContain(`${packageId}::counter::Counter`)
  })
})
