import { bcs } from '@mysten/bcs'
import { deriveDynamicFieldID } from '@mysten/sui/utils'
import { describe, expect, it } from 'vitest'
import { fromHex } from '../../src/base/bytes.ts'
import { createRng } from '../../src/base/rng.ts'
import { ByteReader, CodecError } from '../../src/codec/cursor.ts'
import type { LedgerClient, LedgerObject } from '../../src/ledger/client.ts'
import { dynamicFieldId, KEY_TYPES, stringKey, structTypeTag, u64Key } from '../../src/ledger/dynamic-field.ts'
import { TESTNET } from '../../src/ledger/networks.ts'
import {
  epochStartEstimateMs,
  fetchWalrusState,
  readStakingInner,
  readSystemInner,
} from '../../src/ledger/system-state.ts'

const id = (n: number) => `0x${n.toString(16).padStart(64, '0')}`
const raw = (n: number) => fromHex(id(n).slice(2))
const tlsKey = (n: number) => new Uint8Array(33).fill(n)
const Id = bcs.fixedArray(32, bcs.u8())

// Written with the BCS library from the layouts of the deployed contract, not with the reader under test.
const SystemInner = bcs.struct('SystemStateInnerV1', {
  committee: bcs.struct('BlsCommittee', {
    members: bcs.vector(
      bcs.struct('BlsCommitteeMember', { public_key: bcs.byteVector(), weight: bcs.u16(), node_id: Id }),
    ),
    n_shards: bcs.u16(),
    epoch: bcs.u32(),
    total_aggregated_key: bcs.byteVector(),
  }),
  total_capacity_size: bcs.u64(),
  used_capacity_size: bcs.u64(),
  storage_price_per_unit_size: bcs.u64(),
  write_price_per_unit_size: bcs.u64(),
  current_index: bcs.u32(),
  length: bcs.u32(),
  ring_buffer: bcs.vector(bcs.tuple([bcs.u32(), bcs.u64(), bcs.u64()])),
  latest_certified_blob: bcs.option(bcs.tuple([bcs.u256(), bcs.u64()])),
  aggregate_weight_per_blob: bcs.vector(bcs.u8()),
  deny_list_sizes: Id,
})
const Committee = bcs.vector(bcs.tuple([Id, bcs.vector(bcs.u16())]))
const EpochState = bcs.enum('EpochState', { Sync: bcs.u16(), Done: bcs.u64(), Selected: bcs.u64() })
const StakingInner = bcs.struct('StakingInnerV1', {
  n_shards: bcs.u16(),
  epoch_duration: bcs.u64(),
  first_epoch_start: bcs.u64(),
  pools: bcs.tuple([Id, bcs.u64()]),
  epoch: bcs.u32(),
  active_set: Id,
  next_committee: bcs.option(Committee),
  committee: Committee,
  previous_committee: Committee,
  next_epoch_params: bcs.option(bcs.tuple([bcs.u64(), bcs.u64(), bcs.u64()])),
  epoch_state: EpochState,
  next_epoch_public_keys: Id,
})
const Pool = bcs.struct('StakingPool', {
  id: Id,
  state: bcs.enum('PoolState', { Active: null, Withdrawing: bcs.u32(), Withdrawn: null }),
  votes: bcs.tuple([bcs.u64(), bcs.u64(), bcs.u64()]),
  name: bcs.string(),
  node_id: Id,
  network_address: bcs.string(),
  public_key: bcs.byteVector(),
  next_epoch_public_key: bcs.option(bcs.byteVector()),
  network_public_key: bcs.byteVector(),
  metadata: Id,
  epochs_wal_and_shares: bcs.tuple([bcs.u32(), bcs.u32(), bcs.u64(), bcs.u64()]),
  pending: bcs.fixedArray(3, bcs.vector(bcs.tuple([bcs.u32(), bcs.u64()]))),
  commission_rate: bcs.u16(),
  exchange_rates: bcs.tuple([Id, bcs.u64()]),
  pending_stake: bcs.vector(bcs.tuple([bcs.u32(), bcs.u64()])),
  rewards_and_commission: bcs.tuple([bcs.u64(), bcs.u64()]),
  commission_receiver: bcs.enum('Authorized', { Address: Id, Object: Id }),
  governance_authorized: bcs.enum('Authorized', { Address: Id, Object: Id }),
  extra_fields: bcs.tuple([Id, bcs.u64()]),
})
const Versioned = bcs.struct('System', { id: Id, version: bcs.u64(), package_id: Id, new_package_id: bcs.option(Id) })

