/** Audits a ledger from outside: everything here is recomputed from what the API serves, by the formulas of the real
 *  chain, with the BCS definitions of the official package. */

import { bcs } from '@mysten/sui/bcs'
import type { GrpcTypes } from '@mysten/sui/grpc'
import { coinWithBalance, Transaction } from '@mysten/sui/transactions'
import { fromBase58, normalizeSuiAddress, toBase58, toHex } from '@mysten/sui/utils'
import { blake2b } from '@noble/hashes/blake2.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestLedger, type TestLedger } from '../ledger/test-ledger.ts'

let test: TestLedger
let transactions: GrpcTypes.ExecutedTransaction[]

const SUPPLY = 10_000_000_000_000_000_000n
const COIN = `${normalizeSuiAddress('0x2')}::coin::Coin<${normalizeSuiAddress('0x2')}::sui::SUI>`

/** `TransactionEvents` is not exported by the client. */
const TransactionEvents = bcs.vector(
  bcs.struct('Event', {
    packageId: bcs.Address,
    module: bcs.string(),
    sender: bcs.Address,
    type: bcs.StructTag,
    contents: bcs.byteVector(),
  }),
)

function hash(salt: string, bytes: Uint8Array): string {
  return toBase58(blake2b(new Uint8Array([...new TextEncoder().encode(salt), ...bytes]), { dkLen: 32 }))
}

beforeAll(async () => {
  test = await startTestLedger()
  const { client } = test
  const [a, b] = [await test.createUser(5_000_000_000n, 3), await test.createUser(5_000_000_000n)]
  const target = (name: string) => `${test.counterPackageId}::counter::${name}`
  const run = async (build: (tx: Transaction) => void, signer = a.keypair) => {
    const tx = new Transaction()
    build(tx)
    return client.signAndExecuteTransaction({ transaction: tx, signer, include: { effects: true, objectTypes: true } })
  }
  await run((tx) => {
    const [ten, twenty, thirty] = tx.splitCoins(tx.gas, [10, 20, 30])
    tx.transferObjects([ten!, twenty!, thirty!], b.address)
  })
  await run((tx) => {
    const item = tx.moveCall({ target: target('new_item'), arguments: [tx.pure.string('one')] })
    tx.moveCall({ target: target('keep'), arguments: [tx.object(test.counterId), item] })
    tx.moveCall({ target: target('bump'), arguments: [tx.object(test.counterId), tx.pure.u64(3)] })
  }, b.keypair)
  await run(
    (tx) => void tx.moveCall({ target: target('touch'), arguments: [tx.object(test.counterId), tx.object.clock()] }),
  )
  await run((tx) => void tx.moveCall({ target: target('value'), arguments: [tx.object(test.counterId)] }), b.keypair)
  await run((tx) => {
    const item = tx.moveCall({
      target: target('take'),
      arguments: [tx.object(test.counterId), tx.pure.string('one')],
    })
    tx.moveCall({ target: target('delete_item'), arguments: [item] })
  })
  const sent = await run((tx) => {
    const item = tx.moveCall({ target: target('new_item'), arguments: [tx.pure.string('two')] })
    tx.transferObjects([item], test.counterId)
  })
  const [itemId] = Object.entries(sent.Transaction!.objectTypes!).find(([, type]) => type.endsWith('::Item'))!
  await run(
    (tx) => void tx.moveCall({ target: target('receive'), arguments: [tx.object(test.counterId), tx.object(itemId)] }),
  )
  // Aborts in its second command: gas is paid, the first command leaves no trace.
  const { initialSharedVersion } = (await client.getObject({ objectId: test.counterId })).object.owner.Shared!
  const [gas] = (await client.listCoins({ owner: b.address })).objects.sort(
    (x, y) => Number(y.balance) - Number(x.balance),
  )
  await run((tx) => {
    tx.splitCoins(tx.gas, [5])
    tx.moveCall({
      target: target('bump'),
      arguments: [
        tx.sharedObjectRef({ objectId: test.counterId, initialSharedVersion, mutable: true }),
        tx.pure.u64(99),
      ],
    })
    tx.setGasPrice(1000)
    tx.setGasBudget(10_000_000)
    tx.setGasPayment([gas!])
  }, b.keypair)
  const wal = await fetch(`${test.ledger.faucetUrl}/v2/wal`, {
    method: 'POST',
    body: JSON.stringify({ recipient: a.address, amount: '1000' }),
  })
  expect(wal.status).toBe(200)
  await fetch(`${test.ledger.faucetUrl}/v2/wal`, {
    method: 'POST',
    body: JSON.stringify({ recipient: a.address, amount: '500' }),
  })
  const { balances } = await client.listBalances({ owner: a.address })
  const walType = balances.find(({ coinType }) => coinType.endsWith('::WAL'))!.coinType
  // More than any one coin holds: the client merges them first.
  await run(
    (tx) =>
      void tx.transferObjects(
        [coinWithBalance({ balance: 1200, type: walType }), coinWithBalance({ balance: 77 })],
        b.address,
      ),
  )
  expect((await client.getBalance({ owner: b.address, coinType: walType })).balance.balance).toBe('1200')
  transactions = await listAll()
})
afterAll(async () => {
  expect(test.warnings).toEqual([])
  await test[Symbol.asyncDispose]()
})

