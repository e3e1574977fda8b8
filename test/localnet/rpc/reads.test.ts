import { bcs } from '@mysten/sui/bcs'
import { requestSuiFromFaucetV2 } from '@mysten/sui/faucet'
import { GrpcTypes } from '@mysten/sui/grpc'
import { Ed25519Keypair } from '@mysten/sui/keypairs/ed25519'
import { Transaction } from '@mysten/sui/transactions'
import { deriveDynamicFieldID, fromBase58, normalizeSuiAddress, toBase64 } from '@mysten/sui/utils'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { saltedBlake2b256 } from '../../../src/crypto/hash.ts'
import { startTestLedger, type TestLedger } from '../ledger/test-ledger.ts'

let test: TestLedger
let keypair: Ed25519Keypair
let address: string
const SUI = `${normalizeSuiAddress('0x2')}::sui::SUI`
beforeAll(async () => {
  test = await startTestLedger()
  ;({ keypair, address } = await test.createUser(10_000_000_000n, 3))
})
afterAll(async () => {
  expect(test.warnings).toEqual([])
  await test[Symbol.asyncDispose]()
})

async function bump(by: number) {
  const tx = new Transaction()
  tx.moveCall({
    target: `${test.counterPackageId}::counter::bump`,
    arguments: [tx.object(test.counterId), tx.pure.u64(by)],
  })
  return test.client.signAndExecuteTransaction({ transaction: tx, signer: keypair })
}

