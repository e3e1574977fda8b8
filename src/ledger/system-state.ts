/** Walrus as the chain describes it: committee, prices, nodes, epoch. Read by BCS layout, never by package id.
 *
 *  `System` and `Staking` name a version; the state itself is a dynamic field under that number, and the package to
 *  call is the one `System` names. Both are read anew for each operation that spends money.
 *  @see walrus-sui reference §3 (layouts), §12 (advice) */

import { ByteReader, CodecError } from '../codec/cursor.ts'
import type { CommitteeMember, SigningCommittee } from '../protocol/certificate.ts'
import type { StoragePrices } from '../protocol/cost.ts'
import { MAX_SHARD_COUNT, MIN_SHARD_COUNT, maxBlobBytes } from '../protocol/limits.ts'
import { type EpochState, StakingInnerV1 } from './bindings/walrus/staking-inner.ts'
import { StakingPool } from './bindings/walrus/staking-pool.ts'
import { System } from './bindings/walrus/system.ts'
import { SystemStateInnerV1 } from './bindings/walrus/system-state-inner.ts'
import type { LedgerClient, LedgerObject } from './client.ts'
import { dynamicFieldId, fieldValueReader, KEY_TYPES, u64Key } from './dynamic-field.ts'
import { ChainRecordError, LedgerError } from './errors.ts'
import type { NetworkProfile } from './networks.ts'
import { parseStructType } from './object-id.ts'
import { bounded, boundedText, safeNumber } from './record-values.ts'

/** More nodes than any committee has: the chain caps the active set at 111 (150 from version 4). */
const MAX_NODES = 1000
const MAX_RING = 1000
/** Uncompressed G1. */
const PUBLIC_KEY_BYTES = 96
const MAX_NODE_NAME_BYTES = 400
const MAX_NODE_ADDRESS_BYTES = 1000
const U64_BYTES = 8

/** A storage node of the committee; `weight` is its shard count. */
export interface CommitteeNode extends CommitteeMember {
  /** Object id of its staking pool. */
  nodeId: string
  name: string
  /** Base address with scheme. */
  url: string
  /** Network key: the point that its TLS certificate must hold, compressed secp256r1 (33 bytes). */
  tlsKey?: Uint8Array
  shards: readonly number[]
}

export type EpochPhase = 'syncing' | 'done' | 'params-selected'

export interface WalrusState {
  /** Package to call. */
  packageId: string
  /** Package in type tags of the first version, e.g. of `Blob`. */
  originalPackageId: string
  systemObjectId: string
  /** `System.version`: the key of the inner state. */
  version: number
  epoch: number
  epochDurationMs: number
  epochPhase: EpochPhase
  /** When this epoch started (ms), or `null` while shards are moving. */
  epochStartMs: number | null
  shardCount: number
  maxEpochsAhead: number
  maxBlobBytes: number
  prices: StoragePrices
  totalCapacityBytes: bigint
  usedCapacityBytes: bigint
  /** In order of the signers bitmap. */
  nodes: readonly CommitteeNode[]
  committee: SigningCommittee
}

function reading<T>(what: string, id: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof CodecError)) throw error
    throw new ChainRecordError('LEDGER_RECORD_MALFORMED', `${what} ${id} has an unknown layout`, {
      data: { what, id },
      hints: ['Walrus or Floe may have been upgraded: install a newer Floe'],
      cause: error,
    })
  }
}

/** `System` and `Staking` have one shape. */
export function parseVersionedObject(contents: Uint8Array): { version: number; packageId: string } {
  const { version, packageId } = System.read(new ByteReader(contents))
  return { version: safeNumber(version), packageId }
}

export interface SystemInner {
  members: { publicKey: Uint8Array; weight: number; nodeId: string }[]
  shardCount: number
  epoch: number
  totalCapacityBytes: bigint
  usedCapacityBytes: bigint
  prices: StoragePrices
  maxEpochsAhead: number
}

/** `SystemStateInnerV1`. */
export function readSystemInner(reader: ByteReader): SystemInner {
  const { committee, ...inner } = SystemStateInnerV1.read(reader)
  const shardCount = committee.nShards
  if (shardCount < MIN_SHARD_COUNT || shardCount > MAX_SHARD_COUNT)
    throw new CodecError('shard count out of range', { shardCount })
  for (const { publicKey } of bounded(committee.members, MAX_NODES)) bounded(publicKey, PUBLIC_KEY_BYTES)
  const maxEpochsAhead = inner.futureAccounting.length
  if (maxEpochsAhead > MAX_RING) throw new CodecError('accounting ring too long', { maxEpochsAhead })
  return {
    members: committee.members,
    shardCount,
    epoch: committee.epoch,
    totalCapacityBytes: inner.totalCapacitySize,
    usedCapacityBytes: inner.usedCapacitySize,
    prices: { storagePerUnit: inner.storagePricePerUnitSize, writePerUnit: inner.writePricePerUnitSize },
    maxEpochsAhead,
  }
}

export interface StakingInner {
  shardCount: number
  epochDurationMs: number
  firstEpochStartMs: number
  epoch: number
  /** Node id → shards, sorted by node id. */
  committee: Map<string, number[]>
  previousCommittee: Map<string, number[]>
  epochPhase: EpochPhase
  epochStartMs: number | null
}

