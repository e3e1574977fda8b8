import { bcs } from '@mysten/bcs'
import { describe, expect, it, vi } from 'vitest'
import { fromHex } from '../../src/base/bytes.ts'
import { createRng } from '../../src/base/rng.ts'
import { ByteReader, CodecError } from '../../src/codec/cursor.ts'
import type { LedgerClient, LedgerObject } from '../../src/ledger/client.ts'
import { dynamicFieldId, KEY_TYPES, stringKey, u64Key } from '../../src/ledger/dynamic-field.ts'
import {
  readAttestationRecord,
  readPackRecord,
  readPushRecord,
  readRefRecord,
  readRepositoryRecord,
} from '../../src/ledger/repository-records.ts'
import { assertRefRecorded, createRepositoryReader } from '../../src/ledger/repository-state.ts'

const id = (n: number) => `0x${n.toString(16).padStart(64, '0')}`
const raw = (n: number) => fromHex(id(n).slice(2))
const FLOE = id(0xf10e)
const OTHER = id(0xbad)
const COMMIT = 'ab'.repeat(32)

/** Runs what waits between attempts, without the waiting. */
async function inNoTime<T>(job: () => Promise<T>): Promise<T> {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  try {
    const result = job()
    result.catch(() => {})
    await vi.advanceTimersByTimeAsync(10_000)
    return await result
  } finally {
    vi.useRealTimers()
  }
}

// Written with the BCS library from the Move sources, not with the readers under test.
const Id = bcs.fixedArray(32, bcs.u8())
const Table = bcs.tuple([Id, bcs.u64()])
const OptionId = bcs.option(bcs.byteVector())
const Repository = bcs.struct('Repository', {
  id: Id,
  version: bcs.u64(),
  name: bcs.string(),
  created_ms: bcs.u64(),
  grace_ms: bcs.u64(),
  roles: bcs.vector(bcs.tuple([Id, bcs.u8()])),
  admins: bcs.vector(Id),
  records: Table,
  numbers: Table,
  blobs: Table,
  open_pushes: Table,
  generation: bcs.u64(),
  seen_epoch: bcs.u32(),
  refs: Table,
  names: Table,
  forbid_force: bcs.bool(),
  log: Table,
  attestations: Table,
  by_commit: Table,
  fund: bcs.u64(),
})
const Ref = bcs.struct('Ref', {
  number: bcs.u64(),
  commit: OptionId,
  commit_pack: bcs.u64(),
  push: bcs.u64(),
  updated_ms: bcs.u64(),
  forbid_force: bcs.bool(),
})
const Push = bcs.struct('PushRecord', {
  ref: bcs.string(),
  old: OptionId,
  new: OptionId,
  pusher: Id,
  packs: bcs.vector(bcs.tuple([bcs.u64(), bcs.u64()])),
  commit_pack: bcs.u64(),
  segments: bcs.vector(bcs.tuple([bcs.u64(), bcs.u64(), bcs.u64()])),
  tree: bcs.byteVector(),
  statement: OptionId,
  forced: bcs.bool(),
  retain_until_ms: bcs.u64(),
  generation: bcs.u64(),
  time_ms: bcs.u64(),
  sui_epoch: bcs.u64(),
  walrus_epoch: bcs.u32(),
})

const repository = Repository.serialize({
  id: raw(1),
  version: 1n,
  name: 'demo',
  created_ms: 5n,
  grace_ms: 6n,
  roles: [[raw(0xa), 7]],
  admins: [raw(0xb)],
  records: [raw(0x11), 2n],
  numbers: [raw(0x12), 2n],
  blobs: [raw(0x13), 2n],
  open_pushes: [raw(0x14), 0n],
  generation: 3n,
  seen_epoch: 4,
  refs: [raw(0x15), 2n],
  names: [raw(0x16), 2n],
  forbid_force: false,
  log: [raw(0x17), 2n],
  attestations: [raw(0x18), 0n],
  by_commit: [raw(0x19), 0n],
  fund: 9n,
} as never).toBytes()
const ref = (commit: string | null) =>
  Ref.serialize({
    number: 0n,
    commit: commit === null ? null : fromHex(commit),
    commit_pack: 1n,
    push: 1n,
    updated_ms: 8n,
    forbid_force: false,
  }).toBytes()
const push = Push.serialize({
  ref: 'refs/heads/main',
  old: null,
  new: fromHex(COMMIT),
  pusher: raw(0xa),
  packs: [[0n, 2n]],
  commit_pack: 1n,
  segments: [[1n, 100n, 200n]],
  tree: fromHex('cd'.repeat(32)),
  statement: null,
  forced: false,
  retain_until_ms: 1n,
  generation: 3n,
  time_ms: 8n,
  sui_epoch: 0n,
  walrus_epoch: 4,
} as never).toBytes()

