/** The walrus package with a committee of 13 nodes, on a ledger of a Map: space bought, blobs registered and certified by
 *  real signatures. */

import { bcs } from '@mysten/sui/bcs'
import type { Transaction } from '@mysten/sui/transactions'
import { bls12_381 } from '@noble/curves/bls12-381.js'
import { concatBytes } from '../../../src/base/bytes.ts'
import { blsPublicKey, blsSign } from '../../../src/crypto/bls.ts'
import { blake2b256 } from '../../../src/crypto/hash.ts'
import type { ExecutionResult } from '../../../src/localnet/ledger/execution.ts'
import type { LedgerObject } from '../../../src/localnet/ledger/object.ts'
import { addressBytes, addressFromBytes, normalizeAddress } from '../../../src/localnet/movevm/types.ts'
import { PACKAGE_ADDRESSES } from '../../../src/move/packages.ts'
import { ALICE, expectSuccess, TestLedger } from './execution-fixture.ts'

export const WALRUS = PACKAGE_ADDRESSES.walrus
export const WAL_COIN = `${normalizeAddress('0x2')}::coin::Coin<${PACKAGE_ADDRESSES.wal}::wal::WAL>`
export const NODES = 13
const SHARDS_PER_NODE = 16
const secrets = Array.from({ length: NODES }, (_, i) => {
  const secret = new Uint8Array(32)
  secret[31] = i + 1
  return secret
})

export interface Network {
  ledger: TestLedger
  system: LedgerObject
  staking: LedgerObject
  /** Secrets in committee order. */
  members: Uint8Array[]
  created: ExecutionResult
}

export async function createNetwork(ledger = new TestLedger()): Promise<Network> {
  await ledger.install('wal')
  await ledger.install('walrus')
  const [cap] = ledger.ofType(`${WALRUS}::genesis::AdminCap`)
  const created = await ledger.run((tx) => {
    const pure = tx.pure
    const [setup] = tx.moveCall({
      target: `${WALRUS}::genesis::begin`,
      arguments: [
        tx.object(ledger.owned(cap!)),
        pure.address(WALRUS),
        pure.u16(NODES * SHARDS_PER_NODE),
        pure.u32(53),
        pure.u32(1),
        pure.u64(86_400_000),
        pure.u64(1n << 44n),
        pure.u64(100_000),
        pure.u64(20_000),
      ],
    })
    for (const [i, secret] of secrets.entries()) {
      const shards = Array.from({ length: SHARDS_PER_NODE }, (_, shard) => i * SHARDS_PER_NODE + shard)
      tx.moveCall({
        target: `${WALRUS}::genesis::add_node`,
        arguments: [
          setup!,
          pure.string(`node-${i}`),
          pure.string(`127.0.0.1:${9000 + i}`),
          pure.vector('u8', [...blsPublicKey(secret)]),
          pure.vector('u8', [2, ...secret]),
          pure.vector('u16', shards),
        ],
      })
    }
    tx.moveCall({ target: `${WALRUS}::genesis::finish`, arguments: [setup!, tx.object(ledger.clock())] })
  })
  expectSuccess(created)
  const nodeIds = created.events
    .filter((event) => event.type.endsWith('::NodeAdded'))
    .map((event) => addressFromBytes(event.contents.subarray(-32)))
  // The committee is sorted by node id; bitmaps follow it.
  const members = nodeIds
    .map((id, i) => ({ id, secret: secrets[i]! }))
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .map(({ secret }) => secret)
  const [system] = ledger.ofType(`${WALRUS}::system::System`)
  const [staking] = ledger.ofType(`${WALRUS}::staking::Staking`)
  return { ledger, system: system!, staking: staking!, members, created }
}

export const SIZE = 1_000_000n
const RED_STUFF = 1

function blobIdFor(rootHash: Uint8Array): Uint8Array {
  const size = new Uint8Array(8)
  new DataView(size.buffer).setBigUint64(0, SIZE, true)
  return blake2b256(Uint8Array.of(RED_STUFF), size, rootHash)
}

