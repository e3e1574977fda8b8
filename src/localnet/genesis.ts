/** The first transactions of a local network: packages, committee, prices. The sequence is documented in
 *  `src/move/README.md`. */

import { bcs } from '@mysten/sui/bcs'
import { Transaction } from '@mysten/sui/transactions'
import { toHex } from '../base/bytes.ts'
import { InternalError } from '../base/errors.ts'
import { ByteReader } from '../codec/cursor.ts'
import { loadPackage, loadPackages, PACKAGE_ADDRESSES } from '../move/packages.ts'
import { type LedgerHandle, SYSTEM_ADDRESS } from './ledger/handle.ts'
import type { NodeIdentity } from './nodes/identity.ts'

/** Prices and limits of a new network: the launch values of the real one, but for the capacity. */
export const GENESIS_VALUES = {
  firstEpoch: 1,
  /** Reported only: epochs move when they are told to. */
  epochDurationMs: 24 * 3_600_000,
  maxEpochsAhead: 53,
  /** 1 PiB of encoded data: more than any disk under it. */
  capacityBytes: 2n ** 50n,
  /** FROST per MiB and epoch. */
  storagePrice: 100_000n,
  /** FROST per MiB, once. */
  writePrice: 20_000n,
} as const

export interface GenesisNode {
  identity: NodeIdentity
  /** `host:port` */
  networkAddress: string
  shards: readonly number[]
}

export interface NetworkIds {
  systemObjectId: string
  stakingObjectId: string
  walPackageId: string
  walrusPackageId: string
  floePackageId: string
  /** Owned by the ledger's own address: administers the network. */
  adminCapId: string
  /** SUI for WAL and back; absent in networks from before there was one. */
  exchangeObjectId?: string | undefined
  /** Object ids of the nodes, in the order given. */
  nodeIds: string[]
}

const CLOCK = '0x6'
/** 2.5 billion WAL. */
const EXCHANGE_FROST = 2_500_000_000_000_000_000n
/** Names and addresses of nodes, at most. */
const MAX_NAME_BYTES = 512

/** Installs the packages in an empty ledger and creates the network. */
export async function runGenesis(
  ledger: LedgerHandle,
  nodes: readonly GenesisNode[],
  shardCount: number,
): Promise<NetworkIds> {
  const packages = [...loadPackages(), loadPackage('wal_exchange')].map(({ name, address, modules, dependencies }) => ({
    name,
    id: address,
    modules: modules.map((module) => module.bytes),
    dependencies,
  }))
  await ledger.genesis({ packages, epochDurationMs: GENESIS_VALUES.epochDurationMs })
  const { wal, walrus, floe } = PACKAGE_ADDRESSES
  const adminCapId = ledger.ownedObjects(SYSTEM_ADDRESS, `${walrus}::genesis::AdminCap`)[0]?.id
  if (!adminCapId) throw new InternalError('LOCALNET_GENESIS', 'publishing walrus made no AdminCap')

  const tx = new Transaction()
  const setup = tx.moveCall({
    target: `${walrus}::genesis::begin`,
    arguments: [
      tx.object(adminCapId),
      tx.pure.address(walrus),
      tx.pure.u16(shardCount),
      tx.pure.u32(GENESIS_VALUES.maxEpochsAhead),
      tx.pure.u32(GENESIS_VALUES.firstEpoch),
      tx.pure.u64(GENESIS_VALUES.epochDurationMs),
      tx.pure.u64(GENESIS_VALUES.capacityBytes),
      tx.pure.u64(GENESIS_VALUES.storagePrice),
      tx.pure.u64(GENESIS_VALUES.writePrice),
    ],
  })
  for (const { identity, networkAddress, shards } of nodes)
    tx.moveCall({
      target: `${walrus}::genesis::add_node`,
      arguments: [
        setup,
        tx.pure.string(identity.name),
        tx.pure.string(networkAddress),
        tx.pure(bcs.byteVector().serialize(identity.publicKey)),
        tx.pure(bcs.byteVector().serialize(identity.networkPublicKey)),
        tx.pure(bcs.vector(bcs.u16()).serialize(shards)),
      ],
    })
  tx.moveCall({ target: `${walrus}::genesis::finish`, arguments: [setup, tx.object(CLOCK)] })
  const { events } = await ledger.executeAs(SYSTEM_ADDRESS, tx.getData())

  const nodeIds = new Map<string, string>()
  let system: string | undefined
  let staking: string | undefined
  for (const { type, contents } of events) {
    const reader = new ByteReader(contents)
    if (type === `${walrus}::genesis::NodeAdded`) nodeIds.set(reader.string(MAX_NAME_BYTES), readId(reader))
    if (type === `${walrus}::genesis::NetworkCreated`) {
      system = readId(reader)
      staking = readId(reader)
    }
  }
  if (!system || !staking) throw new InternalError('LOCALNET_GENESIS', 'genesis reported no System and Staking')
  return {
    systemObjectId: system,
    stakingObjectId: staking,
    walPackageId: wal,
    walrusPackageId: walrus,
    floePackageId: floe,
    adminCapId,
    exchangeObjectId: await fundExchange(ledger),
    nodeIds: nodes.map(({ identity }) => nodeIds.get(identity.name)!),
  }
}