interface FakeObject {
  type: string
  content: Uint8Array
  owner?: string
}

function ledgerOf(objects: Map<string, FakeObject>): LedgerClient {
  const fetchObjects = async (ids: readonly string[]) =>
    ids.map((wanted): LedgerObject | null => {
      const object = objects.get(wanted)
      if (!object) return null
      const owner = object.owner
        ? ({ $kind: 'object', objectId: object.owner } as const)
        : ({ $kind: 'shared', initialVersion: 1n } as const)
      return { id: wanted, version: 1n, digest: '', owner, type: object.type, content: object.content }
    })
  return {
    network: 'test',
    rpcUrl: '',
    fetchObjects,
    fetchObject: async (wanted: string) => (await fetchObjects([wanted]))[0]!,
  } as unknown as LedgerClient
}

function row(table: number, key: Uint8Array, keyType: string, value: Uint8Array, valueType: string) {
  return {
    id: dynamicFieldId(id(table), keyType === 'u64' ? KEY_TYPES.u64 : KEY_TYPES.string, key),
    object: {
      type: `0x2::dynamic_field::Field<${keyType},${valueType}>`,
      content: new Uint8Array([...raw(0xff), ...key, ...value]),
      owner: id(table),
    },
  }
}

function world(floe = FLOE) {
  const text = (value: string) => bcs.string().serialize(value).toBytes()
  const rows = [
    row(0x16, u64Key(0), 'u64', text('refs/heads/main'), '0x1::string::String'),
    row(0x16, u64Key(1), 'u64', text('refs/heads/gone'), '0x1::string::String'),
    row(0x15, stringKey('refs/heads/main'), '0x1::string::String', ref(COMMIT), `${floe}::ref_table::Ref`),
    row(0x15, stringKey('refs/heads/gone'), '0x1::string::String', ref(null), `${floe}::ref_table::Ref`),
    row(0x17, u64Key(1), 'u64', push, `${floe}::push_log::PushRecord`),
  ]
  const objects = new Map<string, FakeObject>(rows.map(({ id: rowId, object }) => [rowId, object]))
  objects.set(id(1), { type: `${FLOE}::repository::Repository`, content: repository })
  return objects
}

