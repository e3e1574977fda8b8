import { bcs } from '@mysten/sui/bcs'
import type { Transaction } from '@mysten/sui/transactions'
import { deriveDynamicFieldID } from '@mysten/sui/utils'
import { beforeAll, describe, expect, it } from 'vitest'
import { concatBytes, fromHex } from '../../../src/base/bytes.ts'
import { blsAggregateSignatures, blsPublicKey, blsSign } from '../../../src/crypto/bls.ts'
import { blake2b256 } from '../../../src/crypto/hash.ts'
import type { ExecutionResult } from '../../../src/localnet/ledger/execution.ts'
import type { LedgerObject } from '../../../src/localnet/ledger/object.ts'
import { addressBytes, addressFromBytes, normalizeAddress } from '../../../src/localnet/movevm/types.ts'
import { PACKAGE_ADDRESSES } from '../../../src/move/packages.ts'
import { ALICE, expectSuccess, failureOf, TestLedger } from './execution-fixture.ts'

const WALRUS = PACKAGE_ADDRESSES.walrus
const WAL_COIN = `${normalizeAddress('0x2')}::coin::Coin<${PACKAGE_ADDRESSES.wal}::wal::WAL>`
const NODES = 13
const SHARDS_PER_NODE = 16
const secrets = Array.from({ length: NODES }, (_, i) => {
  const secret = new Uint8Array(32)
  secret[31] = i + 1
  return secret
})

interface Network {
  ledger: TestLedger
  system: LedgerObject
  staking: LedgerObject
  /** Secrets in committee order. */
  members: Uint8Array[]
  created: ExecutionResult
}

async function createNetwork(): Promise<Network> {
  const ledger = new TestLedger()
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

const SIZE = 1_000_000n
const RED_STUFF = 1

function blobIdFor(rootHash: Uint8Array): Uint8Array {
  const size = new Uint8Array(8)
  new DataView(size.buffer).setBigUint64(0, SIZE, true)
  return blake2b256(Uint8Array.of(RED_STUFF), size, rootHash)
}

function u256(bytes: Uint8Array): bigint {
  return BigInt(bcs.u256().parse(bytes))
}

/** Reserves space and registers a blob. */
async function register(
  network: Network,
  seed: number,
): Promise<{ blob: LedgerObject; blobId: Uint8Array; result: ExecutionResult }> {
  const { ledger, system } = network
  const rootHash = new Uint8Array(32).fill(seed)
  const blobId = blobIdFor(rootHash)
  const [payment] = ledger.ofType(WAL_COIN)
  const result = await ledger.run((tx: Transaction) => {
    const sys = tx.object(ledger.shared(system, true))
    const coin = tx.object(ledger.owned(payment!))
    const [storage] = tx.moveCall({
      target: `${WALRUS}::system::reserve_space`,
      arguments: [sys, tx.pure.u64(1n << 30n), tx.pure.u32(5), coin],
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
    tx.transferObjects([blob!], ALICE)
  })
  expectSuccess(result)
  const blob = result.written.find(({ data }) => data.kind === 'move' && data.type === `${WALRUS}::blob::Blob`)!
  return { blob, blobId, result }
}

function certificate(network: Network, blobId: Uint8Array, blob: LedgerObject, signers: readonly number[]) {
  const message = concatBytes(Uint8Array.of(1, 0, 3, 1, 0, 0, 0), blobId, Uint8Array.of(1), addressBytes(blob.id))
  const bitmap = new Uint8Array(Math.ceil(NODES / 8))
  for (const i of signers) bitmap[i >> 3]! |= 1 << (i & 7)
  const signature = blsAggregateSignatures(signers.map((i) => blsSign(message, network.members[i]!)))
  return { message, bitmap, signature }
}

function certify(
  network: Network,
  blob: LedgerObject,
  parts: ReturnType<typeof certificate>,
): Promise<ExecutionResult> {
  const { ledger, system } = network
  return ledger.run((tx) => {
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
  })
}

const QUORUM = [0, 1, 2, 4, 5, 7, 8, 9, 11]

describe('the walrus package on the machine', () => {
  let network: Network
  beforeAll(async () => {
    network = await createNetwork()
  })

  it('builds a network of 13 nodes whose state lies where the SDK derives it', () => {
    const { ledger, system, created } = network
    expect(created.events.at(-1)!.type).toContain('::events::EpochChangeDone')
    const id = deriveDynamicFieldID(system.id, 'u64', bcs.u64().serialize(3n).toBytes())
    expect(ledger.getObject(id)?.owner).toEqual({ kind: 'object', parent: system.id })
    expect(ledger.ofType(`${WALRUS}::storage_node::StorageNodeCap`)).toHaveLength(NODES)
  })

  it('certifies a blob with a quorum of real signatures', async () => {
    const { blob, blobId } = await register(network, 7)
    const result = await certify(network, blob, certificate(network, blobId, blob, QUORUM))
    expectSuccess(result)
    expect(result.events.map((event) => event.type)).toEqual([`${WALRUS}::events::BlobCertified`])
    // The system was only read: it is named in the effects, not changed.
    expect(result.effects.unchangedConsensusObjects.map(([id]) => id)).toEqual([network.system.id])
    expect(result.written.some((object) => object.id === network.system.id)).toBe(false)
  })

  it('refuses too few signers and a signature over another message', async () => {
    const { blob, blobId } = await register(network, 8)
    const few = await certify(network, blob, certificate(network, blobId, blob, QUORUM.slice(0, 8)))
    expect(failureOf(few).abort).toMatchObject({ code: 2n, location: { module: 'bls_aggregate', packageId: WALRUS } })
    const good = certificate(network, blobId, blob, QUORUM)
    good.message[7]! ^= 1
    expect(failureOf(await certify(network, blob, good)).abort).toMatchObject({
      code: 1n,
      location: { functionName: 'verify_certificate' },
    })
    expect(failureOf(few).message).toMatch(
      /^MoveAbort\(0xf10e0+2::bls_aggregate::verify_certificate, 2\) in command 0$/,
    )
  })

  it('charges and rewrites the shared system when space is bought', async () => {
    const { result } = await register(network, 9)
    const system = result.written.find((object) => object.id === network.system.id)!
    expect(system.version).toBe(BigInt(result.effects.lamportVersion))
    expect(system.owner).toEqual(network.system.owner)
    const wal = result.balanceChanges.find((change) => change.coinType.endsWith('::wal::WAL'))!
    // 1 GiB for 5 epochs at 100,000 per MiB and epoch, and 20,000 per MiB of encoded blob for the write.
    expect(-wal.amount).toBeGreaterThan(1024n * 5n * 100_000n)
    expect(result.gasUsed.computationCost).toBe(1_000_000n)
    expect(fromHex(system.id.slice(2))).toHaveLength(32)
  })
})