async function listAll(): Promise<GrpcTypes.ExecutedTransaction[]> {
  const call = test.client.ledgerService.listTransactions({ readMask: { paths: ['*'] }, options: { limit: 1000 } })
  const found: GrpcTypes.ExecutedTransaction[] = []
  for await (const frame of call.responses) if (frame.transaction) found.push(frame.transaction)
  return found
}

const effectsOf = (transaction: GrpcTypes.ExecutedTransaction) =>
  bcs.TransactionEffects.parse(transaction.effects!.bcs!.value!).V2!

describe('the ledger, audited from outside', () => {
  it('names transactions, effects and events by the digests of their bytes', () => {
    expect(transactions.length).toBeGreaterThan(12)
    let withEvents = 0
    for (const { digest, transaction, effects, events } of transactions) {
      expect(hash('TransactionData::', transaction!.bcs!.value!)).toBe(digest)
      expect(effects!.transactionDigest).toBe(digest)
      expect(hash('TransactionEffects::', effects!.bcs!.value!)).toBe(effects!.digest)
      if (!events) {
        expect(effects!.eventsDigest).toBeUndefined()
        continue
      }
      withEvents++
      const bytes = TransactionEvents.serialize(
        events.events.map((event) => ({
          packageId: event.packageId!,
          module: event.module!,
          sender: event.sender!,
          type: structTag(event.eventType!),
          contents: event.contents!.value!,
        })),
      ).toBytes()
      expect(toHex(bytes)).toBe(toHex(events.bcs!.value!))
      expect(hash('TransactionEvents::', bytes)).toBe(effects!.eventsDigest)
    }
    expect(withEvents).toBe(2)
  })

  it('shows in messages what the effects say in bytes', () => {
    for (const transaction of transactions) {
      const parsed = effectsOf(transaction)
      const { effects } = transaction
      expect(effects!.changedObjects.map(({ objectId }) => objectId)).toEqual(parsed.changedObjects.map(([id]) => id))
      expect(effects!.status!.success).toBe(parsed.status.$kind === 'Success')
      expect(String(effects!.gasUsed!.storageRebate)).toBe(parsed.gasUsed.storageRebate)
      expect(effects!.dependencies).toEqual(parsed.dependencies)
      expect(effects!.changedObjects.every(({ objectType }) => Boolean(objectType))).toBe(true)
      const gasObject = parsed.gasObjectIndex === null ? undefined : parsed.changedObjects[parsed.gasObjectIndex]![0]
      expect(effects!.gasObject?.objectId).toBe(gasObject)
    }
  })

  it('sorts changed objects and dependencies by their bytes', () => {
    for (const transaction of transactions) {
      const { changedObjects, dependencies } = effectsOf(transaction)
      const ids = changedObjects.map(([id]) => id)
      expect(ids).toEqual([...ids].sort())
      const hexes = dependencies.map((digest) => toHex(fromBase58(digest)))
      expect(hexes).toEqual([...hexes].sort())
      expect(new Set(hexes).size).toBe(hexes.length)
    }
  })

  it('gives what it writes the version after the highest input, and serves exactly those bytes', async () => {
    for (const transaction of transactions) {
      const { changedObjects, unchangedConsensusObjects, lamportVersion } = effectsOf(transaction)
      const inputs = [
        ...changedObjects.flatMap(([, change]) =>
          change.inputState.Exist ? [BigInt(change.inputState.Exist[0][0])] : [],
        ),
        ...unchangedConsensusObjects.flatMap(([, kind]) => (kind.ReadOnlyRoot ? [BigInt(kind.ReadOnlyRoot[0])] : [])),
      ]
      // Child objects count too, so the highest may be higher than any input named here, never lower.
      const highest = inputs.reduce((max, version) => (version > max ? version : max), 0n)
      expect(BigInt(lamportVersion)).toBeGreaterThan(highest)
      for (const [objectId, change] of changedObjects) {
        if (!change.outputState.ObjectWrite) continue
        const [digest, owner] = change.outputState.ObjectWrite
        const { object } = (
          await test.client.ledgerService.getObject({
            objectId,
            version: BigInt(lamportVersion),
            readMask: { paths: ['bcs', 'digest', 'previous_transaction'] },
          })
        ).response
        expect(object!.digest).toBe(digest)
        expect(hash('Object::', object!.bcs!.value!)).toBe(digest)
        expect(object!.previousTransaction).toBe(transaction.digest)
        const parsed = bcs.Object.parse(object!.bcs!.value!)
        expect(parsed.owner).toEqual(owner)
        expect(parsed.data.Move!.version).toBe(lamportVersion)
      }
    }
  })

  it('names what is created after the transaction and a counter, or after parent and key', async () => {
    let derived = 0
    let fields = 0
    for (const transaction of paying()) {
      const { changedObjects, lamportVersion } = effectsOf(transaction)
      const created = changedObjects.filter(
        ([, change]) => change.idOperation.$kind === 'Created' && change.outputState.ObjectWrite,
      )
      const ids = new Set(Array.from({ length: 64 }, (_, counter) => objectId(transaction.digest!, counter)))
      for (const [id] of created) {
        if (ids.has(id)) {
          derived++
          continue
        }
        const { owner, data } = bcs.Object.parse((await served(id, BigInt(lamportVersion))).bcs!.value!)
        expect(
          fieldId(owner.ObjectOwner!, data.Move!.type.Other!.typeParams, Uint8Array.from(data.Move!.contents)),
        ).toBe(id)
        fields++
      }
    }
    expect(derived).toBeGreaterThan(5)
    expect(fields).toBeGreaterThan(0)
  })

  it('charges each transaction for what it stores and pays back for what it removes, to the MIST', async () => {
    for (const transaction of paying()) {
      const { changedObjects, lamportVersion, gasUsed } = effectsOf(transaction)
      let stored = 0n
      let released = 0n
      for (const [id, change] of changedObjects) {
        if (change.outputState.ObjectWrite) {
          const { data, storageRebate } = bcs.Object.parse((await served(id, BigInt(lamportVersion))).bcs!.value!)
          const { type, contents } = data.Move!
          const bytes = contents.length + bcs.MoveObjectType.serialize(type).toBytes().length + 9 + 80
          expect(storageRebate).toBe(String(BigInt(bytes) * 7600n))
          stored += BigInt(storageRebate)
        }
        const before = change.inputState.Exist
        if (!before) continue
        const object = await served(id, BigInt(before[0][0]))
        expect(object.digest).toBe(before[0][1])
        released += BigInt(bcs.Object.parse(object.bcs!.value!).storageRebate)
      }
      const rebate = (released * 9900n + 5000n) / 10_000n
      expect([gasUsed.storageCost, gasUsed.storageRebate, gasUsed.nonRefundableStorageFee]).toEqual(
        [stored, rebate, released - rebate].map(String),
      )
    }
  })

  it('depends only on transactions that came before', () => {
    const seen = new Set<string>()
    const system = new Set<string>()
    for (const transaction of transactions) {
      for (const digest of transaction.effects!.dependencies) if (!seen.has(digest)) system.add(digest)
      seen.add(transaction.digest!)
    }
    // Genesis and the ticks of the clock are made by no transaction.
    expect(system.size).toBeLessThanOrEqual(3)
  })

  it('neither makes nor loses money', () => {
    const balances = new Map<string, bigint>()
    let paid = 0n
    for (const { effects, balanceChanges } of transactions) {
      const { computationCost, storageCost, storageRebate } = effects!.gasUsed!
      paid += computationCost! + storageCost! - storageRebate!
      let sum = 0n
      for (const { address, coinType, amount } of balanceChanges) {
        if (!coinType!.endsWith('::sui::SUI')) continue
        sum += BigInt(amount!)
        balances.set(address!, (balances.get(address!) ?? 0n) + BigInt(amount!))
      }
      expect(sum).toBe(-(computationCost! + storageCost! - storageRebate!))
    }
    const treasury = normalizeSuiAddress('0xf10e')
    const held = (owner: string) =>
      test.ledger
        .ownedObjects(owner, COIN)
        .reduce(
          (sum, { data }) =>
            sum +
            (data.kind === 'move'
              ? new DataView(data.contents.buffer, data.contents.byteOffset + 32).getBigUint64(0, true)
              : 0n),
          0n,
        )
    let total = 0n
    for (const [owner, change] of balances) {
      expect(held(owner)).toBe(change + (owner === treasury ? SUPPLY : 0n))
      total += held(owner)
    }
    expect(total + paid).toBe(SUPPLY)
  })

  it('charges storage by the formula of the chain', async () => {
    for (const object of test.ledger.dynamicFields(test.counterId)) {
      if (object.data.kind !== 'move') continue
      const response = await test.client.ledgerService.getObject({ objectId: object.id, readMask: { paths: ['bcs'] } })
      const type = bcs.Object.parse(response.response.object!.bcs!.value!).data.Move!.type
      const size = object.data.contents.length + bcs.MoveObjectType.serialize(type).toBytes().length + 9 + 80
      expect(object.storageRebate).toBe(BigInt(size) * 7600n)
    }
  })
})