function u256(bytes: Uint8Array): bigint {
  return BigInt(bcs.u256().parse(bytes))
}

function wealth(data: LedgerObject['data']): bigint {
  return data.kind === 'move' ? new DataView(data.contents.buffer, data.contents.byteOffset).getBigUint64(32, true) : 0n
}

/** Content that stands for a blob: any root hash will do where nothing is uploaded. */
export function blobIdOf(seed: number): { rootHash: Uint8Array; blobId: Uint8Array } {
  const rootHash = new Uint8Array(32)
  new DataView(rootHash.buffer).setUint32(0, seed)
  return { rootHash, blobId: blobIdFor(rootHash) }
}

/** Reserves space for a deletable blob and registers it. */
export async function register(
  network: Network,
  seed: number,
  { sender = ALICE, epochs = 5 } = {},
): Promise<{ blob: LedgerObject; blobId: Uint8Array; result: ExecutionResult }> {
  const { ledger, system } = network
  const { rootHash, blobId } = blobIdOf(seed)
  const payment = ledger
    .ofType(WAL_COIN)
    .find(({ owner, data }) => owner.kind === 'address' && owner.address === sender && wealth(data) > 10n ** 9n)
  const result = await ledger.run(
    (tx: Transaction) => {
      const sys = tx.object(ledger.shared(system, true))
      const coin = tx.object(ledger.owned(payment!))
      const [storage] = tx.moveCall({
        target: `${WALRUS}::system::reserve_space`,
        arguments: [sys, tx.pure.u64(1n << 30n), tx.pure.u32(epochs), coin],
      })
      const [blob] = tx.moveCall({
        target: `${WALRUS}::system::register_blob`,
        arguments: [
          sys,
          storage!,
          tx.pure.u256(u256(blobId)),
          tx.pure.u256(u256(rootHash)),
          tx.pure.u64(SIZE),
          tx.pure.u8(RED_STUFF),
          tx.pure.bool(true),
          coin,
        ],
      })
      tx.transferObjects([blob!], sender)
    },
    { sender },
  )
  expectSuccess(result)
  const blob = result.written.find(({ data }) => data.kind === 'move' && data.type === `${WALRUS}::blob::Blob`)!
  return { blob, blobId, result }
}

/** One signature for many: keys add up, and so do signatures. */
function signTogether(message: Uint8Array, secrets: readonly Uint8Array[]): Uint8Array {
  const { Fr } = bls12_381.fields
  const sum = secrets.reduce((total, secret) => Fr.add(total, Fr.fromBytes(secret)), 0n)
  return blsSign(message, Fr.toBytes(sum))
}

/** What storage nodes confirm of a deletable blob in an epoch, signed by the members with these indices. */
export function certificate(
  network: Network,
  blobId: Uint8Array,
  blob: LedgerObject,
  signers: readonly number[],
  epoch = 1,
) {
  const message = concatBytes(Uint8Array.of(1, 0, 3, epoch, 0, 0, 0), blobId, Uint8Array.of(1), addressBytes(blob.id))
  const bitmap = new Uint8Array(Math.ceil(NODES / 8))
  for (const i of signers) bitmap[i >> 3]! |= 1 << (i & 7)
  const signature = signTogether(
    message,
    signers.map((i) => network.members[i]!),
  )
  return { message, bitmap, signature }
}

export function certify(
  network: Network,
  blob: LedgerObject,
  parts: ReturnType<typeof certificate>,
  sender = ALICE,
): Promise<ExecutionResult> {
  const { ledger, system } = network
  const build = (tx: Transaction) => {
    tx.moveCall({
      target: `${WALRUS}::system::certify_blob`,
      arguments: [
        tx.object(ledger.shared(system, false)),
        tx.object(ledger.owned(blob)),
        tx.pure.vector('u8', [...parts.signature]),
        tx.pure.vector('u8', [...parts.bitmap]),
        tx.pure.vector('u8', [...parts.message]),
      ],
    })
  }
  return ledger.run(build, { sender })
}

/** Indices of enough members. */
export const QUORUM: readonly number[] = [0, 1, 2, 4, 5, 7, 8, 9, 11]