const systemInner = SystemInner.serialize({
  committee: {
    members: [
      { public_key: new Uint8Array(96).fill(1), weight: 3, node_id: raw(0x51) },
      { public_key: new Uint8Array(96).fill(2), weight: 4, node_id: raw(0x52) },
    ],
    n_shards: 7,
    epoch: 5,
    total_aggregated_key: new Uint8Array(48),
  },
  total_capacity_size: 1000n,
  used_capacity_size: 10n,
  storage_price_per_unit_size: 100_000n,
  write_price_per_unit_size: 20_000n,
  current_index: 1,
  length: 2,
  ring_buffer: [
    [5, 1n, 2n],
    [6, 3n, 4n],
  ],
  latest_certified_blob: null,
  aggregate_weight_per_blob: [],
  deny_list_sizes: raw(9),
}).toBytes()

const stakingInner = (state: { Sync: number } | { Done: bigint }) =>
  StakingInner.serialize({
    n_shards: 7,
    epoch_duration: 86_400_000n,
    first_epoch_start: 1n,
    pools: [raw(1), 2n],
    epoch: 5,
    active_set: raw(2),
    next_committee: [[raw(0x51), [0]]],
    committee: [
      [raw(0x51), [0, 1, 2]],
      [raw(0x52), [3, 4, 5, 6]],
    ],
    previous_committee: [],
    next_epoch_params: [1n, 2n, 3n],
    epoch_state: state,
    next_epoch_public_keys: raw(3),
  } as never).toBytes()

function field(key: bigint, value: Uint8Array): Uint8Array {
  return new Uint8Array([...raw(0xf1), ...u64Key(key), ...value])
}

function fakeLedger(objects: Map<string, { type: string; content: Uint8Array }>): LedgerClient {
  const fetchObjects = async (ids: readonly string[]) =>
    ids.map((wanted): LedgerObject | null => {
      const object = objects.get(wanted)
      return object
        ? { id: wanted, version: 1n, digest: '', owner: { $kind: 'other' }, type: object.type, content: object.content }
        : null
    })
  return { network: 'testnet', rpcUrl: '', fetchObjects } as unknown as LedgerClient
}

function world(staking = stakingInner({ Done: 1_000_000n })) {
  const pool = (n: number, name: string) =>
    Pool.serialize({
      id: raw(n),
      state: { Active: true },
      votes: [1n, 2n, 3n],
      name,
      node_id: raw(n),
      network_address: `127.0.0.1:80${n}`,
      public_key: new Uint8Array(96),
      next_epoch_public_key: null,
      network_public_key: tlsKey(n),
      metadata: raw(4),
      epochs_wal_and_shares: [1, 5, 7n, 7n],
      pending: [[[6, 1n]], [], []],
      commission_rate: 100,
      exchange_rates: [raw(5), 3n],
      pending_stake: [[6, 9n]],
      rewards_and_commission: [1n, 2n],
      commission_receiver: { Address: raw(6) },
      governance_authorized: { Object: raw(7) },
      extra_fields: [raw(8), 0n],
    } as never).toBytes()
  const versioned = Versioned.serialize({
    id: raw(1),
    version: 3n,
    package_id: raw(0xb3),
    new_package_id: null,
  }).toBytes()
  return new Map([
    [TESTNET.systemObjectId, { type: `${id(0xa1)}::system::System`, content: versioned }],
    [TESTNET.stakingObjectId, { type: `${id(0xa1)}::staking::Staking`, content: versioned }],
    [dynamicFieldId(TESTNET.systemObjectId, KEY_TYPES.u64, u64Key(3)), { type: '', content: field(3n, systemInner) }],
    [dynamicFieldId(TESTNET.stakingObjectId, KEY_TYPES.u64, u64Key(3)), { type: '', content: field(3n, staking) }],
    [id(0x51), { type: '', content: pool(0x51, 'node-a') }],
    [id(0x52), { type: '', content: pool(0x52, 'node-b') }],
  ])
}