/** Without those of the system, which pay nothing and choose ids as they like. */
function paying(): GrpcTypes.ExecutedTransaction[] {
  const found = transactions.filter(({ effects }) => effects!.gasUsed!.computationCost! > 0n)
  expect(found).toHaveLength(9)
  return found
}

/** BLAKE2b-256(0xf1 ‖ transaction digest ‖ u64 counter). */
function objectId(digest: string, counter: number): string {
  const input = new Uint8Array([0xf1, ...fromBase58(digest), ...bcs.u64().serialize(counter).toBytes()])
  return `0x${toHex(blake2b(input, { dkLen: 32 }))}`
}

/** BLAKE2b-256(0xf0 ‖ parent ‖ u64 length ‖ key ‖ type of the key), from the contents of a field: id, key, value. */
function fieldId(parent: string, typeParams: unknown[], contents: Uint8Array): string {
  const keyType = typeParams[0] as Parameters<typeof bcs.TypeTag.serialize>[0]
  const text = JSON.stringify(keyType)
  // A key of an object field is wrapped in a struct of one field, which adds no bytes.
  const isText = /^{"struct":{[^{]*"name":"(String"|Wrapper",.*"name":"String")/.test(text)
  if (!isText && !text.startsWith('{"u64"')) throw new Error(`no such keys are made here: ${text}`)
  const key = contents.slice(32, isText ? 33 + contents[32]! : 40)
  const input = new Uint8Array([
    0xf0,
    ...bcs.Address.serialize(parent).toBytes(),
    ...bcs.u64().serialize(key.length).toBytes(),
    ...key,
    ...bcs.TypeTag.serialize(keyType).toBytes(),
  ])
  return `0x${toHex(blake2b(input, { dkLen: 32 }))}`
}

async function served(objectId: string, version: bigint) {
  const readMask = { paths: ['bcs', 'digest'] }
  const { response } = await test.client.ledgerService.getObject({ objectId, version, readMask })
  return response.object!
}

function structTag(type: string) {
  const tag = bcs.TypeTag.serialize(type).toBytes()
  // A struct tag is a type tag without its variant byte.
  return bcs.StructTag.parse(tag.subarray(1))
}