describe('reads of the official client', () => {
  it('describes the chain and its epoch', async () => {
    const { client } = test
    expect((await client.getReferenceGasPrice()).referenceGasPrice).toBe('1000')
    const { chainIdentifier } = await client.getChainIdentifier()
    expect(fromBase58(chainIdentifier)).toHaveLength(32)
    expect(chainIdentifier).toBe(test.ledger.chainId)
    const { systemState } = await client.getCurrentSystemState()
    expect(systemState).toMatchObject({ epoch: '0', safeMode: false })
    expect(Number(systemState.parameters.epochDurationMs)).toBe(86_400_000)
    expect((await client.getProtocolConfig()).protocolConfig.protocolVersion).toBe('138')
    expect(await client.getCoinMetadata({ coinType: '0x2::sui::SUI' })).toMatchObject({ coinMetadata: { decimals: 9 } })
  })

  it('reads objects in the order asked for, with errors in their places', async () => {
    const ids = [test.counterId, normalizeSuiAddress('0x404'), '0x6']
    const { objects } = await test.client.getObjects({
      objectIds: ids,
      include: { content: true, previousTransaction: true, objectBcs: true },
    })
    const [counter, missing, clock] = objects as [(typeof objects)[number], Error, { objectId: string }]
    expect(missing).toMatchObject({ code: 'notExists', reason: 'notFound' })
    expect(clock.objectId).toBe(normalizeSuiAddress('0x6'))
    if (counter instanceof Error) throw counter
    expect(counter.type).toBe(`${test.counterPackageId}::counter::Counter`)
    expect(counter.content!.subarray(0, 32)).toEqual(bcs.Address.serialize(test.counterId).toBytes())
    // The digest is of the bytes that are served, by the formula of the real chain.
    const digest = bcs.ObjectDigest.serialize(counter.digest).toBytes().subarray(1)
    expect(digest).toEqual(saltedBlake2b256('Object::', counter.objectBcs!))
    expect(bcs.Object.parse(counter.objectBcs!).owner.Shared).toBeDefined()
  })

  it('renders objects and events as JSON where asked', async () => {
    const user = await test.createUser()
    const tx = new Transaction()
    const item = tx.moveCall({
      target: `${test.counterPackageId}::counter::new_item`,
      arguments: [tx.pure.string('grün')],
    })
    tx.transferObjects([item], user.address)
    const result = await test.client.signAndExecuteTransaction({
      transaction: tx,
      signer: user.keypair,
      include: { events: true, objectTypes: true },
    })
    const [objectId] = Object.entries(result.Transaction!.objectTypes!).find(([, type]) => type.endsWith('::Item'))!
    const { object } = await test.client.getObject({ objectId, include: { json: true } })
    expect(object.json).toEqual({ id: objectId, label: 'grün' })
    expect(result.Transaction!.events!.map((event) => event.json)).toEqual([{ label: 'grün' }])
    const counter = await test.client.getObject({ objectId: test.counterId, include: { json: true } })
    expect(counter.object.json).toMatchObject({ id: test.counterId, last_ms: '0' })
    const metadata = test.ledger.ownedObjects(`0x${'f10e'.padStart(64, '0')}`)
    expect(metadata.length).toBeGreaterThan(0)
    for (const { id } of metadata) {
      const shown = await test.client.getObject({ objectId: id, include: { json: true } })
      expect(shown.object.json).toMatchObject({ id })
    }
  })

  it('reads former versions of an object', async () => {
    const now = test.ledger.getObject(test.counterId)!
    await bump(0)
    const request = { objectId: test.counterId, version: now.version, readMask: { paths: ['version', 'digest'] } }
    const { object } = (await test.client.ledgerService.getObject(request)).response
    expect(object).toMatchObject({ version: now.version, digest: now.digest })
    await expect(test.client.ledgerService.getObject({ ...request, version: 9999n })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    })
  })

  it('lists coins, owned objects and balances page by page', async () => {
    const { client } = test
    const { address } = await test.createUser(10_000_000_000n, 3)
    const seen: string[] = []
    let cursor: string | null = null
    do {
      const page: Awaited<ReturnType<typeof client.listCoins>> = await client.listCoins({
        owner: address,
        limit: 2,
        cursor,
      })
      expect(page.objects.length).toBeLessThanOrEqual(2)
      seen.push(...page.objects.map((coin) => coin.objectId))
      cursor = page.hasNextPage ? page.cursor : null
    } while (cursor !== null)
    expect(seen).toEqual(test.ledger.ownedObjects(address).map((object) => object.id))
    const all = await client.listOwnedObjects({ owner: address, type: '0x2::coin::Coin' })
    expect(all.objects.map((object) => object.objectId)).toEqual(seen)
    expect((await client.listOwnedObjects({ owner: address, type: '0x2::coin::Coin<0x1::x::Y>' })).objects).toEqual([])
    const wal = test.ledger
      .ownedObjects(`0x${'f10e'.padStart(64, '0')}`)
      .find((object) => object.data.kind === 'move' && object.data.type.includes('::wal::WAL>'))!
    expect(wal).toBeDefined()
    const walType = (wal.data as { type: string }).type.match(/Coin<(.*)>/)![1]!
    await test.ledger.fund(address, 77n, walType)
    const { balances } = await client.listBalances({ owner: address })
    expect(balances.map(({ coinType, balance }) => [coinType, balance])).toContainEqual([walType, '77'])
    expect(balances).toHaveLength(2)
    const balance = await client.getBalance({ owner: address, coinType: '0x2::sui::SUI' })
    expect(balance.balance).toEqual(balances.find(({ coinType }) => coinType === SUI))
    expect((await client.getBalance({ owner: normalizeSuiAddress('0x9') })).balance.balance).toBe('0')
    const metadata = await client.getCoinMetadata({ coinType: walType })
    expect(metadata.coinMetadata).toMatchObject({ decimals: 9, symbol: 'WAL' })
    expect((await client.getCoinMetadata({ coinType: '0x1::no::SUCH' })).coinMetadata).toBeNull()
  })

  it('lists dynamic fields under ids that the client derives too', async () => {
    await bump(3)
    await bump(4)
    const first = await test.client.listDynamicFields({ parentId: test.counterId, limit: 1, include: { value: true } })
    expect(first.dynamicFields).toHaveLength(1)
    expect(first.hasNextPage).toBe(true)
    const rest = await test.client.listDynamicFields({
      parentId: test.counterId,
      cursor: first.cursor,
      include: { value: true },
    })
    const fields = [...first.dynamicFields, ...rest.dynamicFields]
    expect(rest.hasNextPage).toBe(false)
    expect(fields.map((field) => bcs.u64().parse(field.name.bcs)).sort()).toEqual(['0', '3', '7'])
    for (const field of fields) {
      expect(field.fieldId).toBe(deriveDynamicFieldID(test.counterId, 'u64', field.name.bcs))
      expect(field.$kind).toBe('DynamicField')
    }
    const { dynamicField } = await test.client.getDynamicField({
      parentId: test.counterId,
      name: { type: 'u64', bcs: bcs.u64().serialize(7).toBytes() },
    })
    expect(dynamicField.value.type).toBe('address')
    expect(bcs.Address.parse(dynamicField.value.bcs)).toBe(address)
  })

  it('describes Move functions as compiled', async () => {
    const get = (name: string) =>
      test.client
        .getMoveFunction({ packageId: test.counterPackageId, moduleName: 'counter', name })
        .then((r) => r.function)
    const bumpFunction = await get('bump')
    expect(bumpFunction).toMatchObject({ name: 'bump', visibility: 'public', isEntry: false, returns: [] })
    expect(bumpFunction.parameters).toMatchObject([
      { reference: 'mutable', body: { datatype: { typeName: `${test.counterPackageId}::counter::Counter` } } },
      { reference: null, body: { $kind: 'u64' } },
      {
        reference: 'immutable',
        body: { datatype: { typeName: `${normalizeSuiAddress('0x2')}::tx_context::TxContext` } },
      },
    ])
    expect((await get('init')).visibility).toBe('private')
    expect((await get('receive')).parameters[1]!.body).toMatchObject({
      datatype: {
        typeName: `${normalizeSuiAddress('0x2')}::transfer::Receiving`,
        typeParameters: [{ datatype: { typeName: `${test.counterPackageId}::counter::Item` } }],
      },
    })
    await expect(get('missing')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    const { package: described } = (await test.client.movePackageService.getPackage({ packageId: '0x2' })).response
    expect(described!.modules.map((module) => module.name)).toContain('dynamic_field')
    const { versions } = (await test.client.movePackageService.listPackageVersions({ packageId: '0x2' })).response
    expect(versions).toEqual([{ packageId: normalizeSuiAddress('0x2'), version: 1n }])
  })

  it('describes structs as declared, and says so where there is none', async () => {
    const get = (name: string, packageId = test.counterPackageId, moduleName = 'counter') =>
      test.client.movePackageService.getDatatype({ packageId, moduleName, name }).then((r) => r.response.datatype!)
    const { Ability, DatatypeDescriptor_DatatypeKind: Kind } = GrpcTypes
    const item = await get('Item')
    expect(item).toMatchObject({
      typeName: `${test.counterPackageId}::counter::Item`,
      definingId: test.counterPackageId,
      module: 'counter',
      name: 'Item',
      kind: Kind.STRUCT,
      abilities: [Ability.STORE, Ability.KEY],
      variants: [],
    })
    expect(item.fields.map(({ name, position }) => [name, position])[0]).toEqual(['id', 0])
    expect(item.fields[0]!.type!.typeName).toBe(`${normalizeSuiAddress('0x2')}::object::UID`)
    const coin = await get('Coin', '0x2', 'coin')
    expect(coin.typeParameters).toEqual([{ constraints: [], isPhantom: true }])
    expect(coin.fields[1]!.type!.typeParameterInstantiation[0]).toMatchObject({ typeParameter: 0 })
    await expect(get('Missing')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(get('no name')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  it('tells a valid signature of an address from another', async () => {
    const message = new TextEncoder().encode('hello')
    const { signature } = await keypair.signPersonalMessage(message)
    const verify = (options: {
      bytes?: string
      address?: string
      intentScope?: 'PersonalMessage' | 'TransactionData'
    }) =>
      test.client.core.verifyZkLoginSignature({
        bytes: toBase64(message),
        signature,
        intentScope: 'PersonalMessage',
        address,
        ...options,
      })
    expect(await verify({})).toEqual({ success: true, errors: [] })
    expect((await verify({ address: '0x1' })).success).toBe(false)
    expect((await verify({ bytes: toBase64(new Uint8Array(5)) })).success).toBe(false)
    expect((await verify({ intentScope: 'TransactionData' })).success).toBe(false)
  })

  it('finds a transaction, its checkpoint, and waits for one that comes later', async () => {
    const result = await bump(1)
    const { digest } = result.Transaction!
    const { Transaction: waited } = await test.client.waitForTransaction({
      digest,
      include: { effects: true, events: true },
    })
    expect(waited!.events).toHaveLength(1)
    expect(Number(waited!.checkpoint)).toBe(Number(test.ledger.checkpoint))
    expect(waited!.timestampMs).toBeGreaterThan(1_600_000_000_000)
    await expect(test.client.getTransaction({ digest: test.ledger.chainId })).rejects.toMatchObject({
      reason: 'notFound',
    })

    const { ledgerService } = test.client
    const paths = ['sequence_number', 'digest', 'summary', 'transactions.digest']
    const { checkpoint } = (
      await ledgerService.getCheckpoint({
        checkpointId: { oneofKind: 'sequenceNumber', sequenceNumber: BigInt(waited!.checkpoint!) },
        readMask: { paths },
      })
    ).response
    expect(checkpoint!.transactions.map((transaction) => transaction.digest)).toEqual([digest])
    const again = await ledgerService.getCheckpoint({
      checkpointId: { oneofKind: 'digest', digest: checkpoint!.digest! },
      readMask: { paths },
    })
    expect(again.response.checkpoint!.sequenceNumber).toBe(checkpoint!.sequenceNumber)
    const genesis = await ledgerService.getCheckpoint({
      checkpointId: { oneofKind: 'sequenceNumber', sequenceNumber: 0n },
    })
    expect(genesis.response.checkpoint!.digest).toBe(test.ledger.chainId)
    const { transactions } = (
      await ledgerService.batchGetTransactions({ digests: [digest, 'nothing'], readMask: { paths: ['checkpoint'] } })
    ).response
    expect(transactions[0]!.result).toMatchObject({ transaction: { checkpoint: checkpoint!.sequenceNumber } })
    expect(transactions[1]!.result).toMatchObject({ error: { code: 5 } })
  })

  it('knows no names, in the way that the client understands', async () => {
    const { client } = test
    expect(await client.resolveNameServiceAddress({ name: 'somebody.sui' })).toMatchObject({ address: null })
    expect((await client.defaultNameServiceName({ address })).data.name).toBeNull()
  })

  it('gives SUI and WAL to who asks the faucet', async () => {
    const recipient = new Ed25519Keypair().toSuiAddress()
    const { coins_sent: coins } = await requestSuiFromFaucetV2({ host: test.ledger.faucetUrl, recipient })
    expect(coins).toHaveLength(5)
    expect(BigInt((await test.client.getBalance({ owner: recipient })).balance.balance)).toBe(1_000_000_000_000n)
    expect(test.ledger.getTransaction(coins![0]!.transferTxDigest)?.success).toBe(true)
    expect(test.ledger.getObject(coins![0]!.id)?.owner).toEqual({ kind: 'address', address: recipient })

    const ask = async (path: string, body: unknown) => {
      const response = await fetch(`${test.ledger.faucetUrl}${path}`, { method: 'POST', body: JSON.stringify(body) })
      return { status: response.status, json: (await response.json()) as Record<string, unknown> }
    }
    const wal = await ask('/v2/wal', { recipient, amount: '12345' })
    expect(wal).toMatchObject({ status: 200, json: { status: 'Success', coins_sent: [{ amount: 12345 }] } })
    const { balances } = await test.client.listBalances({ owner: recipient })
    expect(balances.find(({ coinType }) => coinType.endsWith('::wal::WAL'))?.balance).toBe('12345')
    for (const body of [
      {},
      { recipient: 'nobody' },
      { recipient, amount: '-1' },
      { recipient, amount: 1.5 },
      [],
      'x',
    ]) {
      expect(await ask('/v2/wal', body)).toMatchObject({ status: 400, json: { status: { Failure: {} } } })
    }
    expect(await ask('/v2/wal', { recipient, amount: '9999999999999999999' })).toMatchObject({ status: 400 })
    await expect(requestSuiFromFaucetV2({ host: test.ledger.faucetUrl, recipient: 'x' })).rejects.toThrow(
      /Failure|failed/,
    )
  })
})
