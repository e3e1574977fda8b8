/** What our client sends to Walrus, command by command beside what `@mysten/walrus` sends for the same purpose. Every
 *  difference stands in a list here, with its reason in ADR 0021; one that is not listed fails. */

import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bcs } from '@mysten/sui/bcs'
import { SuiGrpcClient } from '@mysten/sui/grpc'
import { Ed25519Keypair } from '@mysten/sui/keypairs/ed25519'
import { Transaction } from '@mysten/sui/transactions'
import { WalrusClient } from '@mysten/walrus'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createRng } from '../../src/base/rng.ts'
import * as blobCalls from '../../src/ledger/bindings/walrus/blob.ts'
import * as metadataCalls from '../../src/ledger/bindings/walrus/metadata.ts'
import * as storageCalls from '../../src/ledger/bindings/walrus/storage-resource.ts'
import * as systemCalls from '../../src/ledger/bindings/walrus/system.ts'
import { parseBlobObject } from '../../src/ledger/blob-object.ts'
import { createLedgerClient, type LedgerClient } from '../../src/ledger/client.ts'
import type { NetworkProfile } from '../../src/ledger/networks.ts'
import { fetchWalrusState, type WalrusState } from '../../src/ledger/system-state.ts'
import { addRegistration, blobCost, paymentLimit } from '../../src/ledger/transactions/register.ts'
import { addExtension } from '../../src/ledger/transactions/renew.ts'
import { addCertify, addDeleteBlob } from '../../src/ledger/transactions/repository.ts'
import { fetchWalFunds, openPayment, type WalFunds } from '../../src/ledger/transactions/wal-payment.ts'
import { type LocalNetwork, startLocalNetwork } from '../../src/localnet/network.ts'
import { blobIdFor, blobIdText } from '../../src/protocol/blob-id.ts'
import { encodedBlobBytes } from '../../src/protocol/cost.ts'
import { createBlobClient, localProfile } from '../e2e/blob-client.ts'

const signer = Ed25519Keypair.deriveKeypairFromSeed('21'.repeat(32))
const owner = signer.toSuiAddress()
const NETWORK = { name: 'local', faucet: true }
const SIZE = 5_000
const EPOCHS = 3

let dir: string
let network: LocalNetwork
let suiClient: SuiGrpcClient
let profile: NetworkProfile
let ledger: LedgerClient
let state: WalrusState
/** A certified blob each, alike but for their contents. */
let blobs: { official: string; ours: string }

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'floe-official-tx-'))
  network = await startLocalNetwork({ dir, nodes: 13, shards: 13, sync: false, threads: 1 })
  suiClient = new SuiGrpcClient({ network: 'localnet', baseUrl: network.rpcUrl })
  profile = localProfile(network)
  ledger = createLedgerClient(profile)
  state = await fetchWalrusState(ledger, profile)
  await network.fund(owner, { sui: 100_000_000_000n, wal: 1_000_000_000_000n })
  await using client = await createBlobClient(network, signer.getSecretKey())
  const bytes = (seed: number) => createRng(seed).fill(new Uint8Array(SIZE))
  blobs = {
    official: (await client.write(bytes(1), { epochs: EPOCHS })).objectId,
    ours: (await client.write(bytes(2), { epochs: EPOCHS })).objectId,
  }
})
afterAll(async () => {
  await network?.close()
  await rm(dir, { recursive: true, force: true })
})

function official(): WalrusClient {
  const packageConfig = { systemObjectId: network.systemObjectId, stakingPoolId: network.stakingObjectId }
  return new WalrusClient({ packageConfig, suiClient, storageNodeUrlScheme: 'http' })
}

const fetchFunds = (): Promise<WalFunds> => fetchWalFunds(ledger, owner, `${network.walPackageId}::wal::WAL`)