describe('Walrus state', () => {
  it('follows the version of System and reads committee, prices and nodes', async () => {
    const state = await fetchWalrusState(fakeLedger(world()), TESTNET)
    expect(state).toMatchObject({
      packageId: id(0xb3),
      originalPackageId: id(0xa1),
      version: 3,
      epoch: 5,
      epochDurationMs: 86_400_000,
      epochPhase: 'done',
      epochStartMs: 1_000_000,
      shardCount: 7,
      maxEpochsAhead: 2,
      maxBlobBytes: 983_010,
      prices: { storagePerUnit: 100_000n, writePerUnit: 20_000n },
      totalCapacityBytes: 1000n,
      usedCapacityBytes: 10n,
    })
    expect(state.nodes.map(({ nodeId: _, publicKey: __, ...rest }) => rest)).toEqual([
      { name: 'node-a', url: 'https://127.0.0.1:8081', weight: 3, shards: [0, 1, 2], tlsKey: tlsKey(0x51) },
      { name: 'node-b', url: 'https://127.0.0.1:8082', weight: 4, shards: [3, 4, 5, 6], tlsKey: tlsKey(0x52) },
    ])
    expect(epochStartEstimateMs(state, 7, 0)).toBe(1_000_000 + 2 * 86_400_000)
  })

  it('knows that shards are moving', async () => {
    const state = await fetchWalrusState(fakeLedger(world(stakingInner({ Sync: 4 }))), TESTNET)
    expect([state.epochPhase, state.epochStartMs]).toEqual(['syncing', null])
  })

  it('asks for another try when the two committees disagree', async () => {
    const objects = world()
    const other = SystemInner.parse(systemInner)
    other.committee.members[0]!.weight = 2
    objects.set(dynamicFieldId(TESTNET.systemObjectId, KEY_TYPES.u64, u64Key(3)), {
      type: '',
      content: field(3n, SystemInner.serialize(other).toBytes()),
    })
    await expect(fetchWalrusState(fakeLedger(objects), TESTNET)).rejects.toMatchObject({
      code: 'LEDGER_COMMITTEE_INCONSISTENT',
      retryable: true,
    })
  })

  it('says which object is missing', async () => {
    const objects = world()
    objects.delete(TESTNET.stakingObjectId)
    await expect(fetchWalrusState(fakeLedger(objects), TESTNET)).rejects.toMatchObject({
      code: 'LEDGER_OBJECT_MISSING',
      data: { objectId: TESTNET.stakingObjectId },
    })
  })

  it('answers any mutation of the state with a value or a coded error', () => {
    const rng = createRng(7)
    for (const [bytes, read] of [
      [systemInner, readSystemInner],
      [stakingInner({ Done: 1n }), readStakingInner],
    ] as const) {
      for (let round = 0; round < 2000; round++) {
        const mutated = bytes.slice(0, rng.below(4) === 0 ? rng.below(bytes.length) : bytes.length)
        for (let i = 0; i < 3 && mutated.length > 0; i++) mutated[rng.below(mutated.length)] = rng.below(256)
        try {
          read(new ByteReader(mutated))
        } catch (error) {
          expect(error).toBeInstanceOf(CodecError)
        }
      }
    }
  })
})

describe('dynamic field ids', () => {
  it('equal those the official library derives', () => {
    const parent = id(0xabc)
    expect(dynamicFieldId(parent, KEY_TYPES.u64, u64Key(3))).toBe(deriveDynamicFieldID(parent, 'u64', u64Key(3)))
    expect(dynamicFieldId(parent, KEY_TYPES.string, stringKey('heads/main'))).toBe(
      deriveDynamicFieldID(parent, '0x1::string::String', stringKey('heads/main')),
    )
    expect(dynamicFieldId(parent, KEY_TYPES.u256, new Uint8Array(32))).toBe(
      deriveDynamicFieldID(parent, 'u256', new Uint8Array(32)),
    )
    expect(dynamicFieldId(parent, KEY_TYPES.address, raw(4))).toBe(deriveDynamicFieldID(parent, 'address', raw(4)))
    expect(dynamicFieldId(parent, KEY_TYPES.id, raw(4))).toBe(deriveDynamicFieldID(parent, '0x2::object::ID', raw(4)))
    expect(dynamicFieldId(parent, KEY_TYPES.bytes, Uint8Array.of(1, 5))).toBe(
      deriveDynamicFieldID(parent, 'vector<u8>', Uint8Array.of(1, 5)),
    )
    expect(dynamicFieldId(parent, structTypeTag('0xf', 'm', 'K', [KEY_TYPES.u8]), Uint8Array.of(0))).toBe(
      deriveDynamicFieldID(parent, '0xf::m::K<u8>', Uint8Array.of(0)),
    )
  })
})