const PHASES: Readonly<Record<EpochState['$kind'], EpochPhase>> = {
  EpochChangeSync: 'syncing',
  EpochChangeDone: 'done',
  NextParamsSelected: 'params-selected',
}

/** `StakingInnerV1`. */
export function readStakingInner(reader: ByteReader): StakingInner {
  const inner = StakingInnerV1.read(reader)
  const { epochState } = inner
  return {
    shardCount: inner.nShards,
    epochDurationMs: safeNumber(inner.epochDuration),
    firstEpochStartMs: safeNumber(inner.firstEpochStart),
    epoch: inner.epoch,
    committee: new Map(bounded(inner.committee.pos0, MAX_NODES)),
    previousCommittee: new Map(bounded(inner.previousCommittee.pos0, MAX_NODES)),
    epochPhase: PHASES[epochState.$kind],
    // While syncing the variant carries the shard weight attested so far; else the time the phase began.
    epochStartMs: epochState.$kind === 'EpochChangeSync' ? null : safeNumber(epochState.pos0),
  }
}

/** `StakingPool`. */
export function readNodeInfo(reader: ByteReader): { name: string; networkAddress: string; tlsKey: Uint8Array } {
  const { name, networkAddress, networkPublicKey } = StakingPool.read(reader).nodeInfo
  return {
    name: boundedText(name, MAX_NODE_NAME_BYTES),
    networkAddress: boundedText(networkAddress, MAX_NODE_ADDRESS_BYTES),
    tlsKey: Uint8Array.from(networkPublicKey),
  }
}

/** Reads everything a push or a clone must know about Walrus, in three rounds of requests.
 *  @throws {ChainRecordError} LEDGER_RECORD_MALFORMED, LEDGER_COMMITTEE_INCONSISTENT
 *  @throws {LedgerError} LEDGER_OBJECT_MISSING if the profile names objects that are not there */
export async function fetchWalrusState(
  ledger: LedgerClient,
  profile: NetworkProfile,
  options: { signal?: AbortSignal } = {},
): Promise<WalrusState> {
  const [system, staking] = await requireObjects(ledger, [profile.systemObjectId, profile.stakingObjectId], options)
  const outer = [system!, staking!].map((object) =>
    reading('Walrus object', object.id, () => parseVersionedObject(object.content)),
  )
  const innerIds = [system!, staking!].map((object, i) =>
    dynamicFieldId(object.id, KEY_TYPES.u64, u64Key(outer[i]!.version)),
  )
  const [systemField, stakingField] = await requireObjects(ledger, innerIds, options)
  const inner = reading('Walrus system state', systemField!.id, () =>
    readSystemInner(fieldValueReader(systemField!.content, U64_BYTES)),
  )
  const stake = reading('Walrus staking state', stakingField!.id, () =>
    readStakingInner(fieldValueReader(stakingField!.content, U64_BYTES)),
  )
  const pools = await requireObjects(
    ledger,
    inner.members.map((member) => member.nodeId),
    options,
  )
  const nodes = inner.members.map((member, position): CommitteeNode => {
    const shards = stake.committee.get(member.nodeId)
    // During a change of epoch the two objects may be read one transaction apart.
    if (!shards || shards.length !== member.weight)
      throw new LedgerError('LEDGER_COMMITTEE_INCONSISTENT', 'the committee changed while it was read', {
        data: { nodeId: member.nodeId },
        retryable: true,
        hints: ['Run the command again'],
      })
    const info = reading('storage node', member.nodeId, () => readNodeInfo(new ByteReader(pools[position]!.content)))
    const url = `${profile.nodeScheme}://${info.networkAddress}`
    return { ...member, name: info.name, url, tlsKey: info.tlsKey, shards }
  })
  return {
    packageId: outer[0]!.packageId,
    originalPackageId: parseStructType(system!.type)?.address ?? outer[0]!.packageId,
    systemObjectId: profile.systemObjectId,
    version: outer[0]!.version,
    epoch: inner.epoch,
    epochDurationMs: stake.epochDurationMs,
    epochPhase: stake.epochPhase,
    epochStartMs: stake.epochStartMs,
    shardCount: inner.shardCount,
    maxEpochsAhead: inner.maxEpochsAhead,
    maxBlobBytes: maxBlobBytes(inner.shardCount),
    prices: inner.prices,
    totalCapacityBytes: inner.totalCapacityBytes,
    usedCapacityBytes: inner.usedCapacityBytes,
    nodes,
    committee: { epoch: inner.epoch, shardCount: inner.shardCount, members: nodes },
  }
}

async function requireObjects(
  ledger: LedgerClient,
  ids: readonly string[],
  options: { signal?: AbortSignal },
): Promise<LedgerObject[]> {
  const objects = await ledger.fetchObjects(ids, options)
  return objects.map((object, i) => {
    if (object) return object
    throw new LedgerError('LEDGER_OBJECT_MISSING', `object ${ids[i]} is not on network ${ledger.network}`, {
      data: { objectId: ids[i], network: ledger.network },
      hints: ['The network may have been reset: compare the network profile with its current ids'],
    })
  })
}

/** When an epoch begins, in ms, as far as it can be known: boundaries drift by the time that shard transfers take. */
export function epochStartEstimateMs(state: WalrusState, epoch: number, nowMs: number): number {
  return (state.epochStartMs ?? nowMs) + (epoch - state.epoch) * state.epochDurationMs
}