/** Commands as they are sent, one text each: objects by what they are, results by the function that returned them. */
async function commandsOf(transaction: Transaction): Promise<string[]> {
  transaction.setSender(owner)
  const { ProgrammableTransaction: kind } = bcs.TransactionKind.parse(
    await transaction.build({ client: suiClient, onlyTransactionKind: true }),
  )
  if (!kind) throw new Error('no programmable transaction')
  const labels: string[] = []
  const names: Record<string, string> = {
    [state.systemObjectId]: 'System',
    [blobs.official]: 'blob',
    [blobs.ours]: 'blob',
  }
  type Argument = NonNullable<(typeof kind.commands)[number]['TransferObjects']>['address']
  const input = (index: number): string => {
    const { Pure, Object: object, FundsWithdrawal } = kind.inputs[index]!
    if (FundsWithdrawal) return 'withdrawal'
    if (Pure) return `0x${Buffer.from(Pure.bytes, 'base64').toString('hex')}`
    const { SharedObject: shared, ImmOrOwnedObject: owned } = object!
    if (shared) return `${names[shared.objectId] ?? 'shared'}${shared.mutable ? ' mut' : ''}`
    return names[owned!.objectId] ?? 'coin'
  }
  const value = (argument: Argument): string => {
    if (argument.$kind === 'Input') return input(argument.Input)
    if (argument.$kind === 'Result') return labels[argument.Result]!
    if (argument.$kind === 'NestedResult') return labels[argument.NestedResult[0]]!
    return 'gas'
  }
  return kind.commands.map((command) => {
    switch (command.$kind) {
      case 'MoveCall': {
        const { package: at, module, function: name, typeArguments, arguments: values } = command.MoveCall
        labels.push(name)
        const where = at === state.packageId ? 'walrus' : String(Number(at))
        const types = typeArguments.length > 0 ? `<${typeArguments.map((type) => type.split('::').at(-1))}>` : ''
        return `${where}::${module}::${name}${types}(${values.map(value).join(', ')})`
      }
      case 'SplitCoins':
        labels.push('payment')
        return `split ${value(command.SplitCoins.coin)} into ${command.SplitCoins.amounts.map((amount) => BigInt(`0x${Buffer.from(value(amount).slice(2), 'hex').reverse().toString('hex')}`)).join(' + ')}`
      case 'MergeCoins':
        labels.push('')
        return `merge ${command.MergeCoins.sources.map(value).join(', ')} into ${value(command.MergeCoins.destination)}`
      case 'TransferObjects':
        labels.push('')
        return `transfer ${command.TransferObjects.objects.map(value).join(', ')} to ${value(command.TransferObjects.address) === owner ? 'owner' : 'another'}`
      default:
        throw new Error(`unexpected command ${command.$kind}`)
    }
  })
}

function built(add: (transaction: Transaction) => void): Transaction {
  const transaction = new Transaction()
  transaction.setSender(owner)
  add(transaction)
  return transaction
}

interface Comparison {
  same: string[]
  onlyOfficial: string[]
  onlyOurs: string[]
}