describe('reading a repository', () => {
  it('derives the ids of its rows and leaves out deleted refs', async () => {
    const reader = createRepositoryReader(ledgerOf(world()), id(1), [FLOE])
    const state = await reader.fetchState()
    expect(state).toMatchObject({
      name: 'demo',
      packageId: FLOE,
      generation: 3n,
      fundFrost: 9n,
      log: { id: id(0x17), size: 2 },
      openPushes: { id: id(0x14) },
    })
    expect(state.roles.get(id(0xa))).toBe(7)
    const refs = await reader.fetchRefs(state)
    expect(refs).toMatchObject([{ name: 'refs/heads/main', commit: COMMIT, push: 1 }])
    const [record] = await reader.fetchPushesAt(state, [1])
    expect(record).toMatchObject({
      ref: 'refs/heads/main',
      segments: [{ pack: 1, offset: 100, bytes: 200 }],
      tree: 'cd'.repeat(32),
    })
    assertRefRecorded(refs[0]!, record!)
    expect(await reader.fetchRef(state, 'refs/heads/gone')).toBeNull()
    await expect(inNoTime(() => reader.fetchPushesAt(state, [0]))).rejects.toMatchObject({
      code: 'LEDGER_RECORD_MISSING',
      exitCode: 13,
    })
  })

  it('refuses a repository, and rows, that an untrusted package rules', async () => {
    await expect(createRepositoryReader(ledgerOf(world()), id(1), [OTHER]).fetchState()).rejects.toMatchObject({
      code: 'LEDGER_PACKAGE_UNTRUSTED',
      exitCode: 13,
      data: { package: FLOE },
    })
    const reader = createRepositoryReader(ledgerOf(world(OTHER)), id(1), [FLOE])
    const state = await reader.fetchState()
    await expect(reader.fetchRefs(state)).rejects.toMatchObject({
      code: 'LEDGER_PACKAGE_UNTRUSTED',
      data: { package: OTHER },
    })
  })

  it('refuses a row that belongs to another table', async () => {
    const objects = world()
    for (const object of objects.values()) if (object.owner === id(0x17)) object.owner = id(0x99)
    const reader = createRepositoryReader(ledgerOf(objects), id(1), [FLOE])
    await expect(reader.fetchPushesAt(await reader.fetchState(), [1])).rejects.toMatchObject({
      code: 'LEDGER_RECORD_FOREIGN',
    })
  })

  it('refuses a ref that moved without a record', async () => {
    const reader = createRepositoryReader(ledgerOf(world()), id(1), [FLOE])
    const state = await reader.fetchState()
    const [main] = await reader.fetchRefs(state)
    const [record] = await reader.fetchPushesAt(state, [1])
    for (const change of [{ commit: 'ef'.repeat(32) }, { name: 'refs/heads/x' }, { commitPack: 7 }])
      expect(() => assertRefRecorded({ ...main!, ...change }, record!)).toThrow(
        expect.objectContaining({ code: 'REF_WITHOUT_RECORD', exitCode: 13 }),
      )
  })

  it('refuses refs that are older than the log', async () => {
    const objects = world()
    const reader = createRepositoryReader(ledgerOf(objects), id(1), [FLOE])
    const state = await reader.fetchState()
    const { log } = state
    const grown = { ...state, log: { ...log, size: log.size + 1 } }
    expect(await reader.fetchRefs(state)).toHaveLength(1)
    await expect(inNoTime(() => reader.fetchRefs(grown))).rejects.toMatchObject({
      code: 'LEDGER_REFS_STALE',
      exitCode: 14,
      data: { records: log.size + 1, newest: log.size },
    })
    // Read after the state, they may well be newer.
    expect(await reader.fetchRefs({ ...state, log: { ...log, size: log.size - 1 } })).toHaveLength(1)
  })

  it('asks again for rows that are behind, a few times, and until it is told to stop', async () => {
    const objects = world()
    const ledger = ledgerOf(objects)
    let asked = 0
    const counting = (behind: number): LedgerClient => ({
      ...ledger,
      async fetchObjects(ids, options) {
        const rows = await ledger.fetchObjects(ids, options)
        return asked++ < behind ? rows.map(() => null) : rows
      },
    })
    const state = await createRepositoryReader(ledger, id(1), [FLOE]).fetchState()
    const readerOf = (behind: number) => createRepositoryReader(counting(behind), id(1), [FLOE])
    expect(await inNoTime(() => readerOf(4).fetchPushesAt(state, [1]))).toHaveLength(1)
    expect(asked).toBe(5)
    asked = 0
    expect(await inNoTime(() => readerOf(2).fetchRefs(state))).toHaveLength(1)
    asked = 0
    const missing = inNoTime(() => readerOf(Number.POSITIVE_INFINITY).fetchPacks(state, [1]))
    await expect(missing).rejects.toMatchObject({ code: 'LEDGER_RECORD_MISSING' })
    expect(asked).toBe(5)
    asked = 0
    const signal = AbortSignal.timeout(20)
    const stopped = readerOf(Number.POSITIVE_INFINITY).fetchPacks(state, [1], { signal })
    await expect(stopped).rejects.toMatchObject({ kind: 'cancelled' })
    expect(asked).toBe(1)
  })

  it('says that an object is none, or no repository', async () => {
    const objects = world()
    await expect(createRepositoryReader(ledgerOf(objects), id(2), [FLOE]).fetchState()).rejects.toMatchObject({
      code: 'REPOSITORY_NOT_FOUND',
    })
    objects.set(id(3), { type: `${FLOE}::roles::Other`, content: repository })
    await expect(createRepositoryReader(ledgerOf(objects), id(3), [FLOE]).fetchState()).rejects.toMatchObject({
      code: 'REPOSITORY_NOT_ONE',
    })
  })

  it('answers any mutation of a record with a value or a coded error', () => {
    const rng = createRng(3)
    const readers = [
      (bytes: Uint8Array) => readRepositoryRecord(new ByteReader(bytes)),
      (bytes: Uint8Array) => readRefRecord(new ByteReader(bytes), 'refs/heads/main'),
      (bytes: Uint8Array) => readPushRecord(new ByteReader(bytes), 1),
      (bytes: Uint8Array) => readPackRecord(new ByteReader(bytes), 1),
      (bytes: Uint8Array) => readAttestationRecord(new ByteReader(bytes), 1),
    ]
    for (let round = 0; round < 3000; round++) {
      const source = [repository, ref(COMMIT), push][rng.below(3)]!
      const mutated = source.slice(0, rng.below(3) === 0 ? rng.below(source.length) : source.length)
      for (let i = rng.below(4); i > 0 && mutated.length > 0; i--) mutated[rng.below(mutated.length)] = rng.below(256)
      for (const read of readers)
        try {
          read(mutated)
        } catch (error) {
          expect(error).toBeInstanceOf(CodecError)
        }
    }
  })
})
