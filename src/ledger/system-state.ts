/** Walrus as the chain describes it: committee, prices, nodes, epoch. Read by BCS layout, never by package id.
 *
 *  `System` and `Staking` name a version; the state itself is a dynamic field under that number, and the package to
 *  call is the one `System` names. Both are read anew for each operation that spends money.
 *  @see walrus-sui reference §3 (layouts), §12 (advice) */

import { ByteReader, CodecError } from '../codec/cursor.ts'
import type { CommitteeMember, SigningCommittee } from '../protocol/certificate.ts'
import type { StoragePrices } from '../protocol/cost.ts'
import { MAX_SHARD_COUNT, MIN_SHARD_COUNT, maxBlobBytes } from '../protocol/limits.ts'
import type { LedgerClient, LedgerObject } from './client.ts'
import { dynamicFieldId, fieldValueReader, KEY_TYPES, u64Key } from './dynamic-field.ts'
import { ChainRecordError, LedgerError } from './errors.ts'
import type { NetworkProfile } from './networks.ts'
import { addressFromBytes, parseStructType } from './object-id.ts'

/** More nodes than any committee has: the chain caps the active set at 111 (150 from version 4). */
const MAX_NODES = 1000
const MAX_RING = 1000
const U64_BYTES = 8

/** A storage node of the committee; `weight` is its shard count. */
export interface CommitteeNode extends CommitteeMember {
  /** Object id of its staking pool. */
  nodeId: string
  name: string
  /** Base address with scheme. */
  url: string
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
  const reader = new ByteReader(contents)
  reader.bytes(32)
  const version = reader.safeU64()
  const packageId = addressFromBytes(reader.bytes(32))
  return { version, packageId }
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

/** `SystemStateInnerV1` as far as the accounting ring; what follows is not needed. */
export function readSystemInner(reader: ByteReader): SystemInner {
  const members = Array.from({ length: reader.length(MAX_NODES, 36) }, () => ({
    publicKey: reader.byteVector(96).slice(),
    weight: reader.u16(),
    nodeId: addressFromBytes(reader.bytes(32)),
  }))
  const shardCount = reader.u16()
  if (shardCount < MIN_SHARD_COUNT || shardCount > MAX_SHARD_COUNT)
    throw new CodecError('shard count out of range', { shardCount })
  const epoch = reader.u32()
  reader.byteVector(96) // aggregated key; recomputed by nobody on this side
  const totalCapacityBytes = reader.u64()
  const usedCapacityBytes = reader.u64()
  const prices = { storagePerUnit: reader.u64(), writePerUnit: reader.u64() }
  reader.u32() // current index of the ring
  const maxEpochsAhead = reader.u32()
  if (maxEpochsAhead > MAX_RING) throw new CodecError('accounting ring too long', { maxEpochsAhead })
  return { members, shardCount, epoch, totalCapacityBytes, usedCapacityBytes, prices, maxEpochsAhead }
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

function readCommittee(reader: ByteReader): Map<string, number[]> {
  const committee = new Map<string, number[]>()
  const count = reader.length(MAX_NODES, 33)
  for (let i = 0; i < count; i++) {
    const nodeId = addressFromBytes(reader.bytes(32))
    committee.set(
      nodeId,
      Array.from({ length: reader.length(MAX_SHARD_COUNT, 2) }, () => reader.u16()),
    )
  }
  return committee
}

const PHASES: readonly EpochPhase[] = ['syncing', 'done', 'params-selected']

/** `StakingInnerV1` as far as the epoch state. */
export function readStakingInner(reader: ByteReader): StakingInner {
  const shardCount = reader.u16()
  const epochDurationMs = reader.safeU64()
  const firstEpochStartMs = reader.safeU64()
  reader.bytes(32 + U64_BYTES) // pools: an ObjectTable
  const epoch = reader.u32()
  reader.bytes(32) // active set: an ExtendedField
  if (reader.bool()) readCommittee(reader) // next committee
  const committee = readCommittee(reader)
  const previousCommittee = readCommittee(reader)
  if (reader.bool()) reader.bytes(3 * U64_BYTES) // next epoch's parameters
  const variant = reader.uleb()
  const epochPhase = PHASES[variant]
  if (!epochPhase) throw new CodecError('unknown epoch state', { variant })
  // While syncing the variant carries the shard weight attested so far; else the time the phase began.
  const attestedOrMs = epochPhase === 'syncing' ? reader.u16() : reader.safeU64()
  const epochStartMs = epochPhase === 'syncing' ? null : attestedOrMs
  return {
    shardCount,
    epochDurationMs,
    firstEpochStartMs,
    epoch,
    committee,
    previousCommittee,
    epochPhase,
    epochStartMs,
  }
}

/** `StakingPool` as far as the node's address. */
export function readNodeInfo(reader: ByteReader): { name: string; networkAddress: string } {
  reader.bytes(32)
  const state = reader.uleb()
  if (state === 1) reader.u32()
  else if (state > 2) throw new CodecError('unknown pool state', { state })
  reader.bytes(3 * U64_BYTES) // votes
  const name = reader.string(400)
  reader.bytes(32) // node id
  return { name, networkAddress: reader.string(1000) }
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
    return { ...member, name: info.name, url: `${profile.nodeScheme}://${info.networkAddress}`, shards }
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