/** What both have, in one order, and what each has alone. */
function compare(theirs: readonly string[], ours: readonly string[]): Comparison {
  const same = theirs.filter((command) => ours.includes(command))
  // Neither order nor number may differ in what they share.
  expect(ours.filter((command) => theirs.includes(command))).toEqual(same)
  return {
    same: same.map((command) => command.replace(/\(.*/, '')),
    onlyOfficial: theirs.filter((command) => !ours.includes(command)),
    onlyOurs: ours.filter((command) => !theirs.includes(command)),
  }
}

const shape = (object: Uint8Array) => {
  const { objectId: _, blobId: __, ...rest } = parseBlobObject({ id: '', content: object })
  return rest
}

async function blobShape(id: string) {
  const object = await ledger.fetchObject(id)
  return object && shape(object.content)
}

/** Executes and says what it cost in WAL and which blob it made, if any. */
async function run(transaction: Transaction): Promise<{ paid: bigint; created: string | undefined }> {
  const before = (await fetchFunds()).total
  const result = await suiClient.signAndExecuteTransaction({
    transaction,
    signer,
    include: { effects: true, objectTypes: true },
  })
  const outcome = result.Transaction
  if (!outcome) throw new Error(`the transaction failed: ${JSON.stringify(result.FailedTransaction?.status)}`)
  await suiClient.waitForTransaction({ digest: outcome.digest })
  const made = outcome.effects!.changedObjects.filter(
    ({ objectId, idOperation }) =>
      idOperation === 'Created' && outcome.objectTypes![objectId]?.endsWith('::blob::Blob'),
  )
  return { paid: before - (await fetchFunds()).total, created: made[0]?.objectId }
}

describe('transactions for Walrus, ours beside those of the official client', () => {
  const rootHash = new Uint8Array(32).fill(7)
  const blobId = blobIdFor(rootHash, SIZE)
  const storagePrice = 300_000n
  const writePrice = 20_000n

  async function registrations(deletable: true): Promise<[Transaction, Transaction]> {
    const theirs = await official().registerBlobTransaction({
      size: SIZE,
      epochs: EPOCHS,
      blobId: blobIdText(blobId),
      rootHash,
      deletable,
      owner,
    })
    const funds = await fetchFunds()
    const limitFrost = paymentLimit(blobCost(state.shardCount, SIZE, EPOCHS, state.prices), undefined)
    const ours = built((transaction) =>
      addRegistration(transaction, {
        state,
        packs: [{ blobId, rootHash, blobBytes: SIZE }],
        epochs: EPOCHS,
        funds,
        limitFrost,
        owner,
        network: NETWORK,
      }),
    )
    return [theirs, ours]
  }

  it('register: one coin with slack that flows back, instead of two exact ones', async () => {
    const [theirs, ours] = await registrations(true)
    expect(compare(await commandsOf(theirs), await commandsOf(ours))).toEqual({
      same: ['walrus::system::reserve_space', 'walrus::system::register_blob', 'transfer register_blob to owner'],
      onlyOfficial: [
        `split coin into ${writePrice} + ${storagePrice}`, // D1
        '2::coin::destroy_zero<WAL>(payment)', // D1
        '2::coin::destroy_zero<WAL>(payment)', // D1
      ],
      onlyOurs: [
        `split coin into ${((writePrice + storagePrice) * 11n) / 10n}`, // D1
        'merge payment into coin', // D1
      ],
    })
  })

  it('register: equal blobs for equal money', async () => {
    const [theirs] = await registrations(true)
    const first = await run(theirs)
    const [, ours] = await registrations(true)
    const second = await run(ours)
    expect(second.paid).toBe(first.paid)
    expect(first.paid).toBe(writePrice + storagePrice)
    expect(await blobShape(second.created!)).toEqual(await blobShape(first.created!))
  })

  it('reserve and split: the same call, paid as for a registration', async () => {
    const size = encodedBlobBytes(state.shardCount, SIZE)
    const theirs = official().createStorageTransaction({ size: SIZE, epochs: EPOCHS, owner })
    const funds = await fetchFunds()
    const ours = built((transaction) => {
      const { coin, giveBack } = openPayment(transaction, funds, storagePrice, NETWORK)
      const storage = systemCalls.reserveSpace(transaction, state.packageId, {
        self: state.systemObjectId,
        storageAmount: size,
        epochsAhead: EPOCHS,
        payment: coin,
      })
      giveBack()
      const rest = storageCalls.splitBySize(transaction, state.packageId, { storage, splitSize: 1024 })
      transaction.transferObjects([storage, rest], owner)
    })
    expect(compare(await commandsOf(theirs), await commandsOf(ours))).toEqual({
      same: [`split coin into ${storagePrice}`, 'walrus::system::reserve_space'],
      onlyOfficial: ['2::coin::destroy_zero<WAL>(payment)', 'transfer reserve_space to owner'], // D1, D2
      onlyOurs: [
        'merge payment into coin', // D1
        'walrus::storage_resource::split_by_size(reserve_space, 0x0004000000000000)', // D2
        'transfer reserve_space, split_by_size to owner', // D2
      ],
    })
    await run(ours)
  })

  it('certify: the same single call', async () => {
    const message = createRng(5).fill(new Uint8Array(72))
    const signature = createRng(6).fill(new Uint8Array(96))
    const signers = [0, 1, 2, 3, 4, 5, 6, 7, 9]
    const theirs = await official().certifyBlobTransaction({
      blobId: blobIdText(blobId),
      blobObjectId: blobs.official,
      deletable: true,
      certificate: { signers, serializedMessage: message, signature },
    })
    const ours = built((transaction) =>
      addCertify(transaction, state, transaction.object(blobs.ours), { signers, message, signature }),
    )
    expect(compare(await commandsOf(theirs), await commandsOf(ours))).toEqual({
      same: ['walrus::system::certify_blob'],
      onlyOfficial: [],
      onlyOurs: [],
    })
  })

  it('extend: the same result for the same money, but for the very epochs that are lacking', async () => {
    const price = 200_000n
    const theirs = () => official().extendBlobTransaction({ blobObjectId: blobs.official, epochs: 2 })
    const ours = async () => {
      const funds = await fetchFunds()
      return built((transaction) => {
        const { coin, giveBack } = openPayment(transaction, funds, paymentLimit(price, undefined), NETWORK)
        const storageBytes = BigInt(encodedBlobBytes(state.shardCount, SIZE))
        const lacking = { endEpoch: 1 + EPOCHS, extraEpochs: 2, storageBytes }
        addExtension(transaction, state, blobs.ours, lacking, coin)
        giveBack()
      })
    }
    expect(compare(await commandsOf(await theirs()), await commandsOf(await ours()))).toEqual({
      same: [],
      onlyOfficial: [
        `split coin into ${price}`, // D1
        'walrus::system::extend_blob(System mut, blob, 0x02000000, payment)', // D3
        '2::coin::destroy_zero<WAL>(payment)', // D1
      ],
      onlyOurs: [
        'split coin into 220000', // D1
        'walrus::system::reserve_space_for_epochs(System mut, 0x807b000000000000, 0x04000000, 0x06000000, payment)', // D3
        'walrus::system::extend_blob_with_resource(System mut, blob, reserve_space_for_epochs)', // D3
        'merge payment into coin', // D1
      ],
    })
    const first = await run(await theirs())
    const second = await run(await ours())
    expect([first.paid, second.paid]).toEqual([price, price])
    expect(await blobShape(blobs.ours)).toEqual(await blobShape(blobs.official))
    expect(await blobShape(blobs.ours)).toMatchObject({ endEpoch: 1 + EPOCHS + 2 })
    // Once more it is refused, not paid again.
    await expect(run(await ours())).rejects.toThrow(/abort/i)
  })

  it('reserve: from the address balance, where there is one', async () => {
    const { coinType, coins } = await fetchFunds()
    await run(
      built((transaction) => {
        const [coin] = transaction.splitCoins(transaction.object(coins[0]!.id), [storagePrice])
        transaction.moveCall({
          target: '0x2::coin::send_funds',
          typeArguments: [coinType],
          arguments: [coin!, transaction.pure.address(owner)],
        })
      }),
    )
    const funds = await fetchFunds()
    const ours = built((transaction) => {
      const { coin, giveBack } = openPayment(transaction, funds, storagePrice, NETWORK)
      const storage = systemCalls.reserveSpace(transaction, state.packageId, {
        self: state.systemObjectId,
        storageAmount: encodedBlobBytes(state.shardCount, SIZE),
        epochsAhead: EPOCHS,
        payment: coin,
      })
      giveBack()
      transaction.transferObjects([storage], owner)
    })
    const commands = await commandsOf(ours)
    expect([commands.at(0), commands.at(2)]).toEqual([
      '2::coin::redeem_funds<WAL>(withdrawal)', // D4
      `2::coin::send_funds<WAL>(redeem_funds, ${owner})`, // D4
    ])
    expect((await run(ours)).paid).toBe(storagePrice)
    expect((await fetchFunds()).addressFrost).toBe(0n)
  })

  it('attributes: the same calls for keys to set and keys to remove', async () => {
    const set = { split: 'train', license: 'cc-by-4.0' }
    const add = async (attributes: Record<string, string | null>) =>
      official().writeBlobAttributesTransaction({ blobObjectId: blobs.official, attributes })
    // The official client cannot give its first attribute to a blob without any: it fails to read them.
    await expect(commandsOf(await add(set))).rejects.toThrow('not found')
    const empty = (blob: string) =>
      built((transaction) => {
        const metadata = metadataCalls.new(transaction, state.packageId, {})
        blobCalls.addMetadata(transaction, state.packageId, { self: blob, metadata })
      })
    await run(empty(blobs.official))
    await run(empty(blobs.ours))
    const setOurs = built((transaction) => {
      for (const [key, value] of Object.entries(set))
        blobCalls.insertOrUpdateMetadataPair(transaction, state.packageId, { self: blobs.ours, key, value })
    })
    const setTheirs = await add(set)
    expect(compare(await commandsOf(setTheirs), await commandsOf(setOurs))).toEqual({
      same: ['walrus::blob::insert_or_update_metadata_pair', 'walrus::blob::insert_or_update_metadata_pair'],
      onlyOfficial: [],
      onlyOurs: [],
    })
    await run(setTheirs)
    await run(setOurs)
    const removeTheirs = await add({ license: null })
    const removeOurs = built((transaction) =>
      blobCalls.removeMetadataPair(transaction, state.packageId, { self: blobs.ours, key: 'license' }),
    )
    expect(compare(await commandsOf(removeTheirs), await commandsOf(removeOurs))).toEqual({
      same: ['walrus::blob::remove_metadata_pair'],
      onlyOfficial: [],
      onlyOurs: [],
    })
    await run(removeTheirs)
    await run(removeOurs)
    const left = await Promise.all(
      [blobs.official, blobs.ours].map((blobObjectId) => official().readBlobAttributes({ blobObjectId })),
    )
    expect(left).toEqual([{ split: 'train' }, { split: 'train' }])
  })

  it('delete: the same call, the storage to the owner', async () => {
    const theirs = await official().deleteBlobTransaction({ blobObjectId: blobs.official, owner })
    const ours = built((transaction) => addDeleteBlob(transaction, state, transaction.object(blobs.ours), owner))
    expect(compare(await commandsOf(theirs), await commandsOf(ours))).toEqual({
      same: ['walrus::system::delete_blob', 'transfer delete_blob to owner'],
      onlyOfficial: [],
      onlyOurs: [],
    })
    await run(theirs)
    await run(ours)
    expect(await ledger.fetchObjects([blobs.official, blobs.ours])).toEqual([null, null])
  })

  it('every difference that is listed has its reason in the decision record, and the other way round', async () => {
    const here = await readFile(new URL(import.meta.url), 'utf8')
    const adr = await readFile(new URL('../../src/adr/0021-transactions-beside-official.md', import.meta.url), 'utf8')
    const listed = new Set([...here.matchAll(/\/\/ (D\d(?:, D\d)*)$/gm)].flatMap(([, names]) => names!.split(', ')))
    const explained = [...adr.matchAll(/^- \*\*(D\d)\*\*/gm)].map(([, name]) => name)
    expect(explained.sort()).toEqual([...listed].sort())
  })
})