/** Shares an exchange with half of all WAL, at one FROST for one MIST; the faucet takes WAL there. */
async function fundExchange(ledger: LedgerHandle): Promise<string> {
  const { wal, wal_exchange: exchange } = PACKAGE_ADDRESSES
  const coin = ledger.ownedObjects(SYSTEM_ADDRESS, `0x2::coin::Coin<${wal}::wal::WAL>`)[0]
  if (!coin) throw new InternalError('LOCALNET_GENESIS', 'publishing wal made no coin')
  const tx = new Transaction()
  const cap = tx.moveCall({
    target: `${exchange}::wal_exchange::new_funded`,
    arguments: [tx.object(coin.id), tx.pure.u64(EXCHANGE_FROST)],
  })
  tx.transferObjects([cap], SYSTEM_ADDRESS)
  const { changed } = await ledger.executeAs(SYSTEM_ADDRESS, tx.getData())
  const made = changed.find(({ type }) => type === `${exchange}::wal_exchange::Exchange`)
  if (!made) throw new InternalError('LOCALNET_GENESIS', 'there is no exchange')
  return made.id
}

/** Makes the committee record say where the nodes listen now. Compared with the chain itself, not with what was
 *  remembered of it: a process may die between the two.
 *  @param networkAddresses - `host:port` of all nodes, in order */
export async function updateNodeAddresses(
  ledger: LedgerHandle,
  ids: NetworkIds,
  networkAddresses: readonly string[],
): Promise<void> {
  const tx = new Transaction()
  const walrus = currentWalrus(ledger, ids)
  for (const [index, nodeId] of ids.nodeIds.entries()) {
    const networkAddress = networkAddresses[index]!
    if (readNetworkAddress(ledger, nodeId) === networkAddress) continue
    tx.moveCall({
      target: `${walrus}::genesis::set_network_address`,
      arguments: [
        tx.object(ids.adminCapId),
        tx.object(ids.stakingObjectId),
        tx.pure.address(nodeId),
        tx.pure.string(networkAddress),
      ],
    })
  }
  if (tx.getData().commands.length > 0) await ledger.executeAs(SYSTEM_ADDRESS, tx.getData())
}

/** The walrus package to call now: after an upgrade the first one refuses. From System: UID, version, package id. */
export function currentWalrus(ledger: LedgerHandle, { systemObjectId }: NetworkIds): string {
  const object = ledger.getObject(systemObjectId)
  if (object?.data.kind !== 'move') throw new InternalError('LOCALNET_SYSTEM', `${systemObjectId} is no System`)
  const reader = new ByteReader(object.data.contents)
  reader.bytes(32 + 8)
  return readId(reader)
}

/** From the StakingPool of a node: UID, state, three voting parameters, then node_info {name, node id, address, …}. */
function readNetworkAddress(ledger: LedgerHandle, nodeId: string): string {
  const object = ledger.getObject(nodeId)
  if (object?.data.kind !== 'move') throw new InternalError('LOCALNET_STAKING_POOL', `${nodeId} is no StakingPool`)
  const reader = new ByteReader(object.data.contents)
  reader.bytes(32)
  const withdrawing = reader.u8() === 1
  if (withdrawing) reader.u32()
  reader.bytes(3 * 8)
  reader.string(MAX_NAME_BYTES)
  reader.bytes(32)
  return reader.string(MAX_NAME_BYTES)
}

export async function advanceStorageEpoch(ledger: LedgerHandle, ids: NetworkIds): Promise<void> {
  const tx = new Transaction()
  tx.moveCall({
    target: `${currentWalrus(ledger, ids)}::genesis::advance_epoch`,
    arguments: [
      tx.object(ids.adminCapId),
      tx.object(ids.systemObjectId),
      tx.object(ids.stakingObjectId),
      tx.object(CLOCK),
    ],
  })
  await ledger.executeAs(SYSTEM_ADDRESS, tx.getData())
}

function readId(reader: ByteReader): string {
  return `0x${toHex(reader.bytes(32))}`
}
